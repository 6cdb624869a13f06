"""How easily rows could be told to be somebody's, from the columns that others may know of people too.

Rows that agree on the quasi-identifiers are a class. *k* is the size of the smallest (Sweeney 2002), *l* the least
number of different sensitive values in one (Machanavajjhala et al. 2007, distinct l-diversity). A class of one is
unique. Where a table names people, a class is counted in people: ten rows of one person hide nobody.

With the size of the population, the expected number of people that would be told by somebody who knows the
quasi-identifiers of the whole population is Benedetti and Franconi's estimate (1998; the form in Templ, Meindl,
Kowarik 2013): with p the share that is in the table and f the class's size, p / (1 - p) * ln(1 / p) for f = 1,
p / (1 - p)^2 * (p ln p + 1 - p) for f = 2, p / (f - 1 + p) beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pseudonymization.errors import NothingToMeasure

_CLASSES, _PEOPLE, _SIZE = "__classes", "__people", "__size"


@dataclass(frozen=True)
class Risk:
    """What `measure_risk` finds. `units` are people, or rows where none are named.

    A person with rows in several classes is as exposed as in the smallest of them, and is counted there alone.
    `sizes`: (size, classes that have it, units exposed by it), from the smallest; `k`, `l` as above, `l` None without
    a sensitive column; `average`: the mean over units of 1 / size; `expected`: units told, estimated for a population.
    """

    units: int
    classes: int
    unique: int
    k: int
    l: int | None  # noqa: E741 - the literature's name
    average: float
    sizes: tuple[tuple[int, int, int], ...]
    expected: float | None = None

    @property
    def highest(self) -> float:
        """The chance of telling a unit of the smallest class."""
        return 1 / self.k


def measure_risk(
    frame: DataFrame,
    quasi: Sequence[str],
    *,
    sensitive: Sequence[str] = (),
    person: str | None = None,
    population: int | None = None,
) -> Risk:
    """The risk of the rows of `frame` by the columns `quasi`; null agrees with null.

    `sensitive`: each is judged apart, and `l` is the least of them; `person`: the column that tells people apart, by
    which units are counted; `population`: how many units there are in the world. The driver receives a row for each
    size. Raises `NothingToMeasure`.
    """
    counted = F.count_distinct(F.col(person)) if person else F.count(F.lit(1))
    diverse = [_different(name).alias(f"__l{at}") for at, name in enumerate(sensitive)]
    classes = frame.groupBy(*[F.col(name) for name in quasi]).agg(counted.alias(_SIZE), *diverse)
    # Rows that name nobody make a class of no people.
    classes = classes.where(F.col(_SIZE) > 0)
    least = [F.min(f"__l{at}").alias(f"__l{at}") for at in range(len(sensitive))]
    rows = classes.groupBy(_SIZE).agg(F.count(F.lit(1)).alias(_CLASSES), *least).orderBy(_SIZE).collect()
    if not rows:
        raise NothingToMeasure("The table has no row to measure: publish a batch of it, or choose another.")
    many = {int(row[_SIZE]): int(row[_CLASSES]) for row in rows}
    exposed = _exposed(frame, classes, quasi, person) if person else {size: size * many[size] for size in many}
    units = sum(exposed.values())
    if population is not None and population < units:
        raise NothingToMeasure(f"The population is smaller than the table ({population:,} and {units:,} units).")
    return Risk(
        units=units,
        classes=sum(many.values()),
        unique=exposed.get(1, 0),
        k=min(many),
        l=min((int(row[f"__l{at}"]) for row in rows for at in range(len(sensitive))), default=None),
        average=sum(held / size for size, held in exposed.items()) / units,
        sizes=tuple((size, many[size], exposed.get(size, 0)) for size in many),
        expected=None
        if population is None
        else sum(held * told(size, units / population) for size, held in exposed.items()),
    )


def told(size: int, share: float) -> float:
    """The chance that one of a class of `size` is told, when the table holds `share` of the population."""
    # Close to the whole population the form for two loses its figures; its limit is 1 / size.
    if share > 1 - 1e-5:
        return 1 / size
    if size == 1:
        return share / (1 - share) * log(1 / share)
    if size == 2:
        return share / (1 - share) ** 2 * (share * log(share) + 1 - share)
    return share / (size - 1 + share)


def _different(name: str) -> Column:
    # In a struct, null is a value like another.
    return F.count_distinct(F.struct(F.col(name)))


def _exposed(frame: DataFrame, classes: DataFrame, quasi: Sequence[str], person: str) -> dict[int, int]:
    """Size -> people whose smallest class has it."""
    theirs = [F.col(name).alias(f"__q{at}") for at, name in enumerate(quasi)]
    pairs = frame.where(F.col(person).isNotNull()).select(F.col(person).alias("__one"), *theirs).distinct()
    sized = classes.select(_SIZE, *[F.col(name).alias(f"__c{at}") for at, name in enumerate(quasi)])
    same = [F.col(f"__q{at}").eqNullSafe(F.col(f"__c{at}")) for at in range(len(quasi))]
    smallest = pairs.join(sized, same).groupBy("__one").agg(F.min(_SIZE).alias(_SIZE))
    found = smallest.groupBy(_SIZE).agg(F.count(F.lit(1)).alias(_PEOPLE)).collect()
    return {int(row[_SIZE]): int(row[_PEOPLE]) for row in found}
