"""`hub lake`: what tables were, the way back, and their care."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.output import table as draw
from hub.progress import progress

app = typer.Typer(no_args_is_help=True, help="The lake over time: history, the way back, care.")


@app.command("history")
def history(table: Annotated[str, typer.Argument(help="A published table, such as ER_PRS_F or person_link.")]) -> None:
    """List every version of a table that was ever published, the newest first.

    `kept` says whether its files are still there, so that `hub lake restore` can go back to it.
    Example: hub lake history ER_PRS_F
    """
    from hub.compose import Hub
    from ingestion.lake_history import history as moments_of

    hub = Hub.load()
    try:
        moments = moments_of(hub.ledger, hub.lake_place, table)
    finally:
        hub.close()
    rows = [
        (
            one.version,
            one.at[:19].replace("T", " "),
            one.what,
            one.batch_id[:12],
            "" if one.contract_version is None else one.contract_version,
            "" if one.rows is None else one.rows,
            "now" if one.current else "yes" if one.readable else "no",
        )
        for one in reversed(moments)
    ]
    headings = ("version", "since (UTC)", "by", "batch", "contract", "rows", "kept")
    draw(headings, rows, empty="Never published.", numbers=(0, 4, 5))


@app.command("restore")
def restore(
    table: Annotated[str, typer.Argument(help="A published table.")],
    to: Annotated[str, typer.Option(help="A version, or the first letters of a batch; see `hub lake history`.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
) -> None:
    """Publish again what a table held at an earlier version, or after an earlier batch.

    The way back is itself a version, so it can be gone back on too. Batches that were published since stay in the
    ledger and are not ingested again by themselves.
    Example: hub lake restore ER_PRS_F --to 4 --dry-run
    """
    from hub.compose import Hub
    from ingestion.lake_history import restore as go_back
    from ingestion.lake_history import way_back

    hub = Hub.load()
    try:
        if dry_run:
            done = way_back(hub.ledger, hub.lake_place, table, to)
        else:
            with progress() as tick:
                done = go_back(
                    hub.lake,
                    hub.ledger,
                    hub.contracts,
                    table,
                    to,
                    locks=hub.home.run / "locks",
                    step=lambda name, what: tick(f"{name}: {what}", 0, None),
                )
    finally:
        hub.close()
    rows = f"{done.target.rows:,}" if done.target.rows is not None else "an unknown number of"
    what = f"version {done.target.version} (batch {done.target.batch_id[:12]}, {rows} rows)"
    if done.version is None:
        typer.echo(f"{table} is at version {done.before.version}; it would hold what {what} held.")
    elif done.version == done.before.version:
        typer.echo(f"{table} is at {what} already.")
    else:
        typer.echo(f"{table} holds what {what} held, as version {done.version}.")
    if done.with_it:
        typer.echo(f"Published together with what is gone back on, and left as they are: {', '.join(done.with_it)}.")


@app.command("maintain")
def maintain(
    table: Annotated[str | None, typer.Argument(help="One table; every published one by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
) -> None:
    """Compact tables, and delete the files of versions that nobody may go back to any more.

    Kept are the published version, every version that was published in the last `lake.history_days` days, and what
    an extract is reading. A schedule may run this.
    Example: hub lake maintain --dry-run
    """
    from hub.care import maintain_tables
    from hub.compose import Hub

    hub = Hub.load()
    try:
        with progress() as tick:
            done = maintain_tables(hub, table, tick, dry_run=dry_run)
    finally:
        hub.close()
    rows = [
        (one.table, one.files_before, one.files_after, one.clustered or "", len(one.kept), one.deleted, one.freed)
        for one in done
    ]
    headings = ("table", "files", "then", "by date", "versions kept", "files deleted", "bytes freed")
    draw(headings, rows, empty="Nothing is published yet: hub ingest --help", numbers=(1, 2, 4, 5, 6))
    if dry_run and rows:
        typer.echo("A dry run: nothing was changed.")
