"""A FHIRPath tree over a declared schema becomes a native Spark expression: no Python runs on a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DataType, StringType, StructType

from ingestion.errors import ViewError
from ingestion.fhirpath import Binary, Call, Constant, Index, Literal, Member, Node, This, parse

Constants = Mapping[str, str | int | float | bool]


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
    """Compiles the paths of one view; `root` is the resource, for `getResourceKey()`."""

    def __init__(self, root: Value, constants: Constants) -> None:
        self._root, self._constants = root, constants
        self._path = ""

    def compile(self, path: str, context: Value) -> Value:
        """The value of `path` in `context`. Raises `ViewError` naming the path for what is not supported."""
        self._path = path
        return self._of(parse(path), context)

    def condition(self, path: str, context: Value) -> Column:
        """The path as a filter: true where it is true, false where it is false or empty."""
        return self._true(self.compile(path, context))

    def _of(self, node: Node, context: Value) -> Value:
        match node:
            case Literal(value):
                return Value(F.lit(value), StringType() if isinstance(value, str) else BooleanType())
            case Constant(name):
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
        if not isinstance(of.kind, StructType):
            raise self._no(f"{name} is asked of something that has no parts")
        if name not in of.kind.names:
            if any(part.startswith(name) and part[len(name)].isupper() for part in of.kind.names if part != name):
                return Value(of.column, of.kind, of.many, choice=name)
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
        if operator in ("and", "or"):
            a, b = self._boolean(left), self._boolean(right)
            return Value(a & b if operator == "and" else a | b, BooleanType())
        if isinstance(left.kind, StructType) or isinstance(right.kind, StructType):
            raise self._no("only simple values can be compared")
        result = {
            "=": lambda: a == b, "!=": lambda: a != b, "<": lambda: a < b, ">": lambda: a > b,
            "<=": lambda: a <= b, ">=": lambda: a >= b,
        }[operator]()  # fmt: skip
        return Value(result, BooleanType())

    def _call(self, of: Value, name: str, arguments: tuple[Node, ...], context: Value) -> Value:
        if name == "where" and len(arguments) == 1:
            return self._where(of, arguments[0])
        if name == "ofType" and len(arguments) == 1:
            return self._of_type(of, arguments[0])
        if name == "extension" and len(arguments) == 1:
            wanted = Binary("=", Member(This(), "url"), arguments[0])
            return self._where(self._member(of, "extension"), wanted)
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
        raise self._no(f"{name}() with {len(arguments)} argument(s) is not supported")

    def _separator(self, arguments: tuple[Node, ...]) -> str:
        if not arguments:
            return ""
        if not isinstance(arguments[0], Literal):
            raise self._no("join() takes a quoted separator")
        return str(arguments[0].value)

    def _where(self, of: Value, condition: Node) -> Value:
        def holds(one: Column) -> Column:
            return self._true(self._of(condition, Value(one, of.kind)))

        if of.many:
            return Value(F.filter(of.column, holds), of.kind, many=True)
        return Value(F.when(holds(of.column), of.column), of.kind)

    def _of_type(self, of: Value, argument: Node) -> Value:
        if of.choice is None or not isinstance(argument, Member):
            raise self._no("ofType() is supported on a choice such as value[x] only")
        name = argument.name
        # A value[x] that the schema has, but never with this type, is empty and not an error.
        full = of.choice + name[:1].upper() + name[1:]
        return self._member(Value(of.column, of.kind, of.many), full)

    def _reference_key(self, of: Value, arguments: tuple[Node, ...]) -> Value:
        reference = self._member(of, "reference").single
        kind = "[A-Za-z]+"
        if arguments:
            if not isinstance(arguments[0], Member):
                raise self._no("getReferenceKey() takes a resource type")
            kind = arguments[0].name
        key = F.regexp_extract(reference, f"(?:^|/){kind}/([A-Za-z0-9.-]{{1,64}})(?:/_history/.*)?$", 1)
        return Value(F.nullif(key, F.lit("")), StringType())

    def _boolean(self, value: Value) -> Column:
        """FHIRPath's singleton evaluation: a lone value that is no boolean counts as true."""
        if isinstance(value.kind, BooleanType):
            return value.single
        return F.when(value.single.isNotNull(), F.lit(True))

    def _true(self, value: Value) -> Column:
        return F.coalesce(self._boolean(value), F.lit(False))

    def _no(self, why: str) -> ViewError:
        return ViewError(f"View path {self._path!r}: {why}.")
