"""`repeat`: items within items, at every depth, as one array of one type.

Source: SQL on FHIR v2, ViewDefinition, `select.repeat`. A tree of unknown depth has no type in Spark, so the walk is
unrolled: over the levels that the data have where the schema was read from them, and over a set number of levels where
it was declared. A declared schema writes an element out once; where it comes again within itself it is text, the JSON
as it was written (`folded`). Parents come before their children.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, NullType, StructField, StructType

from ingestion.errors import ViewError
from ingestion.sql_on_fhir.column import PathCompiler
from ingestion.sql_on_fhir.folded import Folded, folded
from ingestion.sql_on_fhir.value import Value

DEPTH = 10
"""Levels that are walked unless a contract says otherwise; deeper data are refused, never cut."""


def repeated(paths: Sequence[str], context: Value, compiler: PathCompiler, depth: int = DEPTH) -> Value:
    """Everything that `paths` reach from `context`, and from there, and so on, each parent before its children.

    Raises `ViewError` when a schema read from data goes deeper than `depth`.
    """
    if not compiler.lenient:
        _require_ways(paths, context, compiler)
    tree = recursion(paths, context, compiler)
    if tree is not None:
        return tree.walked(depth)
    found: list[Value] = []
    _survey(paths, context, compiler, depth, depth, found)
    kind = merged([one.kind for one in found])
    types = {one.fhir for one in found}
    return Value(_walk(paths, context, compiler, kind), kind, True, types.pop() if len(types) == 1 else None)


def recursion(paths: Sequence[str], context: Value, compiler: PathCompiler) -> Folded | None:
    """The tree where the schema folds what comes again within itself; None where every level has a type."""
    return folded(lambda of: _children(paths, of, compiler), context)


def merged(kinds: Sequence[DataType]) -> DataType:
    """The type that holds every field of every one of these."""
    real = [kind for kind in kinds if not isinstance(kind, NullType)]
    if not real:
        return NullType()
    if all(isinstance(kind, ArrayType) for kind in real):
        return ArrayType(merged([kind.elementType for kind in real if isinstance(kind, ArrayType)]))
    structs = [kind for kind in real if isinstance(kind, StructType)]
    if len(structs) < len(real):
        return real[0]
    names = dict.fromkeys(name for kind in structs for name in kind.names)
    return StructType(
        [StructField(name, merged([kind[name].dataType for kind in structs if name in kind.names])) for name in names]
    )


def coerced(column: Column, have: DataType, want: DataType) -> Column:
    """`column` of type `have` as the wider type `want`, what it lacks being null."""
    if have == want:
        return column
    if isinstance(have, StructType) and isinstance(want, StructType):
        parts = [
            (
                coerced(column[field.name], have[field.name].dataType, field.dataType)
                if field.name in have.names
                else F.lit(None).cast(field.dataType)
            ).alias(field.name)
            for field in want.fields
        ]
        return F.when(column.isNotNull(), F.struct(*parts))
    if isinstance(have, ArrayType) and isinstance(want, ArrayType):
        return F.transform(column, lambda one: coerced(one, have.elementType, want.elementType))
    return column.cast(want)


def _children(paths: Sequence[str], context: Value, compiler: PathCompiler) -> list[Value]:
    strict, compiler.lenient = not compiler.lenient, True
    try:
        # A path need not lead on from everywhere: an item has answers, its form has none.
        found = [compiler.compile(path, context) for path in paths]
    finally:
        compiler.lenient = not strict
    return [one for one in found if not isinstance(one.kind, NullType)]


def _require_ways(paths: Sequence[str], context: Value, compiler: PathCompiler) -> None:
    """Raises `ViewError` for a path that leads nowhere in a declared schema, which is a slip of the pen."""
    first = _children(paths, context, compiler)
    starts = [context, *(Value(F.lit(None).cast(one.kind), one.kind, fhir=one.fhir) for one in first)]
    for path in paths:
        if not any(_children([path], start, compiler) for start in starts):
            raise ViewError(f"View path {path!r}: it leads to nothing in the declared schema.")


def _survey(
    paths: Sequence[str], context: Value, compiler: PathCompiler, left: int, depth: int, found: list[Value]
) -> None:
    for child in _children(paths, context, compiler):
        if left == 0:
            raise ViewError(f"repeat goes deeper than {depth} levels: the resources cannot be read whole.")
        found.append(child)
        item = Value(F.lit(None).cast(child.kind), child.kind, fhir=child.fhir)
        _survey(paths, item, compiler, left - 1, depth, found)


def _walk(paths: Sequence[str], context: Value, compiler: PathCompiler, kind: DataType) -> Column:
    nothing = F.array().cast(ArrayType(kind))

    def descended(child: Value) -> Column:
        def below(one: Column) -> Column:
            here = F.array(coerced(one, child.kind, kind))
            return F.concat(here, _walk(paths, Value(one, child.kind, fhir=child.fhir), compiler, kind))

        return F.coalesce(F.flatten(F.transform(child.several, below)), nothing)

    arrays = [descended(child) for child in _children(paths, context, compiler)]
    return F.concat(*arrays) if arrays else nothing
