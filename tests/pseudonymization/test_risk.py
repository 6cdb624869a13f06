"""Risk of re-identification, beside figures of pycanon on the same rows."""

from __future__ import annotations

import json
import random
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymization.errors import NothingToMeasure
from pseudonymization.risk import measure_risk, told

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Made from `table` below by k_anonymity and l_diversity of the package that it names.
GOLDEN = json.loads((Path(__file__).parent / "golden" / "risk.json").read_text(encoding="utf-8"))["tables"]


def table(seed: int, rows: int) -> list[tuple[str, int, str, str, str]]:
    draw = random.Random(seed)
    return [
        (
            draw.choice("MF"),
            draw.randrange(1950, 1950 + 2 + seed),
            draw.choice(["29", "35", "56"][: 1 + seed % 3]),
            draw.choice("ABCD"),
            draw.choice("XY"),
        )
        for _ in range(rows)
    ]


@pytest.mark.spark
@pytest.mark.parametrize("golden", GOLDEN[::2], ids=lambda golden: f"table {golden['seed']}")
def test_k_and_l_are_those_of_pycanon(spark: SparkSession, golden: dict[str, int]) -> None:
    rows = table(golden["seed"], golden["rows"])
    frame = spark.createDataFrame(rows, "sex string, year int, place string, illness string, outcome string")
    quasi = ["sex", "year", "place"]
    one = measure_risk(frame, quasi, sensitive=["illness"])
    two = measure_risk(frame, quasi, sensitive=["illness", "outcome"])
    assert (one.units, one.k, one.l, two.l) == (golden["rows"], golden["k"], golden["l"], golden["l_two"])
    by_hand: dict[tuple[str, int, str], int] = {}
    for sex, year, place, *_ in rows:
        by_hand[sex, year, place] = by_hand.get((sex, year, place), 0) + 1
    assert one.classes == len(by_hand)
    assert sum(many for _, many, _ in one.sizes) == one.classes
    assert one.unique == sum(size == 1 for size in by_hand.values())
    assert isclose(one.average, sum(size * (1 / size) for size in by_hand.values()) / len(rows))


@pytest.mark.spark
def test_ten_rows_of_one_person_hide_nobody(spark: SparkSession) -> None:
    rows = [("ann", "F", 1)] * 10 + [("bob", "M", 1), ("cid", "M", 2), (None, "X", 1)]
    frame = spark.createDataFrame(rows, "person string, sex string, act int")
    people = measure_risk(frame, ["sex"], sensitive=["act"], person="person", population=60)
    assert (people.units, people.classes, people.unique, people.k, people.l) == (3, 2, 1, 1, 1)
    assert people.sizes == ((1, 1, 1), (2, 1, 2))
    assert people.highest == 1
    assert people.expected is not None
    assert 0 < people.expected < people.average * people.units
    by_rows = measure_risk(frame, ["sex"], sensitive=["act"])
    assert (by_rows.units, by_rows.k, by_rows.sizes) == (13, 1, ((1, 1, 1), (2, 1, 2), (10, 1, 10)))


@pytest.mark.spark
def test_who_has_rows_in_several_classes_is_one_person_and_as_exposed_as_in_the_smallest(spark: SparkSession) -> None:
    rows = [("ann", "29"), ("bob", "29"), ("cid", "29"), ("ann", "35"), ("ann", "56"), ("bob", None), ("cid", None)]
    frame = spark.createDataFrame(rows, "person string, place string")
    risk = measure_risk(frame, ["place"], person="person")
    assert (risk.units, risk.classes, risk.unique, risk.k) == (3, 4, 1, 1)
    assert risk.sizes == ((1, 2, 1), (2, 1, 2), (3, 1, 0))
    assert isclose(risk.average, (1 + 1 / 2 + 1 / 2) / 3)


@pytest.mark.spark
def test_an_unknown_value_is_a_value_like_another(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(None, "a"), (None, None), ("29", "a"), ("29", "b")], "place string, act string")
    risk = measure_risk(frame, ["place"], sensitive=["act"])
    assert (risk.k, risk.l, risk.classes) == (2, 2, 2)


@pytest.mark.spark
def test_no_rows_and_an_impossible_population_are_told(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("29",), ("35",)], "place string")
    with pytest.raises(NothingToMeasure, match="no row"):
        measure_risk(frame.where("place = '56'"), ["place"])
    with pytest.raises(NothingToMeasure, match="smaller than the table"):
        measure_risk(frame, ["place"], population=1)


@given(st.integers(1, 500), st.floats(0.0001, 1))
def test_a_sample_tells_no_more_than_a_whole_population(size: int, share: float) -> None:
    assert 0 < told(size, share) <= 1 / size + 1e-6
    assert isclose(told(size, 1), 1 / size)


@pytest.mark.parametrize("size", [1, 2, 3, 40])
def test_nearly_everybody_is_the_limit(size: int) -> None:
    assert isclose(told(size, 1 - 2e-5), 1 / size, rel_tol=1e-3)
