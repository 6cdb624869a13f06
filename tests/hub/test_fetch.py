"""Fetching from a database and leaving drops that still arrive, as an operator meets them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hub.ingest
from hub.paths import ROOT, Home
from hub.settings import DropSettings, TextSettings
from ingestion.errors import GateFailed, NotWhole
from ingestion.reports import Learnt

CONTRACT = """
table: stays
version: 1
source: registry
files: "stays.ndjson"
format: ndjson
database: {name: erp, table: stays}
label: {fr: x, en: x}
columns:
  number: {sensitivity: plain, fr: n, en: n}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "erp.db") as database:
        database.execute("CREATE TABLE stays (number INTEGER)")
        database.executemany("INSERT INTO stays VALUES (?)", [(1,), (2,)])
    database.close()
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "stays.yaml").write_text(CONTRACT, encoding="utf-8")
    (tmp_path / "hub.yaml").write_text(
        f"contracts: [{tmp_path / 'contracts'}]\nsources: {{erp: 'sqlite:///{tmp_path / 'erp.db'}?mode=ro'}}\n",
        encoding="utf-8",
    )
    return tmp_path


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HUB_HOME": str(site / "home"), "HUB_SETTINGS": str(site / "hub.yaml")}
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_database_becomes_a_drop_and_its_url_stays_hidden(site: Path) -> None:
    done = run(site, "fetch", "registry")
    assert done.returncode == 0, done.stderr
    (drop,) = (site / "home" / "landing" / "registry").iterdir()
    assert f"landing/registry/{drop.name}" in done.stdout
    assert json.loads((drop / "manifest.json").read_text(encoding="utf-8"))["files"]["stays.ndjson"]["rows"] == 2
    shown = run(site, "settings")
    assert "erp" in shown.stdout
    assert "sqlite" not in shown.stdout


def test_a_source_without_a_database_is_said_in_one_sentence(site: Path) -> None:
    (site / "hub.yaml").write_text("{}\n", encoding="utf-8")
    done = run(site, "fetch", "snds")
    assert done.returncode not in (0, 70)
    assert "No table of snds names a database" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_drop_that_still_arrives_is_left_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home").make()
    for name in ("one", "two", ".fetch-under-way"):
        (home.landing / "snds" / name).mkdir(parents=True)
    asked: list[tuple[str, float]] = []

    def take(_: str, path: Path, **options: Any) -> SimpleNamespace:
        asked.append((path.name, options["settle"]))
        if path.name == "one":
            raise NotWhole("Still arriving.")
        return SimpleNamespace(name=path.name, learnt=Learnt())

    monkeypatch.setattr(hub.ingest, "ingest_drop", take)
    monkeypatch.setattr(hub.ingest, "require_java", lambda: None)
    monkeypatch.setattr(hub.ingest, "warm_up", lambda: None)
    stand_in: Any = SimpleNamespace(
        contracts=SimpleNamespace(source=lambda _: []), keystore=None, home=home, scratch=tmp_path, spark=None,
        lake=None, ledger=None, settings=SimpleNamespace(
            drops=DropSettings(settle_seconds=60), text=TextSettings()
        ),
    )  # fmt: skip
    waiting: list[str] = []
    done: Any = hub.ingest.ingest_source(stand_in, "snds", None, lambda *_: None, waiting=waiting)
    assert [one.name for one in done] == ["two"]
    assert waiting == ["one: Still arriving."]
    assert asked == [("one", 60), ("two", 60)]
    hub.ingest.ingest_source(stand_in, "snds", "two", lambda *_: None, settled=True)
    assert asked[-1] == ("two", 0)
    with pytest.raises(NotWhole):
        hub.ingest.ingest_source(stand_in, "snds", "one", lambda *_: None, waiting=[])


def test_what_two_persons_claim_is_told_though_a_later_drop_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home").make()
    for name in ("one", "two"):
        (home.landing / "snds" / name).mkdir(parents=True)

    def take(_: str, path: Path, **options: Any) -> SimpleNamespace:
        if path.name == "two":
            raise GateFailed("It failed.")
        return SimpleNamespace(source="snds", drop_id="0" * 32, learnt=Learnt(conflicts=3))

    told: list[Any] = []
    monkeypatch.setattr(hub.ingest, "ingest_drop", take)
    monkeypatch.setattr(hub.ingest, "require_java", lambda: None)
    monkeypatch.setattr(hub.ingest, "warm_up", lambda: None)
    monkeypatch.setattr(hub.ingest, "tell_conflicts", lambda _, found: told.extend(found))
    stand_in: Any = SimpleNamespace(
        contracts=SimpleNamespace(source=lambda _: []), keystore=None, home=home, scratch=tmp_path, spark=None,
        lake=None, ledger=None, settings=SimpleNamespace(drops=DropSettings(), text=TextSettings()),
    )  # fmt: skip
    with pytest.raises(GateFailed):
        hub.ingest.ingest_source(stand_in, "snds", None, lambda *_: None)
    assert told == [("snds", "drop 000000000000", 3)]
