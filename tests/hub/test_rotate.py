"""The lake's keys are rotated: every table at once, nothing lost, and everything that joins still joins."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.errors import HubError
from hub.leaks.needles import text_needles
from hub.leaks.search import search
from hub.paths import Home
from hub.rotate import Rotated, rotate
from ingestion.certificate import is_genuine
from ingestion.erasing.erasure import Erasure, Journal
from ingestion.errors import KeysRotated, VersionGone
from ingestion.ingest import ingest_drop
from ingestion.lake_history import history, restore
from ingestion.maintain import fingerprint
from ingestion.pins import pinned
from projects.errors import OtherKey
from pseudonymization.errors import KeysUnreadable
from pseudonymization.identities import IdentityTable
from pseudonymization.keystore import KeyStore, begin_rotation
from pseudonymization.person import person_key_of
from tests.hub.erasing import GOES, GOES_FROM, NAME, World, check_gone, make_world, world_at
from tests.hub.rotating import seen

pytestmark = [pytest.mark.spark, pytest.mark.long]
TABLES = ("acts", "people", "person_link", "visits")


@pytest.fixture(scope="module")
def base(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small hub, and its contracts."""
    folder = tmp_path_factory.mktemp("base")
    made = make_world(Home(folder / "home").make(), spark, folder / "contracts")
    made.hub.engine.dispose()
    return folder


@pytest.fixture
def world(base: Path, spark: SparkSession, tmp_path: Path) -> Iterator[World]:
    """A copy of that hub."""
    shutil.copytree(base / "home", tmp_path / "home")
    made = world_at(Home(tmp_path / "home"), spark, base / "contracts")
    yield made
    made.hub.engine.dispose()


def turn(world: World) -> Rotated:
    return rotate(world.hub, lambda *_: None)


def extract(world: World) -> dict[str, tuple[int, int]]:
    """What the project's extract holds when it is compiled now."""
    shutil.rmtree(world.home.projects / "p0001")
    world.extract()
    data, spark = world.home.projects / "p0001" / "data", world.hub.spark
    return {
        name: fingerprint(spark.read.format("delta").load(str(data / name))) for name in ("people", "visits", "acts")
    }


def test_every_table_bears_the_new_key_and_holds_what_it_held(world: World) -> None:
    before, counts = seen(world.hub), {table: len(world.rows(table)) for table in TABLES}
    old_keys, old_extract = world.keys(), extract(world)
    root = world.hub.keystore.key_id
    done = turn(world)
    after = seen(world.hub)
    assert done.before == root != done.after == world.hub.keystore.key_id
    assert {table: ids for table, (_, ids) in before.items()} == {
        "acts": [], "people": [root], "person_link": [root], "visits": [root],
    }  # fmt: skip
    assert {table: ids for table, (_, ids) in after.items()} == {
        "acts": [], "people": [done.after], "person_link": [done.after], "visits": [done.after],
    }  # fmt: skip
    assert {table: len(world.rows(table)) for table in TABLES} == counts
    assert {one.table: one.rows for one in done.tables} == {
        table: counts[table] for table in ("people", "person_link", "visits")
    }
    # The project's pseudonyms are those it had: who a person is has not changed.
    assert extract(world) == old_extract
    # Whoever is known by the new key is who was known by the old one.
    identities = IdentityTable(world.hub.spark, world.home.identities, world.hub.keystore.derive("identity"))
    told = {row["person_key"]: json.loads(row["identity"])["names"] for row in identities.read().collect()}
    person = world.hub.keystore.derive("person")
    assert told[person_key_of(person, "psa", "PSAGOES000000001", "1")] == [NAME]
    assert not set(old_keys) & set(told)
    # The old keys are nowhere, in no earlier version either.
    assert search([world.home.root], text_needles([("key", key) for key in old_keys])).leaks == ()


def test_what_comes_after_joins_what_came_before(world: World) -> None:
    turn(world)
    turn(world)
    keys = set(world.keys())
    world.drop(
        "newer",
        PEOPLE=("psa,rank,ins,name,sex", f"PSAGOES000000001,1,{GOES},{NAME},2", "PSANEW0000000003,1,,Third,2"),
        VISITS=("number,psa,rank,mother,start", "21,PSAGOES000000001,1,,07022023"),
    )
    report = world.ingest("newer")
    assert (report.learnt.keys, report.learnt.merged) == (1, 0)
    people = {row["person_key"]: row["sex"] for row in world.hub.lake.read("people").collect()}
    assert len(people) == 4
    assert [people[key] for key in keys if key in people] == [2], "an upsert finds the row that it replaces"
    visits = world.hub.lake.read("visits").collect()
    assert {row["person_key"] for row in visits if row["number"] in (1, 21)} <= keys
    assert len({tuple(ids) for _, ids in seen(world.hub).values() if ids}) == 1


def test_a_person_is_erased_after_rotations_as_before(world: World) -> None:
    turn(world)
    turn(world)
    (done,) = world.erase()
    assert GOES_FROM.items() <= done.counts.items()
    check_gone(world)


def test_a_batch_that_waited_while_the_keys_were_rotated_changes_nothing(world: World) -> None:
    from hub.ingest import folders_of

    hub, stale = world.hub, world.hub.keystore
    turn(world)
    before = {table: hub.ledger.published(table) for table in TABLES}
    with pytest.raises(KeysRotated, match="run it again"):
        ingest_drop(
            "small", world.home.landing / "small" / "later", spark=hub.spark, lake=hub.lake, ledger=hub.ledger,
            keystore=stale, contracts=hub.contracts, folders=folders_of(hub),
        )  # fmt: skip
    assert {table: hub.ledger.published(table) for table in TABLES} == before
    assert world.ingest("later").changed


def test_nobody_goes_back_to_a_version_under_earlier_keys(world: World) -> None:
    hub = world.hub
    world.ingest("later")
    versions = [one.version for one in history(hub.ledger, world.home.lake, "visits")]
    turn(world)
    moments = history(hub.ledger, world.home.lake, "visits")
    assert [one.readable for one in moments] == [False] * len(versions) + [True]
    assert moments[-1].what == "rekeyed"
    for version in versions:
        with pytest.raises(VersionGone):
            restore(hub.lake, hub.ledger, hub.contracts, "visits", str(version), locks=world.home.run / "locks")


def test_an_older_copy_of_the_keys_opens_nothing(world: World) -> None:
    copy = world.home.keys.read_bytes()
    turn(world)
    world.home.keys.write_bytes(copy)
    world.hub.forget_keys()
    with pytest.raises(KeysUnreadable, match="newest copy"):
        world.ingest("later")


def test_an_extract_is_not_made_anew_under_another_key(world: World) -> None:
    data = world.home.projects / "p0001" / "data"
    about = json.loads((data / "permit.json").read_text())
    assert about["key"] == world.hub.keystore.root_id
    (data / "permit.json").write_text(json.dumps(about | {"key": "0123abcd"}))
    before = sorted(path.name for path in data.rglob("*"))
    with pytest.raises(OtherKey, match="newest copy"):
        world.extract()
    assert sorted(path.name for path in data.rglob("*")) == before


def test_nothing_is_rotated_while_something_else_is_under_way(world: World) -> None:
    hub = world.hub
    before = hub.keystore.key_id
    with pinned(hub.lake, hub.ledger, world.home.run / "pins"), pytest.raises(HubError, match="reading the lake"):
        turn(world)
    journal = Journal(world.home.erasures, hub.keystore.derive("erasure"))
    journal.save(Erasure("e1", "2026-01-01T00:00:00Z", ["k"], [], []))
    with pytest.raises(HubError, match="hub erase --resume"):
        turn(world)
    shutil.rmtree(world.home.erasures)
    world.home.erasures.mkdir()
    assert KeyStore.open(world.home.keys).generations[-1][0] == before
    begin_rotation(world.home.keys)
    hub.forget_keys()
    with pytest.raises(HubError, match="hub keys rotate"):
        world.erase()


def test_a_rotation_is_certified(world: World) -> None:
    done = turn(world)
    assert is_genuine(done.certificate, world.hub.keystore.derive("certificate"))
    content = json.loads(done.certificate.read_text())["content"]
    assert (content["act"], content["before"], content["after"]) == ("rotation", done.before, done.after)
    assert {table: one["rows"] for table, one in content["tables"].items()} == {
        one.table: one.rows for one in done.tables
    }
