"""The ledger of intervals, on SQLite and PostgreSQL."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from hub.database import build_engine, upgrade
from hub.schedule.clock import due_text
from hub.schedule.ledger import LOST, ScheduleLedger
from hub.schedule.letter import letters
from hub.schedule.reading import Readings
from hub.schedule.settings import JobSettings
from hub.schedule.tables import interval, job, mail


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql")
    engine = build_engine(url, tmp_path / "records.db")
    upgrade(engine)
    yield engine
    engine.dispose()


def wanted(**values: Any) -> JobSettings:
    return JobSettings.model_validate(
        {"name": "night", "cron": "0 * * * *", "timezone": "UTC", "run": "sweep", "backoff": 1} | values
    )


def ledger_of(engine: Engine, **values: Any) -> ScheduleLedger:
    return ScheduleLedger(engine, "here", tell=letters("en"), **values)


def asleep(engine: Engine, ledger: ScheduleLedger, hours: int) -> list[datetime]:
    """The hub was away for some hours; the intervals that came meanwhile."""
    ledger.register("night")
    since = datetime.now(UTC) - timedelta(hours=hours)
    with engine.begin() as connection:
        connection.execute(update(job).values(cursor=due_text(since)))
    return wanted().clock.between(since.replace(microsecond=0), datetime.now(UTC))


def states(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {row.due_at: row.state for row in connection.execute(select(interval).order_by(interval.c.due_at))}


def letters_in(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(mail)))


def work_off(ledger: ScheduleLedger, settings: JobSettings) -> list[datetime]:
    done = []
    while (claim := ledger.claim(settings, "one")) is not None:
        assert ledger.finish(claim, settings, "done", 0) == "done"
        done.append(claim.due)
    return done


def test_missed_intervals_are_run_once_each_or_not_at_all(database: Engine) -> None:
    ledger = ledger_of(database)
    due = asleep(database, ledger, 5)
    assert work_off(ledger, wanted(missed="once")) == due[-1:]
    assert list(states(database).values()) == ["skipped"] * (len(due) - 1) + ["done"]
    assert Readings(database).owed(wanted(), due[0], due[-1]) == due[:-1]


def test_each_missed_interval_is_run_in_order(database: Engine) -> None:
    ledger = ledger_of(database)
    due = asleep(database, ledger, 5)
    assert work_off(ledger, wanted(missed="each")) == due
    assert set(states(database).values()) == {"done"}


def test_missed_intervals_are_let_go(database: Engine) -> None:
    ledger = ledger_of(database)
    daily = wanted(missed="skip", cron=f"0 {(datetime.now(UTC).hour - 3) % 24} * * *")
    asleep(database, ledger, 40)
    assert work_off(ledger, daily) == []
    assert set(states(database).values()) == {"skipped"}
    assert ledger.wake(daily) > 0


def test_many_runners_ask_at_once_and_one_gets_it(database: Engine) -> None:
    ledger = ledger_of(database)
    asleep(database, ledger, 3)
    got: list[object] = []
    ready = threading.Barrier(8)

    def ask(number: int) -> None:
        ready.wait()
        got.append(ledger.claim(wanted(missed="each"), f"runner {number}"))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(1 for one in got if one is not None) == 1
    assert list(states(database).values()) == ["running"]


def test_what_a_killed_runner_held_is_taken_over_and_its_verdict_comes_too_late(database: Engine) -> None:
    ledger = ledger_of(database, lease=5)
    asleep(database, ledger, 1)
    first = ledger.claim(wanted(), "killed")
    assert first is not None
    assert ledger.claim(wanted(), "other") is None
    assert ledger.renew(first, "half way") is not None
    assert Readings(database).runs()[0].step == "half way"
    time.sleep(5.2)
    second = ledger.claim(wanted(), "other")
    assert second is not None
    assert (second.due, second.attempt) == (first.due, 2)
    assert ledger.renew(first) is None
    assert ledger.finish(first, wanted(), "done", 0) is None
    assert ledger.finish(second, wanted(), "done", 0) == "done"
    tries = Readings(database).attempts("night", second.due_at)
    assert [one.outcome for one in tries] == ["lost", "done"]


def test_a_job_that_kills_its_runners_is_given_up_and_told(database: Engine) -> None:
    ledger = ledger_of(database, lease=0.05)
    asleep(database, ledger, 1)
    for number in range(LOST):
        claim = ledger.claim(wanted(), f"killed {number}")
        assert claim is not None
        assert claim.attempt == number + 1
        time.sleep(0.1)
    assert ledger.claim(wanted(), "last") is None
    assert set(states(database).values()) == {"failed"}
    assert "was cut off several times" in letters_in(database)[0].subject


def test_a_failure_is_tried_again_later_and_later_then_told_once(database: Engine) -> None:
    ledger = ledger_of(database)
    settings = wanted(retries=2, backoff=1000)
    asleep(database, ledger, 1)
    waits = []
    for number in range(3):
        claim = ledger.claim(settings, "one")
        assert claim is not None
        assert claim.attempt == number + 1
        state = ledger.finish(claim, settings, "failed", 7)
        waits.append(round(ledger.wake(settings) / 100) if state == "waiting" else state)
        assert state == "failed" or ledger.claim(settings, "one") is None
        with database.begin() as connection:
            connection.execute(update(interval).values(not_before=0.0))
    assert waits == [10, 20, "failed"]
    letter = letters_in(database)
    assert len(letter) == 1
    assert "Exit code: 7" in letter[0].body
    assert "hub schedule runs --job night" in letter[0].body


def test_what_was_stopped_is_taken_up_at_once_by_another(database: Engine) -> None:
    ledger = ledger_of(database)
    asleep(database, ledger, 1)
    claim = ledger.claim(wanted(retries=0), "stopped")
    assert claim is not None
    assert ledger.finish(claim, wanted(retries=0), "stopped", None) == "waiting"
    again = ledger.claim(wanted(retries=0), "other")
    assert again is not None
    assert again.due == claim.due


def test_a_run_by_hand_is_refused_while_the_job_runs_and_takes_no_interval_of_the_clock(database: Engine) -> None:
    ledger = ledger_of(database)
    due = asleep(database, ledger, 1)
    claim = ledger.claim_interval(wanted(), None, "hand", "person")
    assert claim is not None
    assert claim.due.second != 0
    assert ledger.claim_interval(wanted(), None, "hand", "another") is None
    assert ledger.claim(wanted(), "clock") is None
    assert ledger.finish(claim, wanted(), "failed", 2) == "failed"
    assert letters_in(database) == []
    assert work_off(ledger, wanted()) == due[-1:]


def test_a_backfill_runs_what_is_owed_and_the_clock_does_not_do_it_again(database: Engine) -> None:
    ledger = ledger_of(database)
    due = asleep(database, ledger, 4)
    readings = Readings(database)
    assert readings.owed(wanted(), due[0], due[-1]) == due
    claim = ledger.claim_interval(wanted(), due[1], "backfill", "person")
    assert claim is not None
    assert ledger.finish(claim, wanted(), "done", 0) == "done"
    assert ledger.claim_interval(wanted(), due[1], "backfill", "person") is None
    assert work_off(ledger, wanted(missed="each")) == [due[0], *due[2:]]
    assert readings.owed(wanted(), due[0], due[-1]) == []
