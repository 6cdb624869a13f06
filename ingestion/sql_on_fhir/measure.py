"""How many rows a view makes of a resource, by arithmetic on the sizes of its collections and without making them.

What is written comes out of a spreading of rows; this number does not, so the one can be held against the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import NullType

from ingestion.sql_on_fhir.check import SPREADING
from ingestion.sql_on_fhir.column import PathCompiler
from ingestion.sql_on_fhir.repeat import recursion, repeated
from ingestion.sql_on_fhir.value import Value

Select = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """Of one resource: its number of rows, whether its `repeat` goes too deep, whether it is wrong down there."""

    rows: Column
    too_deep: Column
    unreadable: Column


@dataclass(frozen=True)
class _Part:
    """The same of a part of a view; None is one row, or never."""

    rows: Column | None = None
    deep: Column | None = None
    wrong: Column | None = None


def measure(
    selects: Sequence[Select], where: Sequence[str], root: Value, compiler: PathCompiler, depth: int
) -> Measure:
    """The measure of a resource. Raises `ViewError` as the view's compilation does."""
    part = _Meter(compiler, depth).together([(one, root, None) for one in selects])
    kept = reduce(Column.__and__, [compiler.condition(path, root) for path in where]) if where else F.lit(True)
    never = F.lit(False)
    return Measure(
        F.when(kept, F.lit(1) if part.rows is None else part.rows).otherwise(F.lit(0)).cast("bigint"),
        never if part.deep is None else kept & F.coalesce(part.deep, never),
        never if part.wrong is None else kept & F.coalesce(part.wrong, never),
    )


def multiplies(select: Select) -> bool:
    """Whether a select may give other than one row."""
    if any(select.get(key) for key in (*SPREADING, "unionAll")):
        return True
    return any(multiplies(nested) for nested in select.get("select", []))


class _Meter:
    def __init__(self, compiler: PathCompiler, depth: int) -> None:
        self._compiler, self._depth = compiler, depth

    def together(self, selects: Sequence[tuple[Select, Value, Column | None]]) -> _Part:
        """Selects side by side: every row of one with every row of the others."""
        parts = [self._select(*one) for one in selects]
        rows = [part.rows for part in parts if part.rows is not None]
        return _Part(reduce(Column.__mul__, rows) if rows else None, *_either(parts))

    def _select(self, select: Select, context: Value, place: Column | None) -> _Part:
        key = next((one for one in SPREADING if one in select), None)
        if key is None:
            return self._inside(select, context, place)
        own = _Part()
        if key == "repeat":
            found = repeated(select[key], context, self._compiler, self._depth)
            tree = recursion(select[key], context, self._compiler)
            if tree is not None:
                own = _Part(None, tree.too_deep(self._depth), tree.unreadable(self._depth))
        else:
            found = self._compiler.compile(select[key], context, place)
        if isinstance(found.kind, NullType):
            empty = self._inside(select, found, F.lit(0)).rows if key == "forEachOrNull" else F.lit(0)
            return _Part(empty, own.deep, own.wrong)
        return self._spread(select, key, found, own)

    def _spread(self, select: Select, key: str, found: Value, own: _Part) -> _Part:
        items, size = found.several, F.greatest(F.coalesce(F.size(found.several), F.lit(0)), F.lit(0))
        nested = any(multiplies(one) for one in (*select.get("select", []), *select.get("unionAll", [])))
        rows = size
        if nested or select.get("unionAll"):
            each = self._of_each(select, found, items, "rows")
            total = F.aggregate(each, F.lit(0).cast("bigint"), lambda one, other: one + other)
            rows = F.coalesce(total, F.lit(0).cast("bigint"))
        if key == "forEachOrNull":
            nobody = Value(F.lit(None).cast(found.kind), found.kind, fhir=found.fhir)
            alone = self._inside(select, nobody, F.lit(0)).rows
            rows = F.when(size > 0, rows).otherwise(F.lit(1) if alone is None else alone)
        below = _Part()
        if any(_repeats(one) for one in (*select.get("select", []), *select.get("unionAll", []))):
            deep, wrong = (
                F.exists(self._of_each(select, found, items, name), lambda one: one) for name in ("deep", "wrong")
            )
            below = _Part(None, deep, wrong)
        return _Part(rows, *_either([own, below]))

    def _of_each(self, select: Select, found: Value, items: Column, name: str) -> Column:
        def of(item: Column, place: Column) -> Column:
            part = self._inside(select, Value(item, found.kind, fhir=found.fhir), place)
            if name == "rows":
                return (F.lit(1) if part.rows is None else part.rows).cast("bigint")
            asked = part.deep if name == "deep" else part.wrong
            return F.lit(False) if asked is None else F.coalesce(asked, F.lit(False))

        return F.transform(items, of)

    def _inside(self, select: Select, context: Value, place: Column | None) -> _Part:
        """A select's nested selects and its unionAll, for one item."""
        nested = self.together([(one, context, place) for one in select.get("select", [])])
        branches = [self._select(one, context, place) for one in select.get("unionAll", [])]
        if not branches:
            return nested
        total = reduce(Column.__add__, [F.lit(1) if one.rows is None else one.rows for one in branches])
        return _Part(total if nested.rows is None else nested.rows * total, *_either([nested, *branches]))


def _either(parts: Sequence[_Part]) -> tuple[Column | None, Column | None]:
    deep = [one.deep for one in parts if one.deep is not None]
    wrong = [one.wrong for one in parts if one.wrong is not None]
    return (reduce(Column.__or__, deep) if deep else None, reduce(Column.__or__, wrong) if wrong else None)


def _repeats(select: Select) -> bool:
    return "repeat" in select or any(_repeats(one) for key in ("select", "unionAll") for one in select.get(key, []))
