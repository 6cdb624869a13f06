"""Filters as one expression: which of them leaves a row out, null for a row that stays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.derived.definition import Filter

_NUMBERS = ("int", "bigint", "double", "decimal")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


def left_out(filters: Sequence[Filter], types: Mapping[str, str]) -> Column:
    """The name of the first filter whose condition is true of the row; a null value never is.

    `types` are the Spark types of the columns that the frame has; a filter on another column leaves nothing out.
    """
    chain: Column | None = None
    for one in filters:
        if one.column in types:
            met = condition(one, types[one.column])
            chain = F.when(met, one.name) if chain is None else chain.when(met, one.name)
    return F.lit(None).cast("string") if chain is None else chain


def misfit(one: Filter, kind: str) -> bool:
    """Whether no value of the Spark type can ever meet the filter: a text is asked of a number."""
    return kind.startswith(_NUMBERS) and not all(_NUMBER.match(wanted) for wanted in one.equals)


def condition(one: Filter, kind: str) -> Column:
    """Whether the filter leaves the row out: true or false, never null."""
    value = F.col(one.column)
    number = value if kind.startswith(_NUMBERS) else value.try_cast("double")
    if one.at_least is not None:
        met = number >= F.lit(one.at_least)
    elif one.equals:
        same = [F.lit(wanted).try_cast(kind) for wanted in one.equals]
        met = value.isin(*same)
    else:
        text = value.cast("string")
        met = reduce(Column.__or__, [text.startswith(start) for start in one.starts_with])
    return F.coalesce(met, F.lit(False))
