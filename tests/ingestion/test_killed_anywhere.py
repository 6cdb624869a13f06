"""Killed with signal 9 at every step and at random times, and run again, a drop ends as one that nobody disturbed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.database import build_engine
from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.ingest import ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.quarantine import Quarantine
from pseudonymization.keystore import KeyStore
from tests.ingestion.conftest import PEOPLE_HEADER, VISITS_HEADER, folders_in, moved
from tests.ingestion.test_strategies import COLUMNS, HEAD
from tests.killing import Killed, copies, points

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.ingestion.conftest import Small

pytestmark = [pytest.mark.spark, pytest.mark.long]

RATES = (HEAD.format(table="rates") + "write: snapshot\n" + COLUMNS).replace("source: changing", "source: small")
#: A run says 17 steps; random times are added to make more than thirty points.
STEPS, TIMES = 17, 15


def act(home: Home, spark: SparkSession, step: Callable[..., None], *, folder: str, contracts: str) -> None:
    """Take a drop through."""
    ledger = Ledger(build_engine(None, home.records))
    ingest_drop(
        "small", Path(folder), spark=spark, lake=Lake(spark, home.lake, ledger), ledger=ledger,
        keystore=KeyStore.open(home.keys), contracts=load_contracts(Path(contracts)), folders=folders_in(home),
        progress=step,
    )  # fmt: skip


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

    shutil.copytree(base.home.root, tmp_path / "undisturbed")
    undisturbed = moved(base, tmp_path / "undisturbed")
    assert undisturbed.ingest(folder).holds
    wanted = state(undisturbed)

    killed = Killed()
    for point, home in copies(base.home, tmp_path, points(range(1, STEPS + 1), times=TIMES, until=9.0, seed=20)):
        killed.run(act, home, point, folder=str(folder), contracts=str(contract_folder))
        small = moved(base, home.root)
        assert small.ingest(folder).holds
        assert state(small) == wanted, point
    assert killed.times >= 30, f"{killed.times} of {STEPS + TIMES} were killed: {killed.places}"
