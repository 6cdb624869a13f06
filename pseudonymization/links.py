"""The `person_link` table: which person keys are the same person.

Columns: `person_key` (unique), `kind`, `person` (`<key_id>:<32 hex>`; null for a key that several persons bear or
claim), `minted_at`, the number of the learning in which the person was minted: the smaller, the older; and `settled`,
true where somebody decided whose key it is (see `links_by_hand`).

A person id is minted once, as the digest under `person-id` of the smallest key of its component. When a
batch shows that two persons are one, the oldest id survives. Nothing is learnt from a key of an exclusive
kind (`psa_alone`: twins share it): such a key follows the one person that bears it, joins nobody, and
becomes null for good once two persons bear it. What two persons claim who each have a number of a sole kind joins
nobody either (see `conflicts`): it is held until a steward settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, LongType, StringType, StructField, StructType

from pseudonymization.conflicts import (
    EXCLUSIVE_KINDS,
    joins,
    parted,
    set_apart,
    small,
    torn_components,
    with_few,
    with_units,
)
from pseudonymization.digest import keyed_digest, with_keys, without_keys
from pseudonymization.keystore import DerivedKey

LINKS_SCHEMA = StructType(
    [
        StructField("person_key", StringType(), False),
        StructField("kind", StringType(), False),
        StructField("person", StringType(), True),
        StructField("minted_at", LongType(), False),
        StructField("settled", BooleanType(), True),
    ]
)

_KNOWN_PERSON, _NEW_KEY = 0, 1
_UNKNOWN = {"person": "string", "at": "bigint", "settled": "boolean", "was_known": "boolean"}
"""What the table would say of a key that it does not have."""


@dataclass(frozen=True)
class Learned:
    """The whole new `person_link` table, and what changed in it.

    `added`: the new rows, where every other row stays as it is; else None, and the table must be written again.
    `keys`: keys that were not in the table; `minted`: new persons; `merged`: persons absorbed by an older
    one; `ambiguous`: keys of this batch that no single person bears. `contested`: keys that two persons claimed, now
    held; `apart`: groups, and chains of groups, that would have made one person of two and joined nobody.
    """

    table: DataFrame
    added: DataFrame | None
    keys: int
    minted: int
    merged: int
    ambiguous: int
    contested: int = 0
    apart: int = 0


def empty_links(spark: SparkSession) -> DataFrame:
    """The `person_link` table before anything is learnt."""
    return spark.createDataFrame([], LINKS_SCHEMA)


def with_settled(known: DataFrame) -> DataFrame:
    """The table with its column `settled`, which tables of earlier releases have not."""
    return known if "settled" in known.columns else known.withColumn("settled", F.lit(False))


def key_group(keys: Sequence[tuple[str, Column]]) -> Column:
    """One row's keys with their kinds, as `learn` takes them: array<struct<kind, person_key>>; null keys fall out."""
    pairs = [F.struct(F.lit(kind).alias("kind"), key.alias("person_key")) for kind, key in keys]
    return F.filter(F.array(*pairs), lambda pair: pair["person_key"].isNotNull())


def learn(known: DataFrame, groups: DataFrame, *, spark: SparkSession, key: DerivedKey, generation: int) -> Learned:
    """Merge into `known` what a batch taught.

    `groups` has one column `keys`, array<struct<kind, person_key>>: keys found together, hence of one
    person. `key` is that of purpose `person-id`; `generation` must grow from one learning to the next.
    Learning the same groups again changes nothing.
    """
    known = with_settled(known)
    members, units_meet = with_units(*_members(groups, known))
    strong, contested, apart = members.where(joins()), None, 0
    if units_meet:
        told = set_apart(members)
        strong, contested, apart = told.strong, told.contested, told.groups
    components = _components(strong)
    if units_meet:
        torn = torn_components(components, strong)
        chains = torn.select("root").distinct().count()
        if chains:
            apart += chains
            strong = parted(strong, torn, "node")
            components = components.join(torn, "node", "left_anti").unionByName(
                torn.select("node", F.col("node").alias("root"))
            )
    persons = _persons(components, spark, key, generation).localCheckpoint()
    absorbed = persons.where((F.col("node.rank") == _KNOWN_PERSON) & (F.col("node.id") != F.col("person"))).select(
        F.col("node.id").alias("absorbed"), F.col("person").alias("survivor"), F.col("minted_at").alias("survivor_at")
    )
    placed = strong.join(persons, "node").localCheckpoint()
    shared = _place_exclusive(members, placed, absorbed)
    if contested is not None:
        shared = shared.unionByName(_held(contested))
    shared = shared.localCheckpoint()
    is_new = F.col("node.rank") == _NEW_KEY
    rows = (
        placed.where(is_new)
        .select("person_key", "kind", "person", "minted_at", F.lit(False).alias("settled"))
        .distinct()
    )
    columns = LINKS_SCHEMA.fieldNames()
    added = rows.unionByName(shared.where(~F.col("was_known")).select(columns))
    fresh, minted = _counts(
        placed, F.count_distinct(F.when(is_new, F.col("person_key"))),
        F.count_distinct(F.when(F.col("minted"), F.col("person"))),
    )  # fmt: skip
    changes = F.col("was_known") & ~F.col("person").eqNullSafe(F.col("known_person"))
    unknown, changed, ambiguous, held, together = _counts(
        shared, F.count_if(~F.col("was_known")), F.count_if(changes), F.count_if(_ambiguous()),
        F.count_if(F.col("claimed")), F.count(F.lit(1)),
    )  # fmt: skip
    merged = absorbed.count()
    return Learned(
        table=_kept(known, small(absorbed, merged), small(shared, together))
        .unionByName(added)
        .unionByName(shared.where(F.col("was_known")).select(columns)),
        added=None if merged or changed else added,
        keys=fresh + unknown,
        minted=minted,
        merged=merged,
        ambiguous=ambiguous,
        contested=held,
        apart=apart,
    )


def _counts(frame: DataFrame, *counts: Column) -> list[int]:
    row = frame.agg(*counts).first()
    return [int(one or 0) for one in (row or [0] * len(counts))]


def _ambiguous() -> Column:
    return F.col("person").isNull() & F.col("kind").isin(*EXCLUSIVE_KINDS)


def _kept(known: DataFrame, absorbed: DataFrame, shared: DataFrame) -> DataFrame:
    """The rows that were there, but for those that `shared` replaces, with the persons that survived."""
    return (
        known.join(absorbed, known["person"] == absorbed["absorbed"], "left")
        .select(
            known["person_key"],
            known["kind"],
            F.coalesce("survivor", known["person"]).alias("person"),
            F.coalesce("survivor_at", known["minted_at"]).alias("minted_at"),
            known["settled"],
        )
        .join(shared.select("person_key"), "person_key", "left_anti")
    )


def _members(groups: DataFrame, known: DataFrame) -> tuple[DataFrame, DataFrame | None]:
    """One row for each (group, key): group, kind, person_key, known person if any, node; and `known` if it has rows.

    A node is what components are made of: the known person of a key, else the key itself. Structs sort by
    (rank, age, id), so the smallest node of a component is its oldest person, else its smallest key.
    """
    clean = F.array_sort(F.array_distinct(F.filter("keys", lambda pair: pair["person_key"].isNotNull())))
    # The checkpoint also freezes the group numbers, which would change if the plan ran again.
    numbered = (
        groups.select(clean.alias("keys")).distinct().withColumn("group", F.monotonically_increasing_id())
    ).localCheckpoint()
    each = numbered.select("group", F.inline("keys"))
    nothing_known = known.isEmpty()
    if nothing_known:
        told = each.select("*", *[F.lit(None).cast(kind).alias(name) for name, kind in _UNKNOWN.items()])
    else:
        mine = with_few(known, each.select("person_key").distinct().localCheckpoint(), "person_key")
        already = mine.select(
            "person_key", "person", F.col("minted_at").alias("at"), "settled", F.lit(True).alias("was_known")
        )
        told = each.join(already, "person_key", "left")
    node = F.struct(
        F.when(F.col("person").isNull(), F.lit(_NEW_KEY)).otherwise(F.lit(_KNOWN_PERSON)).alias("rank"),
        F.coalesce("at", F.lit(0)).alias("at"),
        F.coalesce("person", "person_key").alias("id"),
    )
    members = told.select(
        "group",
        "kind",
        "person_key",
        F.col("person").alias("known_person"),
        F.coalesce("was_known", F.lit(False)).alias("was_known"),
        F.coalesce("settled", F.lit(False)).alias("settled"),
        node.alias("node"),
    ).localCheckpoint()
    return members, None if nothing_known else known


def _components(strong: DataFrame) -> DataFrame:
    """(node, root): every node takes the smallest node it can reach, group by group, until nothing moves."""
    by_group, by_node = Window.partitionBy("group"), Window.partitionBy("node")
    edges = strong.select("group", "node").distinct().withColumn("root", F.col("node"))
    while True:
        moved = (
            edges.withColumn("low", F.min("root").over(by_group))
            .withColumn("low", F.min("low").over(by_node))
            .localCheckpoint()
        )
        still = moved.where(F.col("low") < F.col("root")).isEmpty()
        edges = moved.select("group", "node", F.col("low").alias("root"))
        if still:
            return edges.select("node", "root").distinct()


def _persons(components: DataFrame, spark: SparkSession, key: DerivedKey, generation: int) -> DataFrame:
    """(node, person, minted_at, minted): the component's oldest person, else a newly minted one."""
    is_known = F.col("root.rank") == _KNOWN_PERSON
    keyed = with_keys(components, spark, {"minting": key}).select(
        "node",
        F.when(is_known, F.col("root.id")).otherwise(keyed_digest("minting", F.col("root.id"))).alias("person"),
        F.when(is_known, F.col("root.at")).otherwise(F.lit(generation).cast("bigint")).alias("minted_at"),
        (~is_known).alias("minted"),
    )
    return without_keys(keyed)


def _place_exclusive(members: DataFrame, placed: DataFrame, absorbed: DataFrame) -> DataFrame:
    """Rows for the batch's exclusive keys that some person bears or bore, with `was_known`."""
    mine = members.where(F.col("kind").isin(*EXCLUSIVE_KINDS) & ~F.col("settled"))
    here = mine.join(placed.select("group", "person", "minted_at").distinct(), "group").select(
        "person_key", "kind", "was_known", "known_person", "person", "minted_at"
    )
    before = (
        mine.where(F.col("known_person").isNotNull())
        .join(absorbed, F.col("known_person") == F.col("absorbed"), "left")
        .select(
            "person_key",
            "kind",
            "was_known",
            "known_person",
            F.coalesce("survivor", "known_person").alias("person"),
            F.coalesce("survivor_at", "node.at").alias("minted_at"),
        )
    )
    lost = mine.where(F.col("was_known") & F.col("known_person").isNull()).select("person_key").distinct()
    return (
        here.unionByName(before)
        .groupBy("person_key", "kind", "was_known", "known_person")
        .agg(F.collect_set(F.struct("person", "minted_at")).alias("bearers"))
        .join(lost.withColumn("lost", F.lit(True)), "person_key", "left")
        .withColumn("sole", F.when((F.size("bearers") == 1) & F.col("lost").isNull(), F.col("bearers")[0]))
        .select(
            "person_key",
            "kind",
            F.col("sole.person").alias("person"),
            F.coalesce("sole.minted_at", F.lit(0)).cast("bigint").alias("minted_at"),
            F.lit(False).alias("settled"),
            "was_known",
            "known_person",
            F.lit(False).alias("claimed"),
        )
    )


def _held(contested: DataFrame) -> DataFrame:
    """Rows for keys that two persons claim: nobody's."""
    return contested.select(
        "person_key",
        "kind",
        F.lit(None).cast("string").alias("person"),
        F.lit(0).cast("bigint").alias("minted_at"),
        F.lit(False).alias("settled"),
        "was_known",
        "known_person",
        F.lit(True).alias("claimed"),
    )
