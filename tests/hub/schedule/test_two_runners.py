"""Several schedulers on one database: no interval twice, none missed, no job twice at once."""

from pathlib import Path

import pytest

from tests.hub.schedule.two_runners import two_runners


def test_two_schedulers_of_which_one_is_killed(tmp_path: Path) -> None:
    shown = two_runners(tmp_path, None, seconds=7, speed=40, jobs=1, kill_every=3, lease=8, sleep=0.4)
    assert (shown.twice, shown.missed, shown.at_once) == ([], [], [])
    assert shown.kills >= 1
    assert shown.intervals >= 2


@pytest.mark.long
def test_two_schedulers_for_ten_minutes(tmp_path: Path) -> None:
    shown = two_runners(tmp_path, None, seconds=600, speed=6, jobs=2, kill_every=45, lease=6, sleep=1.0)
    print(shown)
    assert (shown.twice, shown.missed, shown.at_once) == ([], [], [])
    assert shown.intervals >= 100
    assert shown.kills >= 8


@pytest.mark.long
def test_two_schedulers_on_postgresql(tmp_path: Path, postgresql: str) -> None:
    shown = two_runners(tmp_path, postgresql, seconds=120, speed=12, jobs=2, kill_every=20, lease=4, sleep=0.5)
    print(shown)
    assert (shown.twice, shown.missed, shown.at_once) == ([], [], [])
    assert shown.intervals >= 30
