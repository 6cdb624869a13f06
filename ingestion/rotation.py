"""Brings the lake and the identities from one generation of keys to the next.

Every table is written again as a version beyond its pointer, compared, and published with all others in one
transaction: before it every reader finds the old keys in every table, after it the new ones. Killed anywhere and called
again, it converges; what it had written is taken up if the table was left alone meanwhile, else written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.sql import functions as F

from ingestion import delta_log
from ingestion.delta_snapshot import delete_files, others, snapshots, superfluous
from ingestion.errors import EngineError, KeysRotated
from ingestion.lake import PERSON_LINK, Lake
from ingestion.lake_table import LakeTable
from ingestion.ledger import Ledger, Published
from ingestion.maintain import fingerprint
from ingestion.pins import Pins
from ingestion.redact import redacted
from pseudonymization.identities import IdentityTable
from pseudonymization.keystore import KeyStore, Step
from pseudonymization.rekey import bears, digest_columns, rekeyed

Told = Callable[[str, str], None]
"""Called with (table or `identities` or `keys`, step) as each step ends."""


@dataclass(frozen=True)
class Rekeyed:
    """A table that bore digests: its rows, its columns of digests, and the version that holds them now."""

    table: str
    rows: int
    columns: tuple[str, ...]
    version: int


def require_same_keys(ledger: Ledger, keystore: KeyStore) -> None:
    """Raises `KeysRotated` unless `keystore` is that of the lake; to be asked with the tables' locks held."""
    if (ledger.key_id() or keystore.root_id) != keystore.key_id:
        raise KeysRotated("The keys were rotated while this waited, and nothing was changed: run it again.")


def rotate_lake(
    lake: Lake, ledger: Ledger, identities: IdentityTable, step: Step, *, told: Told = lambda _what, _step: None
) -> list[Rekeyed]:
    """Publish every table under the keys of `step.after`; all tables are locked, and nothing is being read.

    Who a person is (`person_link.person`) stays, and so do the pseudonyms of projects. Raises `EngineError` when what
    was written is not what was there; nothing is published then.
    """
    done: list[Rekeyed] = []
    pointers: list[Published] = []
    for pointer in ledger.pointers():
        one = _rewritten(lake, pointer, step, told)
        if one is not None:
            done.append(one)
            pointers.append(replace(pointer, version=one.version))
    with redacted("sealing identities under the new keys", "identities"):
        identities.add_rekeyed(step)
    told("identities", "added")
    ledger.rotated(pointers, step.after)
    told("keys", "published")
    return done


def forget_earlier(
    lake: Lake, ledger: Ledger, identities: IdentityTable, sealed: Path, key_id: str, pins: Pins, *,
    told: Told = lambda _what, _step: None,
) -> None:  # fmt: skip
    """After a rotation to `key_id`: delete what bears earlier keys and is not being read; `sealed` holds identities.

    A version that somebody reads goes at the next care of the lake, as nothing promises it any more.
    """
    with redacted("taking out the earlier keys", "identities"):
        identities.keep_only(key_id)
        _only_newest(sealed)
    told("identities", "forgotten")
    held = pins.held()
    for table in {event.table for event in ledger.events(what=["rekeyed"])}:
        pointer = ledger.pointer(table)
        if pointer is None:
            continue
        path = lake.root / table
        delete_files(path, superfluous(path, {pointer.version, delta_log.latest(path) or 0, *held.get(table, set())}))
        told(table, "cleaned")


def _rewritten(lake: Lake, pointer: Published, step: Step, told: Told) -> Rekeyed | None:
    """The table as a version under the new keys, not yet published; None when it bears no digest."""
    one, name = lake.table(pointer.table), pointer.table
    sign = f"rotate:{step.after}:{pointer.version}"
    with redacted("bringing the table to the new keys", name):
        before = one.read(pointer.version)
        columns = _bearing(one, pointer.version, step)
        if not columns:
            return None
        after = rekeyed(before, lake.spark, step, columns)
        newest = one.version()
        if newest <= pointer.version or delta_log.commit(one.path, newest).user_metadata != sign:
            one.take_back(pointer.version)
            with one.signed(sign):
                one.rewrite(after)
            told(name, "rewritten")
            newest = one.version()
        same = fingerprint(one.read(newest)) == fingerprint(after)
        left = _bearing(one, newest, step)
    if not same or left:
        one.take_back(pointer.version)
        raise EngineError(
            f"{name}: what was written under the new keys is not what the table holds; it was taken back and nothing "
            "has changed. This is a defect of the engine: please report it."
        )
    told(name, "compared")
    return Rekeyed(name, pointer.row_count, tuple(columns), newest)


def _bearing(one: LakeTable, version: int, step: Step) -> Sequence[str]:
    """The columns that hold a digest of the keys in use, looked for in every row: contracts change, tables stay."""
    frame = one.read(version)
    # A person's id bears the id of the root and is for ever; only the keys that lead to it are digests.
    names = ["person_key"] if one.name == PERSON_LINK else digest_columns(frame)
    if not names:
        return []
    found = frame.agg(*[F.max(bears(frame, name, step.before)).alias(f"c{place}") for place, name in enumerate(names)])
    row = found.first()
    return [name for name, any_ in zip(names, tuple(row or ()), strict=True) if any_]


def _only_newest(table: Path) -> None:
    newest = delta_log.latest(table)
    if newest is not None:
        delete_files(table, others(table, snapshots(table, [newest])[newest].keys()))
