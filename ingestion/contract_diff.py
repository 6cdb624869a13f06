"""What a new version of a contract changes, and whether it stays compatible.

Compatible: a drop that the old version took in whole is taken in whole by the new one, the rows of both can lie in one
table, and a permit written for the old one still finds its table, columns and keys. Everything else asks for care: a
replay, other files, or a word with those who hold a permit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ingestion.contract import Contract, Person
from ingestion.contract_column import Column

V = TypeVar("V")
_GRANTED = ("quasi", "free_text", "plain")
_STRICT: Mapping[str | None, int] = {None: 0, "warn": 1, "discard_value": 2, "quarantine": 3, "freeze": 4}
_OPEN: Mapping[str | None, int] = {"evolve": 0, "discard_value": 1, "quarantine": 2, "freeze": 3}


@dataclass(frozen=True)
class Change:
    """One change: `place` in the contract, `what` changed, and whether it is compatible."""

    place: str
    what: str
    compatible: bool


def diff(old: Contract, new: Contract) -> list[Change]:
    """Every change from `old` to `new`, in the order of the contract's words; values are never told, only counted."""
    changes = [*_whole(old, new), *_columns(old, new), *_keys(old, new), *_persons(old, new), *_rules(old, new)]
    changes += _surprises(old, new)
    if changes and new.version <= old.version:
        # The ledger tells what was read by which version: one number for two contents would make it lie.
        changes.insert(0, Change("version", f"is still {new.version}: give a changed contract a greater one", False))
    return changes


def _whole(old: Contract, new: Contract) -> Iterator[Change]:
    for name in ("table", "source", "files", "format", "view", "separator", "from_file_name", "write", "order_by"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(name, f"{_said(before)} is now {_said(after)}", False)
    if old.grantable != new.grantable:
        yield Change("grantable", f"{_said(old.grantable)} is now {_said(new.grantable)}", new.grantable)
    if old.birth_year != new.birth_year:
        yield Change("birth_year", f"{_said(old.birth_year)} is now {_said(new.birth_year)}", old.birth_year is None)
    if old.period != new.period:
        yield Change("period", "changed: dates of permits filter by another column", False)
    if old.identity != new.identity:
        yield Change("identity", "changed: what notes are scrubbed of", True)
    if old.label != new.label:
        yield Change("label", "changed", True)


def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    for name in old.columns:
        if name not in new.columns:
            yield Change(f"columns.{name}", "removed: files that have it are refused, permits lose it", False)
    for name, after in new.columns.items():
        before = old.columns.get(name)
        if before is None:
            yield _added(name, after, new)
        else:
            yield from _column(f"columns.{name}", before, after)


def _added(name: str, column: Column, new: Contract) -> Change:
    if name in new.file_columns and (new.surprises.missing_column != "evolve" or column.required):
        return Change(f"columns.{name}", "added: files that lack it are refused", False)
    return Change(f"columns.{name}", "added: null in what was read before", True)


def _column(place: str, old: Column, new: Column) -> Iterator[Change]:
    for name in ("type", "format", "header", "digest", "encoding", "charset"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(f"{place}.{name}", f"{_said(before)} is now {_said(after)}", False)
    if old.required != new.required:
        what = "is now required: rows without it are refused" if new.required else "is no longer required"
        yield Change(f"{place}.required", what, not new.required)
    if old.sensitivity != new.sensitivity:
        # What a permit may name stays so; what was direct was never there.
        same = new.sensitivity in _GRANTED if old.sensitivity in _GRANTED else old.sensitivity == "direct"
        yield Change(f"{place}.sensitivity", f"{old.sensitivity} is now {new.sensitivity}", same)
    if old.calendar != new.calendar:
        # A permit without exact dates loses a column that turns out to tell more.
        same = new.calendar in (None, "partial")
        yield Change(f"{place}.calendar", f"{_said(old.calendar)} is now {_said(new.calendar)}", same)
    yield from _codes(place, old, new)
    for name in ("fr", "en", "since", "until", "generalize", "language"):
        if getattr(old, name) != getattr(new, name):
            yield Change(f"{place}.{name}", "changed", True)


def _codes(place: str, old: Column, new: Column) -> Iterator[Change]:
    if old.codes != new.codes:
        gone = None if new.codes is None else set(old.codes or ()) - set(new.codes)
        come = set(new.codes or ()) - set(old.codes or ())
        narrowed = new.codes is not None and (old.codes is None or bool(gone))
        what = f"{len(gone or ())} codes removed, {len(come)} added" if old.codes and new.codes else (
            "now only the listed codes" if new.codes else "no longer checked"
        )  # fmt: skip
        yield Change(f"{place}.codes", what, not narrowed)
    if old.nomenclature != new.nomenclature:
        checked = new.unknown_code in ("freeze", "quarantine", "discard_value")
        yield Change(
            f"{place}.nomenclature", f"{_said(old.nomenclature)} is now {_said(new.nomenclature)}", not checked
        )
    if old.number != new.number:
        refuses = new.number is not None and new.unknown_code != "warn"
        yield Change(f"{place}.number", f"{_said(old.number)} is now {_said(new.number)}", not refuses)
    if old.unknown_code != new.unknown_code:
        looser = _STRICT[new.unknown_code] <= _STRICT[old.unknown_code] or new.unknown_code == "warn"
        yield Change(f"{place}.unknown_code", f"{_said(old.unknown_code)} is now {_said(new.unknown_code)}", looser)


def _keys(old: Contract, new: Contract) -> Iterator[Change]:
    if old.key != new.key:
        yield Change("key", f"{_said(old.key)} is now {_said(new.key)}", False)
    for group, (before, after) in _pairs(old.record_keys, new.record_keys):
        if before is None:
            yield Change(f"record_keys.{group}", "added", True)
        elif before != after:
            yield Change(f"record_keys.{group}", "removed" if after is None else "changed: no longer joins", False)


def _persons(old: Contract, new: Contract) -> Iterator[Change]:
    theirs: dict[str, Person] = {one.role: one for one in new.persons}
    for role, (before, after) in _pairs({one.role: one for one in old.persons}, theirs):
        if before is None:
            yield Change(f"persons.{role}", "added", not (after and after.required))
        elif after is None:
            yield Change(f"persons.{role}", "removed", False)
        elif before != after:
            loosened = before.model_copy(update={"required": False}) == after
            yield Change(f"persons.{role}", "is no longer required" if loosened else "changed", loosened)
    if tuple(one.role for one in old.persons[:1]) != tuple(one.role for one in new.persons[:1]):
        yield Change("persons", "the first role is another: extracts bear its pseudonym", False)


def _rules(old: Contract, new: Contract) -> Iterator[Change]:
    for name, (before, after) in _pairs({r.name: r for r in old.rules}, {r.name: r for r in new.rules}):
        if before is None:
            yield Change(f"rules.{name}", "added: refuses rows", False)
        elif after is None:
            yield Change(f"rules.{name}", "removed", True)
        elif before != after:
            yield Change(f"rules.{name}", "changed", before.fails_when == after.fails_when)
    for rule in _without(old.table_rules, new.table_rules):
        yield Change(f"table_rules.{rule.rule}", "removed", True)
    for rule in _without(new.table_rules, old.table_rules):
        yield Change(f"table_rules.{rule.rule}", "added: refuses batches", False)


def _surprises(old: Contract, new: Contract) -> Iterator[Change]:
    for name in ("new_column", "missing_column", "type_change", "unknown_code"):
        before, after = getattr(old.surprises, name), getattr(new.surprises, name)
        if before != after:
            order = _STRICT if name == "unknown_code" else _OPEN
            looser = order[after] <= order[before] or (name == "unknown_code" and after == "warn")
            yield Change(f"surprises.{name}", f"{_said(before)} is now {_said(after)}", looser)


def _pairs(old: Mapping[str, V], new: Mapping[str, V]) -> Iterator[tuple[str, tuple[V | None, V | None]]]:
    for key in dict.fromkeys((*old, *new)):
        yield key, (old.get(key), new.get(key))


def _without(ours: Iterable[Any], theirs: Iterable[Any]) -> list[Any]:
    others = list(theirs)
    return [one for one in ours if one not in others]


def _said(value: Any) -> str:
    if value is None or value == () or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(value)
    return ", ".join(value) if isinstance(value, tuple) else str(value)
