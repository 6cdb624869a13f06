"""Derives the flat tables and the timeline with the parts that the roof has built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.compose import Hub, require_java
from hub.errors import HubError
from ingestion.derived.build import derive
from ingestion.derived.records import Records
from ingestion.derived.report import DerivedReport
from ingestion.derived.shapes import shapes

if TYPE_CHECKING:
    from hub.progress import Tick


def derive_tables(hub: Hub, name: str | None, *, dry_run: bool, tick: Tick) -> tuple[list[DerivedReport], list[str]]:
    """Bring the derived tables, or the one of this name, up to date; also what definitions could not have.

    Raises `HubError` for a name that is no derived table, and the errors of ingestion; tables before a failure stay
    published.
    """
    problems: list[str] = []
    known = shapes(hub.contracts, hub.definitions, problems)
    if name is not None and name not in known:
        there = ", ".join(known) or "none"
        raise HubError(" ".join([f"There is no derived table {name} in this hub; there: {there}.", *problems]))
    chosen = [shape for table, shape in known.items() if name in (None, table)]
    if not any(pointer.table in shape.inputs for pointer in hub.ledger.pointers() for shape in chosen):
        return [DerivedReport(shape.table, "waiting") for shape in chosen], problems
    require_java()
    tick("Starting Spark", 0, len(chosen))
    records = Records(hub.engine)
    reports = []
    for done, shape in enumerate(chosen):
        tick(f"{shape.table}: looking at its inputs", done, len(chosen))
        reports.append(
            derive(
                shape,
                spark=hub.spark,
                lake=hub.lake,
                ledger=hub.ledger,
                records=records,
                locks=hub.home.run / "locks",
                dry_run=dry_run,
                progress=lambda table, step, done=done: tick(f"{table} {step}", done, len(chosen)),  # type: ignore[misc]
            )
        )
    return reports, problems
