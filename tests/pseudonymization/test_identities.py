from __future__ import annotations

import json
from datetime import date, timedelta
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
            assert b"1965-03-1" not in content
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


def test_who_was_not_told_of_for_long_is_forgotten(spark: SparkSession, tmp_path: Path) -> None:
    folder, day = tmp_path / "identities", date(2024, 1, 1)

    def on(days: int) -> IdentityTable:
        return IdentityTable(spark, folder, KEY, lambda: day + timedelta(days=days))

    upsert(on(0), spark, [("k1", ["Zoé"], None), ("k2", ["Ana"], None)])
    upsert(on(40), spark, [("k2", ["Anna"], None)])
    assert on(60).forget_unseen(60) == 0
    assert on(61).forget_unseen(60) == 1
    assert {key: Identity.from_json(text).names for key, text in read(on(61)).items()} == {"k2": ("Ana", "Anna")}
    assert on(61).forget_unseen(60) == 0


def test_a_table_of_an_earlier_release_counts_from_today(spark: SparkSession, tmp_path: Path) -> None:
    folder, day = tmp_path / "identities", date(2024, 1, 1)
    upsert(IdentityTable(spark, tmp_path / "new", KEY), spark, [("k1", ["Zoé"], None)])
    old = spark.read.format("delta").load(str(tmp_path / "new")).drop("seen_on")
    old.write.format("delta").save(str(folder))
    table = IdentityTable(spark, folder, KEY, lambda: day)
    assert set(read(table)) == {"k1"}
    assert table.forget_unseen(1) == 0
    assert IdentityTable(spark, folder, KEY, lambda: day + timedelta(days=2)).forget_unseen(1) == 1
    assert read(table) == {}
