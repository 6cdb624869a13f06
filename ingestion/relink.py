"""Publishes what somebody decided about `person_link`, as a version of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.sql import functions as F

from ingestion.errors import LinkError
from ingestion.lake import PERSON_LINK, Lake
from ingestion.ledger import Ledger, Published
from ingestion.locks import locked
from ingestion.redact import redacted
from ingestion.rotation import require_same_keys
from pseudonymization.conflicts import EXCLUSIVE_KINDS
from pseudonymization.errors import NoSuchLink
from pseudonymization.keystore import DerivedKey, KeyStore
from pseudonymization.links import with_settled
from pseudonymization.links_by_hand import Key, Link, Links, rows_about, with_rows
from pseudonymization.normal import split_kind
from pseudonymization.person import person_key_of

Number = tuple[str, Sequence[str]]
"""A kind (`ipp`, `ipp@290000017`) and its values, as somebody wrote them."""
Decision = Callable[[Links, Sequence[Key]], None]
"""What one line decides about its numbers."""
SIGN = "links"


@dataclass(frozen=True)
class HeldKeys:
    """How many numbers of a kind are held: `why` is `shared` (twins), `claimed` (two persons) or `by hand`."""

    kind: str
    why: str
    keys: int


@dataclass(frozen=True)
class Standing:
    """Whose one number is, without saying who: its state and how many numbers of each kind its person has.

    `state`: `linked`, `settled`, `held` or `unknown`.
    """

    state: str
    kinds: dict[str, int]


def held_keys(lake: Lake) -> list[HeldKeys]:
    """What is held, by kind and reason; none when nothing was ever linked."""
    if PERSON_LINK not in lake.tables():
        return []
    with redacted("counting what is held", PERSON_LINK):
        shared = F.col("kind").isin(*EXCLUSIVE_KINDS)
        why = F.when(F.col("settled"), "by hand").when(shared, "shared").otherwise("claimed")
        held = with_settled(lake.read(PERSON_LINK)).where(F.col("person").isNull())
        rows = held.groupBy("kind", why.alias("why")).count().orderBy("kind", "why").collect()
    return [HeldKeys(row["kind"], row["why"], row["count"]) for row in rows]


def standings(lake: Lake, keystore: KeyStore, numbers: Sequence[Number]) -> list[Standing]:
    """What is known of each number. Raises `LinkError`."""
    keys = [_key(keystore, number, place) for place, number in enumerate(numbers, 1)]
    with redacted("looking for links", PERSON_LINK):
        links = Links(rows_about(lake.read(PERSON_LINK), [key for _, key in keys], lake.spark), _minting(keystore), 0)
    return [_standing(links, links.of(key)) for key in keys]


def relink(
    lake: Lake, ledger: Ledger, keystore: KeyStore, locks: Path, decide: Decision, lines: Sequence[Sequence[Number]],
    *, lock_timeout: float = 10.0,
) -> int:  # fmt: skip
    """Take every line's decision, all or none, and publish the table that they make; returns how many rows changed.

    Raises `LinkError`, which names the line and never its numbers; `NotPublished`, `Busy`, `KeysRotated`.
    """
    with locked(locks, [PERSON_LINK], lock_timeout):
        require_same_keys(ledger, keystore)
        known = lake.read(PERSON_LINK)
        pointer, table = ledger.pointer(PERSON_LINK), lake.table(PERSON_LINK)
        if pointer is None:
            raise LinkError("Nothing was linked yet: ingest a register first.")
        keys = [[_key(keystore, number, place) for number in line] for place, line in enumerate(lines, 1)]
        with redacted("deciding about links", PERSON_LINK):
            rows = rows_about(known, [key for line in keys for _, key in line], lake.spark)
        links = Links(rows, _minting(keystore), pointer.version + 1)
        for place, line in enumerate(keys, 1):
            try:
                decide(links, line)
            except NoSuchLink as error:
                raise LinkError(f"Line {place}: {error}. Nothing was changed.") from None
        changed = links.changed
        if changed:
            with redacted("publishing links", PERSON_LINK):
                table.take_back(pointer.version)
                commit = table.replace(with_rows(known, changed, lake.spark), SIGN)
                count = table.read(commit.version).count()
            moved: Published = replace(pointer, version=commit.version, row_count=count)
            ledger.repoint(moved, "relinked", len(changed))
    return len(changed)


def _standing(links: Links, link: Link | None) -> Standing:
    if link is None:
        return Standing("unknown", {})
    if link.person is None:
        return Standing("held", {})
    kinds: dict[str, int] = {}
    for one in links.keys_of(link.person):
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    return Standing("settled" if link.settled else "linked", dict(sorted(kinds.items())))


def _key(keystore: KeyStore, number: Number, line: int) -> Key:
    kind, issuer = split_kind(number[0])
    digest = person_key_of(keystore.derive("person"), kind, *number[1], issuer=issuer)
    if digest is None:
        raise LinkError(f"Line {line}: one number is none of kind {kind}: check it (a NIR needs its key).")
    return kind, digest


def _minting(keystore: KeyStore) -> DerivedKey:
    return keystore.derive("person-id")
