from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.identities import UNREADABLE, IdentityTable, identity_struct
from pseudonymization.keystore import DerivedKey
from pseudonymization.text.identity import Identity

pytestmark = pytest.mark.spark
KEY = DerivedKey("0a1b2c3d", bytes(range(32)))
OTHER = DerivedKey("0a1b2c3d", bytes(range(1, 33)))


def upsert(
    table: IdentityTable, spark: SparkSession, rows: list[tuple[str | None, list[str] | None, str | None]]
) -> None:
    frame = spark.createDataFrame(rows, "person_key string, names array<string>, born string").coalesce(1)
    table.upsert(
        frame.select("person_key", identity_struct(names=F.col("names"), birth_date=F.col("born")).alias("identity"))
    )


def read(table: IdentityTable) -> dict[str, Any]:
    return {row["person_key"]: row["identity"] for row in table.read().collect()}


def test_a_table_whose_making_was_killed_is_made(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "identities" / "_delta_log" / "_staged_commits").mkdir(parents=True)
    (tmp_path / "identities" / "_delta_log" / ".00000000000000000000.json.3f0c.tmp").write_text("{")
    table = IdentityTable(spark, tmp_path / "identities", KEY)
    upsert(table, spark, [("k1", ["Zoé"], None)])
    assert set(read(table)) == {"k1"}


def test_what_is_sealed_is_read_back_united_and_hidden(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "identities"
    table = IdentityTable(spark, folder, KEY)
    assert read(table) == {}
    upsert(table, spark, [("k1", ["Zoé", "Quimperlot"], "1965-03-12"), ("k2", None, None), (None, ["Nobody"], None)])
    upsert(table, spark, [("k1", ["Zoé", "Larmorin"], None), ("k1", ["Z."], "1965-03-13"), ("k3", ["Ana"], None)])
    got = {key: Identity.from_json(text) for key, text in read(table).items()}
    assert got == {
        "k1": Identity(names=("Larmorin", "Quimperlot", "Z.", "Zoé"), birth_date="1965-03-13"),
        "k2": Identity(),
        "k3": Identity(names=("Ana",)),
    }
    # Nothing in clear, and no statistics that would hold key prefixes.
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"Quimperlot" not in content
            assert b"1965" not in content
    adds = [
        entry["add"]
        for log in (folder / "_delta_log").glob("*.json")
        for entry in map(json.loads, log.read_text().splitlines())
        if "add" in entry
    ]
    assert adds
    assert not any("minValues" in (add.get("stats") or "") and "k1" in add["stats"] for add in adds)

    # Another key, or a payload moved to another person, opens nothing and says so.
    assert set(read(IdentityTable(spark, folder, OTHER)).values()) == {UNREADABLE}
    rows = spark.read.format("delta").load(str(folder))
    swapped = rows.withColumn("person_key", F.when(F.col("person_key") == "k1", "k2").otherwise("k1"))
    swapped.write.format("delta").mode("overwrite").save(str(folder))
    assert set(read(table).values()) == {UNREADABLE}
