"""Numbers that two persons claim, who each have a NIR."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pseudonymization.links import LINKS_SCHEMA, empty_links
from tests.pseudonymization.linking import minted_from, persons, settled, teach

pytestmark = pytest.mark.spark


def test_a_hospital_number_with_two_nirs_joins_nobody_and_is_held(spark: SparkSession) -> None:
    groups = [["ipp:1", "ins:a"], ["ipp:1", "ins:b"], ["ipp:2", "ins:c"]]
    got = teach(spark, empty_links(spark), groups, 1)
    assert persons(got) == {
        "ipp:1": None, "ins:a": minted_from("ins:a"), "ins:b": minted_from("ins:b"),
        "ipp:2": minted_from("ins:c"), "ins:c": minted_from("ins:c"),
    }  # fmt: skip
    assert (got.contested, got.apart, got.minted, got.keys, got.ambiguous) == (1, 0, 3, 6 - 1, 0)


def test_a_number_that_a_second_nir_claims_later_is_taken_from_the_first(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["ipp:1", "ins:a"], ["ipp:2", "ins:b"]], 1)
    assert first.contested == 0
    second = teach(spark, first.table, [["ipp:1", "ins:b"]], 2)
    got = persons(second)
    assert got["ipp:1"] is None
    assert got["ins:a"] != got["ins:b"] == got["ipp:2"]
    assert (second.contested, second.merged, second.keys) == (1, 0, 0)
    # Hearing either of them again changes nothing, and it is not told twice.
    third = teach(spark, second.table, [["ipp:1", "ins:b"], ["ipp:1", "ins:a"]], 3)
    assert sorted(third.table.collect()) == sorted(second.table.collect())
    assert (third.contested, third.keys, third.minted) == (0, 0, 0)


@pytest.mark.long
def test_a_row_with_two_nirs_teaches_nothing(spark: SparkSession) -> None:
    got = teach(spark, empty_links(spark), [["ins:a", "ins:b"], ["ins:a", "ipp:1"]], 1)
    assert got.apart == 1
    assert persons(got) == dict.fromkeys(["ins:a", "ipp:1"], minted_from("ins:a")) | {"ins:b": minted_from("ins:b")}


def test_a_chain_between_two_nirs_is_cut_at_every_link(spark: SparkSession) -> None:
    groups = [["ins:a", "ipp:1"], ["ipp:1", "psa:2"], ["psa:2", "ipp:3"], ["ipp:3", "ins:b"], ["ins:c", "ipp:9"]]
    got = teach(spark, empty_links(spark), groups, 1)
    found = persons(got)
    assert got.apart == 1
    assert found["ins:c"] == found["ipp:9"]
    chain = ["ins:a", "ipp:1", "psa:2", "ipp:3", "ins:b"]
    assert len({found[key] for key in chain}) == len(chain)
    again = teach(spark, got.table, groups, 2)
    assert sorted(again.table.collect()) == sorted(got.table.collect())


@pytest.mark.long
def test_two_persons_with_nirs_are_not_merged_by_a_correspondence(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["ins:a", "ipp:1"], ["ins:b", "psa:2"]], 1)
    second = teach(spark, first.table, [["ipp:1", "psa:2"]], 2)
    assert persons(second)["ins:a"] != persons(second)["ins:b"]
    # Either link may be the wrong one: both numbers are held.
    assert (persons(second)["ipp:1"], persons(second)["psa:2"]) == (None, None)
    assert (second.merged, second.contested) == (0, 2)


@pytest.mark.long
def test_a_person_without_a_nir_learns_it(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["ipp:1", "psa:2"], ["ins:z", "ipp:7"]], 1)
    second = teach(spark, first.table, [["psa:2", "ins:a"], ["ins:z", "ipp:8"]], 2)
    assert len({persons(second)[key] for key in ("ipp:1", "psa:2", "ins:a")}) == 1
    assert (second.contested, second.apart) == (0, 0)


def test_a_settled_number_stays_where_it_was_put(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["ipp:1", "ins:a"], ["ins:b", "ipp:2"]], 1)
    put = settled(first.table, "ipp:1")
    second = teach(spark, put, [["ipp:1", "ins:b"], ["ipp:1", "psa:5"]], 2)
    got = persons(second)
    assert got["ipp:1"] == got["ins:a"] == got["psa:5"] != got["ins:b"]
    assert (second.contested, second.apart) == (0, 1)


@pytest.mark.long
def test_a_table_of_an_earlier_release_is_learnt_on(spark: SparkSession) -> None:
    first = teach(spark, empty_links(spark), [["ipp:1", "ins:a"]], 1)
    second = teach(spark, first.table.drop("settled"), [["ipp:2", "ins:a"]], 2)
    assert second.table.schema.fieldNames() == LINKS_SCHEMA.fieldNames()
    assert persons(second)["ipp:2"] == persons(second)["ipp:1"]


KEYS = st.sampled_from([f"{kind}:{number}" for kind in ("ins", "ipp", "psa") for number in range(4)])


@pytest.mark.long
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(KEYS, min_size=1, max_size=3), min_size=3, max_size=9))
def test_no_person_ever_has_two_nirs_and_no_key_is_lost(spark: SparkSession, groups: list[list[str]]) -> None:
    half = len(groups) // 2
    first = teach(spark, empty_links(spark), groups[:half], 1)
    got = persons(teach(spark, first.table, groups[half:], 2))
    assert set(got) == {key for group in groups for key in group}
    nirs = [person for key, person in got.items() if key.startswith("ins:")]
    assert None not in nirs
    assert len(set(nirs)) == len(nirs)
