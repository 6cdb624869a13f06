"""Killed with signal 9 while it erases, and resumed, an erasure ends as one that nobody disturbed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.erase import erase
from hub.paths import Home
from ingestion.archive import unseal
from ingestion.certificate import is_genuine
from ingestion.delta_snapshot import superfluous
from ingestion.lake_history import history
from ingestion.maintain import fingerprint
from ingestion.quarantine import Quarantine
from ingestion.quarantine_ledger import QuarantineLedger
from tests.hub.erasing import GOES, World, check_gone, make_world, world_at
from tests.killing import Killed, copies, points

pytestmark = [pytest.mark.spark, pytest.mark.long]

#: Every ninth thing that an erasure says; some of the files that it removes or renames; random times of its first half.
EVERY, FILES, TIMES, UNTIL = 9, (2, 6, 10, 15), 3, 14.0
TABLES = ("acts", "people", "person_link", "visits")


def act(home: Home, spark: SparkSession, step: Callable[..., None], *, contracts: str) -> None:
    """Erase the person."""
    erase(world_at(home, spark, Path(contracts)).hub, ("ins", [GOES]), lambda *_: None, dry_run=False, fault=step)


def resume(world: World) -> None:
    """What an operator does who finds the hub dead: ends what was begun, or begins again what never was."""
    if not world.erase(None) and not list(world.home.certificates.iterdir()):
        world.erase()


def state(world: World, aside: Path) -> dict[str, object]:
    """What a reader, an operator, a steward and a citizen can see, and which files are left."""
    hub, home = world.hub, world.home
    quarantine, data = Quarantine(hub.spark, home.quarantine), home.projects / "p0001" / "data"
    batches = hub.ledger.batches()
    (certificate,) = home.certificates.iterdir()
    content = json.loads(certificate.read_text())["content"]
    assert is_genuine(certificate, hub.keystore.derive("certificate"))
    assert content["archives_sealed_again"] == {path.name: digest(path) for path in home.archive.iterdir()}
    (archive,) = home.archive.iterdir()
    unseal(archive, hub.keystore.derive("archive"), aside)
    archived = files(aside)
    shutil.rmtree(aside)
    return {
        "rows": {table: fingerprint(hub.lake.read(table)) for table in TABLES},
        "extract": {
            table: fingerprint(hub.spark.read.format("delta").load(str(data / table)))
            for table in ("acts", "people", "visits")
        },
        "counts": sorted((one.table, one.batch_id, one.state, repr(one.counts), one.content_hash) for one in batches),
        "events": sorted((one.table, one.what, one.rows or 0) for one in hub.ledger.events()),
        "discards": sorted((one.table, one.batch_id, one.rows) for one in QuarantineLedger(hub.ledger).discards()),
        "refused": {
            (one.table, one.batch_id): sorted(
                row["row"] for row in quarantine.open(one.table, one.batch_id, hub.keystore).collect()
            )
            for one in batches
            if (home.quarantine / one.table / one.batch_id).is_dir()
        },
        "versions": {
            table: [(one.what, one.rows, one.readable) for one in history(hub.ledger, home.lake, table)]
            for table in TABLES
        },
        "too many": [superfluous(home.lake / table, [hub.lake.table(table).version()]) for table in TABLES],
        "landing": files(home.landing),
        "archived": archived,
        "identities": hub.spark.read.format("delta").load(str(home.identities)).count(),
        "certificate": {name: content[name] for name in content if name not in ("erasure", "begun_at", "ended_at")}
        | {"archives_sealed_again": sorted(content["archives_sealed_again"])},
        "left": sorted(
            str(path.relative_to(home.root))
            for folder in (home.intake, home.erasures, home.quarantine, home.certificates, home.archive)
            for path in folder.rglob("*")
            if ".draft" in path.name or path.is_relative_to(home.intake) or path.is_relative_to(home.erasures)
        ),
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_erasure_that_was_killed_anywhere_ends_the_same(home: Home, spark: SparkSession, tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    base = make_world(home, spark, contracts)
    base.hub.engine.dispose()
    shutil.copytree(home.root, tmp_path / "undisturbed")
    undisturbed = world_at(Home(tmp_path / "undisturbed"), spark, contracts)
    said: list[str] = []
    undisturbed.erase(fault=said.append)
    check_gone(undisturbed)
    wanted = state(undisturbed, tmp_path / "aside")
    assert len(said) >= 30, said

    killed = Killed()
    places = points(range(4, len(said) + 1, EVERY), FILES, times=TIMES, until=UNTIL, seed=22)
    for point, there in copies(home, tmp_path, places):
        killed.run(act, there, point, contracts=str(contracts))
        world = world_at(there, spark, contracts)
        resume(world)
        assert state(world, tmp_path / "aside") == wanted, point
        assert world.traces() == set(), point
        world.hub.engine.dispose()
    assert killed.times >= 8, f"{killed.times} of {len(places)} were killed: {killed.places}"
