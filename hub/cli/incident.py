"""`hub incident`: what the watch over the hub found, and what was done about it."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="What the watch over the hub found, until somebody closes it.")


@app.command("list")
def list_incidents(
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed as well.")] = False,
) -> None:
    """Show the open incidents: when, of what kind, and where; never a value."""
    from hub.compose import Hub
    from hub.incidents import Incidents

    shown = Incidents(Hub.load().engine).all(only_open=not everything)
    for one in shown:
        typer.echo(f"{one.number}  {one.kind}  opened {one.opened_at}  last found {one.seen_at}")
        if one.closed_at:
            typer.echo(f"   closed {one.closed_at} by {one.closed_by}: {one.reason}")
        for line in one.found:
            typer.echo(f"   {line}")
    if not shown:
        typer.echo("No incident." if everything else "No open incident.")


@app.command("close")
def close(
    number: Annotated[int, typer.Argument(help="Its number, as `hub incident list` shows it.")],
    reason: Annotated[str, typer.Option(help="What was done about it, in a sentence that identifies nobody.")],
) -> None:
    """Close an incident, with what was done about it. It stays in `hub incident list --all`."""
    import getpass

    from hub.compose import Hub
    from hub.incidents import Incidents

    Incidents(Hub.load().engine).close(number, by=getpass.getuser(), reason=reason)
    typer.echo(f"Incident {number} is closed.")
