"""SQL-on-FHIR v2 ViewDefinitions over a frame of resources.

Source: https://build.fhir.org/ig/FHIR/sql-on-fhir-v2/StructureDefinition-ViewDefinition.html . Supported: `column`,
nested `select`, `forEach`, `forEachOrNull`, `repeat`, `unionAll`, `where`, `constant`, `%rowIndex`. What is not is
refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StructType

from ingestion.errors import ViewError
from ingestion.sql_on_fhir.check import SPREADING, check_view, columns_of, constants
from ingestion.sql_on_fhir.column import PathCompiler
from ingestion.sql_on_fhir.fhirpath import Call, Node, parse
from ingestion.sql_on_fhir.key import fault_of_key
from ingestion.sql_on_fhir.measure import Measure, measure, multiplies
from ingestion.sql_on_fhir.model import PRIMITIVES, element
from ingestion.sql_on_fhir.repeat import DEPTH, repeated
from ingestion.sql_on_fhir.value import Value, plain_type

PACKAGED = Path(__file__).parents[1] / "views"
_ITEM, _PLACE, _CELL = "__item_", "__place_", "__cell_"
ROOT = "__resource"


class ViewDefinition:
    """A checked view. Raises `ViewError` for one that is wrong or not supported."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        check_view(content)
        self.content = content
        self.resource: str = content["resource"]
        self.name = str(content.get("name", self.resource))
        self.constants = constants(content)
        self._columns = [column for select in content["select"] for column in columns_of(select)]
        self.columns: list[str] = [column["name"] for column in self._columns]

    @property
    def one_row(self) -> bool:
        """Whether each resource gives exactly one row."""
        return not self.content.get("where") and not any(multiplies(select) for select in self.content["select"])

    @property
    def asks_precision(self) -> bool:
        """Whether a path asks how precise a value was written."""
        return any(_asks_precision(parse(path)) for path in _paths(self.content))

    def collections(self) -> set[str]:
        """The columns declared `collection: true`, which are arrays."""
        return {column["name"] for column in self._columns if column.get("collection")}

    def fault_of_key(self, key: Collection[str]) -> str | None:
        """What a contract's key lacks to name one of several rows of a resource; None when it lacks nothing."""
        return fault_of_key(self.content["select"], key)

    def heads(self) -> ViewDefinition | None:
        """The view of the columns that stand outside of everything that spreads: one row of each resource."""
        columns = [column for select in self.content["select"] for column in _heads(select)]
        kept = {name: self.content[name] for name in ("resource", "constant") if name in self.content}
        return ViewDefinition({**kept, "select": [{"column": columns}]}) if columns else None

    def apply(self, resources: DataFrame, *keep: str, lenient: bool = False, depth: int = DEPTH) -> DataFrame:
        """The view's columns, then those of `keep`, from a frame of resources with a declared schema.

        With `lenient` an element that the schema lacks is empty (a schema read from data). A `repeat` goes `depth`
        levels down. Raises `ViewError`.
        """
        frame = resources.select(F.struct(*[name for name in resources.columns if name not in keep]).alias(ROOT), *keep)
        kind = frame.schema[ROOT].dataType
        root, compiler = self._compiler(F.col(ROOT), kind, lenient)
        if isinstance(kind, StructType) and "resourceType" in kind.names:
            frame = frame.where(F.col(ROOT)["resourceType"] == self.resource)
        for path in self._where:
            frame = frame.where(compiler.condition(path, root))
        for select in self.content["select"]:
            frame = self._select(frame, select, root, compiler, depth)
        # Spark does not tell `id` from `ID`: until here the columns go by their place.
        return frame.select(*[F.col(self._cell(name)).alias(name) for name in self.columns], *keep)

    def measure(self, resource: Column, kind: DataType, *, lenient: bool = False, depth: int = DEPTH) -> Measure:
        """How many rows a resource (a structure) gives, without making them; see `apply`."""
        root, compiler = self._compiler(resource, kind, lenient)
        return measure(self.content["select"], self._where, root, compiler, depth)

    @property
    def _where(self) -> list[str]:
        return [condition["path"] for condition in self.content.get("where", [])]

    def _compiler(self, resource: Column, kind: DataType, lenient: bool) -> tuple[Value, PathCompiler]:
        root = Value(resource, kind, fhir=self.resource)
        return root, PathCompiler(root, self.constants, lenient=lenient)

    def _cell(self, name: str) -> str:
        return f"{_CELL}{self.columns.index(name)}"

    def _select(
        self,
        frame: DataFrame,
        select: Mapping[str, Any],
        context: Value,
        compiler: PathCompiler,
        depth: int,
        place: Column | None = None,
    ) -> DataFrame:
        """The frame with the columns of a select, and as many rows as it spreads into; `place` is `%rowIndex`."""
        used: list[str] = []
        for key in SPREADING:
            if key not in select:
                continue
            if key == "repeat":
                found = repeated(select[key], context, compiler, depth)
            else:
                found = compiler.compile(select[key], context, place)
            item, at = f"{_ITEM}{len(frame.columns)}", f"{_PLACE}{len(frame.columns)}"
            spread = F.posexplode_outer if key == "forEachOrNull" else F.posexplode
            several = found.several if found.many else F.when(found.column.isNotNull(), F.array(found.column))
            frame = frame.select("*", spread(several).alias(at, item))
            context, place = Value(F.col(item), found.kind, fhir=found.fhir), F.coalesce(F.col(at), F.lit(0))
            used += [item, at]
        cells = {
            self._cell(column["name"]): _column(column, context, compiler, place) for column in select.get("column", [])
        }
        frame = frame.withColumns(cells) if cells else frame
        for nested in select.get("select", []):
            frame = self._select(frame, nested, context, compiler, depth, place)
        if select.get("unionAll"):
            branches = [self._select(frame, branch, context, compiler, depth, place) for branch in select["unionAll"]]
            frame = reduce(DataFrame.unionByName, branches)
        return frame.drop(*used) if used else frame


def load_view(name: str, folder: Path = PACKAGED) -> ViewDefinition:
    """The view `<folder>/<name>.json`. Raises `ViewError`."""
    try:
        content = json.loads((folder / f"{name}.json").read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise ViewError(f"View {name} does not exist among the views: correct the contract, or add the view.") from None
    except (OSError, ValueError):
        raise ViewError(f"View {name} cannot be read: it must be a JSON file.") from None
    return ViewDefinition(content)


def _heads(select: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if any(key in select for key in SPREADING):
        return []
    nested = [column for one in select.get("select", []) for column in _heads(one)]
    return [*select.get("column", []), *nested]


def _column(column: Mapping[str, Any], context: Value, compiler: PathCompiler, place: Column | None) -> Column:
    value = compiler.compile(column["path"], context, place)
    if isinstance(value.kind, StructType) and column.get("type", "string") in PRIMITIVES:
        raise compiler.no("a column holds a simple value, and this is a structure; take a part of it, or say its type")
    kind = plain_type(value)
    if column.get("collection"):
        several = F.transform(value.several, lambda one: _plain(one, value.kind, kind, value.fhir))
        # Processing model: a path that gives nothing is null, in a collection too.
        return F.when(F.size(several) > 0, several)
    return _plain(compiler.one(value), value.kind, kind, value.fhir)


def _plain(column: Column, have: DataType, want: DataType, fhir: str | None) -> Column:
    """A value as it is shown; a number that was kept as it was written is a number again, within a structure too."""
    if isinstance(have, StructType):
        parts = []
        for field in have.fields:
            known = element(fhir, field.name)
            of = known.fhir if known else None
            parts.append(_shown(column[field.name], field.dataType, of).alias(field.name))
        return F.when(column.isNotNull(), F.struct(*parts))
    return column if have == want else column.try_cast(want)


def _shown(column: Column, kind: DataType, fhir: str | None) -> Column:
    if isinstance(kind, ArrayType):
        inner = kind.elementType
        return F.transform(column, lambda one: _shown(one, inner, fhir))
    return _plain(column, kind, plain_type(Value(column, kind, fhir=fhir)), fhir)


def _paths(part: Any) -> list[str]:
    """Every path of a view."""
    if isinstance(part, list):
        return [path for one in part for path in _paths(one)]
    if not isinstance(part, Mapping):
        return []
    own: list[str] = [part[key] for key in ("path", "forEach", "forEachOrNull") if key in part]
    return (
        own
        + list(part.get("repeat", []))
        + [p for key in ("column", "select", "unionAll", "where") for p in _paths(part.get(key))]
    )


def _asks_precision(node: Node) -> bool:
    if isinstance(node, Call) and node.name in ("lowBoundary", "highBoundary"):
        return True
    parts = [getattr(node, name) for name in ("of", "at", "left", "right") if hasattr(node, name)]
    return any(_asks_precision(one) for one in (*parts, *getattr(node, "arguments", ())))
