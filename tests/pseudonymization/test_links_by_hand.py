"""What a steward decides about links, in plain Python and on a table."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pseudonymization.errors import NoSuchLink
from pseudonymization.links import empty_links
from pseudonymization.links_by_hand import Link, Links, minted_by_hand, rows_about, with_rows
from tests.pseudonymization.linking import KEY, minted_from, persons, teach

A, B = Link("ins:a", "ins", "p:a", 1, False), Link("ins:b", "ins", "p:b", 2, False)
ONE = Link("ipp:1", "ipp", "p:a", 1, False)
HELD = Link("ipp:9", "ipp", None, 0, False)


def links(*rows: Link) -> Links:
    return Links(rows, KEY, 7)


def test_settling_gives_a_number_to_the_person_of_another() -> None:
    some = links(A, B, ONE, HELD)
    some.settle(("ipp", "ipp:9"), ("ins", "ins:b"))
    assert some.changed == [Link("ipp:9", "ipp", "p:b", 2, True)]
    # A number that nothing taught yet can be given as well.
    some.settle(("psa", "psa:5"), ("ipp", "ipp:9"))
    assert some.of(("psa", "psa:5")) == Link("psa:5", "psa", "p:b", 2, True)


def test_one_person_of_two_keeps_the_older_id() -> None:
    for one, other in (("ins:a", "ins:b"), ("ins:b", "ins:a")):
        some = links(A, B, ONE)
        some.same(("ins", one), ("ins", other))
        assert some.changed == [Link("ins:b", "ins", "p:a", 1, False)]
        some.same(("ins", one), ("ins", other))
        assert len(some.changed) == 1


def test_detached_numbers_become_one_new_person_and_both_are_settled() -> None:
    other = Link("psa:2", "psa", "p:a", 1, False)
    some = links(A, ONE, other)
    some.detach([("ipp", "ipp:1"), ("psa", "psa:2")])
    new = minted_by_hand(KEY, "ipp:1")[0]
    assert some.changed == [
        Link("ins:a", "ins", "p:a", 1, True), Link("ipp:1", "ipp", new, 7, True), Link("psa:2", "psa", new, 7, True)
    ]  # fmt: skip


def test_a_number_that_its_person_is_minted_from_gets_another_id_each_time() -> None:
    some = links(A, ONE)
    seen = {"p:a"}
    for number in range(9):
        some.detach([("ins", "ins:a")])
        row = some.of(("ins", "ins:a"))
        assert row is not None
        assert row.person == minted_by_hand(KEY, "ins:a")[number]
        seen.add(row.person)
        # Somebody stays behind under that id, so it is taken.
        some.settle(("ipp", f"ipp:{number + 100}"), ("ins", "ins:a"))
    with pytest.raises(NoSuchLink, match="more than 9 times"):
        some.detach([("ins", "ins:a")])
    assert len(seen) == 10


def test_a_held_number_is_nobodys_until_it_is_settled() -> None:
    some = links(A, ONE)
    some.hold(("ipp", "ipp:1"))
    assert some.changed == [Link("ipp:1", "ipp", None, 0, True)]
    some.settle(("ipp", "ipp:1"), ("ins", "ins:a"))
    assert some.of(("ipp", "ipp:1")) == Link("ipp:1", "ipp", "p:a", 1, True)


@pytest.mark.parametrize(
    ("key", "told"), [(("ipp", "ipp:77"), "in no register"), (("ipp", "ipp:9"), "is held: it is nobody's")]
)
def test_a_number_that_leads_to_nobody_is_said_without_it(key: tuple[str, str], told: str) -> None:
    some = links(A, HELD)
    for decide in (
        lambda: some.settle(("psa", "psa:1"), key), lambda: some.same(key, ("ins", "ins:a")), lambda: some.detach([key])
    ):  # fmt: skip
        with pytest.raises(NoSuchLink, match=told) as error:
            decide()
        assert key[1] not in str(error.value)
    assert some.changed == []


@pytest.mark.spark
def test_a_decision_goes_into_the_table_and_later_batches_leave_it(spark: SparkSession) -> None:
    groups = [["ipp:1", "ins:a"], ["ipp:1", "ins:b"], ["ipp:2", "psa:2"], ["ins:c", "ipp:3"]]
    first = teach(spark, empty_links(spark), groups, 1).table.localCheckpoint()
    assert {row.person_key for row in rows_about(first, ["ipp:1", "ipp:2", "unheard"], spark)} == {
        "ipp:1", "ipp:2", "psa:2"
    }  # fmt: skip
    some = Links(rows_about(first, ["ipp:1", "ins:b", "psa:2"], spark), KEY, 2)
    some.settle(("ipp", "ipp:1"), ("ins", "ins:b"))
    some.detach([("psa", "psa:2")])
    second = with_rows(first, some.changed, spark)
    got = persons(second)
    assert set(got) == set(persons(first))
    assert got["ipp:1"] == got["ins:b"] == minted_from("ins:b")
    assert got["psa:2"] != got["ipp:2"]
    assert got["ins:c"] == got["ipp:3"]
    # The same delivery once more: what was decided stays.
    third = teach(spark, second, groups, 3)
    assert persons(third) == got
    assert (third.contested, third.merged) == (0, 0)
