"""Killed with signal 9 while it cares for tables, and called again, care ends as one that nobody disturbed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.database import build_engine
from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.lake import Lake
from ingestion.lake_history import history
from ingestion.ledger import Ledger, utc_now
from ingestion.maintain import Care, fingerprint, maintain
from ingestion.quarantine import Quarantine
from tests.ingestion.conftest import moved
from tests.killing import Killed, copies, points

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.ingestion.conftest import Small

pytestmark = [pytest.mark.spark, pytest.mark.long]

TABLES = ("people", "visits")
#: A care of both tables says ten steps, and deletes files and their checksums: some of the first, of the last.
STEPS, FILES, TIMES = range(1, 11), (1, 2, 3, 6, 9), 7


def act(home: Home, spark: SparkSession, step: Callable[..., None], *, contracts: str) -> None:
    """Care for every table, and keep no history: not even of what this care itself replaces."""
    ledger = Ledger(build_engine(None, home.records))
    for table in TABLES:
        maintain(
            Lake(spark, home.lake, ledger), ledger, load_contracts(Path(contracts)), table, care=Care(0),
            now=utc_now() + timedelta(hours=1), pins=home.run / "pins", locks=home.run / "locks", step=step,
        )  # fmt: skip


def state(small: Small) -> dict[str, object]:
    """What a reader, an operator and a steward can see, and which files are left."""
    quarantine = Quarantine(small.spark, small.home.quarantine)
    batches = small.ledger.batches()
    moments = {table: history(small.ledger, small.home.lake, table) for table in TABLES}
    pointers = {one.table: one for one in small.ledger.pointers()}
    return {
        "rows": {table: fingerprint(small.lake.read(table)) for table in TABLES},
        "newest": {table: small.lake.table(table).version() == pointers[table].version for table in TABLES},
        "counts": sorted((one.table, one.batch_id, one.state, repr(one.counts)) for one in batches),
        "pointers": {table: (one.batch_id, one.row_count) for table, one in pointers.items()},
        "versions": {table: [(one.what, one.rows, one.readable) for one in moments[table]] for table in TABLES},
        "told": {(event.table, event.what) for event in small.ledger.events()},
        "refused": {
            (one.table, one.batch_id): sorted(
                row["row"] for row in quarantine.open(one.table, one.batch_id, small.keystore).collect()
            )
            for one in batches
            if one.counts and one.counts.quarantined
        },
        "files": {table: len(small.files(table)) for table in TABLES},
        "left": [*small.home.intake.iterdir(), *small.home.sealed_tmp.iterdir()],
    }


def prepared(make_small: Callable[[], Small]) -> Small:
    """A hub whose tables are each several small files in several versions, with refused rows in every batch."""
    base = make_small()
    for number in (1, 2, 3):
        person = f"PSA{number:013d},1"
        people = [f"{person},,1,2023-01-01", f"PSA0000000000009,1,,8,2023-01-0{number}"]
        visits = [
            f"{number:03d},{person},D,2023-0{number}-02,,A,1",
            f"{number + 90},{person},D,2023-01-02,99999999,A,1",
        ]
        assert base.ingest(base.drop(f"d{number}", people=people, visits=visits)).holds
    return base


def test_a_care_that_was_killed_anywhere_ends_the_same(
    make_small: Callable[[], Small], contract_folder: Path, tmp_path: Path
) -> None:
    base = prepared(make_small)
    contracts = str(contract_folder)
    before = state(base)
    shutil.copytree(base.home.root, tmp_path / "undisturbed")
    undisturbed = moved(base, tmp_path / "undisturbed")
    act(undisturbed.home, base.spark, lambda *_: None, contracts=contracts)
    wanted = state(undisturbed)
    for same in ("rows", "counts", "refused", "left"):
        assert wanted[same] == before[same]
    assert before["files"]["visits"] >= 3  # type: ignore[index]
    assert wanted["files"] == {"people": 1, "visits": 1}
    assert len(wanted["refused"]) == 6  # type: ignore[arg-type]

    killed = Killed()
    for point, home in copies(base.home, tmp_path, points(STEPS, FILES, times=TIMES, until=8.0, seed=21)):
        killed.run(act, home, point, contracts=contracts)
        small = moved(base, home.root)
        assert small.rows("visits") == base.rows("visits"), f"{point}: readers saw something else"
        act(home, base.spark, lambda *_: None, contracts=contracts)
        assert state(small) == wanted, point
        small.engine.dispose()
    assert killed.times >= len(STEPS) + len(FILES), f"{killed.times} were killed: {killed.places}"


def test_every_step_of_a_care_is_one_that_it_was_killed_at(
    make_small: Callable[[], Small], contract_folder: Path
) -> None:
    """What the numbers above stand for: a step that is added to a care is to be added there."""
    base = prepared(make_small)
    said: list[str] = []
    act(base.home, base.spark, lambda *what: said.append(" ".join(what)), contracts=str(contract_folder))
    each = ("rewritten", "compared", "compacted", "told", "cleaned")
    assert said == [f"{table} {step}" for table in TABLES for step in each]
    assert len(said) == len(STEPS)
