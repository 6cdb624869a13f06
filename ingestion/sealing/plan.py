"""What sealing makes of each column of a table, derived from its contract.

| column | what is delivered |
|---|---|
| names a person, in one of the kinds | normalized as its kind is, and sealed; `?`, which is none, for no identifier |
| has a `digest` in the hub | its text, sealed |
| other `direct` ones (names, addresses) | `-` where there was something; a number: `0`, or `?` for what is none |
| free text | not sealed yet: the table is refused |
| all others | as they are |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingestion.contract import Contract
from ingestion.errors import SealingError
from pseudonymization.digest import WHITE
from pseudonymization.keystore import DerivedKey
from pseudonymization.sealed import sealed_text, sealed_values

NOTHING = "?"
"""Stands for what is no identifier, or no value of its type: the hub refuses it as it would have refused the value."""
_GONE = {"string": "-", "strings": "-", "text": "-", "int": "0", "long": "0"}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_LARGEST = {"int": 2**31, "long": 2**63}


@dataclass(frozen=True)
class SealingPlan:
    """For one table: `identifiers`, columns that are sealed together and their kind; `digested` and `gone` columns."""

    table: str
    identifiers: tuple[tuple[str, tuple[str, ...]], ...]
    digested: tuple[str, ...]
    gone: Mapping[str, str]

    def seal(self, row: Mapping[str, str | None], key: DerivedKey) -> tuple[dict[str, str | None], int]:
        """The row as it may leave, and how many of its identifiers were none. Columns of `row` are the contract's."""
        sealed, wrong = dict(row), 0
        for kind, columns in self.identifiers:
            given = [row.get(name) for name in columns]
            for name, before, after in zip(columns, given, sealed_values(key, kind, given), strict=True):
                if name not in row:
                    continue
                filled = bool((before or "").strip(WHITE))
                wrong += filled and after is None
                sealed[name] = after if after is not None else (NOTHING if filled else before)
        for name in self.digested:
            if row.get(name) is not None:
                sealed[name] = sealed_text(key, row[name]) or row[name]
        for name, kind in self.gone.items():
            if (row.get(name) or "").strip(WHITE):
                sealed[name] = _without(str(row[name]), kind)
        return sealed, wrong


def plan_of(contract: Contract) -> SealingPlan:
    """The plan of a table. Raises `SealingError` for one that cannot be sealed."""
    if contract.text_columns:
        raise SealingError(
            f"{contract.table} holds free text, which sealing does not scrub yet: deliver it into the hub's landing."
        )
    identifiers: dict[tuple[str, ...], str] = {}
    seen: dict[str, str] = {}
    for person in contract.persons:
        for one in person.identifiers:
            for place, name in enumerate(one.columns):
                spelt = _spelling(one.kind, place)
                if seen.setdefault(name, spelt) != spelt:
                    raise SealingError(
                        f"{contract.table} reads {name} as two kinds that are spelt differently: it cannot be sealed."
                    )
                if contract.columns[name].in_lake and not contract.columns[name].digest:
                    raise SealingError(
                        f"{contract.table} names a person by {name} and would keep it: its sensitivity must be direct."
                    )
            identifiers.setdefault(one.columns, one.kind)
    gone, digested = {}, []
    for name, column in contract.columns.items():
        if name in seen:
            _require_text(contract, name)
        elif column.digest:
            _require_text(contract, name)
            digested.append(name)
        elif column.sensitivity == "direct":
            if column.type not in _GONE or column.codes is not None:
                raise SealingError(
                    f"{contract.table}: {name} is direct and of a type that sealing cannot empty: leave it out of the "
                    "delivery, or write a contract in which it is text."
                )
            gone[name] = column.type
    named = {name for name in contract.from_file_name if name in seen or name in gone or name in digested}
    if named:
        raise SealingError(
            f"{contract.table} reads {sorted(named)[0]} from the names of files, which sealing cannot change."
        )
    return SealingPlan(
        contract.table, tuple((kind, columns) for columns, kind in _largest_first(identifiers)), tuple(digested), gone
    )


def _largest_first(identifiers: Mapping[tuple[str, ...], str]) -> Sequence[tuple[tuple[str, ...], str]]:
    """Without those whose columns another one has: a twin's rank is normalized with the number it belongs to."""
    kept: list[tuple[tuple[str, ...], str]] = []
    order: Callable[[tuple[tuple[str, ...], str]], int] = lambda one: -len(one[0])  # noqa: E731
    for columns, kind in sorted(identifiers.items(), key=order):
        if not any(set(columns) <= set(other) for other, _ in kept):
            kept.append((columns, kind))
    return kept


def _spelling(kind: str, place: int) -> str:
    """What is done to the value in this place; the same word for the same treatment."""
    if kind in ("ins", "mbi"):
        return kind
    return "number" if (kind, place) in {("psa", 1), ("omop_person", 0)} else "as it is"


def _require_text(contract: Contract, name: str) -> None:
    column = contract.columns[name]
    if column.type != "string" or column.codes is not None or column.encoding is not None:
        raise SealingError(
            f"{contract.table}: {name} is to be sealed and is no plain text: its type must be string, without codes."
        )


def _without(value: str, kind: str) -> str:
    if kind in _LARGEST:
        text = value.strip(WHITE)
        fits = _WHOLE.fullmatch(text) and -_LARGEST[kind] <= int(text) < _LARGEST[kind]
        return _GONE[kind] if fits else NOTHING
    return _GONE[kind]
