"""From described tables to contracts: who a row is about, its keys, its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from ingestion.contract import Contract, Identifier
from ingestion.contract_column import Sensitivity
from ingestion.errors import first_fault
from ingestion.importing.classification import Classification
from ingestion.importing.errors import ImportRefused
from ingestion.importing.table_schema import Field, Reference, TableSchema

Links = Mapping[str, Reference]
"""Table -> the reference by which its rows reach their persons."""


def draft(
    schemas: Sequence[TableSchema], classification: Classification, *, source: str, grantable: bool = False
) -> dict[str, Contract]:
    """A contract for each schema, by table. Raises `ImportRefused` for two of one name, or one that fits no contract.

    Drafts are not grantable unless asked: what a researcher may be granted is decided by somebody who read them.
    """
    tables = {schema.name: schema for schema in schemas}
    if len(tables) != len(schemas):
        twice = sorted(name for name in tables if sum(one.name == name for one in schemas) > 1)
        raise ImportRefused(f"Two schemas describe {twice[0]}: import them from folders of their own.")
    links = _links(tables, classification)
    return {
        name: _contract(schema, tables, links, classification, source, grantable) for name, schema in tables.items()
    }


def as_yaml(contract: Contract) -> str:
    """The contract as a file; what has its default is left out."""
    content = contract.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    content["columns"] = {
        name: column.model_dump(mode="json", exclude_defaults=True) for name, column in contract.columns.items()
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)


def _contract(
    schema: TableSchema,
    tables: Mapping[str, TableSchema],
    links: Links,
    classification: Classification,
    source: str,
    grantable: bool,
) -> Contract:
    year = _year_column(schema, classification)
    keys = _record_keys(schema, tables, classification)
    joining = {column for columns in keys.values() for column in columns}
    columns = {year: _year_label()} if year else {}
    columns |= {field.name: _column(field, schema, joining, classification) for field in schema.fields}
    persons = _persons(schema, classification)
    link = links.get(schema.name)
    if not persons and link is not None:
        persons = [
            {"role": "patient", "via": {"table": link.table, "keys": _pairs(schema, link, tables, classification)}}
        ]
    key = (*((year,) if year and schema.key else ()), *schema.key)
    period = next((name for name in classification.periods if _is_day(schema, name)), None)
    content: dict[str, Any] = {
        "table": schema.name,
        "version": 1,
        "source": source,
        "files": _files(schema, classification),
        "format": "csv",
        "from_file_name": {year: _year_pattern(schema, classification)} if year else {},
        "label": {"fr": schema.title, "en": schema.title},
        "columns": columns,
        "key": key,
        "record_keys": {
            group: (*((year,) if year and _year_column_of(group, tables, classification) else ()), *names)
            for group, names in keys.items()
        },
        "persons": persons,
        "period": {"column": period} if period else None,
        "birth_year": _birth_year(schema, persons, classification),
        "grantable": grantable,
    }
    try:
        return Contract.model_validate(content)
    except ValidationError as error:
        raise ImportRefused(f"The schema of {schema.name} makes no contract: {first_fault(error)}.") from None


def _column(field: Field, schema: TableSchema, joining: set[str], classification: Classification) -> dict[str, Any]:
    sensitivity, digest = _classified(field, classification)
    if field.name in joining and sensitivity != "direct":
        sensitivity = "record_key"
    return {
        "type": field.type,
        "format": field.format,
        "required": field.required or field.name in schema.key,
        "codes": field.codes,
        "sensitivity": sensitivity,
        "digest": digest,
        "fr": field.label,
        "en": field.label,
        "nomenclature": field.nomenclature,
        "since": field.since,
        "until": field.until,
    }


def _classified(field: Field, classification: Classification) -> tuple[Sensitivity, str | None]:
    coded = field.nomenclature is not None
    return classification.of(field.name, kind=field.kind, coded=coded, length=field.length)


def _persons(schema: TableSchema, classification: Classification) -> list[dict[str, Any]]:
    """Roles whose identifiers the table has; its key being one of them makes it a register."""
    persons = []
    for role in classification.roles:
        mine = _present(schema, role.identifiers) or _present(schema, role.alone)[:1]
        if not mine:
            continue
        registers = bool(schema.key) and any(set(schema.key) == set(columns) for _, columns in mine)
        identifiers = [{"kind": kind, "columns": columns} for kind, columns in mine]
        persons.append(
            {"role": role.role, "required": role.required, "identifiers": identifiers, "register": registers}
        )
    return persons


def _present(schema: TableSchema, identifiers: Sequence[Identifier]) -> list[tuple[str, list[str]]]:
    """The identifiers whose columns the table has, whatever their case."""
    own = {name.upper(): name for name in schema.columns}
    return [
        (one.kind, [own[column.upper()] for column in one.columns])
        for one in identifiers
        if all(column.upper() in own for column in one.columns)
    ]


def _links(tables: Mapping[str, TableSchema], classification: Classification) -> Links:
    """For tables that name nobody, the way to one that does: up a foreign key, or across to a table of the same rows.

    A table of the same rows is one whose own primary key is its foreign key to this table (the PMSI's linkage table
    beside its table of stays).
    """
    named = {name for name, schema in tables.items() if _persons(schema, classification)}
    links: dict[str, Reference] = {}
    while True:
        found: dict[str, Reference] = {}
        for name, schema in sorted(tables.items()):
            if name in named or name in links:
                continue
            reachable = [one for one in schema.references if _leads(one, tables, named | links.keys())]
            across = [
                Reference(one.theirs, other, one.columns)
                for other in sorted(named)
                for one in tables[other].references
                if one.table == name and set(one.columns) == set(tables[other].key)
            ]
            best = max((*reachable, *across), key=lambda one: len(one.columns), default=None)
            if best is not None:
                found[name] = best
        if not found:
            return links
        links |= found


def _leads(reference: Reference, tables: Mapping[str, TableSchema], reached: set[str]) -> bool:
    """Whether the reference goes to a row of a table that reaches a person."""
    parent = tables.get(reference.table)
    return parent is not None and reference.table in reached and set(reference.theirs) == set(parent.key)


def _record_keys(
    schema: TableSchema, tables: Mapping[str, TableSchema], classification: Classification
) -> dict[str, tuple[str, ...]]:
    """Groups of columns that number a record, named after the table whose key they are: equal in child and parent."""
    groups: dict[str, tuple[str, ...]] = {}
    candidates = [(schema.name, schema.key)]
    for one in schema.references:
        parent = tables.get(one.table)
        if parent is not None and set(one.theirs) == set(parent.key):
            # In the parent's order, so that both digest the same message.
            ours = dict(zip(one.theirs, one.columns, strict=True))
            candidates.append((one.table, tuple(ours[name] for name in parent.key)))
    kinds = {field.name: field for field in schema.fields}
    for table, names in candidates:
        if not names or any(name not in kinds for name in names):
            continue
        known = [_classified(kinds[name], classification)[0] for name in names]
        if "direct" not in known and (len(names) > 1 or known == ["record_key"]):
            groups.setdefault(table.lower(), names)
    return groups


def _pairs(
    schema: TableSchema, link: Reference, tables: Mapping[str, TableSchema], classification: Classification
) -> dict[str, str]:
    pairs = dict(zip(link.columns, link.theirs, strict=True))
    mine, theirs = _year_column(schema, classification), _year_column(tables[link.table], classification)
    return {mine: theirs, **pairs} if mine and theirs else pairs


def _birth_year(
    schema: TableSchema, persons: Sequence[Mapping[str, Any]], classification: Classification
) -> str | None:
    if not any(person.get("register") for person in persons):
        return None
    return next((name for name in classification.birth_years if name in schema.columns), None)


def _is_day(schema: TableSchema, name: str) -> bool:
    return any(field.name == name and field.type in ("date", "timestamp") for field in schema.fields)


def _year_column(schema: TableSchema, classification: Classification) -> str | None:
    mark = classification.year_mark
    return mark.column if mark is not None and mark.mark in schema.name else None


def _year_column_of(group: str, tables: Mapping[str, TableSchema], classification: Classification) -> str | None:
    return next((_year_column(one, classification) for name, one in tables.items() if name.lower() == group), None)


def _year_pattern(schema: TableSchema, classification: Classification) -> str:
    mark = classification.year_mark
    assert mark is not None  # noqa: S101 - asked for a table that bears it
    before, _, _ = schema.name.partition(mark.mark)
    return f"^{re.escape(before)}({'.' * len(mark.mark)})"


def _files(schema: TableSchema, classification: Classification) -> str:
    mark = classification.year_mark
    name = schema.name.replace(mark.mark, "?" * len(mark.mark), 1) if mark is not None else schema.name
    return f"{name}.csv*"


def _year_label() -> dict[str, Any]:
    return {
        "sensitivity": "record_key",
        "required": True,
        "fr": "Année du fichier, lue dans son nom",
        "en": "Year of the file, read from its name",
    }
