"""Killed with signal 9 while it rotates the keys, and run again: no reader ever sees two keys, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from hub.paths import Home
from hub.rotate import rotate
from ingestion.delta_snapshot import superfluous
from ingestion.maintain import fingerprint
from pseudonymization.identities import IdentityTable
from tests.hub.erasing import World, make_world, world_at
from tests.hub.rotating import seen
from tests.killing import Killed, copies, points

pytestmark = [pytest.mark.spark, pytest.mark.long]

#: Before the pointers move, as they do, and after; some of the files that it removes or renames; a random time.
STEPS, FILES, TIMES, UNTIL = (3, 7, 8, 9, 10, 12), (3,), 1, 9.0
TABLES = ("acts", "people", "person_link", "visits")
OBSERVED = "observed.jsonl"


def act(home: Home, spark: SparkSession, step: Callable[..., None], *, contracts: str) -> None:
    """Rotate the keys, with a reader who looks at the lake whenever something was done."""
    world = world_at(home, spark, Path(contracts))

    def observed(what: str) -> None:
        with (home.root / OBSERVED).open("a") as file:
            file.write(json.dumps(seen(world.hub)) + "\n")
        step(what)

    rotate(world.hub, lambda *_: None, fault=observed)


def state(world: World) -> dict[str, Any]:
    """What does not depend on which key was drawn."""
    hub, home = world.hub, world.home
    shutil.rmtree(home.projects / "p0001")
    world.extract()
    data = home.projects / "p0001" / "data"
    identities = IdentityTable(hub.spark, home.identities, hub.keystore.derive("identity")).read().collect()
    link = {row["person_key"] for row in hub.lake.read("person_link").collect()}
    return {
        # Through every join there is, to pseudonyms that must be the same.
        "extract": {
            table: fingerprint(hub.spark.read.format("delta").load(str(data / table)))
            for table in ("acts", "people", "visits")
        },
        "rows": {table: hub.lake.read(table).count() for table in TABLES},
        "keys": len(hub.keystore.generations),
        "bear": {table: [one == hub.keystore.key_id for one in ids] for table, (_, ids) in seen(hub).items()},
        "identities": sorted((row["identity"], row["person_key"] in link) for row in identities),
        "events": sorted((one.table, one.what) for one in hub.ledger.events() if one.what in ("rekeyed",)),
        "too many": [superfluous(home.lake / table, [hub.lake.table(table).version()]) for table in TABLES],
        "certificates": len(list(home.certificates.iterdir())),
        "unfinished": hub.keystore.unfinished,
    }


def test_a_rotation_that_was_killed_anywhere_is_whole_for_every_reader(
    home: Home, spark: SparkSession, tmp_path: Path
) -> None:
    contracts = tmp_path / "contracts"
    base = make_world(home, spark, contracts)
    base.hub.engine.dispose()
    shutil.copytree(home.root, tmp_path / "undisturbed")
    undisturbed = world_at(Home(tmp_path / "undisturbed"), spark, contracts)
    said: list[str] = []
    rotate(undisturbed.hub, lambda *_: None, fault=said.append)
    assert len(said) >= max(STEPS), said
    wanted = state(undisturbed)

    killed, before, after = Killed(), 0, 0
    for point, there in copies(home, tmp_path, points(STEPS, FILES, times=TIMES, until=UNTIL, seed=5)):
        root = base.hub.keystore.root_id
        killed.run(act, there, point, contracts=str(contracts))
        world = world_at(there, spark, contracts)
        observed = (there.root / OBSERVED).read_text().splitlines() if (there.root / OBSERVED).exists() else []
        readings = [*map(json.loads, observed), seen(world.hub)]
        world.hub.forget_keys()
        rotate(world.hub, lambda *_: None)
        readings.append(seen(world.hub))
        versions: dict[tuple[str, int], list[str]] = {}
        for reading in readings:
            ids = {one for _, bearing in reading.values() for one in bearing}
            assert len(ids) == 1, (point, reading)
            before, after = before + (ids == {root}), after + (ids != {root})
            for table, (version, bearing) in reading.items():
                assert versions.setdefault((table, version), bearing) == bearing, (point, table)
        end = state(world)
        if end["keys"] == 3:
            # It had lived to its end, or died as the last word was written: this was another rotation.
            end = {**end, "keys": 2, "certificates": 1, "events": wanted["events"]}
        assert end == wanted, point
        world.hub.engine.dispose()
    assert killed.times >= 6, killed.places
    assert before >= 8 and after >= 8, "readers looked before and after"
