from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.links import LINKS_SCHEMA, empty_links, key_group
from tests.pseudonymization.linking import minted_from, persons, teach

pytestmark = pytest.mark.spark


def test_a_chain_becomes_one_person_minted_from_its_smallest_key(spark: SparkSession) -> None:
    groups = [["psa:1", "idt_ano:a"], ["idt_ano:a", "psa:2"], ["psa:2", "ins:z"], ["ins:z", "ipp:9"], ["psa:3"]]
    got = teach(spark, empty_links(spark), groups, 1)
    one, other = minted_from("idt_ano:a"), minted_from("psa:3")
    assert persons(got) == {"psa:1": one, "idt_ano:a": one, "psa:2": one, "ins:z": one, "ipp:9": one, "psa:3": other}
    assert (got.keys, got.minted, got.merged, got.ambiguous) == (6, 2, 0, 0)
    assert got.table.schema.fieldNames() == LINKS_SCHEMA.fieldNames()


def test_the_oldest_survives_a_merge_and_learning_again_changes_nothing(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["psa:9"]], 1)
    second = teach(spark, first.table, [["ins:1", "ipp:1"]], 2)
    assert second.added is not None
    assert {row["person_key"] for row in second.added.collect()} == {"ins:1", "ipp:1"}
    third = teach(spark, second.table, [["ins:1", "psa:9"], ["fhir_patient:f", "ipp:1"]], 3)
    # Rows that were there have changed: adding would not do.
    assert third.added is None
    old = minted_from("psa:9")
    assert persons(third) == dict.fromkeys(["psa:9", "ins:1", "ipp:1", "fhir_patient:f"], old)
    assert (third.keys, third.minted, third.merged) == (1, 0, 1)
    assert {row["minted_at"] for row in third.table.collect()} == {1}
    again = teach(spark, third.table, [["ins:1", "psa:9"], ["fhir_patient:f", "ipp:1"]], 4)
    assert sorted(again.table.collect()) == sorted(third.table.collect())
    assert (again.keys, again.minted, again.merged, again.ambiguous) == (0, 0, 0, 0)


def test_a_number_that_twins_share_joins_nobody(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["psa:x1", "psa_alone:x"], ["psa:y1", "psa_alone:y"]], 1)
    assert persons(first)["psa_alone:x"] == minted_from("psa:x1")
    # The twin arrives: the shared number is unlinked, the twins stay two.
    second = teach(spark, first.table, [["psa:x2", "psa_alone:x"]], 2)
    got = persons(second)
    assert got["psa_alone:x"] is None
    assert second.added is None
    assert got["psa_alone:y"] == minted_from("psa:y1")
    assert got["psa:x1"] != got["psa:x2"]
    assert second.ambiguous == 1
    # Hearing of one twin again does not give the number back.
    third = teach(spark, second.table, [["psa:x1", "psa_alone:x"]], 3)
    assert persons(third)["psa_alone:x"] is None
    assert third.added is not None
    assert third.added.isEmpty()


def test_a_shared_number_in_one_batch_and_one_that_nobody_bears(spark: SparkSession) -> None:
    groups = [["psa:x1", "psa_alone:x"], ["psa:x2", "psa_alone:x"], ["psa_alone:z"]]
    got = persons(teach(spark, empty_links(spark), groups, 1))
    assert got["psa_alone:x"] is None
    assert "psa_alone:z" not in got


def test_two_numbers_of_one_person_follow_a_merge(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["psa:x", "psa_alone:x"]], 1)
    second = teach(spark, first.table, [["psa:a", "psa_alone:a"]], 2)
    third = teach(spark, second.table, [["psa:a", "idt_ano:i"], ["idt_ano:i", "psa:x"]], 3)
    assert set(persons(third).values()) == {minted_from("psa:x")}


def test_null_keys_fall_out_of_a_group(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("a", None)], "a string, b string")
    groups = frame.select(key_group([("psa", F.col("a")), ("ins", F.col("b"))]).alias("keys"))
    assert groups.collect()[0]["keys"] == [("psa", "a")]


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.integers(0, 12).map("ipp:{}".format), min_size=1, max_size=3), min_size=2, max_size=8))
def test_components_are_those_of_a_union_find(spark: SparkSession, groups: list[list[str]]) -> None:
    half = len(groups) // 2
    first = teach(spark, empty_links(spark), groups[:half], 1)
    got = persons(teach(spark, first.table, groups[half:], 2))
    root: dict[str, str] = {key: key for group in groups for key in group}

    def find(key: str) -> str:
        return key if root[key] == key else find(root[key])

    for group in groups:
        for key in group:
            root[find(key)] = find(group[0])
    assert set(got) == set(root)
    assert all((got[a] == got[b]) == (find(a) == find(b)) for a in root for b in root)
