"""FHIRPath's functions as Spark expressions, and the two that SQL on FHIR adds.

Source: https://hl7.org/fhirpath/N1/ , "Functions"; https://build.fhir.org/ig/FHIR/sql-on-fhir-v2/ .
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DoubleType, IntegralType, NullType, StringType, StructType

from ingestion.sql_on_fhir import boundary as fhir_boundary
from ingestion.sql_on_fhir.fhirpath import Binary, Literal, Member, Node, This
from ingestion.sql_on_fhir.model import NUMBERS, family, is_type
from ingestion.sql_on_fhir.operators import number
from ingestion.sql_on_fhir.value import Evaluator, Value, nothing, text, true_or_false, whole

FUNCTIONS: Final[Mapping[str, tuple[int, int]]] = {
    "where": (1, 1), "select": (1, 1), "all": (1, 1), "exists": (0, 1), "empty": (0, 0), "not": (0, 0),
    "ofType": (1, 1), "as": (1, 1), "is": (1, 1), "extension": (1, 1), "hasValue": (0, 0),
    "getResourceKey": (0, 0), "getReferenceKey": (0, 1), "first": (0, 0), "last": (0, 0), "single": (0, 0),
    "tail": (0, 0), "skip": (1, 1), "take": (1, 1), "count": (0, 0), "distinct": (0, 0), "join": (0, 1),
    "lowBoundary": (0, 1), "highBoundary": (0, 1), "iif": (2, 3), "startsWith": (1, 1), "endsWith": (1, 1),
    "contains": (1, 1), "substring": (1, 2), "length": (0, 0), "upper": (0, 0), "lower": (0, 0), "trim": (0, 0),
    "replace": (2, 2), "toString": (0, 0), "toInteger": (0, 0), "toDecimal": (0, 0), "abs": (0, 0),
}  # fmt: skip
"""Each function that is supported, and how many arguments it takes at least and at most."""
TYPED: Final = ("ofType", "as", "is", "getReferenceKey")
"""Functions whose argument is the name of a type and no path."""
_PER_ITEM: Final = ("where", "select", "all", "exists", "extension")


def call(compiler: Evaluator, of: Value, name: str, arguments: tuple[Node, ...], context: Value) -> Value:
    """The value of `of.name(arguments)`. Raises `ViewError` for a function that is not supported."""
    least, most = FUNCTIONS.get(name, (0, -1))
    if not least <= len(arguments) <= most:
        raise compiler.no(f"{name}() with {len(arguments)} argument(s) is not supported")
    if name in TYPED and name != "getReferenceKey":
        typed = of_type(compiler, of, type_name(compiler, arguments[0]))
        return true_or_false(typed.any) if name == "is" else typed
    if name in ("exists", "empty", "hasValue") and not arguments:
        there = _there(compiler, of)
        return true_or_false(~there if name == "empty" else there)
    of = compiler.settled(of)
    if name in _PER_ITEM:
        return _per_item(compiler, of, name, arguments[0])
    if name == "getReferenceKey":
        return _reference_key(compiler, of, arguments)
    if name in ("lowBoundary", "highBoundary"):
        return _boundary(compiler, of, name == "highBoundary", arguments)
    values = [compiler.of(argument, context) for argument in arguments]
    return _function(compiler, of, name, values)


def type_name(compiler: Evaluator, node: Node) -> str:
    """The type that a specifier (`Quantity`, `FHIR.Quantity`, `System.String`) names."""
    match node:
        case Member(This(), name):
            return name
        case Member(Member(This(), "FHIR" | "System"), name):
            return name
    raise compiler.no("a type is named here, such as Quantity or dateTime")


def of_type(compiler: Evaluator, of: Value, name: str) -> Value:
    """`of` where it is of the type `name`, else empty. Raises `ViewError` for a type that FHIR does not have."""
    if not is_type(name):
        raise compiler.no(f"{name} is no type of FHIR")
    if of.choice is not None:
        holder = Value(of.column, of.kind, of.many, of.fhir)
        full = of.choice + name[:1].upper() + name[1:]
        if isinstance(of.kind, StructType) and full in of.kind.names:
            found = compiler.member(holder, full)
            return Value(found.column, found.kind, found.many, found.fhir or name, shadow=found.shadow)
        # A value[x] that the schema has, but never with this type, is empty and not an error.
        return nothing(name)
    if isinstance(of.kind, NullType):
        return nothing(name)
    if of.fhir is not None:
        wanted = name[:1].lower() + name[1:] if family(of.fhir) in ("text", "number", "temporal", "boolean") else name
        same = wanted == of.fhir or (wanted == "string" and family(of.fhir) == "text")
        return of if same or (wanted == "integer" and of.fhir in NUMBERS - {"decimal"}) else nothing(name)
    by_kind = {
        "boolean": BooleanType, "string": StringType, "integer": IntegralType, "decimal": DoubleType,
    }.get(name[:1].lower() + name[1:])  # fmt: skip
    if by_kind is None:
        raise compiler.no("ofType() is supported on a choice such as value[x] only")
    return of if isinstance(of.kind, by_kind) else nothing(name)


def _there(compiler: Evaluator, of: Value) -> Column:
    there = F.lit(False)
    for one in compiler.alternatives(of):
        if not isinstance(one.kind, NullType):
            there = there | one.any
    return there


def _per_item(compiler: Evaluator, of: Value, name: str, argument: Node) -> Value:
    if name == "extension":
        wanted = Binary("=", Member(This(), "url"), argument)
        return _where(compiler, compiler.member(of, "extension"), wanted)
    if name == "where":
        return _where(compiler, of, argument)
    if name == "exists":
        return true_or_false(_where(compiler, of, argument).any)
    if name == "all":
        if isinstance(of.kind, NullType):
            return true_or_false(F.lit(True))
        false = F.filter(of.several, lambda one: ~_holds(compiler, argument, of, one))
        return true_or_false(~F.coalesce(F.size(false) > 0, F.lit(False)))
    return _select(compiler, of, argument)


def _holds(compiler: Evaluator, condition: Node, of: Value, one: Column) -> Column:
    value = compiler.of(condition, Value(one, of.kind, fhir=of.fhir))
    return F.coalesce(compiler.boolean(value), F.lit(False))


def _where(compiler: Evaluator, of: Value, condition: Node) -> Value:
    if isinstance(of.kind, NullType):
        return of
    if of.many:
        kept = F.filter(of.column, lambda one: _holds(compiler, condition, of, one))
        return Value(kept, of.kind, True, of.fhir)
    return Value(F.when(_holds(compiler, condition, of, of.column), of.column), of.kind, fhir=of.fhir)


def _select(compiler: Evaluator, of: Value, argument: Node) -> Value:
    if isinstance(of.kind, NullType) or not of.many:
        return compiler.of(argument, of)
    seen: list[Value] = []

    def each(one: Column) -> Column:
        seen.append(compiler.of(argument, Value(one, of.kind, fhir=of.fhir)))
        return seen[-1].several

    column = F.flatten(F.transform(of.column, each))
    return Value(column, seen[-1].kind, True, seen[-1].fhir)


def _reference_key(compiler: Evaluator, of: Value, arguments: tuple[Node, ...]) -> Value:
    wanted = "[A-Za-z]+"
    if arguments:
        quoted = arguments[0].value if isinstance(arguments[0], Literal) else None
        wanted = quoted if isinstance(quoted, str) and quoted.isalpha() else type_name(compiler, arguments[0])
    reference = compiler.member(of, "reference")
    if isinstance(reference.kind, NullType):
        return nothing("string")
    form = f"(?:^|/){wanted}/([A-Za-z0-9.-]{{1,64}})(?:/_history/.*)?$"

    def key(one: Column) -> Column:
        return F.nullif(F.regexp_extract(one.cast("string"), form, 1), F.lit(""))

    if reference.many:
        keys = F.filter(F.transform(reference.column, key), lambda one: one.isNotNull())
        return Value(keys, StringType(), True, "string")
    return text(key(reference.column))


def _boundary(compiler: Evaluator, of: Value, high: bool, arguments: tuple[Node, ...]) -> Value:
    digits: int | None = None
    if arguments:
        literal = arguments[0]
        if not isinstance(literal, Literal) or isinstance(literal.value, bool) or not isinstance(literal.value, int):
            raise compiler.no("a precision is a whole number")
        digits = literal.value
    if isinstance(of.kind, NullType):
        return nothing("dateTime" if of.fhir == "Period" else of.fhir)
    if of.fhir == "Period" or (of.fhir is None and isinstance(of.kind, StructType)):
        edge = compiler.member(of, "end" if high else "start")
        return _boundary(compiler, Value(edge.column, edge.kind, edge.many, "dateTime"), high, arguments)
    one = compiler.one(of)
    if of.is_number:
        return Value(fhir_boundary.of_number(one.cast("string"), high, digits), DoubleType(), fhir="decimal")
    if not isinstance(of.kind, StringType) or (of.fhir is not None and not of.is_temporal):
        raise compiler.no("a boundary is of a decimal, a date, a dateTime, a time or a Period")
    made = {
        "date": fhir_boundary.of_date, "dateTime": fhir_boundary.of_date_time,
        "instant": fhir_boundary.of_date_time, "time": fhir_boundary.of_time, None: fhir_boundary.of_text,
    }[of.fhir]  # fmt: skip
    return Value(made(one, high, digits), StringType(), fhir=of.fhir)


def _function(compiler: Evaluator, of: Value, name: str, values: list[Value]) -> Value:
    match name, values:
        case "not", []:
            return true_or_false(~compiler.boolean(of))
        case "getResourceKey", []:
            return compiler.member(compiler.root, "id")
        case "first", []:
            return _part_of(of, of.first, many=False)
        case "last", []:
            return _part_of(of, F.get(of.column, F.size(of.column) - 1), many=False) if of.many else of
        case "single", []:
            return _part_of(of, compiler.one(of), many=False)
        case "tail", []:
            return _sliced(of, F.lit(1), F.size(of.several))
        case "skip", [count]:
            return _sliced(of, compiler.one(count), F.size(of.several))
        case "take", [count]:
            return _sliced(of, F.lit(0), compiler.one(count))
        case "count", []:
            return whole(F.lit(0) if isinstance(of.kind, NullType) else F.greatest(F.size(of.several), F.lit(0)))
        case "distinct", []:
            return _part_of(of, F.array_distinct(of.several), many=True) if of.many else of
        case "toString", []:
            return text(compiler.one(of).try_cast("string"))
        case "toInteger", []:
            return whole(compiler.one(of).try_cast("bigint"))
        case "toDecimal", []:
            return Value(compiler.one(of).try_cast("double"), DoubleType(), fhir="decimal")
        case "abs", []:
            return Value(F.abs(number(of, compiler.one(of))), of.kind, fhir=of.fhir)
        case "join", _:
            return _join(compiler, of, values)
        case "iif", [test, yes, *rest]:
            return _iif(compiler, test, yes, rest[0] if rest else nothing())
    return _of_text(compiler, of, name, values)


def _part_of(of: Value, column: Column, *, many: bool) -> Value:
    return Value(column, of.kind, many, of.fhir)


def _sliced(of: Value, start: Column, length: Column) -> Value:
    """`length` values from `start`, which counts from 0."""
    if isinstance(of.kind, NullType):
        return of
    size = F.coalesce(F.size(of.several), F.lit(0))
    begin = F.greatest(start.cast("int"), F.lit(0))
    count = F.greatest(F.least(length.cast("int"), size - begin), F.lit(0))
    return _part_of(of, F.slice(of.several, begin + 1, count), many=True)


def _iif(compiler: Evaluator, test: Value, yes: Value, no: Value) -> Value:
    shown = yes if not isinstance(yes.kind, NullType) else no
    condition = F.coalesce(compiler.boolean(test), F.lit(False))
    return Value(F.when(condition, compiler.one(yes)).otherwise(compiler.one(no)), shown.kind, fhir=shown.fhir)


def _join(compiler: Evaluator, of: Value, values: list[Value]) -> Value:
    if isinstance(of.kind, NullType):
        return nothing("string")
    separator = compiler.one(values[0]) if values else F.lit("")
    return text(F.when(of.any, F.call_function("array_join", of.several, separator)))


def _of_text(compiler: Evaluator, of: Value, name: str, values: list[Value]) -> Value:
    if not isinstance(of.kind, StringType | NullType):
        raise compiler.no(f"{name}() takes a text")
    word = compiler.one(of).cast("string")
    match name, [compiler.one(one) for one in values]:
        case "startsWith", [start]:
            return true_or_false(word.startswith(start))
        case "endsWith", [end]:
            return true_or_false(word.endswith(end))
        case "contains", [part]:
            return true_or_false(word.contains(part))
        case "length", []:
            return whole(F.length(word))
        case "upper", []:
            return text(F.upper(word))
        case "lower", []:
            return text(F.lower(word))
        case "trim", []:
            return text(F.trim(word))
        case "replace", [old, new]:
            return text(F.replace(word, old, new))
        case "substring", [start, *length]:
            # FHIRPath N1, "substring": a start outside the text is empty.
            inside = (start >= 0) & (start < F.length(word))
            cut = F.substring(word, start.cast("int") + 1, length[0].cast("int") if length else F.length(word))
            return text(F.when(inside, cut))
    raise compiler.no(f"{name}() is not supported")
