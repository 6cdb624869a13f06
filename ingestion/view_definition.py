"""SQL-on-FHIR v2 ViewDefinitions over a frame of resources.

Source: https://build.fhir.org/ig/FHIR/sql-on-fhir-v2/StructureDefinition-ViewDefinition.html . Supported: `column`,
nested `select`, `forEach`, `forEachOrNull`, `repeat`, `unionAll`, `where`, `constant`, `%rowIndex`. What is not is
refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from ingestion.errors import ViewError
from ingestion.fhir_column import PathCompiler, Value
from ingestion.fhir_repeat import repeated

PACKAGED = Path(__file__).parent / "views"
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_SPREADING = ("forEach", "forEachOrNull", "repeat")
_SELECT_KEYS = frozenset({"column", "select", "unionAll", *_SPREADING})
_ITEM, _PLACE = "__item_", "__place_"
ROOT = "__resource"


class ViewDefinition:
    """A checked view. Raises `ViewError` for one that is wrong or not supported."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        resource, selects = content.get("resource"), content.get("select")
        if not isinstance(resource, str) or not isinstance(selects, list) or not selects:
            raise ViewError("A ViewDefinition needs a resource and a select.")
        self.resource = resource
        self.name = str(content.get("name", resource))
        self._constants = dict(_constant(entry) for entry in content.get("constant", []))
        self.columns = [name for select in content["select"] for name in _names(select)]
        for condition in content.get("where", []):
            if not isinstance(condition, Mapping) or not isinstance(condition.get("path"), str):
                raise ViewError(f"View {self.name}: each where needs a path.")
        if not self.columns:
            raise ViewError(f"View {self.name} has no column: give it one.")
        if len(set(self.columns)) < len(self.columns):
            raise ViewError(f"View {self.name} has two columns of one name: rename one.")

    @property
    def one_row(self) -> bool:
        """Whether each resource gives exactly one row."""
        return "where" not in self._content and not any(_multiplies(select) for select in self._content["select"])

    def collections(self) -> set[str]:
        """The columns declared `collection: true`, which are arrays."""
        return {
            column["name"]
            for select in self._content["select"]
            for column in _columns(select)
            if column.get("collection")
        }

    def apply(self, resources: DataFrame, *keep: str, lenient: bool = False) -> DataFrame:
        """The view's columns, then those of `keep`, from a frame of resources with a declared schema.

        With `lenient` an element that the schema lacks is empty (a schema read from data). Raises `ViewError`.
        """
        frame = resources.select(F.struct(*[name for name in resources.columns if name not in keep]).alias(ROOT), *keep)
        kind = frame.schema[ROOT].dataType
        root = Value(F.col(ROOT), kind)
        compiler = PathCompiler(root, self._constants, lenient=lenient)
        if isinstance(kind, StructType) and "resourceType" in kind.names:
            frame = frame.where((F.col(ROOT)["resourceType"] == self.resource) | F.col(ROOT)["resourceType"].isNull())
        for condition in self._content.get("where", []):
            frame = frame.where(compiler.condition(condition["path"], root))
        for select in self._content["select"]:
            frame = self._select(frame, select, root, compiler)
        return frame.select(*self.columns, *keep)

    def _select(
        self,
        frame: DataFrame,
        select: Mapping[str, Any],
        context: Value,
        compiler: PathCompiler,
        place: Column | None = None,
    ) -> DataFrame:
        """The frame with the columns of a select, and as many rows as it spreads into; `place` is `%rowIndex`."""
        used: list[str] = []
        for key in _SPREADING:
            if key not in select:
                continue
            if key == "repeat":
                found = repeated(select[key], context, compiler)
            else:
                found = compiler.compile(select[key], context, place)
            item, at = f"{_ITEM}{len(frame.columns)}", f"{_PLACE}{len(frame.columns)}"
            spread = F.posexplode_outer if key == "forEachOrNull" else F.posexplode
            several = found.several if found.many else F.when(found.column.isNotNull(), F.array(found.column))
            frame = frame.select("*", spread(several).alias(at, item))
            context, place = Value(F.col(item), found.kind), F.coalesce(F.col(at), F.lit(0))
            used += [item, at]
        columns = {column["name"]: _column(column, context, compiler, place) for column in select.get("column", [])}
        frame = frame.withColumns(columns) if columns else frame
        for nested in select.get("select", []):
            frame = self._select(frame, nested, context, compiler, place)
        if "unionAll" in select:
            branches = [self._select(frame, branch, context, compiler, place) for branch in select["unionAll"]]
            frame = reduce(DataFrame.unionByName, branches)
        return frame.drop(*used) if used else frame


def load_view(name: str, folder: Path = PACKAGED) -> ViewDefinition:
    """The view `<folder>/<name>.json`. Raises `ViewError`."""
    try:
        content = json.loads((folder / f"{name}.json").read_text("utf-8"))
    except FileNotFoundError:
        raise ViewError(f"View {name} does not exist among the views: correct the contract, or add the view.") from None
    except (OSError, ValueError):
        raise ViewError(f"View {name} cannot be read: it must be a JSON file.") from None
    return ViewDefinition(content)


def _column(column: Mapping[str, Any], context: Value, compiler: PathCompiler, place: Column | None) -> Column:
    value = compiler.compile(column["path"], context, place)
    if isinstance(value.kind, StructType):
        raise ViewError(f"View path {column['path']!r}: a column holds a simple value, and this is a structure.")
    if column.get("collection"):
        return value.several
    if value.many and column.get("collection") is False:
        raise ViewError(f"View path {column['path']!r}: it can give several values; add first(), or collection: true.")
    return value.single


def _constant(entry: Mapping[str, Any]) -> tuple[str, str | int | float | bool]:
    values = [value for key, value in entry.items() if key.startswith("value")]
    if len(values) != 1 or not isinstance(entry.get("name"), str):
        raise ViewError("A constant of a view needs a name and one value.")
    return str(entry["name"]), values[0]


def _names(select: Mapping[str, Any]) -> list[str]:
    if not isinstance(select, Mapping):
        raise ViewError("A view's select is a list of objects.")
    unknown = set(select) - _SELECT_KEYS - {"id", "extension"}
    if unknown:
        raise ViewError(f"A view's select has {', '.join(sorted(unknown))}, which is not supported.")
    for key in ("forEach", "forEachOrNull"):
        if key in select and not isinstance(select[key], str):
            raise ViewError(f"A view's {key} is a path, in quotes.")
    if "repeat" in select and not (isinstance(select["repeat"], list) and all(map(_is_path, select["repeat"]))):
        raise ViewError("A view's repeat is a list of paths.")
    names = [_checked(column) for column in select.get("column", [])]
    names += [name for nested in select.get("select", []) for name in _names(nested)]
    branches = [_names(branch) for branch in select.get("unionAll", [])]
    if branches and any(branch != branches[0] for branch in branches):
        raise ViewError("The branches of a view's unionAll have different columns: give them the same, in one order.")
    return names + (branches[0] if branches else [])


def _is_path(path: Any) -> bool:
    return isinstance(path, str) and bool(path)


def _checked(column: Mapping[str, Any]) -> str:
    name = column.get("name")
    if not isinstance(name, str) or not _NAME.match(name) or not isinstance(column.get("path"), str):
        raise ViewError("A column of a view needs a name (letters, digits, _) and a path.")
    return name


def _columns(select: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    nested = [*select.get("select", []), *select.get("unionAll", [])[:1]]
    return [*select.get("column", []), *(column for one in nested for column in _columns(one))]


def _multiplies(select: Mapping[str, Any]) -> bool:
    if any(key in select for key in (*_SPREADING, "unionAll")):
        return True
    return any(_multiplies(nested) for nested in select.get("select", []))
