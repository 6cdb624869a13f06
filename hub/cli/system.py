"""`hub doctor`, `hub settings`, `hub leaks`: the machine and its health."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from hub.progress import progress

if TYPE_CHECKING:
    from hub.compose import Hub


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("doctor")(doctor)
    app.command("settings")(settings)
    app.command("leaks")(leaks)


def doctor() -> None:
    """Say what is installed, what is missing, what to type, and whether sandboxes can run here."""
    from hub.doctor import examine
    from hub.settings import load_settings

    console = Console()
    wanted = load_settings()
    findings = examine(wanted.home, port=wanted.server.port)
    for finding in findings:
        mark = "ok " if finding.good else "NO " if finding.needed else "-- "
        console.print(f"{mark} {finding.name}: {finding.seen}", markup=False, highlight=False)
        if not finding.good and finding.remedy:
            console.print(f"     type: {finding.remedy}", markup=False, highlight=False)
    if any(finding.needed and not finding.good for finding in findings):
        raise typer.Exit(1)


def settings(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of hub.yaml.")] = False,
) -> None:
    """Print the settings in force, or their JSON Schema."""
    from hub.settings import load_settings, settings_schema

    shown = settings_schema() if schema else json.loads(load_settings().model_dump_json())
    typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))


def leaks(
    also: Annotated[list[Path] | None, typer.Option(help="Another folder to search; repeat for several.")] = None,
    people: Annotated[
        int, typer.Option(min=0, help="How many people to look for, drawn anew each time; 0 is all of them.")
    ] = 2000,
    list_file: Annotated[
        Path | None, typer.Option("--list", help="A file below sealed/ of `kind,value` lines to look for as well.")
    ] = None,
) -> None:
    """Search everything outside `landing/` and `sealed/` for what only they may hold.

    Looked for: names, numbers, phones, e-mails and addresses of people drawn from the sealed identities, and the
    keys' bytes in the forms in which they could have been written. Parquet, archives and compressed files, SQLite
    and PostgreSQL, notebooks and the arguments of processes are read. Told are kinds, counts and places, never a
    value: a part of a path that is itself a hit is written (hidden). Files of a lake in an object store or HDFS are
    fetched below `sealed/` one at a time. What is found opens an incident, mailed where mail is set, and the command
    then ends with 1.
    """
    from hub.compose import Hub
    from hub.demo.leaks import search_home
    from hub.incidents import Incidents
    from hub.incidents.letter import leak_letters
    from hub.leaks.people import listed

    hub, folders = Hub.load(), also or []
    if (url := hub.settings.lake.url) and "://" not in url:
        folders.append(Path(url))
    given = listed(list_file, hub.home) if list_file else []
    database = hub.engine if hub.settings.database.url else None
    keystore = hub.keystore if hub.home.keys.exists() else None
    try:
        with progress() as tick:
            searched = search_home(
                hub.home,
                also=folders,
                database=database,
                keystore=keystore,
                people=people,
                given=given,
                far=_lake_files(hub),
                tick=tick,
            )
        found = [f"{leak.kind}: {leak.times} matches in {leak.place} ({leak.form})" for leak in searched.leaks]
        for line in found:
            typer.echo(f"LEAK {line}")
        for file in searched.undecoded:
            typer.echo(f"could not be decoded: {file}")
        typer.echo(f"{searched.files} files, {searched.bytes:,} bytes searched, {len(searched.leaks)} leaks.")
        if found:
            tell = leak_letters(hub.settings.server.language) if hub.settings.mail.host else None
            number, _ = Incidents(hub.engine, tell).found("leak", found)
            typer.echo(f"Incident {number} is open. Once its cause is gone: hub incident close {number} --reason ...")
    finally:
        hub.close()
    if searched.leaks or searched.undecoded:
        raise typer.Exit(1)


def _lake_files(hub: Hub) -> Iterator[tuple[str, str, Path]]:
    """URL of the lake, name and copy of each of its files, where no path leads to them."""
    from ingestion.far import Far

    if "://" in (hub.settings.lake.url or "") and isinstance(place := hub.lake_place, Far):
        for name, copy in place.one_by_one(hub.scratch / "searched"):
            yield place.url, name, copy
