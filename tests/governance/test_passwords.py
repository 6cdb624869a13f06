from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from governance import OPERATOR, authenticate, passwords, tables
from governance.errors import BadPassword

PASSWORD = "a long enough phrase"


def test_only_the_right_password_of_an_active_person(engine, clock, governance):
    found = authenticate(engine, clock, " Alice ", PASSWORD)
    assert found is not None and found.username == "alice"
    assert authenticate(engine, clock, "alice", PASSWORD + "x") is None
    assert authenticate(engine, clock, "nobody", PASSWORD) is None
    assert authenticate(engine, clock, "x' or 1=1", PASSWORD) is None
    governance.deactivate("alice", OPERATOR)
    assert authenticate(engine, clock, "alice", PASSWORD) is None


def test_five_failures_lock_for_a_quarter_of_an_hour(engine, clock, governance):
    for _ in range(5):
        assert authenticate(engine, clock, "alice", "wrong") is None
    assert authenticate(engine, clock, "alice", PASSWORD) is None
    assert authenticate(engine, clock, "bob", PASSWORD) is not None
    clock.move(minutes=14)
    assert authenticate(engine, clock, "alice", PASSWORD) is None
    clock.move(minutes=2)
    assert authenticate(engine, clock, "alice", PASSWORD) is not None


def test_success_and_time_forget_failures(engine, clock, governance):
    for _ in range(3):
        for _ in range(4):
            assert authenticate(engine, clock, "alice", "wrong") is None
        assert authenticate(engine, clock, "alice", PASSWORD) is not None
    for _ in range(4):
        authenticate(engine, clock, "alice", "wrong")
    clock.move(minutes=16)
    authenticate(engine, clock, "alice", "wrong")
    assert authenticate(engine, clock, "alice", PASSWORD) is not None


def test_guesses_at_the_same_time_cannot_outrun_the_lock(engine, clock, governance, monkeypatch):
    verified = []
    true_verify = passwords._verify

    def counting(stored, password):
        verified.append(password)
        return true_verify(stored, password)

    monkeypatch.setattr(passwords, "_verify", counting)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: authenticate(engine, clock, "alice", f"guess {n}"), range(12)))
    assert authenticate(engine, clock, "alice", PASSWORD) is None
    with engine.connect() as connection:
        assert connection.scalar(select(tables.login_failures.c.failures)) >= 12


def test_an_unknown_name_costs_a_hash_and_leaves_no_trace(engine, clock, governance, monkeypatch):
    verified = []
    monkeypatch.setattr(passwords, "_verify", lambda stored, password: verified.append(stored) or False)
    authenticate(engine, clock, "mysecretpassword", PASSWORD)
    authenticate(engine, clock, "Not A Name!", PASSWORD)
    assert len(verified) == 2 and all(stored.startswith("$argon2id$") for stored in verified)
    with engine.connect() as connection:
        assert connection.execute(select(tables.login_failures)).all() == []


def test_what_is_stored_is_a_salted_argon2id_hash(engine, governance):
    with engine.connect() as connection:
        hashes = set(connection.scalars(select(tables.passwords.c.hash)))
    assert len(hashes) == 5 and all(one.startswith("$argon2id$") for one in hashes)
    assert PASSWORD not in str(hashes)


@pytest.mark.parametrize("weak", ["short", "x" * 257, "aaaaaaaaaaaaaaaa", "alice-alice-alice"])
def test_weak_passwords_are_refused(governance, weak):
    with pytest.raises(BadPassword):
        governance.change_password("alice", PASSWORD, weak)


def test_a_person_changes_their_own_password(engine, clock, governance):
    handed_out = governance.reset_password("alice", "ada")
    assert governance.must_change_password("alice")
    assert authenticate(engine, clock, "alice", PASSWORD) is None
    with pytest.raises(BadPassword):
        governance.change_password("alice", PASSWORD, "another long phrase")
    governance.change_password("alice", handed_out, "another long phrase")
    assert not governance.must_change_password("alice")
    assert authenticate(engine, clock, "alice", "another long phrase") is not None


def test_a_reset_lifts_the_lock(engine, clock, governance):
    for _ in range(6):
        authenticate(engine, clock, "alice", "wrong")
    assert authenticate(engine, clock, "alice", governance.reset_password("alice", "ada")) is not None


def test_random_passwords_are_readable_and_differ():
    drawn = {passwords.random_password() for _ in range(50)}
    assert len(drawn) == 50
    assert all(re.fullmatch(r"([a-hj-km-np-tv-z2-9]{4}-){3}[a-hj-km-np-tv-z2-9]{4}", one) for one in drawn)


def test_a_second_factor_has_the_last_word(engine, clock, governance):
    assert authenticate(engine, clock, "alice", PASSWORD, second_factor=lambda person: False) is None
    assert authenticate(engine, clock, "alice", PASSWORD, second_factor=lambda person: True) is not None
