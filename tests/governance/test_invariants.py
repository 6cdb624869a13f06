"""Whatever anybody tries, in whatever order, the rules hold."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import create_engine, select, update
from sqlalchemy.pool import StaticPool

from governance import (
    OPERATOR,
    Action,
    Application,
    Governance,
    GovernanceError,
    Person,
    Role,
    State,
    Tampered,
    passwords,
    tables,
)
from governance.rights import DECISIONS

PEOPLE = ("alice", "bob", "carol", "sam", "ada")
ROLES = st.frozensets(st.sampled_from(Role), min_size=1)
actors = st.sampled_from(PEOPLE)
numbers = st.integers(1, 4)
reasons = st.sampled_from(["", "A reason that is long enough.", "A reason that is long enough."])


class Everything:
    def has_table(self, table: str) -> bool:
        return table == "T"

    def grantable(self, table: str, column: str) -> bool:
        return column in {"A", "B"}

    def tells_more(self, table: str, column: str, dates: str) -> bool:
        return False


SOUND = Application(
    title="A title",
    purpose="p" * 50,
    public_interest="i" * 50,
    tables={"T": ("A", "B")},
    date_from=date(2023, 1, 1),
    date_to=date(2023, 12, 31),
    end_date=date(2026, 6, 1),
    institution="CHU",
)


def applications() -> st.SearchStrategy[Application]:
    return st.builds(
        replace,
        st.just(SOUND),
        title=st.sampled_from(["", "A title"]),
        tables=st.sampled_from([{"T": ("A",)}, {"T": ("A", "B")}]),
        members=st.lists(actors, unique=True, max_size=2).map(tuple),
    )


class Anything(RuleBasedStateMachine):
    """Everybody tries everything; a refusal is fine, a broken rule is not."""

    def __init__(self) -> None:
        super().__init__()
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        tables.metadata.create_all(engine)
        self.now = datetime(2026, 3, 2, tzinfo=UTC)
        self.governance = Governance(engine, lambda: self.now)
        self.heads = [self.governance.verify()]
        for username, role in zip(PEOPLE, [*list(Role)[:1] * 2, Role.COMMITTEE, Role.STEWARD, Role.ADMIN], strict=True):
            self.governance.add_person(Person(username, username, frozenset({role})), "a long phrase", OPERATOR)
        self.governance.start("alice", SOUND)
        self.governance.file("alice", "a0001", Everything())

    def attempt(self, act: Callable[[], object]) -> None:
        with contextlib.suppress(GovernanceError):
            act()

    @rule(actor=actors, application=applications())
    def start(self, actor, application):
        self.attempt(lambda: self.governance.start(actor, application))

    @rule(actor=actors, number=numbers, application=applications())
    def save(self, actor, number, application):
        self.attempt(lambda: self.governance.save(actor, f"a{number:04d}", application))

    @rule(actor=actors, number=numbers)
    def file(self, actor, number):
        self.attempt(lambda: self.governance.file(actor, f"a{number:04d}", Everything()))

    @rule(
        members=st.lists(actors, unique=True, max_size=2).map(tuple), actor=st.sampled_from(["alice", "bob", "carol"])
    )
    def file_a_sound_one(self, members, actor):
        def both() -> None:
            draft = self.governance.start(actor, replace(SOUND, members=members))
            self.governance.file(actor, draft.id, Everything())

        self.attempt(both)

    @rule(data=st.data(), actor=st.sampled_from(["sam", "carol"]), decision=st.sampled_from(sorted(DECISIONS)))
    def decide_what_waits(self, data, actor, decision):
        waiting = [one.id for one in self.governance.applications() if one.state is State.FILED]
        if waiting:
            number = data.draw(st.sampled_from(waiting))
            reason = "A reason that is long enough."
            self.attempt(lambda: self.governance.decide(actor, number, decision, reason, Everything()))

    @rule(actor=actors, number=numbers, reason=reasons)
    def withdraw(self, actor, number, reason):
        self.attempt(lambda: self.governance.withdraw(actor, f"a{number:04d}", reason))

    @rule(
        actor=actors,
        number=numbers,
        decision=st.sampled_from(["grant", "refuse", "return", "close"]).map(Action),
        reason=reasons,
    )
    def decide(self, actor, number, decision, reason):
        self.attempt(lambda: self.governance.decide(actor, f"a{number:04d}", decision, reason, Everything()))

    @rule(actor=actors, number=numbers, reason=reasons)
    def close(self, actor, number, reason):
        self.attempt(lambda: self.governance.close(actor, f"p{number:04d}", reason))

    @rule(actor=actors, account=actors, roles=ROLES)
    def change_roles(self, actor, account, roles):
        self.attempt(lambda: self.governance.change_roles(account, roles, actor))

    @rule(actor=actors, account=actors, active=st.booleans())
    def set_active(self, actor, account, active):
        act = self.governance.activate if active else self.governance.deactivate
        self.attempt(lambda: act(account, actor))

    @rule(days=st.integers(0, 20))
    def wait(self, days):
        self.now += timedelta(days=days)

    @invariant()
    def nobody_decided_what_they_filed_or_belong_to(self):
        for dossier in self.governance.applications():
            application, applicant = None, dossier.applicant
            for recorded in self.governance.history(dossier.id):
                application = getattr(recorded.event, "application", application)
                if recorded.type in {"application.granted", "application.refused", "application.returned"}:
                    assert recorded.actor != applicant
                    assert recorded.actor not in application.members
                    assert len(recorded.reason) >= 10

    @invariant()
    def each_granted_application_has_its_one_permit(self):
        granted = {one.permit: one for one in self.governance.applications() if one.state is State.GRANTED}
        permits = {one.id: one for one in self.governance.permits()}
        assert granted.keys() == permits.keys()
        assert sorted(permits) == [f"p{number:04d}" for number in range(1, len(permits) + 1)]
        for number, permit in permits.items():
            wanted = granted[number].application
            assert permit.tables == wanted.tables and permit.end_date == wanted.end_date
            assert set(permit.members) == {*wanted.members, granted[number].applicant}

    @invariant()
    def only_active_researchers_of_an_active_permit_have_a_workspace(self):
        for permit in self.governance.permits():
            for person in self.governance.people():
                if self.governance.may_open(person.username, permit.id):
                    assert person.active and Role.RESEARCHER in person.roles
                    assert person.username in permit.members and permit.active(self.now)

    @invariant()
    def the_chain_only_grows(self):
        self.heads.append(self.governance.verify(self.heads[-1]))

    @invariant()
    def an_admin_is_left(self):
        assert any(one.active and Role.ADMIN in one.roles for one in self.governance.people())

    @precondition(lambda self: self.governance.applications())
    @rule(data=st.data())
    def tampering_is_found(self, data):
        engine = self.governance.engine
        with engine.connect() as connection:
            rows = connection.execute(select(tables.events.c.position, tables.events.c.payload)).all()
            position, payload = data.draw(st.sampled_from([tuple(row) for row in rows]))
            changed = json.dumps({**json.loads(payload), "reason": "another"})
            mine = tables.events.c.position == position
            connection.execute(update(tables.events).where(mine).values(payload=changed))
            connection.commit()
            with pytest.raises(Tampered):
                self.governance.verify()
            connection.execute(update(tables.events).where(mine).values(payload=payload))
            connection.commit()


Anything.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


class TestAnything(Anything.TestCase):  # type: ignore[misc, valid-type]
    @classmethod
    def setUpClass(cls) -> None:
        cls.hasher = passwords._HASHER
        passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

    @classmethod
    def tearDownClass(cls) -> None:
        passwords._HASHER = cls.hasher
