"""What a ViewDefinition must be before anything is read: its names, its parts, its constants and its paths.

Source: https://build.fhir.org/ig/FHIR/sql-on-fhir-v2/StructureDefinition-ViewDefinition.html (constraints) and its
processing model ("Validate Columns").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ingestion.errors import ViewError
from ingestion.sql_on_fhir.calls import FUNCTIONS, TYPED
from ingestion.sql_on_fhir.fhirpath import Binary, Call, Constant, Index, Literal, Member, Negative, Node, parse
from ingestion.sql_on_fhir.model import NUMBERS, TEMPORAL, TEXTS, family

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
SPREADING: Final = ("forEach", "forEachOrNull", "repeat")
_SELECT_KEYS: Final = frozenset({"column", "select", "unionAll", "id", "extension", "modifierExtension", *SPREADING})
_ENVIRONMENT: Final = frozenset({"rowIndex", "resource", "rootResource", "context"})
_CONSTANT_TYPES: Final = {
    "value" + name[0].upper() + name[1:]: name for name in (NUMBERS | TEMPORAL | TEXTS | {"boolean"}) - {"xhtml"}
}
Column = Mapping[str, Any]
Select = Mapping[str, Any]


def check_view(content: Mapping[str, Any]) -> None:
    """Raises `ViewError` for a view that is wrong, in one sentence that names the place."""
    if content.get("resourceType", "ViewDefinition") != "ViewDefinition":
        raise ViewError("This is no ViewDefinition: its resourceType says otherwise.")
    resource, selects = content.get("resource"), content.get("select")
    if not isinstance(resource, str) or not resource or not isinstance(selects, list) or not selects:
        raise ViewError("A ViewDefinition needs a resource and a select.")
    if not _NAME.fullmatch(resource):
        raise ViewError("A ViewDefinition's resource is the name of one, such as Patient.")
    name = content.get("name")
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise ViewError("A view's name has letters, digits and _ only, and starts with a letter.")
    shown = name or resource
    known = frozenset(constants(content)) | _ENVIRONMENT
    conditions = content.get("where", [])
    if not isinstance(conditions, list):
        raise ViewError(f"View {shown}: where is a list, and each where needs a path.")
    for condition in conditions:
        if not isinstance(condition, Mapping) or not _is_path(condition.get("path")):
            raise ViewError(f"View {shown}: each where needs a path.")
        _check_path(condition["path"], known)
    names = [column["name"] for select in selects for column in _checked_select(select, known)]
    if not names:
        raise ViewError(f"View {shown} has no column: give it one.")
    if len(set(names)) < len(names):
        raise ViewError(f"View {shown} has two columns of one name: rename one.")


def constants(content: Mapping[str, Any]) -> dict[str, Literal]:
    """The constants of a view by name. Raises `ViewError`."""
    entries = content.get("constant", [])
    if not isinstance(entries, list):
        raise ViewError("A view's constant is a list of constants.")
    found: dict[str, Literal] = {}
    for entry in entries:
        name, value = _constant(entry)
        if name in found:
            raise ViewError(f"A view defines the constant %{name} twice: keep one.")
        found[name] = value
    return found


def columns_of(select: Select) -> list[Column]:
    """The columns that a select gives, in order; those of a unionAll by its first branch."""
    nested = [*select.get("select", []), *select.get("unionAll", [])[:1]]
    return [*select.get("column", []), *(column for one in nested for column in columns_of(one))]


def _constant(entry: Any) -> tuple[str, Literal]:
    values = [key for key in entry if key.startswith("value")] if isinstance(entry, Mapping) else []
    if len(values) != 1 or not isinstance(entry.get("name"), str) or not _NAME.fullmatch(entry["name"]):
        raise ViewError("A constant of a view needs a name (letters, digits, _) and one value.")
    key, name = values[0], entry["name"]
    if key not in _CONSTANT_TYPES:
        raise ViewError(f"The constant %{name} of a view has a {key}, which is no type of a constant.")
    value, fhir = entry[key], _CONSTANT_TYPES[key]
    wrong = ViewError(f"The constant %{name} of a view is no {fhir}.")
    if fhir == "boolean":
        if not isinstance(value, bool):
            raise wrong
        return name, Literal(value)
    if fhir in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            raise wrong
        if not re.fullmatch(r"[+-]?\d+" + (r"(\.\d+)?([eE][+-]?\d+)?" if fhir == "decimal" else ""), str(value)):
            raise wrong
        return name, Literal(Decimal(str(value)) if fhir == "decimal" else int(value))
    if not isinstance(value, str):
        raise wrong
    return name, Literal(value, fhir if fhir in TEMPORAL else None)


def _checked_select(select: Any, known: frozenset[str]) -> list[Column]:
    """The select's columns, itself and everything in it being checked."""
    if not isinstance(select, Mapping):
        raise ViewError("A view's select is a list of objects.")
    unknown = set(select) - _SELECT_KEYS
    if unknown:
        raise ViewError(f"A view's select has {', '.join(sorted(unknown))}, which is not supported.")
    spreading = [key for key in SPREADING if key in select]
    if len(spreading) > 1:
        raise ViewError(f"A view's select has {' and '.join(spreading)}: keep one, or nest one select in the other.")
    for key in spreading:
        _check_spreading(key, select[key], known)
    for key in ("column", "select", "unionAll"):
        if not isinstance(select.get(key, []), list):
            raise ViewError(f"A view's {key} is a list of objects.")
    columns = [_checked_column(column, known) for column in select.get("column", [])]
    for nested in select.get("select", []):
        columns += _checked_select(nested, known)
    return columns + _checked_union([_checked_select(branch, known) for branch in select.get("unionAll", [])])


def _check_spreading(key: str, value: Any, known: frozenset[str]) -> None:
    if key == "repeat":
        if not (isinstance(value, list) and value and all(map(_is_path, value))):
            raise ViewError("A view's repeat is a list of paths.")
    elif not _is_path(value):
        raise ViewError(f"A view's {key} is a path, in quotes.")
    for path in value if isinstance(value, list) else [value]:
        _check_path(path, known)


def _checked_union(branches: list[list[Column]]) -> list[Column]:
    if not branches:
        return []
    first = branches[0]
    for branch in branches[1:]:
        if [column["name"] for column in branch] != [column["name"] for column in first]:
            raise ViewError(
                "The branches of a view's unionAll have different columns: give them the same, in one order."
            )
        for one, other in zip(first, branch, strict=True):
            types = {family(column["type"]) for column in (one, other) if "type" in column}
            if len(types) > 1 or bool(one.get("collection")) != bool(other.get("collection")):
                raise ViewError(f"The branches of a view's unionAll have the column {one['name']} in different types.")
    return first


def _checked_column(column: Any, known: frozenset[str]) -> Column:
    name = column.get("name") if isinstance(column, Mapping) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not _is_path(column.get("path")):
        raise ViewError("A column of a view needs a name (letters, digits, _) and a path.")
    if not isinstance(column.get("collection", False), bool):
        raise ViewError(f"Column {name} of a view: collection is true or false.")
    if not isinstance(column.get("type", ""), str):
        raise ViewError(f"Column {name} of a view: type is the name of a FHIR type.")
    _check_path(column["path"], known)
    return dict(column)


def _is_path(path: Any) -> bool:
    return isinstance(path, str) and bool(path.strip())


def _check_path(path: str, known: frozenset[str]) -> None:
    """The path's grammar, functions and constants."""
    waiting = [parse(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Constant) and node.name not in known:
            raise ViewError(f"View path {path!r}: the constant %{node.name} is not defined.")
        if isinstance(node, Call):
            least, most = FUNCTIONS.get(node.name, (0, -1))
            if not least <= len(node.arguments) <= most:
                count = len(node.arguments)
                raise ViewError(f"View path {path!r}: {node.name}() with {count} argument(s) is not supported.")
        waiting += _parts(node)


def _parts(node: Node) -> list[Node]:
    match node:
        case Call(of, name, arguments):
            return [of] if name in TYPED else [of, *arguments]
        case Binary("is" | "as", left, _):
            return [left]
        case Binary(_, left, right):
            return [left, right]
        case Index(of, at):
            return [of, at]
        case Negative(of) | Member(of, _):
            return [of]
    return []
