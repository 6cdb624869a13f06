"""SQL-on-FHIR v2 ViewDefinitions over a frame of resources.

Source: https://build.fhir.org/ig/FHIR/sql-on-fhir-v2/StructureDefinition-ViewDefinition.html . Supported: `column`,
nested `select`, `forEach`, `forEachOrNull`, `unionAll`, `where`, `constant`. What is not is refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from ingestion.errors import ViewError
from ingestion.fhir_column import PathCompiler, Value

PACKAGED = Path(__file__).parent / "views"
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_SELECT_KEYS = frozenset({"column", "select", "forEach", "forEachOrNull", "unionAll"})
_ITEM = "__item_"
ROOT = "__resource"


class ViewDefinition:
    """A checked view. Raises `ViewError` for one that is wrong or not supported."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        resource = content.get("resource")
        if not isinstance(resource, str) or not content.get("select"):
            raise ViewError("A ViewDefinition needs a resource and a select.")
        self.resource = resource
        self.name = str(content.get("name", resource))
        self._constants = dict(_constant(entry) for entry in content.get("constant", []))
        self.columns = [name for select in content["select"] for name in _names(select)]
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

    def apply(self, resources: DataFrame, *keep: str) -> DataFrame:
        """The view's columns, then those of `keep`, from a frame of resources with a declared schema."""
        frame = resources.select(F.struct(*[name for name in resources.columns if name not in keep]).alias(ROOT), *keep)
        kind = frame.schema[ROOT].dataType
        root = Value(F.col(ROOT), kind)
        compiler = PathCompiler(root, self._constants)
        if isinstance(kind, StructType) and "resourceType" in kind.names:
            frame = frame.where((F.col(ROOT)["resourceType"] == self.resource) | F.col(ROOT)["resourceType"].isNull())
        for condition in self._content.get("where", []):
            frame = frame.where(compiler.condition(condition["path"], root))
        for select in self._content["select"]:
            frame = self._select(frame, select, root, compiler)
        return frame.select(*self.columns, *keep)

    def _select(self, frame: DataFrame, select: Mapping[str, Any], context: Value, compiler: PathCompiler) -> DataFrame:
        item = None
        for key in ("forEach", "forEachOrNull"):
            if key in select:
                found = compiler.compile(select[key], context)
                item = f"{_ITEM}{len(frame.columns)}"
                spread = F.explode if key == "forEach" else F.explode_outer
                frame = frame.withColumn(item, spread(found.several))
                context = Value(F.col(item), found.kind)
        columns = {column["name"]: _column(column, context, compiler) for column in select.get("column", [])}
        frame = frame.withColumns(columns) if columns else frame
        for nested in select.get("select", []):
            frame = self._select(frame, nested, context, compiler)
        if "unionAll" in select:
            branches = [self._select(frame, branch, context, compiler) for branch in select["unionAll"]]
            frame = reduce(DataFrame.unionByName, branches)
        return frame.drop(item) if item else frame


def load_view(name: str, folder: Path = PACKAGED) -> ViewDefinition:
    """The view `<folder>/<name>.json`. Raises `ViewError`."""
    try:
        content = json.loads((folder / f"{name}.json").read_text("utf-8"))
    except FileNotFoundError:
        raise ViewError(f"View {name} does not exist among the views: correct the contract, or add the view.") from None
    except (OSError, ValueError):
        raise ViewError(f"View {name} cannot be read: it must be a JSON file.") from None
    return ViewDefinition(content)


def _column(column: Mapping[str, Any], context: Value, compiler: PathCompiler) -> Any:
    value = compiler.compile(column["path"], context)
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
    unknown = set(select) - _SELECT_KEYS - {"id", "extension"}
    if unknown:
        raise ViewError(f"A view's select has {', '.join(sorted(unknown))}, which is not supported.")
    names = [_checked(column) for column in select.get("column", [])]
    names += [name for nested in select.get("select", []) for name in _names(nested)]
    branches = [_names(branch) for branch in select.get("unionAll", [])]
    if branches and any(branch != branches[0] for branch in branches):
        raise ViewError("The branches of a view's unionAll have different columns: give them the same, in one order.")
    return names + (branches[0] if branches else [])


def _checked(column: Mapping[str, Any]) -> str:
    name = column.get("name")
    if not isinstance(name, str) or not _NAME.match(name) or not isinstance(column.get("path"), str):
        raise ViewError("A column of a view needs a name (letters, digits, _) and a path.")
    return name


def _columns(select: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    nested = [*select.get("select", []), *select.get("unionAll", [])[:1]]
    return [*select.get("column", []), *(column for one in nested for column in _columns(one))]


def _multiplies(select: Mapping[str, Any]) -> bool:
    if any(key in select for key in ("forEach", "forEachOrNull", "unionAll")):
        return True
    return any(_multiplies(nested) for nested in select.get("select", []))
