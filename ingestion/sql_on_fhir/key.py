"""Whether a contract's key names a row that a view makes of a resource: the resource, and the row in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ingestion.sql_on_fhir.check import SPREADING, columns_of

Select = Mapping[str, Any]
_IDS = ("getResourceKey()", "%resource.id", "%rootResource.id", "%resource.getResourceKey()")


def fault_of_key(selects: Sequence[Select], key: Collection[str]) -> str | None:
    """What a key lacks to name one row, in words; None when it lacks nothing.

    Two rows of one resource that are told apart by no column of the key would be taken for copies, or for a clash.
    """
    ids = _ids(selects, False)
    if not ids & set(key):
        return f"its key does not say which resource a row is of; add {', '.join(sorted(ids)) or 'a column of its id'}"
    for what, names in (found for one in selects for found in _spreads(one)):
        if not names & set(key):
            return f"its key does not tell the rows of a {what} apart; add one of {', '.join(sorted(names))}"
    return None


def _ids(selects: Sequence[Select], inside: bool) -> set[str]:
    """The columns that hold the resource's id; `id` by itself is that of an item where one is spread."""
    found: set[str] = set()
    for select in selects:
        within = inside or any(key in select for key in SPREADING)
        for column in select.get("column", []):
            path = column["path"].strip()
            if path in _IDS or (path == "id" and not within):
                found.add(column["name"])
        found |= _ids(select.get("select", []), within)
        # A union's columns are those of its first branch, and all branches must say the id under that name.
        branches = [_ids([one], within) for one in select.get("unionAll", [])]
        found |= set.intersection(*branches) if branches else set()
    return found


def _spreads(select: Select) -> list[tuple[str, set[str]]]:
    """Every place where rows multiply, and the columns that may tell its rows apart."""
    found = []
    for key in SPREADING:
        if key in select:
            # Columns of what is spread further down do not name this item, unless there are no others.
            own = set(_names(select, deep=False)) or set(_names(select, deep=True))
            found.append((key, own))
    if select.get("unionAll"):
        columns = columns_of(select["unionAll"][0])
        found.append(("unionAll", {column["name"] for column in columns if column["path"].strip() not in _IDS}))
    for nested in (*select.get("select", []), *select.get("unionAll", [])):
        found += _spreads(nested)
    return found


def _names(select: Select, *, deep: bool) -> list[str]:
    names = [column["name"] for column in select.get("column", []) if column["path"].strip() not in _IDS]
    for nested in (*select.get("select", []), *select.get("unionAll", [])[:1]):
        if deep or not any(key in nested for key in SPREADING):
            names += _names(nested, deep=deep)
    return names
