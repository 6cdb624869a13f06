"""Who may be in a workspace now."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from projects.state import Projects
from projects.tables import metadata
from projects.workspace.access import Access, Grant

TODAY = date(2026, 3, 1)
GRANT = Grant(frozenset({"alice"}), date(2026, 3, 1))


class Permits:
    def __init__(self, **grants: Grant) -> None:
        self.grants = grants

    def grant(self, project: str) -> Grant | None:
        return self.grants.get(project)


@pytest.fixture
def projects(engine: Engine) -> Projects:
    metadata.create_all(engine)
    return Projects(engine, lambda: datetime(2026, 3, 1, tzinfo=UTC))


def access_to(projects: Projects, folder: Path, grant: Grant | None) -> Access:
    (folder / "p0001" / "data").mkdir(parents=True, exist_ok=True)
    return Access(Permits(**({"p0001": grant} if grant else {})), projects, folder, lambda: TODAY)


def test_a_member_of_an_open_project_comes_in_until_the_last_day(projects: Projects, tmp_path: Path) -> None:
    projects.opened("p0001")
    assert access_to(projects, tmp_path, GRANT).refusal("alice", "p0001") is None


@pytest.mark.parametrize(
    ("grant", "word"),
    [
        (None, "not a member"),
        (Grant(frozenset({"bob"}), TODAY), "not a member"),
        (Grant(frozenset({"alice"}), TODAY, active=False), "closed"),
        (Grant(frozenset({"alice"}), date(2026, 2, 28)), "ended on 2026-02-28"),
    ],
)
def test_others_hear_why(projects: Projects, tmp_path: Path, grant: Grant | None, word: str) -> None:
    projects.opened("p0001")
    assert word in (access_to(projects, tmp_path, grant).refusal("alice", "p0001") or "")


def test_a_stranger_cannot_tell_whether_a_permit_exists(projects: Projects, tmp_path: Path) -> None:
    projects.opened("p0001")
    known = access_to(projects, tmp_path, GRANT).refusal("mallory", "p0001") or ""
    unknown = access_to(projects, tmp_path, None).refusal("mallory", "p0001")
    assert known == unknown


def test_nobody_enters_before_the_extract_is_open_or_after_it_closed(projects: Projects, tmp_path: Path) -> None:
    access = access_to(projects, tmp_path, GRANT)
    assert "not ready" in (access.refusal("alice", "p0001") or "")
    projects.preparing("p0001")
    assert "not ready" in (access.refusal("alice", "p0001") or "")
    projects.failed("p0001", "The lake has no table T_MCOaaB.")
    assert "not ready" in (access.refusal("alice", "p0001") or "")
    projects.opened("p0001")
    assert access.refusal("alice", "p0001") is None
    projects.closed("p0001")
    assert "closed" in (access.refusal("alice", "p0001") or "")


def test_numbers_are_given_once_and_never_shared(projects: Projects) -> None:
    pairs = [(person, project) for person in ("alice", "bob") for project in ("p0001", "p0002")]
    first = [projects.uid(*pair) for pair in pairs]
    assert first == [projects.uid(*pair) for pair in pairs]
    assert len(set(first)) == 4
    assert projects.gid("p0001") == projects.gid("p0001") != projects.gid("p0002")
