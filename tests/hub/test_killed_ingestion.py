"""An ingestion that is killed, and run again, ends where an undisturbed one ends."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.database import build_engine
from hub.demo.sample import generate
from hub.paths import ROOT, Home
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore

pytestmark = pytest.mark.spark
KEPT = {"IR_BEN_R.csv", "ER_PRS_F.csv", "ER_PHA_F.csv"}


def start(home: Home) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "ingest", "snds"],
        cwd=ROOT,
        env=os.environ | {"HUB_HOME": str(home.root), "HUB_SPARK_DRIVER_MEMORY": "2g"},
        stdout=subprocess.DEVNULL,
        stderr=(home.root / "said").open("ab"),
        start_new_session=True,
    )


def states(home: Home) -> dict[str, str]:
    try:
        with sqlite3.connect(f"{home.records.as_uri()}?mode=ro", uri=True) as connection:
            return dict(connection.execute("SELECT table_name, state FROM ingestion_batch"))
    except sqlite3.Error:
        return {}


def content(spark: SparkSession, home: Home) -> dict[str, list[str]]:
    """The published rows of every table, as sorted text; what tells runs apart (their number) left out."""
    engine = build_engine(None, home.records)
    lake = Lake(spark, home.lake, Ledger(engine))
    found = {}
    for table in lake.tables():
        frame = lake.read(table)
        columns = sorted(set(frame.columns) - {"minted_at"})
        found[table] = sorted(str(row) for row in frame.select(*columns).collect())
    engine.dispose()
    return found


@pytest.mark.long
def test_killed_in_the_middle_and_run_again(spark: SparkSession, tmp_path: Path) -> None:
    undisturbed = Home(tmp_path / "a").make()
    KeyStore.create(undisturbed.keys)
    manifest = generate(200, (2023, 2023), 5, undisturbed.landing, None)
    drop = undisturbed.landing / "snds" / manifest.drop
    for file in list(drop.iterdir()):
        if file.name not in KEPT:
            file.unlink()
    killed = Home(tmp_path / "b")
    shutil.copytree(undisturbed.root, killed.root)
    killed.make()

    assert start(undisturbed).wait(400) == 0

    process = start(killed)
    deadline = time.monotonic() + 300
    while states(killed).get("ER_PRS_F") not in {"taken", "written", "passed"}:
        assert process.poll() is None and time.monotonic() < deadline, "it ended before it could be killed"
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert "published" not in states(killed).values()
    assert list(killed.sealed_tmp.iterdir()), "the kill came too early to leave anything"

    assert start(killed).wait(400) == 0, (killed.root / "said").read_text(encoding="utf-8")[-3000:]
    assert content(spark, killed) == content(spark, undisturbed)
    assert set(states(killed).values()) == {"published"}
    assert list(killed.sealed_tmp.iterdir()) == []
    assert list(killed.intake.iterdir()) == []
