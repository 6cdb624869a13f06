"""Who is who, decided by hand, with the parts that the roof has built; and the incident that asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub.compose import Hub, require_java
from hub.errors import HubError
from hub.incidents import Incidents
from hub.incidents.letter import link_letters
from ingestion.lake import PERSON_LINK
from ingestion.relink import Decision, HeldKeys, Number, Standing, held_keys, relink, standings

KIND = "links"
"""The kind of the incidents that conflicts open."""


def tell_conflicts(hub: Hub, found: Sequence[tuple[str, str, int]]) -> int:
    """Open an incident of conflicts, or put them in the open one, and return its number; mailed where mail is set.

    `found`: source, where in it, and how many numbers or groups of numbers. What the open one says of other sources
    stays in it.
    """
    told = [line for one in Incidents(hub.engine).all(only_open=True) if one.kind == KIND for line in one.found]
    sources = {source for source, _, _ in found}
    lines = [f"{source}, {where}: {count} number(s) or groups of numbers" for source, where, count in found]
    lines += [line for line in told if line.partition(",")[0] not in sources]
    tell = link_letters(hub.settings.server.language) if hub.settings.mail.host else None
    number, _ = Incidents(hub.engine, tell).found(KIND, lines)
    return number


def told_in(lines: Sequence[str]) -> list[tuple[str, int]]:
    """Source and count of each line of such an incident."""
    read = [re.fullmatch(r"(\w+), [^:]*: (\d+) number.*", line) for line in lines]
    return [(match[1], int(match[2])) for match in read if match]


def held(hub: Hub) -> list[HeldKeys]:
    """What is held, by kind and reason."""
    require_java()
    return held_keys(hub.lake)


def whose(hub: Hub, numbers: Sequence[Number]) -> list[Standing]:
    """What is known of each number, without saying who it is. Raises `LinkError`, `NotPublished`."""
    require_java()
    _linked(hub)
    return standings(hub.lake, hub.keystore, numbers)


def decide(hub: Hub, decision: Decision, lines: Sequence[Sequence[Number]]) -> int:
    """Take one decision a line, all or none; returns how many rows of `person_link` changed.

    Raises `HubError`, `LinkError`, `Busy`, `KeysRotated`.
    """
    if not lines:
        raise HubError("No line was given, and nothing was decided.")
    require_java()
    _linked(hub)
    if hub.keystore.unfinished:
        raise HubError("A rotation of the keys was begun and has not ended: run `hub keys rotate` first.")
    return relink(hub.lake, hub.ledger, hub.keystore, hub.home.run / "locks", decision, lines)


def _linked(hub: Hub) -> None:
    if hub.ledger.pointer(PERSON_LINK) is None:
        raise HubError("Nothing was linked yet: ingest a register first, such as `hub ingest chu`.")
