"""A FHIRPath tree over a declared schema becomes a native Spark expression: no Python runs on a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DoubleType,
    IntegralType,
    LongType,
    NullType,
    StringType,
    StructType,
)

from ingestion.errors import ViewError
from ingestion.fhirpath import Binary, Call, Constant, Index, Literal, Member, Negative, Node, Nothing, This, parse

Constants = Mapping[str, str | int | float | bool]
ROW_INDEX = "rowIndex"
"""`%rowIndex`: the place, from 0, of the item that a forEach or repeat is at (SQL on FHIR v2, "%rowIndex")."""


_KINDS: Mapping[type, DataType] = {str: StringType(), bool: BooleanType(), int: LongType(), float: DoubleType()}


@dataclass(frozen=True)
class Value:
    """What a path gives: a column of `kind`, or array<kind> when `many`; `choice` names a `value[x]` not yet typed."""

    column: Column
    kind: DataType
    many: bool = False
    choice: str | None = None

    @property
    def single(self) -> Column:
        """The one value, or the first of several."""
        return F.get(self.column, F.lit(0)) if self.many else self.column

    @property
    def any(self) -> Column:
        """Whether there is at least one value; an absent array has none."""
        return F.coalesce(F.size(self.column), F.lit(0)) > 0 if self.many else self.column.isNotNull()

    @property
    def several(self) -> Column:
        """The values as an array without nulls."""
        return self.column if self.many else F.filter(F.array(self.column), lambda one: one.isNotNull())


class PathCompiler:
    """Compiles the paths of one view; `root` is the resource, for `getResourceKey()`.

    With `lenient`, an element that the schema does not have is empty, as in a resource that does not hold it: a
    schema that was read from data knows only what the data hold. Without it, such a path is refused.
    """

    def __init__(self, root: Value, constants: Constants, *, lenient: bool = False) -> None:
        self._root, self._constants, self._lenient = root, constants, lenient
        self._path = ""
        self._place: Column | None = None

    def compile(self, path: str, context: Value, place: Column | None = None) -> Value:
        """The value of `path` in `context`, at `place` of its collection.

        Raises `ViewError` naming the path for what is not supported.
        """
        self._path, self._place = path, place
        return self._of(parse(path), context)

    def condition(self, path: str, context: Value) -> Column:
        """The path as a filter: true where it is true, false where it is false or empty. Raises `ViewError`."""
        value = self.compile(path, context)
        if value.many or not isinstance(value.kind, BooleanType | NullType):
            raise self._no("a where needs a path that is true or false")
        return self._true(value)

    def _of(self, node: Node, context: Value) -> Value:
        match node:
            case Literal(value):
                return Value(F.lit(value), _KINDS[type(value)])
            case Nothing():
                return Value(F.lit(None), NullType())
            case Negative(of):
                inside = self._of(of, context)
                return Value(-inside.single, inside.kind)
            case Constant(name):
                if name == ROW_INDEX:
                    return Value(F.lit(0) if self._place is None else self._place, LongType())
                if name not in self._constants:
                    raise self._no(f"the constant %{name} is not defined")
                return self._of(Literal(self._constants[name]), context)
            case This():
                return context
            case Member(of, name):
                return self._member(self._of(of, context), name)
            case Index(of, at):
                place = self._of(at, context)
                inside = self._of(of, context)
                return Value(F.get(inside.several, place.single), inside.kind)
            case Binary(operator, left, right):
                return self._binary(operator, self._of(left, context), self._of(right, context))
            case Call(of, name, arguments):
                return self._call(self._of(of, context), name, arguments, context)

    def _member(self, of: Value, name: str) -> Value:
        if isinstance(of.kind, NullType):
            return of
        if not isinstance(of.kind, StructType):
            raise self._no(f"{name} is asked of something that has no parts")
        if name not in of.kind.names:
            if any(part.startswith(name) and part[len(name)].isupper() for part in of.kind.names if part != name):
                return Value(of.column, of.kind, of.many, choice=name)
            if self._lenient:
                return Value(F.lit(None), NullType())
            raise self._no(f"{name} is not part of the declared schema")
        kind = of.kind[name].dataType
        inner = kind.elementType if isinstance(kind, ArrayType) else kind
        if not of.many:
            return Value(of.column[name], inner, isinstance(kind, ArrayType))
        each = F.transform(of.column, lambda one: one[name])
        if isinstance(kind, ArrayType):
            each = F.flatten(F.filter(each, lambda one: one.isNotNull()))
        return Value(F.filter(each, lambda one: one.isNotNull()), inner, many=True)

    def _binary(self, operator: str, left: Value, right: Value) -> Value:
        a, b = left.single, right.single
        if operator in ("and", "or", "xor"):
            a, b = self._boolean(left), self._boolean(right)
            return Value({"and": a & b, "or": a | b, "xor": a != b}[operator], BooleanType())
        if isinstance(left.kind, StructType) or isinstance(right.kind, StructType):
            raise self._no("only simple values can be compared")
        if operator in ("+", "-", "*", "/", "div", "mod", "&"):
            return self._calculated(operator, left, right)
        result = {
            "=": lambda: a == b, "!=": lambda: a != b, "<": lambda: a < b, ">": lambda: a > b,
            "<=": lambda: a <= b, ">=": lambda: a >= b,
        }[operator]()  # fmt: skip
        return Value(result, BooleanType())

    def _calculated(self, operator: str, left: Value, right: Value) -> Value:
        """FHIRPath N1, "Math": `div` truncates, `&` takes empty for no text, a division by zero is empty."""
        a, b = left.single, right.single
        text = isinstance(left.kind, StringType) or isinstance(right.kind, StringType)
        if operator == "&":
            return Value(F.concat(*[F.coalesce(one.cast("string"), F.lit("")) for one in (a, b)]), StringType())
        if text and operator == "+":
            return Value(F.concat(a, b), StringType())
        if text:
            raise self._no(f"{operator} takes numbers")
        whole = all(isinstance(one.kind, IntegralType) for one in (left, right))
        kind: DataType = DoubleType() if operator == "/" or not whole else LongType()
        result = {
            "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: F.try_divide(a, b),
            "div": lambda: F.try_divide(a, b).cast("bigint"), "mod": lambda: F.try_mod(a, b),
        }[operator]()  # fmt: skip
        return Value(result, LongType() if operator == "div" else kind)

    def _call(self, of: Value, name: str, arguments: tuple[Node, ...], context: Value) -> Value:
        if name == "where" and len(arguments) == 1:
            return self._where(of, arguments[0])
        if name == "ofType" and len(arguments) == 1:
            return self._of_type(of, arguments[0])
        if name == "extension" and len(arguments) == 1:
            wanted = Binary("=", Member(This(), "url"), arguments[0])
            return self._where(self._member(of, "extension"), wanted)
        if name == "exists" and len(arguments) == 1:
            return Value(self._where(of, arguments[0]).any, BooleanType())
        if name == "getReferenceKey" and len(arguments) <= 1:
            return self._reference_key(of, arguments)
        values = [self._of(argument, context) for argument in arguments]
        match name, values:
            case "first", []:
                return Value(of.single, of.kind)
            case "exists", []:
                return Value(of.any, BooleanType())
            case "empty", []:
                return Value(~of.any, BooleanType())
            case "not", []:
                return Value(~self._boolean(of), BooleanType())
            case "getResourceKey", []:
                return self._member(self._root, "id")
            case "join", ([] | [_]):
                joined = F.array_join(of.several, self._separator(arguments))
                return Value(F.when(of.any, joined), StringType())
            case "startsWith", [start]:
                return Value(of.single.startswith(start.single), BooleanType())
            case "substring", [start, length]:
                return Value(F.substring(of.single, start.single + 1, length.single), StringType())
            case "count", []:
                return Value(F.greatest(F.size(of.several), F.lit(0)), LongType())
            case "iif", [test, yes, no]:
                return Value(F.when(self._true(test), yes.single).otherwise(no.single), yes.kind)
        raise self._no(f"{name}() with {len(arguments)} argument(s) is not supported")

    def _separator(self, arguments: tuple[Node, ...]) -> str:
        if not arguments:
            return ""
        if not isinstance(arguments[0], Literal):
            raise self._no("join() takes a quoted separator")
        return str(arguments[0].value)

    def _where(self, of: Value, condition: Node) -> Value:
        if isinstance(of.kind, NullType):
            return of

        def holds(one: Column) -> Column:
            return self._true(self._of(condition, Value(one, of.kind)))

        if of.many:
            return Value(F.filter(of.column, holds), of.kind, many=True)
        return Value(F.when(holds(of.column), of.column), of.kind)

    def _of_type(self, of: Value, argument: Node) -> Value:
        if isinstance(of.kind, NullType):
            return of
        if of.choice is None or not isinstance(argument, Member):
            raise self._no("ofType() is supported on a choice such as value[x] only")
        name = argument.name
        # A value[x] that the schema has, but never with this type, is empty and not an error.
        full = of.choice + name[:1].upper() + name[1:]
        return self._member(Value(of.column, of.kind, of.many), full)

    def _reference_key(self, of: Value, arguments: tuple[Node, ...]) -> Value:
        reference = self._member(of, "reference").single.cast("string")
        kind = "[A-Za-z]+"
        if arguments:
            if not isinstance(arguments[0], Member):
                raise self._no("getReferenceKey() takes a resource type")
            kind = arguments[0].name
        key = F.regexp_extract(reference, f"(?:^|/){kind}/([A-Za-z0-9.-]{{1,64}})(?:/_history/.*)?$", 1)
        return Value(F.nullif(key, F.lit("")), StringType())

    def _boolean(self, value: Value) -> Column:
        """FHIRPath's singleton evaluation: a lone value that is no boolean counts as true."""
        if isinstance(value.kind, BooleanType | NullType):
            return value.single.cast("boolean")
        return F.when(value.single.isNotNull(), F.lit(True))

    def _true(self, value: Value) -> Column:
        return F.coalesce(self._boolean(value), F.lit(False))

    def _no(self, why: str) -> ViewError:
        return ViewError(f"View path {self._path!r}: {why}.")
