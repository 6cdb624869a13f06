"""What may be scheduled, and what is said of what may not."""

from typing import Any

import pytest
from pydantic import ValidationError

from hub.schedule.settings import JobSettings


def job(**values: Any) -> JobSettings:
    return JobSettings.model_validate({"name": "night", "cron": "30 2 * * *"} | values)


def test_a_job_is_a_command_that_a_person_could_type() -> None:
    assert job(run="ingest", source="snds").words == ["ingest", "snds"]
    assert job(run="sweep").words == ["project", "sweep"]
    assert job(run="command", command="leaks --also /srv/x").words == ["leaks", "--also", "/srv/x"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"run": "ingest"}, "source: snds"),
        ({"run": "sweep", "source": "snds"}, "no other job"),
        ({"run": "ingest", "source": "--drop"}, "pattern"),
        ({"run": "command"}, "command: leaks"),
        ({"run": "command", "command": "rm -rf /"}, "begins with one of"),
        ({"run": "command", "command": "keys init"}, "begins with one of"),
        ({"run": "command", "command": "leaks; rm x"}, "begins with one of|plain words"),
        ({"run": "command", "command": "leaks $(x)"}, "plain words"),
        ({"run": "command", "command": "leaks 'x"}, "begins with one of"),
        ({"run": "command", "command": ""}, "begins with one of"),
        ({"run": "sweep", "timezone": "Europe/Atlantis"}, "Europe/Paris"),
        ({"run": "sweep", "timezone": "../../etc/passwd"}, "Europe/Paris"),
        ({"run": "sweep", "missed": "all"}, "once"),
    ],
)
def test_what_may_not_be_scheduled_is_said(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        job(**values)
