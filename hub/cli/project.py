"""`hub project`: what a permit opens."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.output import table
from hub.progress import progress

app = typer.Typer(no_args_is_help=True, help="Projects: opened by a permit, closed by hand or by its end date.")


@app.command("list")
def list_() -> None:
    """List permits and where their projects stand."""
    from hub.compose import Hub, now

    hub = Hub.load()
    states = {one.id: one for one in hub.projects.all()}
    rows = [
        (
            permit.id,
            permit.title,
            permit.end_date.isoformat(),
            permit.state(now()).value,
            states[permit.id].state.value if permit.id in states else "not opened",
        )
        for permit in hub.governance.permits()
    ]
    table(("permit", "title", "until", "permit is", "project is"), rows, empty="No permit yet.")


@app.command("open")
def open_(permit: Annotated[str, typer.Argument(help="A permit's number, such as p0001.")]) -> None:
    """Compile a permit into its extract and let its members in; again: the extract is made afresh."""
    from hub.compose import Hub
    from hub.openings import open_permit

    hub = Hub.load()
    try:
        with progress() as tick:
            report = open_permit(hub, permit, tick)
    finally:
        hub.close()
    rows = [(name, one.rows, one.held, one.outside) for name, one in sorted(report.tables.items())]
    headings = ("table", "rows", "held", "outside the permit")
    table(headings, rows, empty="The extract holds no table.", numbers=(1, 2, 3))
    typer.echo(f"Project {permit} is open: {report.pseudonyms:,} people.")


@app.command("close")
def close(
    permit: Annotated[str, typer.Argument(help="A permit's number, such as p0001.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the record.")],
) -> None:
    """Close a permit and its project: workspaces stop, the data are gone from the next read."""
    from hub.compose import Hub
    from hub.openings import close_permit

    close_permit(Hub.load(), permit, reason)
    typer.echo(f"Project {permit} is closed; its data are removed, notebooks of its members are kept.")


@app.command("sweep")
def sweep() -> None:
    """Close every project whose permit has ended; a schedule runs this."""
    from hub.compose import Hub
    from hub.openings import sweep_ended

    closed = sweep_ended(Hub.load())
    typer.echo(f"Closed: {', '.join(closed)}." if closed else "No permit has ended since the last sweep.")
