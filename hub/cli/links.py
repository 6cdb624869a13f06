"""`hub links`: numbers that several persons claim, and what a steward decides about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.lines import secret_lines
from hub.cli.output import table

if TYPE_CHECKING:
    from ingestion.relink import Decision, Number

app = typer.Typer(
    no_args_is_help=True,
    help="Which numbers are one person's, where a delivery contradicts itself.\n\n"
    "A hospital number that comes with two NIRs joins nobody: it is held, and its rows reach no extract, until it is "
    "settled here. Numbers are read from --file or from a pipe, and never from arguments, which other users of the "
    "machine could read. A number is its kind and its value, without blanks: `ins 185057800604822`, `ipp 80042170001`, "
    "`ipp@290000017 80042170001` where the contract names the hospital, `psa NUMBER RANK`. "
    "`hub lake history person_link` and `hub lake restore` undo what was decided last.",
)
File = Annotated[Path | None, typer.Option(help="A 0600 file of lines; standard input by default.")]

STATES = {
    "linked": "one person's",
    "settled": "one person's, settled by hand",
    "held": "held: nobody's",
    "unknown": "in no register that was ingested",
}
WHY = {
    "shared": "twins share it",
    "claimed": "two persons claim it",
    "by hand": "held by hand",
}


@app.command("list")
def list_held() -> None:
    """Count the numbers that are held, by kind and reason. Which they are, no screen shows.

    The holder finds them on its side: the numbers that its register gives with two NIRs.
    """
    from hub.compose import Hub
    from hub.links import held

    hub = Hub.load()
    try:
        rows = [(one.kind, WHY[one.why], one.keys) for one in held(hub)]
    finally:
        hub.close()
    table(("kind", "why", "numbers"), rows, empty="No number is held.", numbers=(2,))


@app.command("show")
def show(file: File = None) -> None:
    """Say of each number (one a line) whether it is one person's, and how many numbers that person has.

    Example: hub links show --file numbers.txt
    """
    from hub.compose import Hub
    from hub.links import whose

    numbers = [one for line in _lines(file, 1) for one in line]
    hub = Hub.load()
    try:
        standings = whose(hub, numbers)
    finally:
        hub.close()
    rows = [
        (place, STATES[one.state], ", ".join(f"{kind} {count}" for kind, count in one.kinds.items()))
        for place, one in enumerate(standings, 1)
    ]
    table(("line", "is", "numbers of that person"), rows, empty="No number was given.", numbers=(0,))


@app.command("settle")
def settle(file: File = None) -> None:
    """Say whose a number is: a line names the number, then another number of the person who has it.

    No delivery takes it away from that person any more. Example of a line: `ipp 80042170001 ins 185057800604822`
    """
    _decide(lambda links, keys: links.settle(keys[0], keys[1]), _lines(file, 2))


@app.command("same")
def same(file: File = None) -> None:
    """Say that two numbers are one person's, such as a temporary NIR and the one that came after it.

    The person known longer keeps their id, and all numbers of the other follow. A number that was held meanwhile stays
    so until `hub links settle`. Example of a line: `ins 785057800604807 ins 185057800604822`
    """
    _decide(lambda links, keys: links.same(keys[0], keys[1]), _lines(file, 2))


@app.command("detach")
def detach(file: File = None) -> None:
    """Undo a wrong link: the numbers of a line are another person's than the one that they are linked to.

    They become one new person, and no delivery makes the two one again. Example of a line: `ipp 80042170001`
    """
    _decide(lambda links, keys: links.detach(keys), _lines(file, None))


@app.command("hold")
def hold(file: File = None) -> None:
    """Say that nobody knows whose a number is: its rows reach no extract until it is settled.

    Example of a line: `ipp 80042170001`
    """
    _decide(lambda links, keys: links.hold(keys[0]), _lines(file, 1))


def _decide(decision: Decision, lines: list[list[Number]]) -> None:
    from hub.compose import Hub
    from hub.links import decide

    hub = Hub.load()
    try:
        changed = decide(hub, decision, lines)
    finally:
        hub.close()
    typer.echo(f"Numbers whose link changed: {changed}." if changed else "Nothing had to change.")
    if changed:
        typer.echo("Extracts that were written before stay as they are: open the projects concerned anew.")


def _lines(file: Path | None, wanted: int | None) -> list[list[Number]]:
    """The numbers of each line; raises `HubError`, which says which line and never what it holds."""
    from hub.errors import HubError

    lines = []
    for place, line in enumerate(secret_lines(file, "Numbers, each a kind and its value"), 1):
        numbers = _numbers(line.split())
        if numbers is None or not numbers or (wanted is not None and len(numbers) != wanted):
            many = "one or more numbers" if wanted is None else "one number" if wanted == 1 else f"{wanted} numbers"
            raise HubError(
                f"Line {place}: {many} must stand there, each a kind and its value without blanks inside: see "
                "`hub links --help`. Nothing was changed."
            )
        lines.append(numbers)
    return lines


def _numbers(words: list[str]) -> list[Number] | None:
    from pseudonymization.errors import UnknownKind
    from pseudonymization.normal import KINDS, split_kind

    numbers: list[Number] = []
    while words:
        rest = words[1:]
        try:
            kind, _ = split_kind(words[0])
        except UnknownKind:
            return None
        if len(rest) < KINDS[kind]:
            return None
        numbers.append((words[0], rest[: KINDS[kind]]))
        words = rest[KINDS[kind] :]
    return numbers
