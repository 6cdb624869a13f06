"""Measures a table's risk with the parts that the roof has built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.compose import Hub, require_java
from hub.errors import HubError
from projects.resolution import Resolver
from pseudonymization.risk import Risk, measure_risk

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_PERSON = "__person"


@dataclass(frozen=True)
class TableRisk:
    """A risk, what its units are (`people` or `rows`), and the rows left out because they name nobody known."""

    risk: Risk
    units: str
    nobody: int


def table_risk(
    hub: Hub,
    table: str,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    *,
    rows: bool = False,
    project: str | None = None,
    population: int | None = None,
) -> TableRisk:
    """The risk of a published table, or of the same table in a project's extract.

    Counted in people where the table names some, unless `rows`. Raises `HubError` for a table or a column that is
    not there, `NothingToMeasure`.
    """
    frame, person = _extract(hub, table, project) if project else _lake(hub, table)
    offered = [name for name in frame.columns if not name.startswith(("_", "person_key", "pseudonym", "batch_id"))]
    if unknown := [name for name in (*quasi, *sensitive) if name not in offered]:
        raise HubError(f"{table} has no column {', '.join(unknown)} to measure; it has {', '.join(offered)}.")
    if person is None or rows:
        return TableRisk(measure_risk(frame, quasi, sensitive=sensitive, population=population), "rows", 0)
    risk = measure_risk(frame, quasi, sensitive=sensitive, person=person, population=population)
    return TableRisk(risk, "people", frame.where(frame[person].isNull()).count())


def _lake(hub: Hub, table: str) -> tuple[DataFrame, str | None]:
    if table not in hub.contracts or table not in {pointer.table for pointer in hub.ledger.pointers()}:
        raise HubError(f"There is no published table {table}: see `hub tables`.")
    require_java()
    return Resolver(hub.lake, hub.contracts).rows(table), _PERSON if hub.contracts[table].persons else None


def _extract(hub: Hub, table: str, project: str) -> tuple[DataFrame, str | None]:
    # A project's id is a folder's name: only what is listed there is looked for.
    if project not in {folder.name for folder in hub.home.projects.iterdir()}:
        raise HubError(f"There is no project {project}: see `hub project list`.")
    data = hub.home.projects / project / "data"
    if not data.is_dir() or table not in {folder.name for folder in data.iterdir() if folder.is_dir()}:
        raise HubError(f"The extract of {project} has no table {table}.")
    require_java()
    frame = hub.spark.read.format("delta").load(str(data / table))
    return frame, "pseudonym" if "pseudonym" in frame.columns else None
