"""A lake in an object store or HDFS holds what one below the home holds, through its whole life."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.paths import Home
from tests.hub.processes import command_lines, content, hub
from tests.hub.stores import Store, hdfs, object_store

pytestmark = [pytest.mark.long, pytest.mark.spark]
SOURCES = ("correspondence", "snds")


@pytest.fixture(params=["file", "s3a", "hdfs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    folder = tmp_path / "store"
    folder.mkdir()
    if request.param == "file":
        yield Store(f"file://{folder}/lake")
    else:
        with {"s3a": object_store, "hdfs": hdfs}[request.param](folder) as made:
            yield made


def ran(home: Path, *words: str, said: str | None = None, **environment: str) -> str:
    done = hub(home, *words, said=said, **{"HUB_SPARK_MASTER": "local[2]", **environment})
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-3000:])
    return done.stdout


def someone(home: Home) -> str:
    (path,) = (home.landing / "correspondence").rglob("*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return next(row["INS"] for row in csv.DictReader(file) if row["INS"])


def test_a_lake_elsewhere_lives_as_one_at_home(store: Store, tmp_path: Path) -> None:
    alone, away = Home(tmp_path / "alone"), Home(tmp_path / "away")
    there = {"HUB_LAKE_URL": store.url, "HUB_SPARK_EVENT_LOG": "true", **store.environment}
    ran(alone.root, "keys", "init")
    ran(alone.root, "sample", "--people", "30")
    shutil.copytree(alone.root, away.root)
    with command_lines() as started:
        for source in SOURCES:
            assert ran(alone.root, "ingest", source) == ran(away.root, "ingest", source, **there)
        assert content(alone.root) == content(away.root, **there)
        assert content(alone.root).count("\n") > 10
        table = "ER_PRS_F"
        here, elsewhere = ran(alone.root, "lake", "history", table), ran(away.root, "lake", "history", table, **there)
        assert here.count("\n") == elsewhere.count("\n") > 1
        ran(away.root, "lake", "maintain", "--dry-run", **there)
        ran(away.root, "lake", "maintain", table, **there)
        assert "would hold" in ran(away.root, "lake", "restore", table, "--to", "1", "--dry-run", **there)
        person = f"ins {someone(alone)}\n"
        gone = [
            ran(home, "erase", "--yes", said=person, **more) for home, more in ((alone.root, {}), (away.root, there))
        ]
        counts = [said.partition("Certificate")[0] for said in gone]
        assert counts[0] == counts[1]
        assert "lake/ER_PRS_F" in counts[0]
        assert content(alone.root) == content(away.root, **there)
        assert " 0 leaks." in ran(away.root, "leaks", **there)
        # It can find: this word stands in the log of every table.
        (away.sealed / "list.csv").write_text("word,numRecords\n")
        done = hub(away.root, "leaks", "--list", str(away.sealed / "list.csv"), **there)
        assert done.returncode == 1, done.stderr[-3000:]
        assert f" in {store.url}/" in done.stdout
    # Nothing of the lake is at home, and what opens the store is nowhere to be read.
    assert list(away.lake.iterdir()) == []
    for secret in store.secrets:
        assert not [line for line in started if secret.encode() in line]
        assert not [path for path in away.root.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
