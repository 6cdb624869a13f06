"""FHIRPath's operators as Spark expressions. Source: https://hl7.org/fhirpath/N1/ , "Operations"."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, IntegralType, LongType, NullType, StringType, StructType

from ingestion.sql_on_fhir.boundary import instants
from ingestion.sql_on_fhir.model import TEXTS
from ingestion.sql_on_fhir.value import Evaluator, Value, nothing, text, true_or_false

_PLACES = 8
"""Decimals are exact to at least so many places (FHIRPath N1, "Decimal")."""


def binary(compiler: Evaluator, operator: str, left: Value, right: Value) -> Value:
    """The value of `left operator right`. Raises `ViewError` for what cannot be joined so."""
    if operator in ("and", "or", "xor", "implies"):
        a, b = compiler.boolean(left), compiler.boolean(right)
        return true_or_false({"and": a & b, "or": a | b, "xor": a != b, "implies": ~a | b}[operator])
    if isinstance(left.kind, StructType) or isinstance(right.kind, StructType):
        raise compiler.no("only simple values can be compared")
    if operator in ("+", "-", "*", "/", "div", "mod", "&"):
        return _calculated(compiler, operator, left, right)
    if operator == "|":
        return _union(compiler, left, right)
    if operator in ("in", "contains"):
        whole, part = (right, left) if operator == "in" else (left, right)
        wanted = compiler.one(part)
        return true_or_false(F.when(wanted.isNotNull(), F.coalesce(_holds(whole, wanted), F.lit(False))))
    if operator in ("=", "!="):
        same = _equal(left, right)
        return true_or_false(same if operator == "=" else ~same)
    return true_or_false(_ordered(operator, left, right, compiler.one(left), compiler.one(right)))


def number(value: Value, column: Column) -> Column:
    """`column` of `value` as a number, when it is one that was kept as text."""
    return column.try_cast("double") if isinstance(value.kind, StringType) and value.is_number else column


def _holds(whole: Value, wanted: Column) -> Column:
    return F.array_contains(whole.several, wanted)


def _equal(left: Value, right: Value) -> Column:
    if not left.many and not right.many:
        return _same(left, right, left.column, right.column)
    if isinstance(left.kind, NullType) or isinstance(right.kind, NullType):
        return F.lit(None).cast("boolean")
    if left.many and right.many:
        alike = left.column == right.column if left.kind == right.kind else F.lit(False)
    else:
        # FHIRPath N1, "Equals": collections of different sizes are not equal.
        several = left if left.many else right
        alike = (F.size(several.column) == 1) & _same(left, right, left.first, right.first)
    return F.when(left.any & right.any, alike)


def _same(left: Value, right: Value, a: Column, b: Column) -> Column:
    if _in_time(left, right):
        return _moments("=", left, right, a, b)
    return number(left, a) == number(right, b)


def _ordered(operator: str, left: Value, right: Value, a: Column, b: Column) -> Column:
    if _in_time(left, right):
        return _moments(operator, left, right, a, b)
    return _compared(operator, number(left, a), number(right, b))


def _in_time(left: Value, right: Value) -> bool:
    """Whether the two are compared as dates and times; a text in quotes is compared as text."""
    return (left.is_temporal or right.is_temporal) and not {left.fhir, right.fhir} & TEXTS


def _compared(operator: str, a: Column, b: Column) -> Column:
    return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[operator]


def _moments(operator: str, left: Value, right: Value, a: Column, b: Column) -> Column:
    """Dates and times of any precision: empty where the coarser of the two does not tell."""
    if isinstance(left.kind, NullType) or isinstance(right.kind, NullType):
        return F.lit(None).cast("boolean")
    time = "time" in (left.fhir, right.fhir)
    (a_first, a_last), (b_first, b_last) = instants(a, time), instants(b, time)
    before, after = a_last < b_first, a_first > b_last
    equal = (a_first == b_first) & (a_last == b_last)
    if operator == "=":
        told = F.when(before | after, F.lit(False)).when(equal, F.lit(True))
    else:
        told = F.when(before, F.lit("<" in operator)).when(after, F.lit(">" in operator))
        told = told.when(equal, F.lit("=" in operator))
    # What is no date is text, and follows the order of text.
    plain = (a == b) if operator == "=" else _compared(operator, a, b)
    known = a_first.isNotNull() & b_first.isNotNull()
    return F.when(known, told).when(a.isNotNull() & b.isNotNull() & ~known, plain)


def _union(compiler: Evaluator, left: Value, right: Value) -> Value:
    if isinstance(left.kind, NullType):
        return Value(F.array_distinct(right.several), right.kind, True, right.fhir) if right.many else right
    if isinstance(right.kind, NullType):
        return _union(compiler, right, left)
    if left.kind != right.kind:
        raise compiler.no("| joins values of one type")
    empty = F.array().cast(f"array<{left.kind.simpleString()}>")
    both = F.concat(F.coalesce(left.several, empty), F.coalesce(right.several, empty))
    return Value(F.array_distinct(both), left.kind, True, left.fhir)


def _calculated(compiler: Evaluator, operator: str, left: Value, right: Value) -> Value:
    """FHIRPath N1, "Math": `div` truncates, `&` takes empty for no text, a division by zero is empty."""
    a, b = compiler.one(left), compiler.one(right)
    if operator == "&":
        return text(F.concat(*[F.coalesce(one.cast("string"), F.lit("")) for one in (a, b)]))
    if isinstance(left.kind, NullType) or isinstance(right.kind, NullType):
        return nothing(left.fhir or right.fhir)
    numbers = left.is_number and right.is_number
    if operator == "+" and not left.is_number and not right.is_number:
        return text(F.concat(a, b))
    if not numbers:
        raise compiler.no(f"{operator} takes numbers")
    a, b = number(left, a), number(right, b)
    if operator == "div":
        return Value(F.try_divide(a, b).cast("bigint"), LongType(), fhir="integer")
    if operator != "/" and all(isinstance(one.kind, IntegralType) for one in (left, right)):
        return Value(_arithmetic(operator, a, b), LongType(), fhir="integer")
    result = F.try_divide(a, b) if operator == "/" else _arithmetic(operator, a.cast("double"), b.cast("double"))
    return Value(F.round(result.cast("double"), _PLACES), DoubleType(), fhir="decimal")


def _arithmetic(operator: str, a: Column, b: Column) -> Column:
    return {"+": F.try_add, "-": F.try_subtract, "*": F.try_multiply, "mod": F.try_mod}[operator](a, b)
