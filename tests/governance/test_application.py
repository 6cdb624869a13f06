from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import Application, validate
from governance.application import DATES

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"institution": ""}, "institution"),
        ({"purpose": "too short"}, "purpose"),
        ({"public_interest": "x" * 6001}, "public_interest"),
        ({"tables": {}}, "tables"),
        ({"tables": {"NOPE": ("A",)}}, "tables"),
        ({"tables": {"IR_BEN_R": ()}}, "tables"),
        ({"tables": {"IR_BEN_R": ("BEN_NIR_PSA",)}}, "tables"),
        ({"tables": {"IR_BEN_R": ("BEN_SEX_COD", "BEN_SEX_COD")}}, "tables"),
        ({"date_from": None}, "date_from"),
        ({"date_to": None}, "date_to"),
        ({"date_to": date(2022, 1, 1)}, "date_to"),
        ({"end_date": None}, "end_date"),
        ({"end_date": TODAY - timedelta(days=1)}, "end_date"),
        ({"end_date": date(2031, 3, 3)}, "end_date"),
        ({"born_from": 1800}, "born_from"),
        ({"born_to": 2027}, "born_to"),
        ({"born_from": 1990, "born_to": 1980}, "born_to"),
        ({"dates": "roughly"}, "dates"),
        ({"dates": "shifted"}, "dates"),
        ({"members": ("nobody",)}, "members"),
        ({"members": ("bob", "bob")}, "members"),
    ],
)
def test_each_fault_names_its_field_in_one_sentence(wanted, small_catalogue, changes, field):
    faults = validate(wanted(**changes), small_catalogue, {"alice", "bob"}, TODAY)
    assert [fault.field for fault in faults] == [field]
    assert faults[0].sentence.endswith(".") and "{" not in faults[0].sentence


def test_a_sound_application_has_no_fault(wanted, small_catalogue):
    wide = wanted(members=("bob",), born_from=1940, born_to=1990, end_date=date(2031, 3, 2))
    assert validate(wide, small_catalogue, {"alice", "bob"}, TODAY) == ()


def test_five_years_after_a_leap_day(wanted, small_catalogue):
    leap = date(2024, 2, 29)
    assert validate(wanted(end_date=date(2029, 2, 28)), small_catalogue, (), leap) == ()
    assert validate(wanted(end_date=date(2029, 3, 1)), small_catalogue, (), leap)


dates = st.none() | st.dates()
years = st.none() | st.integers(1880, 2026)
applications = st.builds(
    Application,
    title=st.text(),
    purpose=st.text(),
    public_interest=st.text(),
    tables=st.dictionaries(st.text(), st.lists(st.text()).map(tuple), max_size=3),
    date_from=dates,
    date_to=dates,
    born_from=years,
    born_to=years,
    members=st.lists(st.text(), max_size=3).map(tuple),
    end_date=dates,
    institution=st.text(),
    dates=st.sampled_from(DATES),
)


def test_an_application_from_before_the_question_has_exact_dates():
    old = Application().to_json()
    del old["dates"]
    assert Application.from_json(old).dates == "exact"


@given(applications)
def test_json_round_trip(application):
    assert Application.from_json(application.to_json()) == application
