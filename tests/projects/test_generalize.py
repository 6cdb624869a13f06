"""Ages and places are told as finely as enough persons share them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from ingestion.contract_set import load_contracts
from projects.generalize import Generalization, region_of, top_coded, with_wide_places
from projects.regions import REGIONS
from tests.projects.small_contract import Column

COLUMNS = {
    "AGE": Column(type="int", generalize="age"),
    "TEXT_AGE": Column(generalize="age"),
    "YEAR": Column(type="int", generalize="birth_year"),
    "BORN": Column(type="date", generalize="birth_date"),
    "COM": Column(generalize="commune"),
    "DPT": Column(generalize="departement"),
    "OTHER": Column(),
}
LAST = date(2024, 12, 31)


@pytest.mark.spark
def test_ages_of_ninety_and_more_are_one(spark: SparkSession) -> None:
    schema = "AGE int, TEXT_AGE string, YEAR int, BORN date"
    rows = [
        (89, "089", 1935, date(1935, 5, 17)),
        (90, "090", 1934, date(1934, 1, 1)),
        (104, "104", 1920, date(1920, 2, 3)),
        (1003, "1003", 2024, date(2024, 9, 1)),
        (None, "x", None, None),
    ]
    frame = spark.createDataFrame(rows, schema).coalesce(1)
    told = [top_coded(F.col(name), COLUMNS[name], Generalization(), LAST).alias(name) for name in frame.columns]
    done = frame.select(*told)
    assert done.schema.simpleString() == frame.schema.simpleString()
    assert [tuple(row) for row in done.collect()] == [
        rows[0], rows[1], (90, "090", 1934, date(1934, 1, 1)), rows[3], rows[4]
    ]  # fmt: skip


Place = tuple[str, str | None, str | None]
"""Person, commune, département."""


def widened(spark: SparkSession, rows: list[Place], granted: list[str], least: int) -> list[Any]:
    frame = spark.createDataFrame(
        [(*row, "kept") for row in rows], "__person string, COM string, DPT string, OTHER string"
    )
    done = with_wide_places(frame.coalesce(1), COLUMNS, granted, "__person", Generalization(least))
    assert done.columns == frame.columns
    found = done.collect()
    assert len(found) == len(rows)
    return found


@pytest.mark.spark
def test_a_commune_becomes_its_departement_and_that_its_region(spark: SparkSession) -> None:
    places = [
        *((f"a{n}", "019", "029") for n in range(3)),
        # Two in one commune and two in another: together they are enough for the département.
        *((f"b{n}", f"{n % 2:03}", "029") for n in range(4)),
        # Alone in theirs, and enough for the region: Rennes and Vannes.
        ("c1", "238", "035"), ("c2", "260", "056"), ("c3", "005", "035"),
        ("d1", "001", "02A"), ("e1", None, None), ("f1", "999", "099"),
    ]  # fmt: skip
    found = {
        row["__person"]: (row["COM"], row["DPT"], row["OTHER"]) for row in widened(spark, places, ["COM", "DPT"], 3)
    }
    assert {found[f"a{n}"] for n in range(3)} == {("019", "029", "kept")}
    assert {found[f"b{n}"] for n in range(4)} == {(None, "029", "kept")}
    assert {found[name] for name in ("c1", "c2", "c3")} == {(None, "R53", "kept")}
    assert {found[name] for name in ("d1", "e1", "f1")} == {(None, None, "kept")}
    # Many rows of one person hide nobody.
    assert [row["COM"] for row in widened(spark, [("a", "1", "29")] * 5, ["COM"], 2)] == [None] * 5
    assert [row["COM"] for row in widened(spark, [("a", "1", "29")], ["COM", "DPT"], 1)] == ["1"]
    assert [row["DPT"] for row in widened(spark, [("a", "1", "29"), ("b", "2", "22")], ["DPT"], 2)] == ["R53"] * 2
    assert [row["DPT"] for row in widened(spark, [("a", "1", "29")], ["OTHER"], 9)] == ["29"]


@pytest.mark.spark
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12).map(str), st.none() | st.sampled_from(["001", "002", "003"]),
            st.none() | st.sampled_from(["029", "035", "056", "02A", "075", "099"]),
        ), min_size=4, max_size=40,
    ),
)  # fmt: skip
def test_every_place_that_is_told_is_shared_by_enough(spark: SparkSession, rows: list[Place]) -> None:
    sharing: dict[tuple[str | None, str | None], set[str]] = defaultdict(set)
    for row in widened(spark, rows, ["COM", "DPT"], 3):
        sharing[row["COM"], row["DPT"]].add(row["__person"])
    assert all(len(persons) >= 3 for place, persons in sharing.items() if place != (None, None))


@pytest.mark.spark
def test_every_departement_has_its_region_in_either_spelling(spark: SparkSession) -> None:
    assert len(REGIONS) == 102  # 101 and what Corsica was before 1976
    frame = spark.createDataFrame([("29",), ("029",), ("02a",), ("2B",), ("971",), ("099",), (None,)], "d string")
    assert [row[0] for row in frame.coalesce(1).select(region_of(F.col("d"))).collect()] == [
        "R53", "R53", "R94", "R94", "R01", None, None,
    ]  # fmt: skip


def test_packaged_contracts_say_what_tells_an_age_or_a_place() -> None:
    wanted = {
        "IR_BEN_R": {"BEN_NAI_ANN": "birth_year", "BEN_RES_DPT": "departement", "BEN_RES_COM": "commune"},
        "ER_PRS_F": {
            "BEN_NAI_ANN": "birth_year", "BEN_RES_DPT": "departement", "BEN_RES_COM": "commune", "BEN_AMA_COD": "age"
        },
        "T_MCOaaB": {"AGE_ANN": "age", "BDI_DEP": "departement", "BDI_COD": "commune"},
    }  # fmt: skip
    contracts = load_contracts()
    for table, columns in wanted.items():
        assert {name: one.generalize for name, one in contracts[table].columns.items() if one.generalize} == columns
