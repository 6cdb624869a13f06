from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from governance import OutOfDate, Tampered, events, store, tables
from governance.store import GENESIS

AT = "2026-03-02T09:00:00.000000Z"


@pytest.fixture
def log(engine):
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        store.lock(connection)
        for number in range(3):
            store.append(connection, f"person/p{number}", 0, [events.PersonActivated()], actor="ada", at=AT)
            store.append(connection, f"person/p{number}", 1, [events.PersonDeactivated()], actor="ada", at=AT)
    return engine


def test_an_untouched_log_verifies(log):
    with log.connect() as connection:
        head = store.verify(connection)
        assert store.verify(connection, head) == head
        assert store.verify(connection, GENESIS) == head
        assert [one.seq for one in store.read(connection, "person/p1")] == [1, 2]
        assert list(store.read_kind(connection, "person")) == ["person/p0", "person/p1", "person/p2"]


@pytest.mark.parametrize("column", ["stream", "seq", "schema_version", "type", "payload", "actor", "at", "prev_hash"])
def test_a_change_of_any_column_is_found(log, column):
    value = 9 if column in {"seq", "schema_version"} else "f" * 27
    with log.begin() as connection:
        connection.execute(update(tables.events).where(tables.events.c.position == 3).values({column: value}))
    with log.connect() as connection, pytest.raises(Tampered):
        store.verify(connection)


@pytest.mark.parametrize("position", [1, 3, 6])
def test_a_missing_event_is_found_wherever_it_was(log, position):
    with log.begin() as connection:
        connection.execute(delete(tables.events).where(tables.events.c.position == position))
    with log.connect() as connection, pytest.raises(Tampered):
        store.verify(connection)


def test_a_log_cut_together_with_its_head_is_found_by_a_head_noted_earlier(log):
    with log.connect() as connection:
        noted = store.verify(connection)
    with log.begin() as connection:
        connection.execute(delete(tables.events).where(tables.events.c.position == 6))
        last = connection.scalar(select(tables.events.c.hash).where(tables.events.c.position == 5))
        connection.execute(update(tables.chain_head).values(position=5, hash=last))
    with log.connect() as connection:
        assert store.verify(connection) == last
        with pytest.raises(Tampered):
            store.verify(connection, noted)


def test_an_append_on_a_stale_reading_is_refused(log):
    with log.begin() as connection, pytest.raises(OutOfDate):
        store.append(connection, "person/p1", 1, [events.PersonActivated()], actor="ada", at=AT)


def test_the_database_itself_refuses_a_second_event_with_the_same_number(log):
    with log.connect() as connection:
        row = connection.execute(select(tables.events).where(tables.events.c.position == 2)).one()._asdict()
        with pytest.raises(IntegrityError):
            connection.execute(tables.events.insert().values(**{**row, "position": 7}))


def test_a_log_of_a_newer_version_is_not_guessed_at(log):
    with pytest.raises(Tampered):
        events.decode("person.activated", 2, {})
    with pytest.raises(Tampered):
        events.decode("person.teleported", 1, {})


def test_writers_at_the_same_time_neither_fork_the_chain_nor_share_a_number(engine):
    tables.metadata.create_all(engine)

    def write(_):
        with engine.begin() as connection:
            store.lock(connection)
            number = store.next_number(connection, "application")
            stream = f"application/a{number:04d}"
            store.append(connection, stream, 0, [events.Filed()], actor="ada", at=AT)
            return number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(write, range(40)))
    assert sorted(numbers) == list(range(1, 41))
    with engine.connect() as connection:
        store.verify(connection)
        assert connection.scalar(select(func.count()).select_from(tables.events)) == 40
