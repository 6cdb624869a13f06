"""Numbers that two persons claim: they are told to a steward, and join nobody.

Nobody has two numbers of a sole kind (`ins`). A node of the graph of keys is a *unit* when it is a person who has one,
or when it is such a number itself: two units are two persons, whatever a batch says, until somebody settles it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

FEW = 1_000_000
"""Rows up to which a frame goes to every worker, so that the table of all links is read and not sorted."""
SOLE_KINDS = frozenset({"ins"})
EXCLUSIVE_KINDS = frozenset({"psa_alone"})


@dataclass(frozen=True)
class Apart:
    """What may join persons, once conflicts are out of it.

    `strong`: the members, those of a group with two units each in a group of their own. `contested`: keys that two
    units claim (person_key, kind, was_known, known_person). `groups`: how many groups held two units.
    """

    strong: DataFrame
    contested: DataFrame
    groups: int


def with_units(members: DataFrame, known: DataFrame | None) -> tuple[DataFrame, bool]:
    """Add `unit` to the members of groups, and say whether two of them can meet at all.

    A person is a unit who has a number of a sole kind, or of whom a steward settled a number. `known` is None where
    nothing is known yet.
    """
    if known is None:
        told = members.withColumn("unit", F.col("kind").isin(*SOLE_KINDS))
        return told, _two_units(told)
    known_persons = members.where(F.col("known_person").isNotNull()).select(F.col("known_person").alias("person"))
    owning = known.where(F.col("person").isNotNull() & (F.col("kind").isin(*SOLE_KINDS) | F.col("settled")))
    owners = (
        with_few(owning.select("person"), known_persons.distinct().localCheckpoint(), "person")
        .distinct()
        .select(F.col("person").alias("known_person"), F.lit(True).alias("owner"))
    )
    told = (
        members.join(owners, "known_person", "left")
        .withColumn("unit", F.col("kind").isin(*SOLE_KINDS) | F.coalesce("owner", F.lit(False)))
        .drop("owner")
        .localCheckpoint()
    )
    return told, _two_units(told)


def _two_units(told: DataFrame) -> bool:
    return told.where("unit").select("node").distinct().limit(2).count() > 1


def set_apart(members: DataFrame) -> Apart:
    """Take what two units claim out of `members`, which have `unit`, and part the groups that still hold two."""
    units = members.where("unit").select("group", F.col("node").alias("claimant")).distinct()
    contested = (
        members.where(_may_be_contested())
        .select("group", "person_key", "kind", "was_known", "known_person")
        .join(units, "group")
        .groupBy("person_key", "kind", "was_known", "known_person")
        .agg(F.countDistinct("claimant").alias("claimants"))
        .where(F.col("claimants") > 1)
        .drop("claimants")
        .localCheckpoint()
    )
    left = members.where(joins()).join(contested.select("person_key"), "person_key", "left_anti")
    torn = (
        left.where("unit").groupBy("group").agg(F.countDistinct("node").alias("units")).where(F.col("units") > 1)
        .select("group")
    ).localCheckpoint()  # fmt: skip
    groups = torn.count()
    return Apart(left if not groups else parted(left, torn, "group"), contested, groups)


def small(frame: DataFrame, rows: int) -> DataFrame:
    """The frame, which has so many rows, marked to go to every worker if they are few."""
    return F.broadcast(frame) if rows <= FEW else frame


def with_few(frame: DataFrame, wanted: DataFrame, on: str) -> DataFrame:
    """The rows of `frame` whose `on` is in `wanted`, which was computed and has each value once."""
    return frame.join(small(wanted, wanted.count()), on, "left_semi")


def torn_components(components: DataFrame, strong: DataFrame) -> DataFrame:
    """(node, root) of `components` in which two units meet by a chain of groups."""
    units = strong.where("unit").select("node").distinct()
    torn = (
        components.join(units, "node", "left_semi").groupBy("root").agg(F.count(F.lit(1)).alias("units"))
        .where(F.col("units") > 1)
    )  # fmt: skip
    return components.join(torn.select("root"), "root", "left_semi").select("node", "root").localCheckpoint()


def parted(strong: DataFrame, torn: DataFrame, by: str) -> DataFrame:
    """`strong` with each member of what is `torn` in a group of its own: its number is below zero."""
    marked = strong.join(torn.select(by).distinct().withColumn("torn", F.lit(True)), by, "left")
    # The checkpoint freezes the numbers, which would change if the plan ran again.
    return (
        marked.withColumn("own", -1 - F.monotonically_increasing_id())
        .withColumn("group", F.when(F.col("torn"), F.col("own")).otherwise(F.col("group")))
        .drop("torn", "own")
        .localCheckpoint()
    )


def joins() -> Column:
    """Whether a member can join persons: not a shared number, and not one that was taken from everybody."""
    return ~F.col("kind").isin(*EXCLUSIVE_KINDS) & ~(F.col("was_known") & F.col("known_person").isNull())


def _may_be_contested() -> Column:
    return joins() & ~F.col("kind").isin(*SOLE_KINDS) & ~F.col("settled")
