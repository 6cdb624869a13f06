"""What the gate found of each batch, kept: its checks, and its figures. No value of the data is among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from ingestion.drift import Judged
from ingestion.figures import Figure
from ingestion.tables import check, metric


@dataclass(frozen=True)
class Results:
    """What is kept of one batch."""

    checks: tuple[Judged, ...]
    figures: tuple[Figure, ...]


class ResultStore:
    """Reads and writes the tables `check` and `metric`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, batch_id: str, table: str, checks: Sequence[Judged], figures: Sequence[Figure]) -> None:
        """Write the results of a batch, in the place of what an earlier run of it had left."""
        with self._engine.begin() as connection:
            for kept in (check, metric):
                connection.execute(delete(kept).where(kept.c.batch_id == batch_id))
            if checks:
                connection.execute(insert(check), [
                    {"batch_id": batch_id, "place": place, "table_name": table, "kind": one.kind, "says": one.says,
                     "outcome": one.outcome, "found": one.found}
                    for place, one in enumerate(checks)
                ])  # fmt: skip
            if figures:
                connection.execute(insert(metric), [
                    {"batch_id": batch_id, "name": one.name, "column_name": one.column, "table_name": table,
                     "value": one.value, "hidden": int(one.hidden)}
                    for one in figures
                ])  # fmt: skip

    def of(self, batch_ids: Sequence[str]) -> Mapping[str, Results]:
        """The results of these batches; a batch without any is missing."""
        checks: dict[str, list[Judged]] = defaultdict(list)
        figures: dict[str, list[Figure]] = defaultdict(list)
        with self._engine.connect() as connection:
            query = select(check).where(check.c.batch_id.in_(batch_ids)).order_by(check.c.place)
            for row in connection.execute(query):
                checks[row.batch_id].append(Judged(row.kind, row.says, row.outcome, row.found))
            query = select(metric).where(metric.c.batch_id.in_(batch_ids)).order_by(metric.c.name, metric.c.column_name)
            for row in connection.execute(query):
                figures[row.batch_id].append(Figure(row.name, row.column_name, row.value, bool(row.hidden)))
        return {name: Results(tuple(checks[name]), tuple(figures[name])) for name in {*checks, *figures}}
