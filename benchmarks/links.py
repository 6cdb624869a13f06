"""`links`: learning who is who where ten keys in a thousand are news, against writing the same table again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.harness import Result, Work, measure, size_of
from benchmarks.sample import Sample
from pseudonymization.keystore import KeyStore
from pseudonymization.links import LINKS_SCHEMA, Learned, learn

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEYS_OF_ONE = 5
"""Two numbers of claims, a NIR or another of them, a hospital's number and its FHIR id."""
CHANGED = 100
"""One key in so many is news."""


def run(spark: SparkSession, work: Path, sample: Sample, runs: int) -> list[Result]:
    """A thousand people for each of the sample's, five keys each, in a table like `person_link`."""
    people = sample.people * 1000
    known, copy = str(work / "known"), str(work / "copy")
    minting = KeyStore.create(work / "keys.json").derive("person-id")
    _known(spark, people).write.format("delta").save(known)
    size, keys = size_of(work / "known"), people * KEYS_OF_ONE

    def read() -> DataFrame:
        return spark.read.format("delta").load(known)

    def bare() -> Work:
        read().write.format("delta").mode("overwrite").save(copy)
        return Work(keys, size)

    def learnt(groups: DataFrame) -> Learned:
        return learn(read(), groups, spark=spark, key=minting, generation=2)

    def arrivals() -> Work:
        """New people: nothing that is known changes, so only they are written."""
        done = learnt(_groups(F.col("id") + people, people // CHANGED, spark))
        if done.added is None or done.keys != keys // CHANGED:
            raise ValueError(f"links: {done.keys} new keys were learnt.")
        done.added.write.format("delta").mode("overwrite").save(copy)
        return Work(keys, size)

    def mergers() -> Work:
        """Known people of whom another number is found, and as many pairs who turn out to be one."""
        other = F.col("id") * CHANGED
        found = _group(("ipp", _digest("ipp", other)), ("psa", _digest("late", other)))
        joined = _group(("psa", _digest("psa", other + 1)), ("psa", _digest("psa", other + 2)))
        asked = spark.range(people // CHANGED)
        done = learnt(asked.select(found).unionByName(asked.select(joined)))
        if done.merged != people // CHANGED:
            raise ValueError(f"links: {done.merged} people were merged.")
        done.table.write.format("delta").mode("overwrite").save(copy)
        return Work(keys, size)

    against = "writing the table again"
    return [
        measure("person_link: 1 % new people", against, bare, arrivals, runs),
        measure("person_link: 1 % merged, 1 % more keys", against, bare, mergers, runs),
    ]


def _known(spark: SparkSession, people: int) -> DataFrame:
    """Five keys of each person."""
    columns = LINKS_SCHEMA.fieldNames()
    rows = _groups(F.col("id"), people, spark, F.col("id"))
    return rows.select(F.col("id"), F.inline("keys")).select(
        "person_key", "kind", _digest("person", F.col("id")).alias("person"),
        F.lit(1).cast("bigint").alias("minted_at"), F.lit(False).alias("settled"),
    ).select(columns)  # fmt: skip


def _groups(number: Column, people: int, spark: SparkSession, *more: Column) -> DataFrame:
    """What a register says of people: their five keys."""
    return spark.range(people).select(
        *more,
        _group(
            ("psa", _digest("psa", number)), (_nir_or_other(number), _digest("nir", number)),
            ("ipp", _digest("ipp", number)), ("fhir_patient", _digest("fhir", number)),
            ("idt_ano", _digest("idt", number)),
        ),
    )  # fmt: skip


def _nir_or_other(number: Column) -> Column:
    """All have a NIR but those who turn out to be one with somebody: two NIRs would be two people."""
    return F.when((number % CHANGED).isin(1, 2), "psa").otherwise("ins")


def _group(*keys: tuple[str | Column, Column]) -> Column:
    pairs = [(F.lit(kind) if isinstance(kind, str) else kind, key) for kind, key in keys]
    return F.array(*[F.struct(kind.alias("kind"), key.alias("person_key")) for kind, key in pairs]).alias("keys")


def _digest(kind: str, number: Column) -> Column:
    """Shaped like a digest; made of counters, nobody's."""
    return F.concat(F.lit("0a1b2c3d:"), F.md5(F.concat(F.lit(kind), number.cast("string"))))
