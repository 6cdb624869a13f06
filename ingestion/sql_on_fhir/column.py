"""A FHIRPath tree over a schema becomes a native Spark expression: no Python runs on a row."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    IntegralType,
    LongType,
    NullType,
    StringType,
    StructType,
)

from ingestion.errors import ViewError
from ingestion.sql_on_fhir.calls import call, of_type, type_name
from ingestion.sql_on_fhir.fhirpath import (
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    Negative,
    Node,
    Nothing,
    This,
    parse,
)
from ingestion.sql_on_fhir.model import choices, element
from ingestion.sql_on_fhir.operators import binary, number
from ingestion.sql_on_fhir.value import Value, nothing, true_or_false, whole

Constants = Mapping[str, Literal]
ROW_INDEX = "rowIndex"
"""`%rowIndex`: the place, from 0, of the item that a forEach or repeat is at (SQL on FHIR v2, "%rowIndex")."""
_ROOTS = ("resource", "rootResource")
SEVERAL = "it gives several values where one is needed; add first(), or collection: true"


class PathCompiler:
    """Compiles the paths of one view; `root` is the resource, for `getResourceKey()`.

    With `lenient`, an element that the schema does not have is empty, as in a resource that does not hold it: a
    schema that was read from data knows only what the data hold; and a path that gives several values where one is
    needed fails on the resource that has them. Without it, both are refused before anything is read.
    """

    def __init__(self, root: Value, constants: Constants, *, lenient: bool = False) -> None:
        self.root, self._constants, self.lenient = root, constants, lenient
        self._path = ""
        self._context = root
        self._place: Column | None = None

    def compile(self, path: str, context: Value, place: Column | None = None) -> Value:
        """The value of `path` in `context`, at `place` of its collection.

        Raises `ViewError` naming the path for what is not supported.
        """
        self._path, self._place, self._context = path, place, context
        return self.of(parse(path), context)

    def condition(self, path: str, context: Value) -> Column:
        """The path as a filter: true where it is true, false where it is false or empty. Raises `ViewError`."""
        value = self.compile(path, context)
        known = value.fhir in (None, "boolean") if isinstance(value.kind, NullType) else True
        if not known or not isinstance(value.kind, BooleanType | NullType):
            raise self.no("a where needs a path that is true or false")
        return F.coalesce(self.boolean(value), F.lit(False))

    def of(self, node: Node, context: Value) -> Value:
        """The value of a node, its choices settled."""
        return self.settled(self._raw(node, context))

    def _raw(self, node: Node, context: Value) -> Value:
        match node:
            case Literal():
                return _literal(node)
            case Nothing():
                return nothing()
            case Negative(of):
                inside = self.of(of, context)
                if not inside.is_number and not isinstance(inside.kind, NullType):
                    raise self.no("- takes a number")
                return Value(-number(inside, self.one(inside)), inside.kind, fhir=inside.fhir)
            case Constant(name):
                return self._constant(name)
            case This():
                return context
            case Member(of, name):
                if of == This() and name == self.root.fhir and context is self.root:
                    return context
                return self.member(self._raw(of, context), name)
            case Index(of, at):
                place = self.of(at, context)
                if not isinstance(place.kind, IntegralType | NullType):
                    raise self.no("a place in brackets is a whole number")
                inside = self.of(of, context)
                return Value(F.get(inside.several, self.one(place).cast("int")), inside.kind, fhir=inside.fhir)
            case Binary("is" | "as" as operator, left, right):
                typed = of_type(self, self._raw(left, context), type_name(self, right))
                return true_or_false(typed.any) if operator == "is" else typed
            case Binary(operator, left, right):
                return binary(self, operator, self.of(left, context), self.of(right, context))
            case Call(of, name, arguments):
                return call(self, self._raw(of, context), name, arguments, context)

    def _constant(self, name: str) -> Value:
        if name == ROW_INDEX:
            return whole(F.lit(0) if self._place is None else self._place)
        if name in self._constants:
            return _literal(self._constants[name])
        if name in _ROOTS:
            return self.root
        if name == "context":
            return self._context
        raise self.no(f"the constant %{name} is not defined")

    def member(self, of: Value, name: str) -> Value:
        """The element `name` of a value; a choice that is not typed yet has no column of its own."""
        if of.choice is not None:
            return self._member_of_choice(of, name)
        if of.shadow is not None and name in ("id", "extension"):
            return self.member(of.shadow, name)
        known = element(of.fhir, name)
        if isinstance(of.kind, NullType):
            if known is None and choices(of.fhir, name, ()):
                return Value(of.column, of.kind, fhir=of.fhir, choice=name)
            return nothing(known.fhir if known else None)
        if not isinstance(of.kind, StructType):
            if self.lenient and known:
                return nothing(known.fhir)
            raise self.no(f"{name} is asked of something that has no parts")
        if name not in of.kind.names:
            if choices(of.fhir if self.lenient else None, name, tuple(of.kind.names)):
                return Value(of.column, of.kind, of.many, of.fhir, choice=name)
            if self.lenient:
                return self._shadowed(of, name, nothing(known.fhir if known else None))
            raise self.no(f"{name} is not part of the declared schema")
        kind = of.kind[name].dataType
        inner = kind.elementType if isinstance(kind, ArrayType) else kind
        fhir = known.fhir if known else None
        return self._shadowed(of, name, Value(*_part(of, name, kind), many=of.many or kind is not inner, fhir=fhir))

    def _shadowed(self, of: Value, name: str, found: Value) -> Value:
        beside = f"_{name}"
        if not isinstance(of.kind, StructType) or beside not in of.kind.names:
            return found
        kind = of.kind[beside].dataType
        inner = kind.elementType if isinstance(kind, ArrayType) else kind
        if not isinstance(inner, StructType):
            return found
        shadow = Value(*_part(of, beside, kind), many=of.many or kind is not inner, fhir="Element")
        return Value(found.column, found.kind, found.many, found.fhir, shadow=shadow)

    def alternatives(self, of: Value) -> list[Value]:
        """What a choice may be, of what the schema has."""
        if of.choice is None:
            return [of]
        names = of.kind.names if isinstance(of.kind, StructType) else []
        holder = Value(of.column, of.kind, of.many, of.fhir)
        return [self.member(holder, name) for name in choices(None, of.choice, tuple(names))]

    def settled(self, value: Value) -> Value:
        """The one type that a choice has in the schema. Raises `ViewError` when it has several."""
        if value.choice is None:
            return value
        found = self.alternatives(value)
        if len(found) > 1:
            raise self.no(f"{value.choice} may be of several types: name one with ofType()")
        return found[0] if found else nothing()

    def _member_of_choice(self, of: Value, name: str) -> Value:
        found = [one for one in self.alternatives(of) if isinstance(one.kind, StructType) and name in one.kind.names]
        if not found:
            return nothing()
        if len(found) > 1:
            raise self.no(f"{of.choice} may be of several types: name one with ofType()")
        return self.member(found[0], name)

    def one(self, value: Value) -> Column:
        """The one value; several are refused, or fail on the resource that has them."""
        if not value.many:
            return value.column
        if not self.lenient:
            raise self.no(SEVERAL.replace("gives", "can give"))
        failed = F.raise_error(F.lit(str(self.no(SEVERAL))))
        return F.when(F.size(value.column) > 1, failed).otherwise(value.first)

    def boolean(self, value: Value) -> Column:
        """FHIRPath's singleton evaluation: a lone value that is no boolean counts as true."""
        if isinstance(value.kind, BooleanType | NullType):
            return self.one(value).cast("boolean")
        return F.when(self.one(value).isNotNull(), F.lit(True))

    def no(self, why: str) -> ViewError:
        """The refusal of the path that is being compiled."""
        return ViewError(f"View path {self._path!r}: {why}.")


def _part(of: Value, name: str, kind: DataType) -> tuple[Column, DataType]:
    """The field `name` of one or many structures, its own arrays opened, without nulls."""
    inner = kind.elementType if isinstance(kind, ArrayType) else kind
    if not of.many:
        column = of.column[name]
        # FHIR's JSON fills an array of primitives with null where only an extension is.
        bare = isinstance(kind, ArrayType) and not isinstance(inner, StructType)
        return (F.filter(column, lambda one: one.isNotNull()) if bare else column), inner
    each = F.transform(of.column, lambda one: one[name])
    if isinstance(kind, ArrayType):
        each = F.flatten(F.filter(each, lambda one: one.isNotNull()))
    return F.filter(each, lambda one: one.isNotNull()), inner


def _literal(literal: Literal) -> Value:
    value = literal.value
    if isinstance(value, bool):
        return true_or_false(F.lit(value))
    if isinstance(value, int):
        return Value(F.lit(value).cast("bigint"), LongType(), fhir="integer")
    if isinstance(value, str):
        return Value(F.lit(value), StringType(), fhir=literal.fhir or "string")
    # How a decimal is written tells its precision.
    return Value(F.lit(format(value, "f")), StringType(), fhir="decimal")
