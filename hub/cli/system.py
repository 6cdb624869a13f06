"""`hub doctor`, `hub settings`, `hub leaks`: the machine and its health."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


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
) -> None:
    """Search everything outside `landing/` and `sealed/` for what only they may hold.

    Looked for: every number, name, phone and e-mail of the people in `landing/`, and the keys' bytes in the
    forms in which they could have been written. Parquet, compressed files, SQLite and notebooks are decoded.
    """
    from hub.compose import Hub
    from hub.demo.leaks import search_home

    hub, folders = Hub.load(), also or []
    if "://" in (url := hub.settings.lake.url or ""):
        typer.echo(f"not searched: {url}")
    elif url:
        folders.append(Path(url))
    searched = search_home(hub.home, also=folders)
    for leak in searched.leaks:
        typer.echo(f"LEAK {leak.kind}: {leak.times} times in {leak.file} ({leak.form})")
    for file in searched.undecoded:
        typer.echo(f"could not be decoded: {file}")
    typer.echo(f"{searched.files} files, {searched.bytes:,} bytes searched, {len(searched.leaks)} leaks.")
    if searched.leaks or searched.undecoded:
        raise typer.Exit(1)
