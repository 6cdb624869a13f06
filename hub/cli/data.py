"""`hub sample`, `hub ingest`, `hub tables`, `hub batches`: data on its way into the lake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import table
from hub.progress import progress

if TYPE_CHECKING:
    from ingestion.reports import Report


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("sample")(sample)
    app.command("fetch")(fetch)
    app.command("ingest")(ingest)
    app.command("tables")(tables)
    app.command("batches")(batches)


def sample(
    people: Annotated[int, typer.Option(min=1, help="How many people.")] = 2000,
    years: Annotated[str, typer.Option(help="First and last year, such as 2023-2024.")] = "2023-2024",
    seed: Annotated[int, typer.Option(help="The same seed writes the same files.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where to write; `landing/` of the hub by default.")] = None,
) -> None:
    """Write synthetic French claims and hospital files, with a declared number of faults of each kind.

    Nobody in them exists: every NIR lies in a range that is never attributed.
    Example: hub sample --people 2000 --years 2023-2024 --seed 1
    """
    from hub.compose import Hub
    from hub.demo.sample import generate
    from hub.errors import HubError

    match = re.fullmatch(r"(\d{4})-(\d{4})", years)
    if not match or int(match[1]) > int(match[2]):
        raise HubError(f"--years {years}: give a first and a last year, such as 2023-2024.")
    landing = out if out is not None else Hub.load().home.landing
    with progress() as tick:
        manifest = generate(
            people, (int(match[1]), int(match[2])), seed, landing, lambda done: tick("People written", done, people)
        )
    typer.echo(f"Sample of {manifest.people:,} people written below {landing}; its faults are listed in sample.json.")


def fetch(
    source: Annotated[str, typer.Argument(help="A source whose contracts name a database.")],
) -> None:
    """Make a drop of what is new in the databases of a source, for `hub ingest` to take through.

    Where each database is stands under `sources:` in hub.yaml. Example: hub fetch registry && hub ingest registry
    """
    from hub.compose import Hub
    from hub.ingest import fetch_source

    place, fetched = fetch_source(Hub.load(), source)
    table(("table", "rows"), [(one.table, one.rows) for one in fetched], empty="No table.", numbers=(1,))
    typer.echo(f"Written to landing/{source}/{place.name}." if place else "Nothing is new: no drop was written.")


def ingest(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE", help="Sources that contracts name, such as snds chu.")
    ],
    drop: Annotated[str | None, typer.Option(help="One drop of landing/SOURCE; every drop by default.")] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Read again what was published under an older version of its contract.")
    ] = False,
    now: Annotated[bool, typer.Option("--now", help="Ask for no rest: the drops are known to be whole.")] = False,
) -> None:
    """Take drops of sources through: check, quarantine, pseudonymize, write, gate, publish.

    Running it twice changes nothing; a run that was killed is taken up where it can be. Several sources are taken in
    turn by one engine, and when one of them fails the others go on. After a contract has a new version, `--replay`
    reads the drops that are still in landing again, once, and puts them in the place of their rows.

    Example: hub ingest snds chu, hub ingest snds --replay --drop 2023
    """
    from hub.compose import Hub
    from hub.errors import HubError, explain
    from hub.ingest import ingest_source

    if drop is not None and len(sources) > 1:
        raise HubError("--drop names a folder of one source: name that source alone.")
    hub = Hub.load()
    failures = []
    try:
        for source in sources:
            hub.contracts.source(source)
        for source in dict.fromkeys(sources):
            waiting: list[str] = []
            if len(sources) > 1:
                typer.echo(source)
            try:
                with progress() as tick:
                    reports = ingest_source(hub, source, drop, tick, replay=replay, settled=now, waiting=waiting)
            except Exception as error:
                if len(sources) == 1:
                    raise
                failures.append(explain(error))
                typer.echo(f"{source}: {failures[-1].sentence}", err=True)
            else:
                _tell(source, reports, waiting)
    finally:
        hub.close()
    if failures:
        raise typer.Exit(failures[0].code)


def _tell(source: str, reports: list[Report], waiting: list[str]) -> None:
    rows = [
        (
            one.table,
            one.rows_read,
            one.accepted,
            one.refused,
            one.duplicates,
            one.state,
            _reasons(one.quarantined),
            _reasons(one.noticed),
        )
        for report in reports
        for one in report.tables
    ]
    headings = ("table", "rows read", "accepted", "quarantined", "duplicates", "now", "why", "noticed")
    table(headings, rows, empty=f"No drop waits below landing/{source}.", numbers=(1, 2, 3, 4))
    if any(one.state == "kept" for report in reports for one in report.tables):
        typer.echo(f"Tables that are `kept` were published under an older contract: hub ingest {source} --replay")
    for report in reports:
        for spread in report.tables:
            if spread.resources is not None:
                typer.echo(f"{spread.table}: {spread.resources} resources, of which {spread.left_out} gave no row.")
        if report.changed_files:
            typer.echo(
                f"{report.changed_files} file(s) changed since they were read: what they hold now is a new batch."
            )
        if report.learnt.conflicts:
            typer.echo(
                f"{report.learnt.conflicts} number(s) or groups of numbers are claimed by two persons and join nobody: "
                "hub links list"
            )
    for one in waiting:
        typer.echo(f"Left for later: {one}")


def tables() -> None:
    """List the published tables as the catalogue shows them: small counts hidden."""
    from hub.compose import Hub
    from ingestion.catalogue import catalogue

    hub = Hub.load()
    threshold = hub.settings.catalogue.small_count
    rows = [
        (one.name, one.label.fr, len(one.columns), f"< {threshold}" if one.hidden else one.rows or 0)
        for one in catalogue(hub.contracts, hub.ledger, threshold)
        if one.published
    ]
    headings = ("table", "label", "columns", "rows")
    table(headings, rows, empty="Nothing is published yet: hub ingest --help", numbers=(2, 3))


def batches(
    last: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    verify: Annotated[
        bool, typer.Option("--verify", help="Count again what lies there: all batches, or BATCH.")
    ] = False,
    batch: Annotated[list[str] | None, typer.Argument(help="With --verify: batches, by their ids.")] = None,
) -> None:
    """Show the ledger: what each batch read, accepted, quarantined and why.

    Example: hub batches --verify
    """
    from hub.compose import Hub

    if verify:
        _verify(batch or [])
        return
    rows = []
    for one in reversed(Hub.load().ledger.batches()[-last:]):
        counts = one.counts
        figures = (
            (counts.rows_read, counts.accepted, counts.quarantined, counts.duplicates) if counts else ("", "", "", "")
        )
        why = _reasons(counts.reasons) if counts else ", ".join(one.failed_checks)
        changed = _reasons(counts.changes) if counts else ""
        noticed = _reasons(counts.noticed) if counts else ""
        rows.append((one.batch_id[:12], one.table, one.state, *figures, changed, why, noticed))
    headings = (
        "batch", "table", "state", "read", "accepted", "quarantined", "duplicates", "changed", "why", "noticed",
    )  # fmt: skip
    table(headings, rows, empty="No batch yet: hub ingest --help", numbers=(3, 4, 5, 6))


def _verify(names: list[str]) -> None:
    """Count published batches again; ends with 1 when one does not add up."""
    from hub.compose import Hub
    from hub.errors import HubError
    from ingestion.recount import recount

    hub = Hub.load()
    rows, wrong = [], 0
    try:
        for one in recount(hub.lake, hub.ledger, hub.home.quarantine, names):
            wrong += not one.holds
            lake = "version gone" if one.accepted is None else one.accepted
            counts = one.batch.counts
            read, duplicates = (counts.rows_read, counts.duplicates) if counts else (0, 0)
            figures = (read, lake, one.quarantined, one.gone, duplicates)
            rows.append((one.batch.batch_id[:12], one.batch.table, *figures, one.fault or "OK"))
    finally:
        hub.close()
    if names and not rows:
        raise HubError(f"No published batch begins with {', '.join(names)}: see hub batches.")
    headings = ("batch", "table", "read", "in the lake", "in quarantine", "gone from it", "duplicates", "")
    table(headings, rows, empty="No published batch yet: hub ingest --help", numbers=(2, 3, 4, 5, 6))
    if wrong:
        raise HubError(f"{wrong} of {len(rows)} batches do not add up: stop ingesting and look at them.")


def _reasons(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(reasons.items()))
