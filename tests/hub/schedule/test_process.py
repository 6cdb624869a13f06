"""One run as a process: its end, its log, its progress."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.schedule import child
from hub.schedule.clock import steady
from hub.schedule.ledger import Claim
from hub.schedule.process import JobProcess

# In the place of the hub's commands: says progress, then does what it is told.
STAND_IN = """
import sys, time
sys.argv.pop(1)
print("12:00:00 snds: ER_PRS_F written 3/8", flush=True)
print("a line of its own", flush=True)
what = sys.argv[1]
if what == "sleep":
    time.sleep(60)
sys.exit(int(what))
"""


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    package = tmp_path / "hub" / "schedule"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "child.py").write_text(STAND_IN)
    monkeypatch.setattr("hub.schedule.process.ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("hub.schedule.process.GRACE", 1.0)

    def start(*words: str, lease: float = 60.0) -> JobProcess:
        claim = Claim("night", datetime(2026, 1, 1, tzinfo=UTC), "clock", 1, "me", steady() + lease)
        return JobProcess(claim, list(words), home=tmp_path, log=tmp_path / "logs" / "night.log")

    return start


def renew(_step: str | None) -> float:
    return steady() + 60


def test_its_exit_code_is_its_verdict(process, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    never = threading.Event()
    assert process("0").wait(renew, lease=60, time_limit=None, stop=never) == ("done", 0)
    assert process("3").wait(renew, lease=60, time_limit=None, stop=never) == ("failed", 3)
    assert "a line of its own" in (tmp_path / "logs" / "night.log").read_text()


def test_its_time_limit_ends_it(process) -> None:  # type: ignore[no-untyped-def]
    began = time.monotonic()
    assert process("sleep").wait(renew, lease=60, time_limit=1, stop=threading.Event()) == ("too_long", None)
    assert time.monotonic() - began < 50


def test_a_stop_ends_it(process) -> None:  # type: ignore[no-untyped-def]
    stop = threading.Event()
    stop.set()
    assert process("sleep").wait(renew, lease=60, time_limit=None, stop=stop) == ("stopped", None)


def test_only_progress_lines_are_told(process) -> None:  # type: ignore[no-untyped-def]
    told: list[str | None] = []

    def note(step: str | None) -> float | None:
        told.append(step)
        return None if step else steady() + 60

    assert process("sleep").wait(note, lease=1.0, time_limit=20, stop=threading.Event()) is None
    assert told[-1] == "snds: ER_PRS_F written 3/8"


def test_who_cannot_renew_the_lease_ends_the_run_before_it_ends(process) -> None:  # type: ignore[no-untyped-def]
    def away(_step: str | None) -> float | None:
        raise ConnectionError

    began = steady()
    assert process("sleep", lease=8.0).wait(away, lease=8.0, time_limit=None, stop=threading.Event()) is None
    assert steady() - began < 8.0


def test_a_child_without_its_runner_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        raise SystemExit(code)

    monkeypatch.setattr("os._exit", leave)
    monkeypatch.setattr("sys.argv", ["child", "1", "tables"])
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: type("C", (), {"prctl": lambda *a: 0})())
    with pytest.raises(SystemExit):
        child.main()
    assert codes == [143]
