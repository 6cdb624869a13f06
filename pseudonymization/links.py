"""The `person_link` table: which person keys are the same person.

Columns: `person_key` (unique), `kind`, `person` (`<key_id>:<32 hex>`; null for an ambiguous key) and
`minted_at`, the number of the learning in which the person was minted: the smaller, the older.

A person id is minted once, as the digest under `person-id` of the smallest key of its component. When a
batch shows that two persons are one, the oldest id survives. Nothing is learnt from a key of an exclusive
kind (`psa_alone`: twins share it): such a key follows the one person that bears it, joins nobody, and
becomes null for good once two persons bear it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

from pseudonymization.digest import keyed_digest, with_keys, without_keys
from pseudonymization.keystore import DerivedKey

LINKS_SCHEMA = StructType(
    [
        StructField("person_key", StringType(), False),
        StructField("kind", StringType(), False),
        StructField("person", StringType(), True),
        StructField("minted_at", LongType(), False),
    ]
)
EXCLUSIVE_KINDS = frozenset({"psa_alone"})

_KNOWN_PERSON, _NEW_KEY = 0, 1


@dataclass(frozen=True)
class Learned:
    """The whole new `person_link` table, and what changed in it.

    `keys`: keys that were not in the table; `minted`: new persons; `merged`: persons absorbed by an older
    one; `ambiguous`: keys of this batch that no single person bears.
    """

    table: DataFrame
    keys: int
    minted: int
    merged: int
    ambiguous: int


def empty_links(spark: SparkSession) -> DataFrame:
    """The `person_link` table before anything is learnt."""
    return spark.createDataFrame([], LINKS_SCHEMA)


def key_group(keys: dict[str, Column]) -> Column:
    """One row's keys, by kind, as `learn` takes them: array<struct<kind, person_key>>; null keys fall out."""
    pairs = [F.struct(F.lit(kind).alias("kind"), key.alias("person_key")) for kind, key in keys.items()]
    return F.filter(F.array(*pairs), lambda pair: pair["person_key"].isNotNull())


def learn(known: DataFrame, groups: DataFrame, *, spark: SparkSession, key: DerivedKey, generation: int) -> Learned:
    """Merge into `known` what a batch taught.

    `groups` has one column `keys`, array<struct<kind, person_key>>: keys found together, hence of one
    person. `key` is that of purpose `person-id`; `generation` must grow from one learning to the next.
    Learning the same groups again changes nothing.
    """
    members = _members(groups, known)
    strong = members.where(~F.col("kind").isin(*EXCLUSIVE_KINDS))
    persons = _persons(_components(strong), spark, key, generation).localCheckpoint()
    absorbed = persons.where((F.col("node.rank") == _KNOWN_PERSON) & (F.col("node.id") != F.col("person"))).select(
        F.col("node.id").alias("absorbed"), F.col("person").alias("survivor"), F.col("minted_at").alias("survivor_at")
    )
    placed = strong.join(persons, "node")
    fresh = placed.where(F.col("node.rank") == _NEW_KEY).select("person_key", "kind", "person", "minted_at").distinct()
    shared = _place_exclusive(members, placed, absorbed).localCheckpoint()
    kept = (
        known.join(absorbed, known["person"] == absorbed["absorbed"], "left")
        .select(
            known["person_key"],
            known["kind"],
            F.coalesce("survivor", known["person"]).alias("person"),
            F.coalesce("survivor_at", known["minted_at"]).alias("minted_at"),
        )
        .join(shared.select("person_key"), "person_key", "left_anti")
    )
    columns = LINKS_SCHEMA.fieldNames()
    table = kept.select(columns).unionByName(fresh.select(columns)).unionByName(shared.select(columns))
    return Learned(
        table=table,
        keys=fresh.count() + shared.where(~F.col("was_known")).count(),
        minted=placed.where(F.col("minted")).select("person").distinct().count(),
        merged=absorbed.count(),
        ambiguous=shared.where(F.col("person").isNull()).count(),
    )


def _members(groups: DataFrame, known: DataFrame) -> DataFrame:
    """One row for each (group, key): group, kind, person_key, known person if any, node.

    A node is what components are made of: the known person of a key, else the key itself. Structs sort by
    (rank, age, id), so the smallest node of a component is its oldest person, else its smallest key.
    """
    clean = F.array_sort(F.array_distinct(F.filter("keys", lambda pair: pair["person_key"].isNotNull())))
    # The checkpoint also freezes the group numbers, which would change if the plan ran again.
    numbered = (
        groups.select(clean.alias("keys")).distinct().withColumn("group", F.monotonically_increasing_id())
    ).localCheckpoint()
    already = known.select("person_key", "person", F.col("minted_at").alias("at"), F.lit(True).alias("was_known"))
    node = F.struct(
        F.when(F.col("person").isNull(), F.lit(_NEW_KEY)).otherwise(F.lit(_KNOWN_PERSON)).alias("rank"),
        F.coalesce("at", F.lit(0)).alias("at"),
        F.coalesce("person", "person_key").alias("id"),
    )
    return (
        numbered.select("group", F.inline("keys"))
        .join(already, "person_key", "left")
        .select(
            "group",
            "kind",
            "person_key",
            F.col("person").alias("known_person"),
            F.coalesce("was_known", F.lit(False)).alias("was_known"),
            node.alias("node"),
        )
        .localCheckpoint()
    )


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
    mine = members.where(F.col("kind").isin(*EXCLUSIVE_KINDS))
    here = mine.join(placed.select("group", "person", "minted_at").distinct(), "group").select(
        "person_key", "kind", "was_known", "person", "minted_at"
    )
    before = (
        mine.where(F.col("known_person").isNotNull())
        .join(absorbed, F.col("known_person") == F.col("absorbed"), "left")
        .select(
            "person_key",
            "kind",
            "was_known",
            F.coalesce("survivor", "known_person").alias("person"),
            F.coalesce("survivor_at", "node.at").alias("minted_at"),
        )
    )
    lost = mine.where(F.col("was_known") & F.col("known_person").isNull()).select("person_key").distinct()
    return (
        here.unionByName(before)
        .groupBy("person_key", "kind", "was_known")
        .agg(F.collect_set(F.struct("person", "minted_at")).alias("bearers"))
        .join(lost.withColumn("lost", F.lit(True)), "person_key", "left")
        .withColumn("sole", F.when((F.size("bearers") == 1) & F.col("lost").isNull(), F.col("bearers")[0]))
        .select(
            "person_key",
            "kind",
            F.col("sole.person").alias("person"),
            F.coalesce("sole.minted_at", F.lit(0)).cast("bigint").alias("minted_at"),
            "was_known",
        )
    )
