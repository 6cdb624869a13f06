import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock

from hub.errors import HubError
from hub.schedule import command_of, run_job, run_schedule
from hub.settings import JobSettings


def job(**values: str) -> JobSettings:
    return JobSettings.model_validate(
        {"name": "night", "cron": "30 2 * * *", "run": "ingest", "source": "snds"} | values
    )


def test_a_job_is_a_command_that_a_person_could_type() -> None:
    assert command_of(job()) == ["ingest", "snds"]
    assert command_of(job(run="sweep")) == ["project", "sweep"]
    assert command_of(job(run="derive")) == ["derive"]


def test_ingest_without_a_source_is_refused_before_the_clock_starts(tmp_path: Path) -> None:
    nameless = JobSettings(name="night", cron="30 2 * * *", run="ingest")
    with pytest.raises(HubError, match="source"):
        run_schedule([nameless], home=tmp_path, say=lambda _line: None)


def test_no_jobs_is_said(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="No job"):
        run_schedule([], home=tmp_path, say=lambda _line: None)


def test_one_job_never_runs_twice_at_once(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "run" / "jobs").mkdir(parents=True)
    with FileLock(tmp_path / "run" / "jobs" / "night.lock"):
        # The lock is held by another holder, as another process would.
        results: list[int | None] = []
        thread = threading.Thread(target=lambda: results.append(run_job(job(), home=tmp_path, say=said.append)))
        thread.start()
        thread.join()
    assert results == [None]
    assert "still running" in said[-1]


def test_a_run_reports_its_exit_code(tmp_path: Path) -> None:
    said: list[str] = []
    start = time.monotonic()
    assert run_job(job(), home=tmp_path, say=said.append, arguments=["no-such-command"]) == 2
    assert time.monotonic() - start < 60
    assert "exit code 2" in said[-1]
