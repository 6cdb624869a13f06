"""The state of a project, and the uid and gid numbers of its workspaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, Engine, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from projects.errors import ProjectError, UnknownProject
from projects.tables import groups, projects, users
from projects.unix_numbers import FIRST_GID, FIRST_UID


class State(StrEnum):
    """Where a project stands; only an `open` one has a workspace."""

    PREPARING = "preparing"
    OPEN = "open"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True)
class Project:
    """A permit's project. `since` is UTC, ISO 8601; `sentence` says why it failed or was closed."""

    id: str
    state: State
    since: str
    sentence: str = ""


class Projects:
    """Reads and moves the state of projects; `clock` gives an aware time."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def find(self, project: str) -> Project | None:
        """The project, or None when it was never opened."""
        with self._engine.connect() as connection:
            row = connection.execute(select(projects).where(projects.c.project == project)).one_or_none()
        return None if row is None else Project(row.project, State(row.state), row.since, row.sentence)

    def get(self, project: str) -> Project:
        """The project. Raises `UnknownProject`."""
        found = self.find(project)
        if found is None:
            raise UnknownProject(f"There is no project {project}: open it with `./run hub project open {project}`.")
        return found

    def all(self) -> list[Project]:
        """Every project, by id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(projects).order_by(projects.c.project)).all()
        return [Project(row.project, State(row.state), row.since, row.sentence) for row in rows]

    def preparing(self, project: str) -> None:
        """The extract is being written; nobody can enter."""
        self._move(project, State.PREPARING)

    def opened(self, project: str) -> None:
        """The extract is complete; members can enter."""
        self._move(project, State.OPEN)

    def failed(self, project: str, sentence: str) -> None:
        """The extract could not be written; `sentence` holds no value from the data."""
        self._move(project, State.FAILED, sentence)

    def closed(self, project: str, sentence: str = "") -> None:
        """The project is over. Raises `ProjectError` when it never existed."""
        self.get(project)
        self._move(project, State.CLOSED, sentence)

    def _move(self, project: str, state: State, sentence: str = "") -> None:
        since = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        values = {"state": state.value, "since": since, "sentence": sentence[:500]}
        with self._engine.begin() as connection:
            changed = connection.execute(update(projects).where(projects.c.project == project).values(**values))
            if changed.rowcount == 0:
                connection.execute(insert(projects).values(project=project, **values))

    def gid(self, project: str) -> int:
        """The project's group number, given at the first call."""
        return self._number(groups, groups.c.gid, FIRST_GID, {"project": project})

    def uid(self, person: str, project: str) -> int:
        """The user number of this person in this project, given at the first call."""
        return self._number(users, users.c.uid, FIRST_UID, {"project": project, "person": person})

    def _number(self, table: Table, number: Column[int], first: int, key: dict[str, str]) -> int:
        for _ in range(20):  # two processes may take the same number: the loser takes the next
            try:
                with self._engine.begin() as connection:
                    return self._number_once(connection, table, number, first, key)
            except IntegrityError:
                continue
        raise ProjectError(f"No free number for a workspace of project {key['project']}: try again.")

    @staticmethod
    def _number_once(connection: Connection, table: Table, number: Column[int], first: int, key: dict[str, str]) -> int:
        same = [table.c[name] == value for name, value in key.items()]
        known = connection.execute(select(number).where(*same)).scalar_one_or_none()
        if known is not None:
            return known
        last = connection.execute(select(func.max(number))).scalar_one_or_none()
        fresh = first if last is None else last + 1
        connection.execute(insert(table).values({**key, number.name: fresh}))
        return fresh
