"""Killed with signal 9 at every step and at random times, and run again, a drop ends as one that nobody disturbed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.database import build_engine
from hub.paths import ROOT, Home
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.quarantine import Quarantine
from tests.ingestion.conftest import PEOPLE_HEADER, VISITS_HEADER
from tests.ingestion.test_strategies import COLUMNS, HEAD

if TYPE_CHECKING:
    from tests.ingestion.conftest import Small

pytestmark = [pytest.mark.spark, pytest.mark.long]

RATES = (HEAD.format(table="rates") + "write: snapshot\n" + COLUMNS).replace("source: changing", "source: small")
#: A run says 17 steps; as many random times are added to make more than thirty points.
STEPS, TIMES = 17, 15
CHILD = """
import os, sys, threading, time
sys.path.insert(0, {root!r})
from pathlib import Path
from hub.database import build_engine
from hub.paths import JARS, Home
from hub.spark import SparkOptions, build_session
from ingestion.contract_set import load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore
home = Home(Path({home!r}))
spark = build_session(SparkOptions(master="local[2]", driver_memory="1g", shuffle_partitions=1), jars=JARS,
                      tmp=home.root / "spark", logs=home.logs)
ledger = Ledger(build_engine(None, home.records))
folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")
steps = 0
def count(table, step):
    global steps
    steps += 1
    if steps == {step}:
        os.kill(os.getpid(), 9)
def later():
    time.sleep({delay})
    os.kill(os.getpid(), 9)
if {delay}:
    threading.Thread(target=later, daemon=True).start()
ingest_drop("small", Path({folder!r}), spark=spark, lake=Lake(spark, home.lake, ledger), ledger=ledger,
            keystore=KeyStore.open(home.keys), contracts=load_contracts(Path({contracts!r})), folders=folders,
            progress=count)
print("steps", steps)
"""


def lines(kind: str, numbers: range, year: int) -> list[str]:
    """Rows of a table, one in seven of them wrong, one in five a copy of the one before."""
    made: list[str] = []
    for number in numbers:
        person = f"PSA{number % 9:013d},1"
        line = {
            "people": f"{person},,{1 if number % 7 else 8},{year}-01-01",
            "visits": f"{number:04d},{person},D,{year}-01-02,{'' if number % 7 else '99999999'},A,1",
            "rates": f"{number},{'INSERT' if number % 7 else 'X'},{year},v{number}",
        }[kind]
        made += [line, line] if number % 5 == 0 else [line]
    return made


def write(folder: Path, numbers: range, year: int) -> Path:
    folder.mkdir(parents=True)
    heads = {"people": PEOPLE_HEADER, "visits": VISITS_HEADER, "rates": "number,mark,since,value"}
    for table, head in heads.items():
        name = table if table == "rates" else table.upper()
        text = "\n".join([head, *lines(table, numbers, year), ""])
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def moved(small: Small, root: Path) -> Small:
    """The same hub in a copy of its folder."""
    if root != small.home.root:
        shutil.copytree(small.home.root, root)
    home = Home(root)
    ledger = Ledger(build_engine(None, home.records))
    return replace(small, home=home, ledger=ledger, lake=Lake(small.spark, home.lake, ledger))


def state(small: Small) -> object:
    """Everything that a reader, an operator and a steward can see: rows, counts, quarantine, files that are left."""
    quarantine = Quarantine(small.spark, small.home.quarantine)
    batches = small.ledger.batches(states=["published"])
    return {
        "rows": {table: small.rows(table) for table in ("people", "visits", "rates")},
        "links": sorted(row["person_key"] for row in small.lake.read("person_link").collect()),
        "counts": sorted((one.table, one.batch_id, repr(one.counts)) for one in batches),
        "others": small.ledger.batches(states=["taken", "written", "passed", "rejected"]),
        "refused": sorted(
            (
                one.table,
                sorted(row["row"] for row in quarantine.open(one.table, one.batch_id, small.keystore).collect()),
            )
            for one in batches
            if one.counts and one.counts.quarantined
        ),
        "left": [*small.home.intake.iterdir(), *small.home.sealed_tmp.iterdir()],
        "files": {table: len(small.files(table)) for table in ("people", "visits", "rates")},
    }


def test_more_than_thirty_kills_change_nothing(
    make_small: Callable[[], Small], contract_folder: Path, tmp_path: Path
) -> None:
    (contract_folder / "rates.yaml").write_text(RATES, encoding="utf-8")
    base = make_small()
    base.ingest(write(base.home.landing / "small" / "one", range(20), 2023))
    folder = write(tmp_path / "two", range(12, 40), 2024)

    undisturbed = moved(base, tmp_path / "undisturbed")
    assert undisturbed.ingest(folder).holds
    wanted = state(undisturbed)

    chance = random.Random(20)
    points = [(step, 0.0) for step in range(1, STEPS + 1)]
    points += [(0, round(chance.uniform(0.2, 9.0), 2)) for _ in range(TIMES)]
    killed = 0
    for number, (step, delay) in enumerate(points):
        root = tmp_path / f"killed-{number}"
        small = moved(base, root)
        code = CHILD.format(
            root=str(ROOT), home=str(root), folder=str(folder), contracts=str(contract_folder), step=step, delay=delay
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=300, check=False)
        assert ended.returncode in (0, -9), (step, delay, ended.stderr[-2000:])
        killed += ended.returncode == -9
        assert small.ingest(folder).holds
        assert state(small) == wanted, (step, delay)
        shutil.rmtree(root)
    assert killed >= 30, f"{killed} of {len(points)} were killed"
