"""Row checks: a contract becomes one expression that lists why a row is refused, in the one pass."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.code_lists import KNOWN, listed
from ingestion.contract import Contract
from ingestion.records import MALFORMED
from ingestion.surprises import SURPRISE, refuses_by_header
from pseudonymization.nir import nir_is_valid
from pseudonymization.person import is_sealed
from pseudonymization.registers import number_is_valid

RAW = "_raw_"
"""Prefix of a column as it arrived."""

_LET_IN = {"warn", "discard_value"}

REASONS = (
    "malformed_row",
    "too_deep",
    "new_column",
    "missing_column",
    "missing_person",
    "bad_nir_key",
    "unknown_code",
    "bad_type",
    "missing_value",
    "key_conflict",
    "identity_absent",
    "scrub_failed",
    "missing_parent",
)
"""Reason codes, beside the names of row rules; `code:COLUMN` where one column is meant."""


def raw(name: str) -> Column:
    """A column as it arrived."""
    return F.col(RAW + name)


def blank(column: Column) -> Column:
    """Null, or white space only."""
    return column.isNull() | (F.btrim(column) == "")


def reasons(contract: Contract) -> Column:
    """Why a row is refused: reasons separated by commas, empty for a good row.

    The frame has `_malformed`, each column as it arrived (`_raw_<name>`) and typed (`<name>`), the person keys, and
    what its contract asks for of `_surprise` and `_known_<name>`.
    """
    found = list(_conditions(contract))
    found_first = F.when(F.col(MALFORMED).isNotNull(), F.lit("malformed_row"))
    if refuses_by_header(contract):
        found_first = found_first.when(F.col(SURPRISE).isNotNull(), F.col(SURPRISE))
    if not found:
        return found_first.otherwise(F.lit(""))
    # Most rows are good: one boolean says so, and the list is put together for the others only. On a table of 122
    # columns that is a quarter of the time. A null condition fails nothing.
    reasoned = F.concat_ws(",", *[F.when(failing, F.lit(reason)) for failing, reason in found])
    return found_first.when(reduce(Column.__or__, [failing for failing, _ in found]), reasoned).otherwise(F.lit(""))


def noticed(contract: Contract) -> Column | None:
    """What is wrong with a row that is let in, as `reasons` has it for others; None where the contract lets none in."""
    if not _lets_in(contract):
        return None
    found = [(wrong, reason) for wrong, reason, policy in _values(contract) if policy in _LET_IN]
    return F.concat_ws(",", *[F.when(wrong, F.lit(reason)) for wrong, reason in found]) if found else None


def discarded(contract: Contract) -> dict[str, Column]:
    """Column -> when its value is left out and becomes null."""
    found: dict[str, Column] = {}
    for wrong, reason, policy in _values(contract) if _lets_in(contract) else ():
        if policy == "discard_value":
            name = reason.partition(":")[2]
            known = F.coalesce(wrong, F.lit(False))
            found[name] = found[name] | known if name in found else known
    return found


def is_good(contract: Contract) -> Column:
    """Whether nothing is wrong with a row: what `reasons` lists none for, without putting the list together.

    Over a hundred conditions in one `or` make one method too long for Java to compile; the parts of a `coalesce` are
    methods of their own.
    """
    unread = F.col(MALFORMED).isNotNull()
    if refuses_by_header(contract):
        unread = unread | F.col(SURPRISE).isNotNull()
    faults = [F.when(failing, F.lit(True)) for failing, _ in _conditions(contract)]
    return F.coalesce(F.when(unread, F.lit(True)), *faults).isNull()


def _conditions(contract: Contract) -> Iterable[tuple[Column, str]]:
    """When a row is refused, and the reason; what is dear to compute comes after what spares it."""
    naming = _naming_columns(contract)
    for missing in _missing_persons(contract):
        yield missing, "missing_person"
    for name in _nir_columns(contract):
        yield ~(nir_is_valid(raw(name)) | is_sealed(raw(name))), "bad_nir_key"
    for name, column in contract.columns.items():
        if column.required and name not in naming and column.type != "strings":
            yield blank(raw(name)), f"missing_value:{name}"
    for wrong, reason, policy in _values(contract):
        if policy in ("quarantine", "freeze"):
            yield wrong, reason
    for rule in contract.rules:
        yield F.expr(rule.fails_when), rule.name


def _lets_in(contract: Contract) -> bool:
    """Asked before expressions are made: each of them is a call into the JVM, and most contracts need none."""
    return any({contract.on_bad_type(name), contract.on_unknown_code(name)} & _LET_IN for name in contract.columns)


def _values(contract: Contract) -> Iterable[tuple[Column, str, str]]:
    """When a value is not what the contract says: condition, reason, and what becomes of it."""
    naming, looked_up = _naming_columns(contract), listed(contract)
    for name, column in contract.columns.items():
        if column.type == "strings":
            continue
        if column.type == "text":
            if column.encoding:
                yield F.col(name).isNull() & raw(name).isNotNull(), f"bad_type:{name}", contract.on_bad_type(name)
            continue
        if column.type != "string" and name not in naming:
            yield F.col(name).isNull() & ~blank(raw(name)), f"bad_type:{name}", contract.on_bad_type(name)
        policy = contract.on_unknown_code(name)
        if policy is None:
            continue
        if column.codes is not None:
            value = F.btrim(raw(name)) if column.type == "string" else F.col(name).cast("string")
            yield ~value.isin(*column.codes) & ~blank(raw(name)), f"unknown_code:{name}", policy
        elif column.number is not None:
            good = number_is_valid(column.number, raw(name)) | is_sealed(raw(name))
            yield ~good & ~blank(raw(name)), f"unknown_code:{name}", policy
        elif name in looked_up:
            present = F.col(name).isNotNull() & ~blank(raw(name))
            yield present & F.col(KNOWN + name).isNull(), f"unknown_code:{name}", policy


def _naming_columns(contract: Contract) -> set[str]:
    return {
        name
        for person in contract.persons
        if person.required
        for identifier in person.identifiers
        for name in identifier.columns
    }


def _missing_persons(contract: Contract) -> Iterable[Column]:
    """A required role that nothing names; an identifier that is part of the key must be whole."""
    for column, person in contract.key_columns_of_persons.items():
        if not person.required:
            continue
        named = {name: None for identifier in person.identifiers for name in identifier.columns}
        needed = [name for name in named if name in contract.key]
        if not needed and len(person.identifiers) == 1:
            needed = list(named)
        yield reduce(Column.__or__, [blank(raw(name)) for name in needed]) if needed else F.col(column).isNull()


def _nir_columns(contract: Contract) -> Iterable[str]:
    for person in contract.persons:
        for identifier in person.identifiers:
            if identifier.kind == "ins":
                yield identifier.columns[0]
