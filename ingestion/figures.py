"""The figures of a batch: rows, missing values, new codes, age of the last date, in one pass and without a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.catalogue import SMALL
from ingestion.contract import Contract

ROWS, NULL_SHARE, NEW_CODES, AGE_DAYS = "rows", "null_share", "new_codes", "age_days"
_NEW = "_new"


@dataclass(frozen=True)
class Figure:
    """One figure; `column` is empty for the table's own. A `hidden` one stands for few people and is rounded away."""

    name: str
    column: str
    value: float
    hidden: bool = False


def measure(
    contract: Contract,
    added: DataFrame,
    earlier: DataFrame | None,
    today: date,
    missing: Mapping[str, int] | None = None,
) -> list[Figure]:
    """The figures of the rows that a batch added; `earlier` are the rows of the batches it is compared with.

    `missing` are the missing values by column, where they are known already. One aggregation. Codes are compared
    inside the engine, and only how many are new comes out of it.
    """
    codes = code_columns(contract) if earlier is not None else []
    measured = measured_columns(contract)
    nulls = measured if missing is None else []
    period = contract.period.column if contract.period else None
    dated = period if period and period in contract.lake_columns else None
    names = list(dict.fromkeys([*nulls, *codes, *([dated] if dated else [])]))
    frame = added.select(*names, F.lit(True).alias(_NEW))
    if earlier is not None and codes:
        # A column that is new in this version of the contract was missing before.
        known = [
            F.col(name) if name in earlier.columns and name in codes else F.lit(None).alias(name) for name in names
        ]
        before = earlier.select(*known, F.lit(False).alias(_NEW))
        frame = frame.unionByName(before)
    new = F.col(_NEW)
    wanted = [F.count_if(new)]
    wanted += [F.count_if(new & F.col(name).isNull()) for name in nulls]
    wanted += [_unseen(F.col(name), new) for name in codes]
    wanted += [F.max(F.when(new, F.col(dated))).cast("date")] if dated else []
    row = frame.agg(*[one.alias(f"f{place}") for place, one in enumerate(wanted)]).first()
    values = list(row) if row else []
    rows = int(values[0] or 0)
    figures = [_count(ROWS, rows)]
    counted = missing or dict(zip(nulls, map(int, values[1 : 1 + len(nulls)]), strict=True))
    # A column that the files lack has no value in any row.
    figures += [share_of(name, counted.get(name, rows), rows) for name in measured]
    figures += [
        Figure(NEW_CODES, name, float(found))
        for name, found in zip(codes, values[1 + len(nulls) : 1 + len(nulls) + len(codes)], strict=True)
    ]
    if dated and isinstance(values[-1], date):
        hidden = rows < SMALL
        figures.append(Figure(AGE_DAYS, dated, 0.0 if hidden else float((today - values[-1]).days), hidden))
    return figures


def share_of(column: str, nulls: int, rows: int) -> Figure:
    """The share of missing values, hidden where so few lack one, or have one, that they could be told apart."""
    if 0 < nulls < SMALL or 0 < rows - nulls < SMALL:
        return Figure(NULL_SHARE, column, float(nulls > rows - nulls), hidden=True)
    return Figure(NULL_SHARE, column, round(nulls / rows, 4) if rows else 0.0)


def measured_columns(contract: Contract) -> list[str]:
    """Columns whose missing values are counted: what the lake keeps."""
    return list(contract.lake_columns)


def code_columns(contract: Contract) -> list[str]:
    """Columns that hold codes of a list, kept as they are."""
    return [
        name
        for name in contract.lake_columns
        if (contract.columns[name].codes is not None or contract.columns[name].nomenclature)
        and contract.columns[name].digest is None
        and contract.columns[name].sensitivity in ("quasi", "plain")
    ]


def _count(name: str, rows: int) -> Figure:
    return Figure(name, "", 0.0, hidden=True) if 0 < rows < SMALL else Figure(name, "", float(rows))


def _unseen(column: Column, new: Column) -> Column:
    held = F.collect_set(F.when(~new, column))
    return F.size(F.array_except(F.collect_set(F.when(new, column)), held))
