"""`hub seal`: what a data holder runs on its own machine before it sends anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.progress import progress


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("seal")(seal)
    app.command("seal-key")(seal_key)
    app.command("seal-number")(seal_number)


def seal(
    folder: Annotated[Path, typer.Argument(help="A folder with the files of one delivery.")],
    source: Annotated[str, typer.Option(help="The source whose contracts say what the files are, such as snds.")],
    key: Annotated[Path, typer.Option(help="Your sealing key; `hub seal-key` makes one.")],
    to: Annotated[Path, typer.Option(help="A new folder, which is what you send.")],
    language: Annotated[str, typer.Option(help="The language of the notes, fr or en.")] = "fr",
    contracts: Annotated[
        list[Path] | None, typer.Option(help="A folder with contracts, beside the packaged ones; may be repeated.")
    ] = None,
) -> None:
    """Replace the identifiers in a delivery by digests under your own key, before it leaves your house.

    No hub, no Spark and no Java are needed. Numbers of persons and professionals are sealed, each in one spelling;
    names, addresses and other direct identifiers are emptied; of FHIR resources only what the hub's tables read is
    kept, and notes are scrubbed with what their patients' own records say, which must be in the same folder.
    The hub digests what it gets once more under its own key, so that neither key alone gives a pseudonym. Houses that
    share a sealing key are joined by the hub, houses that do not are not. Files get new names, and a manifest.
    Example: hub seal 2024-03/ --source snds --key seal.key --to outbox/2024-03
    """
    from hub.cli.output import table
    from hub.errors import HubError
    from ingestion.contract_set import PACKAGED, load_contracts
    from ingestion.sealing.folder import seal_folder
    from pseudonymization.sealed import open_sealing_key
    from pseudonymization.text.engine import require_language

    os.umask(0o077)
    if not folder.is_dir():
        raise HubError(f"There is no folder {folder}: name one that holds the files of a delivery.")
    known = load_contracts(PACKAGED, *(contracts or []))
    sealing = open_sealing_key(key)
    with progress() as tick:
        done = seal_folder(
            source, folder.absolute(), known.source(source), sealing, to.absolute(),
            language=require_language(language),
            told=lambda name, number, of: tick(f"Sealing {name}" if name else "Sealed", number, of),
        )  # fmt: skip
    rows = [
        (one.table, one.files, one.rows, one.malformed, one.no_identifiers, one.columns_left_out, one.notes)
        for one in done
    ]
    headings = ("table", "files", "rows", "unreadable", "no identifier", "columns left out", "notes scrubbed")
    table(headings, rows, empty="Nothing was sealed.", numbers=(1, 2, 3, 4, 5, 6))
    left_out = sum(one.notes_left_out for one in done)
    if left_out:
        typer.echo(
            f"WARNING: {left_out} note(s) are not sent: their patient is not in this folder, or no text could be read. "
            "Put the patients' file beside them.",
            err=True,
        )
    typer.echo(f"Sealed with the key {sealing.key_id} into {to}. Only this folder is to be sent; the key never is.")


def seal_key(
    file: Annotated[Path, typer.Argument(help="A new file for the key, 0600, on your own machine.")],
) -> None:
    """Make a sealing key. It stays with you, or with the houses that shall be joined; the hub never gets it.

    Without it, later deliveries do not join the earlier ones: keep a copy in a safe.
    Example: hub seal-key seal.key
    """
    from pseudonymization.sealed import make_sealing_key

    made = make_sealing_key(file)
    typer.echo(f"The sealing key {made.key_id} is in {file} (0600). Keep a copy in a safe, and never send it.")


def seal_number(
    key: Annotated[Path, typer.Option(help="Your sealing key.")],
) -> None:
    """Seal one person's number, asked for or read from a pipe: what the hub needs to erase that person.

    One line: the kind, then the number, as `hub erase` takes it; what is printed is such a line.
    Example: hub seal-number --key seal.key
    """
    from hub.cli.erase import person_in
    from hub.errors import HubError
    from pseudonymization.sealed import open_sealing_key, sealed_values

    sealing = open_sealing_key(key)
    line = typer.prompt("Kind and number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    kind, values = person_in(line)
    sealed = [value for value in sealed_values(sealing, kind, values) if value is not None]
    if len(sealed) < len(values):
        raise HubError("That is no identifier of this kind: check the number (a NIR needs its key).")
    typer.echo(" ".join([kind, *sealed]))
