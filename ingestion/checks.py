"""Row checks: a contract becomes one expression that lists why a row is refused, in the one pass."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.records import MALFORMED
from pseudonymization.nir import nir_is_valid

RAW = "_raw_"
"""Prefix of a column as it arrived."""

REASONS = (
    "malformed_row",
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

    The frame has `_malformed`, each column as it arrived (`_raw_<name>`) and typed (`<name>`), and the person keys.
    """
    found = list(_conditions(contract))
    if not found:
        return F.when(F.col(MALFORMED).isNotNull(), F.lit("malformed_row")).otherwise(F.lit(""))
    # Most rows are good: one boolean says so, and the list is put together for the others only. On a table of 122
    # columns that is a quarter of the time. A null condition fails nothing.
    listed = F.concat_ws(",", *[F.when(failing, F.lit(reason)) for failing, reason in found])
    return (
        F.when(F.col(MALFORMED).isNotNull(), F.lit("malformed_row"))
        .when(reduce(Column.__or__, [failing for failing, _ in found]), listed)
        .otherwise(F.lit(""))
    )


def _conditions(contract: Contract) -> Iterable[tuple[Column, str]]:
    """When a row is refused, and the reason; what is dear to compute comes after what spares it."""
    naming = _naming_columns(contract)
    for missing in _missing_persons(contract):
        yield missing, "missing_person"
    for name in _nir_columns(contract):
        yield ~nir_is_valid(raw(name)), "bad_nir_key"
    for name, column in contract.columns.items():
        if column.type == "strings":
            continue
        if column.required and name not in naming:
            yield blank(raw(name)), f"missing_value:{name}"
        if column.type == "text":
            if column.encoding:
                yield F.col(name).isNull() & raw(name).isNotNull(), f"bad_type:{name}"
            continue
        if column.type != "string" and name not in naming:
            yield F.col(name).isNull() & ~blank(raw(name)), f"bad_type:{name}"
        if column.codes is not None:
            value = F.btrim(raw(name)) if column.type == "string" else F.col(name).cast("string")
            yield ~value.isin(*column.codes) & ~blank(raw(name)), f"unknown_code:{name}"
    for rule in contract.rules:
        yield F.expr(rule.fails_when), rule.name


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
