"""The care of the lake forgets the sealed identities of whom no source has told for long."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import hub.care
from hub.care import maintain_tables
from hub.compose import now
from pseudonymization.identities import IdentityTable
from tests.hub.erasing import NAME, PEOPLE_LINES, World, people_world


def known(world: World) -> int:
    store = world.hub.keystore.derive("identity")
    return IdentityTable(world.hub.spark, world.home.identities, store).read().count()


@pytest.mark.spark
def test_care_forgets_who_was_not_told_of(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = people_world(tmp_path, spark)
    world.drop("one", PEOPLE=PEOPLE_LINES)
    world.ingest("one")
    before = known(world)
    assert before == 3

    def care(days: int) -> None:
        later: datetime = now() + timedelta(days=days)
        monkeypatch.setattr(hub.care, "now", lambda: later)
        maintain_tables(world.hub, None, lambda *_: None, dry_run=False)

    days = world.hub.settings.retention.identity_days
    care(days)
    assert known(world) == before
    care(days + 2)
    assert known(world) == 0
    # One file without a row may stay; those with the payloads are gone.
    assert len(list(world.home.identities.glob("*.parquet"))) <= 1
    told = [(event.what, event.rows) for event in world.hub.ledger.events(table="identities")]
    assert told == [("forgotten", before)]
    assert NAME not in "".join(path.name for path in world.home.identities.rglob("*"))
