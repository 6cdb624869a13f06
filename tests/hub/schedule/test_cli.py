"""`hub schedule` as a person meets it, and other clocks as the operator's page shows them."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli.schedule import _exists, _moments
from hub.errors import HubError
from hub.paths import ROOT
from hub.schedule.settings import JobSettings

PAGE = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
JOBS = [
    {"name": "tables", "cron": "0 3 * * *", "run": "command", "command": "tables"},
    {"name": "nowhere", "cron": "0 3 * * *", "timezone": "UTC", "run": "ingest", "source": "nowhere", "retries": 0},
]


@pytest.fixture
def schedule(tmp_path: Path):  # type: ignore[no-untyped-def]
    def call(*words: str, jobs: object = JOBS) -> subprocess.CompletedProcess[str]:
        settings = tmp_path / "hub.yaml"
        settings.write_text(json.dumps({"home": str(tmp_path / "home"), "schedule": jobs}))
        return subprocess.run(
            [sys.executable, "-m", "hub", "schedule", *words],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if key != "HUB_HOME"}
            | {"HUB_SETTINGS": str(settings)},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return call


def test_a_person_looks_runs_and_fills_up(schedule, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "03:00" in schedule("next").stdout
    assert "No interval has come yet" in schedule("runs").stdout
    done = schedule("--now", "tables")
    assert done.returncode == 0
    assert "Nothing is published yet" in done.stdout, "who starts it by hand sees what it says"
    owed = schedule("backfill", "2026-03-28", "2026-03-30", "--dry-run").stdout
    assert owed.count("2026-03-29T01:00:00Z") == 1, "three in the morning in Paris, on the day of the change"
    assert owed.count("tables") == owed.count("nowhere") == 3
    filled = schedule("backfill", "2026-03-29", "2026-03-29")
    assert filled.returncode == 1
    assert "1 intervals done, 1 failed." in filled.stdout
    log = (tmp_path / "home").joinpath(*_log(schedule("runs", "--job", "nowhere").stdout))
    assert "No contract for source" in log.read_text()
    assert "2026-03-29 03:00 CEST  done" in schedule("runs", "--job", "tables").stdout
    assert "Nothing is owed" in schedule("backfill", "2026-03-29", "2026-03-29", "--job", "tables", "--dry-run").stdout


def _log(shown: str) -> list[str]:
    found = re.search(r"logs/jobs/\S+", shown)
    assert found, shown
    return found[0].split("/")


@pytest.mark.parametrize(
    ("words", "jobs", "said"),
    [
        (["run"], [], "No job is declared"),
        (["--now", "night"], JOBS, "There is no job night in hub.yaml; declared: tables, nowhere"),
        (["next"], [JOBS[0] | {"command": "keys init"}], "line 1: `schedule.0.command`"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(schedule, words: list[str], jobs: object, said: str) -> None:  # type: ignore[no-untyped-def]
    done = schedule(*words, jobs=jobs)
    assert done.returncode not in (0, 70), done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_days_and_moments_are_read_in_the_zone_of_the_job() -> None:
    first, last = _moments("2026-03-29", "2026-03-29", "Europe/Paris")
    assert (f"{first:%d %H:%M:%S}", f"{last:%d %H:%M:%S}") == ("28 23:00:00", "29 21:59:59")
    assert _moments("2026-03-01T02:30Z", "2026-03-01T02:30Z", "Europe/Paris")[1].hour == 2
    for first_text, last_text, said in (("yesterday", "today", "no day"), ("2026-03-02", "2026-03-01", "comes before")):
        with pytest.raises(HubError, match=said):
            _moments(first_text, last_text, "UTC")


def test_a_permitted_command_that_this_hub_does_not_have_is_said_before_the_clock_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hub.schedule.commands.PERMITTED", (("lake", "fly"), ("leaks",)))
    job = {"name": "fly", "cron": "0 3 * * *", "run": "command"}
    with pytest.raises(HubError, match="has no command `hub lake fly`"):
        _exists(JobSettings.model_validate(job | {"command": "lake fly"}))
    _exists(JobSettings.model_validate(job | {"command": "leaks --also x"}))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_units_of_systemd_have_their_keys() -> None:
    units = {}
    for block in blocks("ini"):
        parser = configparser.ConfigParser(interpolation=None)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string(block)
        units[block.splitlines()[0].rpartition("/")[2]] = parser
    assert set(units) == {"hub-schedule.service", "hub-claims.service", "hub-claims.timer"}
    for name, unit in units.items():
        assert unit["Unit"]["Description"]
        if name.endswith(".service"):
            assert set(unit["Service"]) <= {"Type", "User", "Environment", "ExecStart", "Restart", "UMask"}
            assert unit["Service"]["ExecStart"].split()[:2] == ["/srv/hub/run", "hub"]
    assert units["hub-claims.timer"]["Timer"]["Persistent"] == "true"
    assert units["hub-claims.timer"]["Timer"]["OnCalendar"].endswith("02:30:00 Europe/Paris")


def test_the_example_for_airflow_is_python_and_calls_commands_that_exist() -> None:
    (example,) = (block for block in blocks("python") if "airflow" in block)
    calls = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Call)]
    commands = [key.value.value for call in calls for key in call.keywords if key.arg == "bash_command"]  # type: ignore[attr-defined]
    assert commands == ["/srv/hub/run hub ingest snds", "/srv/hub/run hub ingest chu"]
    timetables = blocks("crontab")[0].splitlines()[1:]
    assert [line.split("hub  ")[1] for line in timetables] == [commands[0], "/srv/hub/run hub project sweep"]
