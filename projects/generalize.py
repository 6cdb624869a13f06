"""Quasi-identifiers of an extract, told as finely as enough persons share them.

| `generalize` of a column | what an extract tells |
|---|---|
| `age` | years up to 90; 90 stands for 90 and more |
| `birth_year`, `birth_date` | those of 90 years and more have one year of birth, and its 1 January |
| `commune`, `departement` | a place that fewer than k persons of the table share becomes the wider one |

Ages over 89 are one class after the Safe Harbor method (45 CFR 164.514(b)(2)(i)(C)). k is 11 unless the site says
otherwise, as in what the SNDS lets out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from projects.regions import REGIONS

AGE, BIRTH_YEAR, BIRTH_DATE, COMMUNE, DEPARTEMENT = "age", "birth_year", "birth_date", "commune", "departement"
_NO_AGE = 150
_LEVEL, _COUNT = "__level", "__sharing"


class Rough(Protocol):
    """What must be known of a column; `ingestion.contract.Column` has it."""

    @property
    def type(self) -> str:
        """A Spark type, or a contract's own word for one."""

    @property
    def generalize(self) -> str | None:
        """What the column tells of a person, if that is to be told roughly."""


@dataclass(frozen=True)
class Generalization:
    """`least`: persons who must share a place (1 tells every place); `oldest`: the age from which ages are one."""

    least: int = 11
    oldest: int = 90


USUAL = Generalization()
"""What holds unless the site says otherwise."""


def top_coded(value: Column, column: Rough, rules: Generalization, last: date) -> Column:
    """The value of a column, roughly where it tells an age that few reach; its type is kept.

    `last` is the last day that the extract can tell of: who is `oldest` then or before is in the class of the oldest.
    """
    first_year = last.year - rules.oldest
    if column.generalize == AGE:
        # Codes above are no years: 1003 is three months in the claims.
        old = value.try_cast("int").between(rules.oldest + 1, _NO_AGE)
        oldest = F.lit(rules.oldest).cast(column.type)
        return F.when(old, F.lpad(oldest, F.length(value), "0") if column.type == "string" else oldest).otherwise(value)
    if column.generalize == BIRTH_YEAR:
        old = value.try_cast("int") < first_year
        return F.when(old, F.lit(first_year).cast(column.type)).otherwise(value)
    if column.generalize == BIRTH_DATE:
        first = F.lit(date(first_year, 1, 1))
        return F.when(value.cast("date") < first, first.cast(column.type)).otherwise(value)
    return value


def with_wide_places(
    rows: DataFrame, columns: Mapping[str, Rough], granted: list[str], person: str, rules: Generalization
) -> DataFrame:
    """`rows` with each granted place as wide as `rules.least` persons of them (column `person`) share it.

    A commune becomes null and its département stays; a département becomes `R` and the code of its region, then null.
    Persons who were counted at a finer level do not count at a wider one: they would hide nobody there. Where a table
    has several places, the first commune goes with the first département, and so on.
    """
    if rules.least <= 1:
        return rows
    communes, departements = (
        [name for name in granted if columns[name].generalize == one] for one in (COMMUNE, DEPARTEMENT)
    )
    pairs: list[tuple[str | None, str | None]]
    if len(communes) == len(departements):
        pairs = list(zip(communes, departements, strict=True))
    else:
        pairs = [*((one, None) for one in communes), *((None, one) for one in departements)]
    for commune, departement in pairs:
        rows = _widened(rows, commune, departement, columns, person, rules.least)
    return rows


def _widened(
    rows: DataFrame, commune: str | None, departement: str | None, columns: Mapping[str, Rough], person: str, least: int
) -> DataFrame:
    frame = rows.withColumn(_LEVEL, F.lit(0))
    for level, place in enumerate(_levels(commune, departement)[:-1]):
        # Null is no place, and tells nothing however few have it.
        here = frame.where(F.col(_LEVEL) == level).groupBy(place.alias("__place"))
        few = here.agg(F.count_distinct(person).alias(_COUNT)).where(
            F.col("__place").isNotNull() & (F.col(_COUNT) < least)
        )
        alone = F.broadcast(few.select("__place", F.lit(True).alias("__few")))
        frame = (
            frame.withColumn("__mine", place)
            .join(alone, F.col("__mine") == F.col("__place"), "left")
            .withColumn(_LEVEL, F.when((F.col(_LEVEL) == level) & F.col("__few"), level + 1).otherwise(F.col(_LEVEL)))
            .drop("__mine", "__place", "__few")
        )
    return frame.withColumns(_told(commune, departement, columns)).drop(_LEVEL)


def region_of(departement: Column) -> Column:
    """`R` and the INSEE code of a département's region (`029` and `29` are one); null for what is none."""
    code = F.regexp_replace(F.upper(F.btrim(departement)), "^0(?=[0-9]{2}$|2[AB]$)", "")
    regions = F.create_map(*[F.lit(one) for one in chain.from_iterable(REGIONS.items())])
    return F.concat(F.lit("R"), F.try_element_at(regions, code))


def _levels(commune: str | None, departement: str | None) -> list[Column]:
    """What rows are counted by, from the finest place on; the last level tells nothing."""
    nothing = F.lit(None).cast("string")
    whole = [F.concat_ws("|", F.col(departement), F.col(commune))] if commune and departement else []
    if departement:
        some = F.coalesce(F.col(departement), F.col(commune)) if commune else F.col(departement)
        levels = [F.when(some.isNotNull(), one) for one in whole]
        return [*levels, F.col(departement).cast("string"), region_of(F.col(departement)), nothing]
    return [F.col(commune or "").cast("string"), nothing]


def _told(commune: str | None, departement: str | None, columns: Mapping[str, Rough]) -> dict[str, Column]:
    level = F.col(_LEVEL)
    told: dict[str, Column] = {}
    if commune:
        told[commune] = F.when(level == 0, F.col(commune))
    if departement:
        fine = 1 if commune else 0
        region = region_of(F.col(departement)).cast(columns[departement].type)
        told[departement] = F.when(level <= fine, F.col(departement)).when(level == fine + 1, region)
    return told
