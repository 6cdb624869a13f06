from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.errors import Busy
from ingestion.locks import INTAKE, locked


def test_a_table_is_held_by_one(tmp_path: Path) -> None:
    with locked(tmp_path, ["visits", "people"]):
        with (
            pytest.raises(Busy, match="Table visits: another"),
            locked(tmp_path, ["visits"], 0.05),
        ):
            raise AssertionError("the lock was taken twice")
        with locked(tmp_path, ["others"], 0.05):
            pass
    with locked(tmp_path, ["visits"], 0.05):
        pass


def test_a_lock_that_fails_frees_those_before_it(tmp_path: Path) -> None:
    with locked(tmp_path, ["visits"]), pytest.raises(Busy), locked(tmp_path, ["people", "visits"], 0.05):
        pass
    with locked(tmp_path, ["people"], 0.05):
        pass


def test_the_intake_has_its_own_sentence(tmp_path: Path) -> None:
    with (
        locked(tmp_path, [INTAKE]),
        pytest.raises(Busy, match=r"^Another ingestion is at work"),
        locked(tmp_path, [INTAKE], 0.05),
    ):
        pass
