"""Accounts: who is let in, in which roles; every change is logged like any other act."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date

from sqlalchemy import Connection, Engine

from governance import events, passwords, people, store
from governance.clock import Clock, to_text
from governance.errors import BadPassword, Fault, Invalid, NotAllowed
from governance.people import OPERATOR, Person, Role
from governance.rights import Action, Part, State, parts_of, require


class Accounts:
    """The half of `Governance` that concerns people. Raises what `Governance` raises."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock

    def people(self) -> list[Person]:
        """Everybody, active or not, by user name."""
        with self.engine.connect() as connection:
            return people.all_people(connection)

    def person(self, username: str) -> Person | None:
        """The person, active or not."""
        with self.engine.connect() as connection:
            return people.find(connection, username)

    def add_person(self, person: Person, password: str, actor: str, *, must_change: bool = False) -> Person:
        """Make an account; `must_change` asks the person for a password of their own."""
        with self._writing() as (connection, at):
            self._require_manager(connection, actor, person.username)
            faults = people.check(person)
            if not faults and people.find(connection, person.username):
                faults = (Fault("username", "This user name is already taken."),)
            if faults:
                raise Invalid(faults)
            people.add(connection, person, at)
            passwords.set_password(connection, person.username, password, at, must_change=must_change)
            self._log_person(connection, person.username, events.PersonAdded(_ordered(person.roles)), actor, at)
        return person

    def change_roles(self, username: str, roles: frozenset[Role], actor: str) -> Person:
        """Replace a person's roles; nobody changes their own."""
        with self._writing() as (connection, at):
            self._require_manager(connection, actor, username)
            person = people.get(connection, username)
            if not roles:
                raise Invalid([Fault("roles", "Give the person at least one role.")])
            if roles != person.roles:
                people.set_roles(connection, username, roles)
                self._log_person(connection, username, events.RolesChanged(_ordered(roles)), actor, at)
            return people.get(connection, username)

    def deactivate(self, username: str, actor: str) -> Person:
        """Shut an account: the person can no longer sign in, decide, or be given access."""
        return self._set_active(username, False, actor)

    def activate(self, username: str, actor: str) -> Person:
        """Open an account again."""
        return self._set_active(username, True, actor)

    def _set_active(self, username: str, active: bool, actor: str) -> Person:
        with self._writing() as (connection, at):
            self._require_manager(connection, actor, username)
            if people.get(connection, username).active != active:
                people.set_active(connection, username, active)
                event = events.PersonActivated() if active else events.PersonDeactivated()
                self._log_person(connection, username, event, actor, at)
            return people.get(connection, username)

    def reset_password(self, username: str, actor: str) -> str:
        """Give the person a new random password, to be shown once, and lift a lock."""
        password = passwords.random_password()
        with self._writing() as (connection, at):
            self._require_manager(connection, actor, username)
            people.get(connection, username)
            passwords.set_password(connection, username, password, at, must_change=True)
            self._log_person(connection, username, events.PasswordChanged(), actor, at)
        return password

    def change_password(self, username: str, old: str, new: str) -> None:
        """A person's own change. Raises `BadPassword` when the old one is wrong or the new one too weak."""
        if passwords.authenticate(self.engine, self.clock, username, old) is None:
            raise BadPassword("The present password is not right.")
        with self._writing() as (connection, at):
            passwords.set_password(connection, username, new, at, must_change=False)
            self._log_person(connection, username, events.PasswordChanged(), username, at)

    def must_change_password(self, username: str) -> bool:
        """Whether the password in use was handed out by somebody else."""
        with self.engine.connect() as connection:
            return passwords.must_change(connection, username)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, str]]:
        with self.engine.begin() as connection:
            store.lock(connection)
            yield connection, to_text(self.clock())

    def _today(self) -> date:
        return self.clock().astimezone(UTC).date()

    @staticmethod
    def _actor(connection: Connection, username: str) -> Person:
        person = people.find(connection, username)
        if person is None or not person.active:
            raise NotAllowed("This account is not active.")
        return person

    def _require_manager(self, connection: Connection, actor: str, account: str) -> None:
        parts = (
            frozenset({Part.ADMIN}) if actor == OPERATOR else parts_of(self._actor(connection, actor), account=account)
        )
        require(State.NONE, parts, Action.MANAGE_PEOPLE)

    @staticmethod
    def _log_person(connection: Connection, username: str, event: events.Event, actor: str, at: str) -> None:
        stream = f"person/{username}"
        store.append(connection, stream, len(store.read(connection, stream)), [event], actor=actor, at=at)


def _ordered(roles: frozenset[Role]) -> tuple[Role, ...]:
    return tuple(role for role in Role if role in roles)
