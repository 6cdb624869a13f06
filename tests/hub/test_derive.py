"""`hub derive` where there is nothing to derive: it says what it waits for, and starts no engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.compose import Hub
from hub.errors import HubError

DEFINITION = """
kind: flat
table: mine
version: 1
label: {fr: à moi, en: mine}
carried: [{table: KI_CCI_R, keys: [DCD_IDT_ENC]}]
filters: [{name: place, column: DCD_LIE_LIB, equals: ["X"], fr: f, en: e}]
"""


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Hub, "spark", property(lambda _self: pytest.fail("an engine was started")))


def test_each_table_says_what_it_waits_for() -> None:
    done = CliRunner().invoke(app, ["derive"])
    assert done.exit_code == 0
    assert "No new batch." in done.stdout
    for name in ("DCIR", "PMSI_MCO", "timeline"):
        assert f"{name}: waits for a table that it is made of" in done.stdout


def test_a_name_that_is_none_is_refused_with_those_that_are() -> None:
    done = CliRunner().invoke(app, ["derive", "ER_PRS_F"])
    assert isinstance(done.exception, HubError)
    assert str(done.exception) == ("There is no derived table ER_PRS_F in this hub; there: DCIR, PMSI_MCO, timeline.")


def test_a_definition_of_the_site_that_asks_too_much_is_said_and_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.yaml").write_text(DEFINITION, encoding="utf-8")
    (tmp_path / "hub.yaml").write_text(f"derived: [{tmp_path / 'mine'}]\n", encoding="utf-8")
    monkeypatch.setenv("HUB_SETTINGS", str(tmp_path / "hub.yaml"))
    done = CliRunner().invoke(app, ["derive"])
    assert done.exit_code == 0
    assert "mine is not derived: its filter place needs DCD_LIE_LIB" in done.stderr
    assert "mine:" not in done.stdout
    assert "DCIR: waits" in done.stdout
