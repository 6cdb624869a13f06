"""Where sockets can be, and which names a workspace can bear."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.errors import WorkspaceFailed
from projects.workspace.places import LONGEST_FOLDER, Places, socket_folder


def test_a_short_lower_case_folder_serves_itself(tmp_path: Path) -> None:
    run = Path("/tmp") / f"hub-test-{tmp_path.name[-1]}" / "run"
    try:
        assert socket_folder(run) == run
    finally:
        run.rmdir()
        run.parent.rmdir()


@pytest.mark.parametrize("name", ["x" * 120, "With Capitals", "espace é"])
def test_another_gets_the_same_closed_stand_in_each_time(tmp_path: Path, name: str) -> None:
    short = socket_folder(tmp_path / name / "run")
    try:
        assert short == socket_folder(tmp_path / name / "run")
        assert short != socket_folder(tmp_path / name / "run2")
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        longest = Places(tmp_path, short, "p" + "0" * 9, "a" * 60).socket.with_name("nb.sock:80")
        assert len(str(longest)) < 108
        assert str(longest) == str(longest).lower()
    finally:
        short.rmdir()
        socket_folder(tmp_path / name / "run2").rmdir()


def test_a_stand_in_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    short = socket_folder(tmp_path / "A")
    try:
        short.chmod(0o755)
        with pytest.raises(WorkspaceFailed, match="remove it"):
            socket_folder(tmp_path / "A")
    finally:
        short.rmdir()


@pytest.mark.parametrize("name", ["", "..", "../p0002", "a/b", "Alice", "-x", "a\n", "a" * 65])
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(WorkspaceFailed):
        Places(Path("/p"), Path("/s"), "p0001", name)
    with pytest.raises(WorkspaceFailed):
        Places(Path("/p"), Path("/s"), name, "alice")


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789._@-", min_size=1, max_size=64))
def test_a_person_s_home_stays_in_the_project(name: str) -> None:
    try:
        places = Places(Path("/p"), Path("/s"), "p0001", name)
    except WorkspaceFailed:
        assert not name[0].isalnum()
        return
    assert places.home.parent == Path("/p/p0001/home")
    assert len(str(places.socket)) + 3 - len("/s") + LONGEST_FOLDER < 108
