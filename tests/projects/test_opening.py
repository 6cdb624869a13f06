"""A project's life: opened, failed, closed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from projects.errors import ProjectError, UnknownProject
from projects.opening import close_project, ended, open_project
from projects.state import Projects, State
from projects.tables import metadata

PERMIT = SimpleNamespace(id="p0001")


@pytest.fixture
def projects(engine: Engine) -> Projects:
    metadata.create_all(engine)
    return Projects(engine, lambda: datetime(2026, 3, 1, tzinfo=UTC))


def test_an_extract_that_fails_leaves_a_sentence_and_no_open_project(projects: Projects, tmp_path: Path) -> None:
    def fail(_place: Path) -> None:
        assert projects.get("p0001").state is State.PREPARING
        raise ValueError("a value of the data")

    with pytest.raises(ValueError, match="a value"):
        open_project(PERMIT, projects=projects, folder=tmp_path, compile_into=fail, explain=lambda _: "It failed.")
    assert projects.get("p0001").state is State.FAILED
    assert projects.get("p0001").sentence == "It failed."


def test_closing_stops_then_removes_the_data_keeps_the_home_and_can_be_repeated(
    projects: Projects, tmp_path: Path
) -> None:
    def write(place: Path) -> str:
        (place / "data" / "T").mkdir(parents=True)
        (place / "home" / "alice").mkdir(parents=True)
        return "written"

    seen = []

    def stop(project: str) -> None:
        seen.append((project, projects.get(project).state, (tmp_path / project / "data").exists()))

    report = open_project(PERMIT, projects=projects, folder=tmp_path, compile_into=write, explain=str)
    assert (report, projects.get("p0001").state) == ("written", State.OPEN)
    for _ in range(2):
        close_project("p0001", "Asked.", projects=projects, folder=tmp_path, stop_workspaces=stop)
    assert seen == [("p0001", State.CLOSED, True), ("p0001", State.CLOSED, False)]
    assert [entry.name for entry in (tmp_path / "p0001").iterdir()] == ["home"]
    assert projects.get("p0001").sentence == "Asked."
    with pytest.raises(ProjectError, match="stays closed"):
        open_project(PERMIT, projects=projects, folder=tmp_path, compile_into=write, explain=str)
    with pytest.raises(UnknownProject):
        close_project("p0404", "", projects=projects, folder=tmp_path, stop_workspaces=stop)


def test_a_project_without_an_active_permit_has_ended(projects: Projects) -> None:
    for project in ("p0001", "p0002", "p0003"):
        projects.opened(project)
    projects.closed("p0003")
    assert ended(projects, ["p0001"]) == ["p0002"]
