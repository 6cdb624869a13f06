"""The sealed identity table: what a source says of a person, kept encrypted to scrub that person's notes.

A Delta table of `person_key`, `seen_on` (the last day on which a source told of the person) and `payload`, AES-256-GCM
by Spark's own `aes_encrypt` under the purpose `identity`, with the person key as additional data so that no payload can
be moved to another row. Delta keeps no statistics on it, and nothing that it says of a person is a literal of a plan.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from pseudonymization.digest import secret_of, with_keys, without_keys
from pseudonymization.keystore import DerivedKey, Step
from pseudonymization.rekey import bears, rekeyed

_LISTS = ("names", "numbers", "phones", "emails", "addresses", "relatives")
IDENTITY_SCHEMA = StructType(
    [
        StructField("names", ArrayType(StringType())),
        StructField("birth_date", StringType()),
        *[StructField(name, ArrayType(StringType())) for name in _LISTS[1:]],
    ]
)
"""`birth_date` is ISO 8601; `relatives` are names; `numbers` are IPP, INS, file numbers and the like."""

UNREADABLE = "unreadable"
"""Stands for an identity that the key does not open: it is no JSON, so the scrubber refuses the note."""

_KEY = "identity"


def identity_struct(*, birth_date: Column | None = None, **lists: Column) -> Column:
    """A struct of `IDENTITY_SCHEMA` from array<string> columns named as there; what is not given is null."""
    fields = []
    for field in IDENTITY_SCHEMA.fields:
        value = birth_date if field.name == "birth_date" else lists.get(field.name)
        fields.append((F.lit(None) if value is None else value).cast(field.dataType).alias(field.name))
    return F.struct(*fields)


def utc_today() -> date:
    """The day by the machine's clock, in UTC."""
    return datetime.now(UTC).date()


class IdentityTable:
    """The sealed table at `path` (`sealed/identities`), under the key of purpose `identity`."""

    def __init__(
        self, spark: SparkSession, path: Path, key: DerivedKey, today: Callable[[], date] = utc_today
    ) -> None:  # fmt: skip
        self._spark, self._path, self._key, self._today = spark, str(path), key, today

    def upsert(self, frame: DataFrame) -> None:
        """Add what `frame` (`person_key`, `identity` of `IDENTITY_SCHEMA`) says to what is known.

        Lists are united, so that notes written under an earlier name are still scrubbed of it; the birth
        date of `frame` wins. Rows without a person key are left out. Upserting twice changes nothing.
        """
        self._create()
        new = frame.where(F.col("person_key").isNotNull()).select(
            "person_key", F.lit(1).alias("age"), *[F.col("identity")[name].alias(name) for name in _names()]
        )
        known = self._open().join(new.select("person_key").distinct(), "person_key", "left_semi")
        parsed = known.select("person_key", F.from_json("identity", IDENTITY_SCHEMA).alias("identity"))
        old = parsed.select(
            "person_key", F.lit(0).alias("age"), *[F.col("identity")[name].alias(name) for name in _names()]
        )
        dated = F.when(F.col("birth_date").isNotNull(), F.struct("age", "birth_date"))
        united = (
            new.unionByName(old)
            .groupBy("person_key")
            .agg(F.max(dated)["birth_date"].alias("birth_date"), *[_united(name).alias(name) for name in _LISTS])
            .select("person_key", F.to_json(F.struct(*_names())).alias("document"))
        )
        sealed = without_keys(
            with_keys(united, self._spark, {_KEY: self._key}).withColumn(
                "payload",
                F.aes_encrypt(
                    F.col("document").cast("binary"),
                    secret_of(_KEY),
                    F.lit("GCM"),
                    aad=F.col("person_key").cast("binary"),
                ),
            )
        ).drop("document")
        self._merge(sealed.withColumn("seen_on", F.lit(self._today())))

    def forget_unseen(self, days: int) -> int:
        """Take out everybody of whom no source has told for `days`; how many they were.

        Who was kept by a release that wrote down no day counts as seen today. What was written before is in the files
        of earlier versions until those go.
        """
        self._create()
        table, today = self._table(), self._today()
        if not table.toDF().where(F.col("seen_on").isNull()).isEmpty():
            table.update(F.col("seen_on").isNull(), {"seen_on": F.lit(today)})
        unseen = F.col("seen_on") < F.lit(today - timedelta(days=days))
        number: int = table.toDF().where(unseen).count()
        if number:
            table.delete(unseen)
        return number

    def read(self) -> DataFrame:
        """`person_key` and `identity`, JSON text as `Scrubber` takes it; empty when nothing was ever upserted.

        An identity that the key does not open is `UNREADABLE`, never null: a note must not be scrubbed as
        if nothing were known of its patient.
        """
        self._create()
        return self._open()

    def add_rekeyed(self, step: Step) -> int:
        """Add, for everybody known under the key `step.before`, the same under `step.after`; how many they are.

        Both stay until `keep_only`, so that whoever reads meanwhile finds its own. Again changes nothing.
        """
        self._create()
        known = self._table().toDF()
        mine = known.where(bears(known, "person_key", step.before)).withColumn("before", F.col("person_key"))
        keyed = with_keys(rekeyed(mine, self._spark, step, ["person_key"]), self._spark, {_KEY: self._key})
        opened = F.try_aes_decrypt("payload", secret_of(_KEY), F.lit("GCM"), aad=F.col("before").cast("binary"))
        # What the key does not open must stay closed, and not become somebody of whom nothing is known.
        sealed = F.coalesce(
            F.aes_encrypt(opened, secret_of(_KEY), F.lit("GCM"), aad=F.col("person_key").cast("binary")), "payload"
        )
        self._merge(without_keys(keyed.withColumn("payload", sealed)).select("person_key", "payload", "seen_on"))
        number: int = mine.count()
        return number

    def keep_only(self, key_id: str) -> None:
        """Take out everybody who is known under another key than `key_id`."""
        self._create()
        # The id of a key is no secret, and may stay in the table's log.
        self._table().delete(~bears(self._table().toDF(), "person_key", key_id))

    def _merge(self, new: DataFrame) -> None:
        told = {name: f"new.{name}" for name in ("payload", "seen_on")}
        (
            self._table()
            .alias("known")
            .merge(new.alias("new"), "known.person_key = new.person_key")
            .whenMatchedUpdate(set={**told})
            .whenNotMatchedInsert(values={"person_key": "new.person_key", **told})
            .execute()
        )

    def _open(self) -> DataFrame:
        keyed = with_keys(self._table().toDF(), self._spark, {_KEY: self._key})
        opened = F.try_aes_decrypt(
            F.col("payload"), secret_of(_KEY), F.lit("GCM"), aad=F.col("person_key").cast("binary")
        )
        return keyed.select("person_key", F.coalesce(opened.cast("string"), F.lit(UNREADABLE)).alias("identity"))

    def _table(self) -> DeltaTable:
        return DeltaTable.forPath(self._spark, self._path)

    def _create(self) -> None:
        log = Path(self._path) / "_delta_log"
        # A process that died before the first version left a log that Delta takes for a table, and does not find.
        if log.is_dir() and all(file.is_dir() or file.name.startswith(".") for file in log.rglob("*")):
            shutil.rmtree(log)
        (
            DeltaTable.createIfNotExists(self._spark)
            .location(self._path)
            .addColumn("person_key", "STRING", nullable=False)
            .addColumn("payload", "BINARY", nullable=False)
            .addColumn("seen_on", "DATE")
            .property("delta.dataSkippingNumIndexedCols", "0")
            .execute()
        )
        if "seen_on" not in self._table().toDF().columns:
            # Made by an earlier release: a write of no row adds the column.
            nobody = self._table().toDF().limit(0).withColumn("seen_on", F.lit(None).cast("date"))
            nobody.write.format("delta").mode("append").option("mergeSchema", True).save(self._path)


def _names() -> list[str]:
    return IDENTITY_SCHEMA.fieldNames()


def _united(name: str) -> Column:
    """All values of a list column of a group, each once, in a stable order."""
    return F.array_sort(F.array_distinct(F.flatten(F.collect_list(F.coalesce(F.col(name), F.array())))))
