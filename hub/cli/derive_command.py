"""`hub derive`: flat tables and the timeline."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.output import table
from hub.progress import progress


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("derive")(derive)


def derive(
    name: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="One derived table; all by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be derived, and write nothing.")] = False,
) -> None:
    """Flatten claims and stays, and draw the timeline, from what is published.

    Only batches that came or changed since the last time are read again; running it twice changes nothing.

    Example: hub derive --dry-run
    """
    from hub.compose import Hub
    from hub.derive import derive_tables

    hub = Hub.load()
    try:
        with progress() as tick:
            reports, problems = derive_tables(hub, name, dry_run=dry_run, tick=tick)
    finally:
        hub.close()
    for sentence in problems:
        typer.echo(sentence, err=True)
    rows: list[tuple[object, ...]] = []
    for report in reports:
        for part in report.parts:
            left_out = ", ".join(f"{reason} {count:,}" for reason, count in sorted(part.left_out.items()))
            without = ", ".join(
                f"{count:,} {what}" for count, what in ((part.absent, "absent"), (part.split, "contradicting")) if count
            )
            written = "" if dry_run else part.written
            rows.append((report.table, part.part, part.batches, part.rows_read, written, left_out, without))
    headings = ("table", "part", "batches", "rows read", "rows written", "left out", "without what they carry")
    table(headings, rows, empty="No new batch.", numbers=(2, 3, 4))
    for report in reports:
        typer.echo(_sentence(report.table, report.state, report.kept, report.removed, report.rows))


def _sentence(name: str, state: str, kept: int, removed: int, rows: int) -> str:
    match state:
        case "waiting":
            return f"{name}: waits for a table that it is made of; ingest a drop that holds it."
        case "unchanged":
            return f"{name}: unchanged, {rows:,} rows."
        case "planned":
            return f"{name}: would keep {kept} batches and take {removed} out."
    return f"{name}: published, {rows:,} rows; {kept} batches kept, {removed} taken out."
