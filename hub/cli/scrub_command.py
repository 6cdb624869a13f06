"""`hub scrub`: takes what names somebody out of a file of notes; no hub is needed."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer

from hub.progress import Tick, progress

if TYPE_CHECKING:
    from pseudonymization.text.scrubber import Scrubber


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("scrub")(scrub)
    app.command("scrub-review")(scrub_review)


def scrub(
    notes: Annotated[
        Path, typer.Argument(metavar="NOTES.jsonl", help="One JSON object a line, with `text` or `note_text`.")
    ],
    to: Annotated[Path | None, typer.Option(help="Where to write; standard output by default.")] = None,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    replace: Annotated[Literal["tag", "surrogate"], typer.Option(help="What stands where somebody stood.")] = "tag",
    registry: Annotated[
        Path | None, typer.Option(help="Recognizers of your own, in the YAML of Presidio's registry.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="A spaCy pipeline of your own: the folder on your disk.")] = None,
    spans_only: Annotated[bool, typer.Option("--spans-only", help="Write what was found, not the text.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print each note with its finds marked, and why.")] = False,
) -> None:
    """Take names, dates, numbers and places out of notes. No hub is needed, and nothing is sent anywhere.

    A line may hold `person`, what is known of its patient: {"names": ["Zoé", "Kergoat"], "birth_date": "1965-03-02",
    "numbers": [], "phones": [], "emails": [], "addresses": [], "relatives": []}. Each of these is searched for too.
    One line is written for each line read, in the same order:
    {"text": ..., "spans": [{"start", "end", "label", "score"}]}. The span of a date has "date" too, in ISO 8601 as far
    as it is written, or null: with it a date can be moved in the text later.
    With --replace surrogate, an invented name, date or number stands where one stood, another each time.
    What comes out is still personal data: names are missed now and then. --explain shows the notes as they are.
    Example: hub scrub notes.jsonl --to clean.jsonl
    """
    from hub.errors import HubError
    from pseudonymization.text.engine import require_language
    from pseudonymization.text.lexicon import lexicon
    from pseudonymization.text.own import OwnRecognizers
    from pseudonymization.text.scrubber import Scrubber
    from pseudonymization.text.surrogates import Surrogates

    if not notes.is_file():
        raise HubError(f"There is no file at {notes}: name a file of notes, one JSON object a line.")
    if to is not None and to.exists():
        raise HubError(f"{to} is there already: name a new file, so that nothing of yours is written over.")
    language = require_language(language)
    own = OwnRecognizers(str(registry) if registry else None, (), str(model) if model else None)
    scrubber = Scrubber(language, own.load(language), Surrogates(lexicon(language)) if replace == "surrogate" else None)
    if explain:
        _explain(notes, scrubber)
        return
    if to is None:
        failed, count = _write(notes, sys.stdout, scrubber, spans_only, None)
    else:
        draft = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
        try:
            with progress() as tick, os.fdopen(_private(draft), "w", encoding="utf-8") as file:
                failed, count = _write(notes, file, scrubber, spans_only, tick)
            draft.rename(to)
        finally:
            draft.unlink(missing_ok=True)
        typer.echo(f"{count - len(failed):,} of {count:,} notes scrubbed, written to {to}.", err=True)
    if failed:
        places = ", ".join(map(str, failed[:5])) + (" and others" if len(failed) > 5 else "")
        raise HubError(f"{len(failed)} of {count} lines could not be scrubbed (line {places}): see their `error`.")


def scrub_review(
    source: Annotated[str, typer.Argument(help="A source whose notes are in the lake, such as chu.")],
    sample: Annotated[int, typer.Option(min=1, max=5000, help="How many notes to draw.")] = 200,
) -> None:
    """Draw scrubbed notes for people to read, before anybody is granted them.

    A data steward reads them on the portal, under Notes, and says of each whether something was missed. The text of
    the source may be granted when the upper bound of the share of notes with a miss (Wilson, 95 %) is under
    `review.most_missed` of hub.yaml, until the recognizers or the source change. A review that is open of the same
    text is dropped. With 200 notes and nothing missed the bound is 1.9 %.
    Example: hub scrub-review chu --sample 200
    """
    from hub.compose import Hub
    from hub.reviews.draw import draw_source, reviews_of

    hub = Hub.load()
    try:
        with progress() as tick:
            tick("Starting Spark", 0, None)
            numbers = draw_source(hub, source, sample)
        drawn = [one for one in reviews_of(hub).all() if one.number in numbers]
    finally:
        hub.close()
    for one in drawn:
        typer.echo(f"Review {one.number}: {one.notes:,} notes of {one.table}.{one.column}, to be read on the portal.")


def _private(path: Path) -> int:
    # Notes are in it: nobody else reads it, whatever the umask says.
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def _write(
    notes: Path, file: IO[str], scrubber: Scrubber, spans_only: bool, tick: Tick | None
) -> tuple[list[int], int]:
    from pseudonymization.text.jsonl import scrub_lines

    failed, count = [], 0
    for line, scrubbed in scrub_lines(_lines(notes, tick), scrubber, spans_only=spans_only):
        count += 1
        file.write(line + "\n")
        if not scrubbed:
            failed.append(count)
    return failed, count


def _lines(notes: Path, tick: Tick | None) -> Iterator[bytes]:
    """Lines that hold something."""
    size, done = notes.stat().st_size, 0
    with notes.open("rb") as file:
        for number, line in enumerate(file):
            if tick is not None and number % 200 == 0:
                tick("Scrubbing (bytes)", done, size)
            done += len(line)
            if line.strip():
                yield line


def _explain(notes: Path, scrubber: Scrubber) -> None:
    from hub.errors import HubError
    from pseudonymization.errors import PseudonymizationError
    from pseudonymization.text.jsonl import explained, read_note

    for number, line in enumerate(_lines(notes, None), 1):
        try:
            text, identity = read_note(line)
            typer.echo(explained(text, scrubber.find(text, identity)) + "\n")
        except PseudonymizationError as error:
            raise HubError(f"Line {number} cannot be scrubbed: {error}") from None
