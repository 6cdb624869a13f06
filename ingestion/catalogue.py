"""What may be asked for: tables and columns with their labels, how much there is, and of which dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingestion.contract import Contract
from ingestion.contract_column import Column, Label
from ingestion.contract_set import Contracts
from ingestion.ledger import Ledger

SMALL = 11
"""Counts below are hidden: ten people or fewer can be told apart (European Medicines Agency, policy 0070)."""
_ROUND = 10


@dataclass(frozen=True)
class CatalogueColumn:
    """A grantable column. `kind`: `string`, `number`, `date`, `boolean`, `text`; `codes` its allowed codes."""

    name: str
    label: Label
    kind: Literal["string", "number", "date", "boolean", "text"]
    sensitivity: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class CatalogueTable:
    """A grantable table.

    `rows` is rounded to ten, None when it is under the threshold or when nothing is published (`published` tells);
    the period is the range of the table's date column as ISO dates, None when `rows` is hidden.
    `roles` are the persons that a row names, the first being the one whose pseudonym the extract carries.
    """

    name: str
    source: str
    label: Label
    columns: tuple[CatalogueColumn, ...]
    roles: tuple[str, ...]
    record_keys: tuple[str, ...]
    published: bool
    rows: int | None
    hidden: bool
    period_from: str | None
    period_to: str | None
    published_at: str | None


def catalogue(contracts: Contracts, ledger: Ledger, threshold: int = SMALL) -> list[CatalogueTable]:
    """Every grantable table by source and name, published or not, without direct identifiers and record keys."""
    pointers = {pointer.table: pointer for pointer in ledger.pointers()}
    tables = []
    for contract in sorted(contracts.values(), key=lambda one: (one.source, one.table)):
        if not contract.grantable:
            continue
        pointer = pointers.get(contract.table)
        hidden = pointer is not None and pointer.row_count < threshold
        shown = pointer if pointer is not None and not hidden else None
        tables.append(
            CatalogueTable(
                name=contract.table,
                source=contract.source,
                label=contract.label,
                columns=_columns(contract),
                roles=tuple(person.role for person in contract.persons),
                record_keys=tuple(contract.record_keys),
                published=pointer is not None,
                rows=round(shown.row_count / _ROUND) * _ROUND if shown else None,
                hidden=hidden,
                period_from=shown.period_from if shown else None,
                period_to=shown.period_to if shown else None,
                published_at=pointer.published_at if pointer else None,
            )
        )
    return tables


def grantable_columns(contract: Contract) -> tuple[str, ...]:
    """The columns that a permit may name: kept in the lake, no direct identifier, no record key."""
    return tuple(
        name
        for name in contract.lake_columns
        if contract.columns[name].sensitivity in ("quasi", "free_text", "plain")
    )  # fmt: skip


def _columns(contract: Contract) -> tuple[CatalogueColumn, ...]:
    found = []
    for name in grantable_columns(contract):
        column = contract.columns[name]
        found.append(
            CatalogueColumn(
                name, Label(fr=column.fr, en=column.en), _kind(column), column.sensitivity, column.codes or ()
            )
        )
    return tuple(found)


def _kind(column: Column) -> Literal["string", "number", "date", "boolean", "text"]:
    if column.type in ("date", "timestamp"):
        return "date"
    if column.type in ("int", "long", "double") or column.type.startswith("decimal"):
        return "number"
    if column.type == "boolean":
        return "boolean"
    return "text" if column.type == "text" else "string"
