"""`hub erase`: takes a person out of everything that the hub keeps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.lines import secret_lines
from hub.cli.output import table
from hub.progress import progress


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("erase")(erase)


def erase(
    file: Annotated[Path | None, typer.Option(help="A 0600 file with one line: a kind and its number(s).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Only end erasures that were begun and killed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Erase a person under all their keys: landing, archives, quarantine, identities, lake, links and extracts.

    Who it is is asked for, or read from --file or from a pipe, and never an argument, which other users of the
    machine could read. One line: the kind, then the number: `ins 1 85 05 78 006 048 22`, `ipp 80042170001`,
    `psa NUMBER RANK`. What is erased cannot be brought back, and the tables that held the person lose their history.
    Example: hub erase --dry-run
    """
    from hub.compose import Hub
    from hub.erase import erase as erase_person
    from hub.errors import HubError

    given = None if resume else person_in("".join(secret_lines(file, "Kind and number")[:1]))
    if not dry_run and not yes and not resume:
        if not sys.stdin.isatty():
            raise HubError("Nobody can be asked here: add --yes to erase, or --dry-run to count.")
        typer.confirm("Erase this person? It cannot be undone.", abort=True)
    hub = Hub.load()
    try:
        with progress() as tick:
            done = erase_person(hub, given, tick, dry_run=dry_run)
    finally:
        hub.close()
    for one in done:
        table(("where", "rows"), sorted(one.counts.items()), empty="The person is nowhere.", numbers=(1,))
        if one.touched:
            how = "would lose" if dry_run else "have lost"
            typer.echo(f"These tables {how} their earlier versions: {', '.join(one.touched)}.")
        if one.unread:
            typer.echo(f"WARNING: {one.unread} drop(s) in landing/ or archive could not be looked through.", err=True)
        typer.echo(f"Certificate: {one.certificate}" if one.certificate else "A dry run: nothing was changed.")
    if not done:
        typer.echo("No erasure was waiting to be ended.")


def person_in(line: str) -> tuple[str, list[str]]:
    """The kind and its values; raises `HubError`, never quoting the line."""
    from hub.errors import HubError
    from pseudonymization.errors import UnknownKind
    from pseudonymization.normal import KINDS, split_kind

    words = line.split()
    try:
        kind, _ = split_kind(words[0] if words else "")
    except UnknownKind:
        raise HubError(
            f"One line is needed, the kind and its number; kinds: {', '.join(KINDS)}; `ipp@290000017` names the "
            "hospital, as the contract does."
        ) from None
    values = words[1:]
    if KINDS[kind] == 1:
        # A NIR is often written in groups.
        values = ["".join(values)] if values else []
    if len(values) != KINDS[kind]:
        raise HubError(f"The kind {kind} needs {KINDS[kind]} value(s) after it, separated by blanks.")
    return words[0], values
