"""Instants of cron lines: an own, slow reading of the wall clock is the judge."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.schedule.cron import Cron

ZONES = ["Europe/Paris", "UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]
FIELDS = st.one_of(
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 4)),
    st.builds("{} * * * *".format, st.integers(0, 59)),
    st.builds("*/{} * * * *".format, st.sampled_from([5, 10, 15, 30])),
    st.builds("{} */{} * * *".format, st.integers(0, 59), st.integers(2, 5)),
    st.builds("{} {} * * {}".format, st.integers(0, 59), st.integers(0, 3), st.integers(0, 7)),
)
# Around changes of the clocks: Paris 2026, New York 2026, Lord Howe 2026, Apia's missing day, Casablanca 2026.
CHANGES = [
    datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 3, 8), datetime(2026, 11, 1),
    datetime(2026, 4, 5), datetime(2026, 10, 4), datetime(2011, 12, 30), datetime(2026, 2, 15), datetime(2026, 3, 22),
]  # fmt: skip
STARTS = st.builds(
    lambda day, minutes: (day + timedelta(minutes=minutes)).replace(tzinfo=UTC),
    st.sampled_from(CHANGES),
    st.integers(-3000, 1500),
)


def meant(fields: str, zone: str, first: datetime, last: datetime) -> list[datetime]:
    """Every wall time of the fields, each at its instant, sorted: no window, no shortcut."""
    place = ZoneInfo(zone)
    start = first.replace(tzinfo=None) - timedelta(days=3)
    end = last.replace(tzinfo=None) + timedelta(days=3)
    found = set()
    whole_day = len(CronSim(fields, start).hours) == 24
    for wall in CronSim(fields, start):
        if wall > end:
            break
        one, two = (wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
        found |= {one, two} if two > one and whole_day else {one}
    return sorted(one for one in found if first < one <= last)


@settings(max_examples=80)
@given(FIELDS, st.sampled_from(ZONES), STARTS, st.integers(1, 72))
@example("30 2 * * *", "Europe/Paris", datetime(2026, 3, 28, 12, tzinfo=UTC), 48)
@example("*/10 * * * *", "Europe/Paris", datetime(2026, 10, 24, 22, tzinfo=UTC), 12)
@example("15 * * * *", "Australia/Lord_Howe", datetime(2026, 10, 3, 12, tzinfo=UTC), 12)
def test_no_instant_is_skipped_or_doubled_and_all_come_in_order(
    fields: str, zone: str, first: datetime, hours: int
) -> None:
    last = first + timedelta(hours=hours)
    found = Cron(fields, zone).between(first, last)
    assert found == sorted(set(found))
    assert found == meant(fields, zone, first, last)


@settings(max_examples=40)
@given(FIELDS, st.sampled_from(ZONES), STARTS, st.integers(0, 40))
def test_it_does_not_matter_where_one_starts_to_count(fields: str, zone: str, first: datetime, cut: int) -> None:
    cron = Cron(fields, zone)
    last = first + timedelta(hours=48)
    middle = first + timedelta(hours=cut)
    assert cron.between(first, last) == cron.between(first, middle) + cron.between(middle, last)


@settings(max_examples=30)
@given(st.integers(0, 59), st.integers(0, 23), st.sampled_from(["Europe/Paris", "America/New_York"]))
def test_a_job_at_a_fixed_hour_runs_once_on_every_day_of_the_year(minute: int, hour: int, zone: str) -> None:
    place = ZoneInfo(zone)
    cron = Cron(f"{minute} {hour} * * *", zone)
    found = cron.between(datetime(2026, 1, 1, tzinfo=place) - timedelta(seconds=1), datetime(2027, 1, 1, tzinfo=place))
    days = [one.astimezone(place).date() for one in found if one.astimezone(place).year == 2026]
    assert len(days) == len(set(days)) == 365


@settings(max_examples=30)
@given(st.sampled_from([5, 10, 15, 20, 30]), st.sampled_from(["Europe/Paris", "America/New_York"]), STARTS)
def test_a_job_of_every_few_minutes_runs_every_few_minutes(step: int, zone: str, first: datetime) -> None:
    found = Cron(f"*/{step} * * * *", zone).between(first, first + timedelta(hours=30))
    assert {two - one for one, two in pairwise(found)} == {timedelta(minutes=step)}


def test_the_nights_of_the_changes_in_paris() -> None:
    cron = Cron("30 2 * * *", "Europe/Paris")
    spring = cron.between(datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC))
    assert [f"{one:%d %H:%M}" for one in spring] == ["29 01:30", "30 00:30"]
    autumn = cron.between(datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC))
    assert [f"{one:%d %H:%M}" for one in autumn] == ["25 00:30", "26 01:30"]


def test_sunday_is_zero_and_a_line_that_names_no_time_is_refused() -> None:
    sunday = Cron("0 5 * * 0", "UTC").next(datetime(2026, 3, 2, tzinfo=UTC))[0]
    assert sunday.strftime("%A") == "Sunday"
    for wrong in ("every day", "0 0 30 2 *", "0 0 * * * *", "61 * * * *", ""):
        with pytest.raises(ValueError, match="five cron fields"):
            Cron.check(wrong)
