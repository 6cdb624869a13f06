from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from hub.database import build_engine, upgrade
from hub.errors import HubError
from hub.incidents import Incidents
from hub.incidents.letter import leak_letters
from hub.schedule.tables import mail


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    engine = build_engine(url, tmp_path / "records.db")
    upgrade(engine)
    yield engine
    engine.dispose()


def mails(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [row.subject + row.body for row in connection.execute(select(mail))]


def test_a_finding_opens_one_incident_and_one_mail_until_it_is_closed(engine: Engine) -> None:
    incidents = Incidents(engine, leak_letters("en"))
    assert incidents.found("leak", ["nir: 1 in a"]) == (1, True)
    assert incidents.found("leak", ["nir: 1 in b", "nir: 2 in c"]) == (1, False)
    (one,) = incidents.all(only_open=True)
    assert one.found == ("nir: 1 in b", "nir: 2 in c")
    assert one.opened_at <= one.seen_at
    assert len(mails(engine)) == incidents.open_count() == 1
    incidents.close(1, by="ops", reason=" the folder\nwas removed ")
    assert (incidents.open_count(), incidents.all(only_open=True)) == (0, [])
    (closed,) = incidents.all()
    assert (closed.closed_by, closed.reason) == ("ops", "the folder was removed")
    assert incidents.found("leak", ["nir: 1 in a"]) == (2, True)
    assert [one.number for one in incidents.all()] == [2, 1]
    assert len(mails(engine)) == 2


def test_searches_at_once_share_an_incident(engine: Engine) -> None:
    incidents = Incidents(engine, leak_letters("fr"))
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: incidents.found("leak", [f"nir: {n} in a"]), range(8)))
    assert {number for number, _ in numbers} == {incidents.all()[0].number}
    assert sum(opened for _, opened in numbers) == len(mails(engine)) == 1


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501])
def test_closing_wants_a_reason_that_fits(engine: Engine, reason: str) -> None:
    incidents = Incidents(engine)
    incidents.found("leak", ["nir: 1 in a"])
    with pytest.raises(HubError, match="1 to 500 characters"):
        incidents.close(1, by="ops", reason=reason)
    assert incidents.open_count() == 1


def test_what_is_not_open_is_not_closed(engine: Engine) -> None:
    incidents = Incidents(engine)
    with pytest.raises(HubError, match="No incident 7 is open"):
        incidents.close(7, by="ops", reason="x")
    incidents.found("leak", ["nir: 1 in a"])
    incidents.close(1, by="ops", reason="first")
    with pytest.raises(HubError, match="No incident 1 is open"):
        incidents.close(1, by="ops", reason="second")
    assert incidents.all()[0].reason == "first"


def test_many_places_are_counted_not_kept(engine: Engine) -> None:
    incidents = Incidents(engine, leak_letters("fr"))
    incidents.found("leak", [f"nir: 1 in {n}" for n in range(1000)])
    assert len(incidents.all()[0].found) == 201
    assert incidents.all()[0].found[-1] == "... 800 more"
    assert "1000 lieux" in mails(engine)[0]


def test_the_letter_says_where_to_look_and_nothing_of_what_was_found() -> None:
    for language in ("fr", "en"):
        subject, body = leak_letters(language)(3, 12)
        assert "3" in subject and "12" in body and "hub incident close 3" in body
