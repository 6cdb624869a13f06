"""`hub landing`: files as they arrived, and how long they stay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.output import table
from hub.progress import progress

app = typer.Typer(no_args_is_help=True, help="Files as they arrived: kept for a set number of days.")


@app.command("purge")
def purge(
    source: Annotated[str | None, typer.Option(help="One source; every source by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
) -> None:
    """Destroy or put away the drops whose batches were all published long enough ago, with a certificate each.

    The days are `retention.days` in hub.yaml, or a source's own. A drop that is not wholly published is never
    purged; when it is older than its days, this command ends with exit code 3. A schedule may run it.
    Example: hub landing purge --dry-run
    """
    from hub.care import purge_landing
    from hub.compose import Hub

    hub = Hub.load()
    try:
        with progress() as tick:
            findings = purge_landing(hub, source, tick, dry_run=dry_run)
    finally:
        hub.close()
    rows = [
        (one.source, one.name, one.state, one.due or "", one.files, one.bytes, one.quarantined, one.why)
        for one in findings
    ]
    headings = ("source", "drop", "is", "due", "files", "bytes", "rows in quarantine", "why")
    table(headings, rows, empty="No drop lies in landing/.", numbers=(4, 5, 6))
    if dry_run and rows:
        typer.echo("A dry run: nothing was changed.")
    late = [one for one in findings if one.overdue]
    for one in late:
        typer.echo(f"WARNING: {one.source}/{one.name} is older than its days and is not published: {one.why}", err=True)
    if late:
        raise typer.Exit(3)


@app.command("unseal")
def unseal(
    archive: Annotated[Path, typer.Argument(help="A file of sealed/archive.")],
    to: Annotated[Path, typer.Option(help="A new folder, which will hold identifiers.")],
) -> None:
    """Open a drop that was put away (`how: archive`) into a new folder.

    Example: hub landing unseal var/sealed/archive/snds-0123.sealed --to /secure/drop
    """
    from hub.compose import Hub
    from ingestion.archive import unseal as open_archive

    files = open_archive(archive, Hub.load().keystore.derive("archive"), to)
    typer.echo(f"{files} files written below {to}: they hold identifiers.")
