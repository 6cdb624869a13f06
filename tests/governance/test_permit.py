from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from governance import Permit, State


@pytest.fixture
def permit():
    return Permit(
        id="p0001",
        application="a0001",
        title="Étude",
        purpose="…",
        public_interest="…",
        tables={"T": ("A", "B")},
        date_from=date(2023, 1, 1),
        date_to=date(2023, 12, 31),
        born_from=None,
        born_to=1990,
        members=("alice", "bob"),
        end_date=date(2026, 5, 31),
        institution="CHU",
        filed_by="alice",
        granted_at="2026-03-02T09:00:00.000000Z",
        granted_by="sam",
    )


def test_the_last_day_still_counts_in_utc(permit):
    assert permit.active(datetime(2026, 5, 31, 23, 59, tzinfo=UTC))
    assert permit.state(datetime(2026, 6, 1, 0, 0, tzinfo=UTC)) is State.ENDED
    paris = timezone(timedelta(hours=2))
    assert permit.active(datetime(2026, 6, 1, 1, 0, tzinfo=paris))


def test_closed_wins_over_the_date(permit):
    closed = replace(permit, closed_at="2026-04-01T00:00:00.000000Z")
    assert closed.state(datetime(2030, 1, 1, tzinfo=UTC)) is State.CLOSED
    assert not closed.active(datetime(2026, 4, 2, tzinfo=UTC))


def test_json_round_trip(permit):
    assert Permit.loads(permit.dumps()) == permit
    assert "É" in permit.dumps()
    shifted = replace(permit, dates="shifted")
    assert Permit.loads(shifted.dumps()).dates == "shifted"


def test_a_permit_from_before_the_question_has_exact_dates(permit):
    old = permit.to_json()
    del old["dates"]
    assert Permit.from_json(old) == permit
