"""Who may sign in, and in which roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from governance import tables
from governance.errors import Fault, NotFound

USERNAME = re.compile(r"[a-z][a-z0-9_-]{1,31}")
OPERATOR = "hub"
"""The actor of whoever types commands on the machine itself; never a person's user name."""


class Role(StrEnum):
    """What a person is for. One person may have several; `admin` decides nothing about data."""

    RESEARCHER = "researcher"
    STEWARD = "steward"
    COMMITTEE = "committee"
    ADMIN = "admin"


@dataclass(frozen=True)
class Person:
    """Somebody with an account. `username` is lower case, 2 to 32 of `a-z0-9_-`, and never given twice."""

    username: str
    name: str
    roles: frozenset[Role]
    active: bool = True


def check(person: Person) -> tuple[Fault, ...]:
    """The faults of a person who is about to be added."""
    faults = []
    if not USERNAME.fullmatch(person.username):
        faults.append(
            Fault("username", "A user name is 2 to 32 lower-case letters, digits, - or _, and starts with a letter.")
        )
    elif person.username == OPERATOR:
        faults.append(Fault("username", "This user name is reserved."))
    if not person.name.strip() or len(person.name) > 200:
        faults.append(Fault("name", "Give the person's name, in at most 200 characters."))
    if not person.roles:
        faults.append(Fault("roles", "Give the person at least one role."))
    return tuple(faults)


def all_people(connection: Connection) -> list[Person]:
    """Everybody, active or not, by user name."""
    roles: dict[str, set[Role]] = {}
    for username, role in connection.execute(select(tables.person_roles.c.username, tables.person_roles.c.role)):
        roles.setdefault(username, set()).add(Role(role))
    rows = connection.execute(select(tables.people).order_by(tables.people.c.username))
    return [Person(row.username, row.name, frozenset(roles.get(row.username, ())), bool(row.active)) for row in rows]


def find(connection: Connection, username: str) -> Person | None:
    """The person, active or not."""
    row = connection.execute(select(tables.people).where(tables.people.c.username == username)).one_or_none()
    if row is None:
        return None
    roles = connection.scalars(select(tables.person_roles.c.role).where(tables.person_roles.c.username == username))
    return Person(row.username, row.name, frozenset(Role(role) for role in roles), bool(row.active))


def get(connection: Connection, username: str) -> Person:
    """The person; raises `NotFound`."""
    person = find(connection, username)
    if person is None:
        raise NotFound("There is no person with this user name.")
    return person


def add(connection: Connection, person: Person, at: str) -> None:
    """Write a new person."""
    connection.execute(
        insert(tables.people).values(username=person.username, name=person.name, active=person.active, created_at=at)
    )
    _write_roles(connection, person.username, person.roles)


def set_roles(connection: Connection, username: str, roles: Iterable[Role]) -> None:
    """Replace the person's roles."""
    connection.execute(delete(tables.person_roles).where(tables.person_roles.c.username == username))
    _write_roles(connection, username, roles)


def _write_roles(connection: Connection, username: str, roles: Iterable[Role]) -> None:
    rows: Sequence[dict[str, str]] = [{"username": username, "role": role.value} for role in sorted(roles)]
    if rows:
        connection.execute(insert(tables.person_roles), rows)


def set_active(connection: Connection, username: str, active: bool) -> None:
    """Open or shut the person's account."""
    connection.execute(update(tables.people).where(tables.people.c.username == username).values(active=active))
