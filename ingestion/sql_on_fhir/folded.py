"""Trees whose schema was declared: an element within itself is JSON text, and is read one level at a time.

A type that holds itself cannot be written down, and one written out to ten levels has thousands of fields where two
paths lead down. So each level is read by the type of the first, and the expression grows with the depth and no faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from ingestion.errors import ViewError
from ingestion.sql_on_fhir.model import PRIMITIVES
from ingestion.sql_on_fhir.value import Value

_ITEMS, _UNREAD = "items", "unread"
Children = Callable[[Value], list[Value]]
"""What a view's paths reach from an item, each path by itself."""


@dataclass(frozen=True)
class Folded:
    """A tree below `context` whose items are all of one `kind`."""

    children: Children
    context: Value
    kind: StructType
    fhir: str

    def walked(self, depth: int) -> Value:
        """The items of the first `depth` levels, each before its own."""

        def below(items: Column, left: int) -> Column:
            if left == 1:
                return items
            return F.flatten(
                F.transform(items, lambda one: F.concat(F.array(one), below(self._under(self._item(one)), left - 1)))
            )

        return Value(below(self._under(self.context), depth), self.kind, True, self.fhir)

    def too_deep(self, depth: int) -> Column:
        """Whether there is an item below the first `depth` levels."""

        def deeper(items: Column, left: int) -> Column:
            if left == 0:
                return F.size(items) > 0
            return F.exists(items, lambda one: deeper(self._under(self._item(one)), left - 1))

        return deeper(self._under(self.context), depth)

    def unreadable(self, depth: int) -> Column:
        """Whether something within the first `depth` levels is not of the declared type."""

        def wrong(of: Value, left: int) -> Column:
            here = F.lit(False)
            for child in self.children(of):
                if isinstance(child.kind, StringType):
                    here = here | F.exists(child.several, lambda text: self._read(text)[_UNREAD].isNotNull())
            if left == 0:
                return here
            return here | F.exists(self._under(of), lambda one: wrong(self._item(one), left - 1))

        return F.coalesce(wrong(self.context, depth), F.lit(False))

    def _item(self, one: Column) -> Value:
        return Value(one, self.kind, fhir=self.fhir)

    def _under(self, of: Value) -> Column:
        """The items right below: never null."""
        nothing = F.array().cast(ArrayType(self.kind))
        parts = []
        for child in self.children(of):
            items = child.several
            if isinstance(child.kind, StringType):
                items = F.flatten(F.transform(items, lambda text: F.coalesce(self._read(text)[_ITEMS], nothing)))
            parts.append(F.coalesce(items, nothing))
        return F.concat(*parts) if parts else nothing

    def _read(self, text: Column) -> Column:
        """The items that a text holds, and the text itself where it is not of their type."""
        fields = [StructField(_ITEMS, ArrayType(self.kind)), StructField(_UNREAD, StringType())]
        whole = F.concat(F.lit(f'{{"{_ITEMS}":'), text, F.lit("}"))
        return F.from_json(whole, StructType(fields), {"columnNameOfCorruptRecord": _UNREAD})


def folded(children: Children, context: Value) -> Folded | None:
    """The tree, when an item reached from `context` holds items of its own kind as text. Raises `ViewError`."""
    first = [one for one in children(context) if isinstance(one.kind, StructType) and one.fhir]
    texts: set[str | None] = set()
    for one in first:
        item = Value(F.lit(None).cast(one.kind), one.kind, fhir=one.fhir)
        texts |= {below.fhir for below in children(item) if _is_folded(below)}
    if not texts:
        return None
    if len({(one.fhir, one.kind.json()) for one in first}) > 1 or texts != {first[0].fhir}:
        raise ViewError("A view's repeat leads to elements of several types, which is not supported in a contract.")
    kind, fhir = first[0].kind, first[0].fhir
    assert isinstance(kind, StructType)  # noqa: S101 - as they were chosen
    return Folded(children, context, kind, fhir or "")


def _is_folded(value: Value) -> bool:
    return isinstance(value.kind, StringType) and value.fhir is not None and value.fhir not in PRIMITIVES
