"""What each derived batch came from: the input's batch, and the batches of the rows that it carries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from ingestion.tables import derived


@dataclass(frozen=True)
class Record:
    """A derived batch: rows of one part from one batch of its input, which had `input_rows` of them.

    `carried` is batch -> its rows at that time; `carried_state` a digest of all that the carried tables held;
    `absent` and `split` count carried rows that were not there, and those that were several and differed.
    """

    batch_id: str
    table: str
    part: str
    input_batch: str
    input_rows: int
    fingerprint: str
    carried: Mapping[str, int]
    carried_state: str
    absent: int
    split: int


class Records:
    """Reads and writes `ingestion_derived`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, table: str) -> list[Record]:
        """The records of a derived table."""
        query = select(derived).where(derived.c.table_name == table).order_by(derived.c.batch_id)
        with self._engine.connect() as connection:
            return [
                Record(
                    row.batch_id, row.table_name, row.part, row.input_batch, row.input_rows, row.fingerprint,
                    json.loads(row.carried), row.carried_state, row.absent,
                    row.split,
                )
                for row in connection.execute(query).all()
            ]  # fmt: skip

    def put(self, records: Iterable[Record]) -> None:
        """Keep these, in the place of those of the same batches."""
        with self._engine.begin() as connection:
            for one in records:
                connection.execute(delete(derived).where(derived.c.batch_id == one.batch_id))
                connection.execute(
                    insert(derived).values(
                        batch_id=one.batch_id, table_name=one.table, part=one.part, input_batch=one.input_batch,
                        input_rows=one.input_rows, fingerprint=one.fingerprint,
                        carried=json.dumps(dict(one.carried), sort_keys=True), carried_state=one.carried_state,
                        absent=one.absent, split=one.split,
                    )
                )  # fmt: skip

    def forget(self, batch_ids: Iterable[str]) -> None:
        """Remove the records of batches that are no longer in their table."""
        with self._engine.begin() as connection:
            for one in batch_ids:
                connection.execute(delete(derived).where(derived.c.batch_id == one))
