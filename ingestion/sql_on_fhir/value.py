"""What a FHIRPath gives: a Spark column, and what FHIR says that it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DataType, DoubleType, LongType, NullType, NumericType, StringType

from ingestion.errors import ViewError
from ingestion.sql_on_fhir.fhirpath import Node
from ingestion.sql_on_fhir.model import NUMBERS, TEMPORAL


@dataclass(frozen=True)
class Value:
    """A column of `kind`, or array<kind> when `many`.

    `fhir` is its FHIR type when it is known; a decimal that kept how it was written is text with `fhir` decimal.
    `choice` names a `value[x]` not yet typed, whose column is what holds it. `shadow` is what FHIR's JSON keeps beside
    a primitive (`_birthDate`): its id and extensions.
    """

    column: Column
    kind: DataType
    many: bool = False
    fhir: str | None = None
    choice: str | None = None
    shadow: Value | None = None

    @property
    def any(self) -> Column:
        """Whether there is at least one value; an absent array has none."""
        return F.coalesce(F.size(self.column), F.lit(0)) > 0 if self.many else self.column.isNotNull()

    @property
    def several(self) -> Column:
        """The values as an array without nulls."""
        return self.column if self.many else F.filter(F.array(self.column), lambda one: one.isNotNull())

    @property
    def first(self) -> Column:
        """The one value, or the first of several."""
        return F.get(self.column, F.lit(0)) if self.many else self.column

    @property
    def is_number(self) -> bool:
        """Whether it counts as a number, as such or as the text that it was written as."""
        return isinstance(self.kind, NumericType) or (isinstance(self.kind, StringType) and self.fhir == "decimal")

    @property
    def is_temporal(self) -> bool:
        """Whether it is a date, a dateTime, an instant or a time."""
        return self.fhir in TEMPORAL and isinstance(self.kind, StringType | NullType)


def nothing(fhir: str | None = None) -> Value:
    """The empty collection, of a type when one is known."""
    return Value(F.lit(None), NullType(), fhir=fhir)


def true_or_false(column: Column) -> Value:
    """A boolean."""
    return Value(column, BooleanType(), fhir="boolean")


def text(column: Column) -> Value:
    """A string."""
    return Value(column, StringType(), fhir="string")


def whole(column: Column) -> Value:
    """An integer."""
    return Value(column, LongType(), fhir="integer")


def plain_type(value: Value) -> DataType:
    """The type in which a column shows its value: a number is no text, and what is empty has FHIR's type."""
    if isinstance(value.kind, NullType):
        if value.fhir == "boolean":
            return BooleanType()
        if value.fhir in NUMBERS:
            return DoubleType() if value.fhir == "decimal" else LongType()
        return StringType()
    if isinstance(value.kind, StringType) and value.fhir == "decimal":
        return DoubleType()
    return value.kind


class Evaluator(Protocol):
    """What operators and functions ask of the compiler that calls them."""

    lenient: bool
    root: Value

    def of(self, node: Node, context: Value) -> Value:
        """The value of a node, its choices settled."""
        ...

    def member(self, of: Value, name: str) -> Value:
        """The element `name` of a value."""
        ...

    def alternatives(self, of: Value) -> list[Value]:
        """What a choice may be, of what the schema has."""
        ...

    def settled(self, value: Value) -> Value:
        """The one type that a choice has in the schema."""
        ...

    def one(self, value: Value) -> Column:
        """The one value; several are an error."""
        ...

    def boolean(self, value: Value) -> Column:
        """FHIRPath's singleton evaluation: a lone value that is no boolean counts as true."""
        ...

    def no(self, why: str) -> ViewError:
        """The refusal of the path that is being compiled."""
        ...
