"""A person who is erased is in no file that is left, logs included; everybody else's rows are as before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.cli.erase import person_in
from hub.errors import HubError
from hub.paths import Home
from hub.reviews.draw import reviews_of
from ingestion.archive import unseal
from ingestion.certificate import is_genuine
from ingestion.errors import ErasureError
from tests.hub.erasing import GOES, GOES_FROM, LATER, NAME, World, check_gone, make_world

pytestmark = pytest.mark.spark


class Crash(BaseException):
    """What nobody catches."""


@pytest.fixture
def world(home: Home, spark: SparkSession, tmp_path: Path) -> World:
    return make_world(home, spark, tmp_path / "contracts")


def check_same_batch(world: World) -> None:
    """The drop without the person is the batch that was published; one that was not ingested yet still can be."""
    before = world.rows("visits")
    assert not world.ingest("one").changed
    assert world.rows("visits") == before
    assert world.ingest("later")["visits"].accepted == 1
    assert len(world.rows("visits")) == len(before) + 1


def test_a_person_is_erased_everywhere(world: World) -> None:
    assert {place.split("/")[0] for place in world.traces()} == {"landing", "lake", "sealed"}
    drawn = reviews_of(world.hub).draw("small", "notes", "text", [f"seen: {NAME}"], rules="r", most=0.1, by="ops")
    with pytest.raises(ErasureError) as refused:
        world.erase(("ins", ["185057800604800"]))
    assert "185057800604800" not in str(refused.value)

    def killed(step: str) -> None:
        if step == "visits: removed":
            raise Crash

    with pytest.raises(Crash):
        world.erase(fault=killed)
    with pytest.raises(HubError):
        world.erase(dry_run=True)
    (done,) = world.erase(None)
    check_gone(world)
    assert reviews_of(world.hub).note(drawn, 1) is None
    out = world.home.root / "out"
    assert unseal(world.home.archive / "small-0123.sealed", world.hub.keystore.derive("archive"), out) == 2
    assert (out / "VISITS.csv").read_text().splitlines()[1:] == [LATER[2]]
    shutil.rmtree(out)
    assert {k: n for k, n in done.counts.items() if not k.startswith(("landing/", "archive/"))} == GOES_FROM
    assert (done.counts["landing/visits"], done.counts["archive/visits"]) == (5, 1)
    assert done.certificate is not None
    assert is_genuine(done.certificate, world.hub.keystore.derive("certificate"))
    events = world.hub.ledger.events(what=["erased"])
    assert {event.table for event in events} == {"people", "visits", "acts", "person_link", "erasure"}
    assert world.ingest("one").changed is False, "the drop without the person is still the batch that was published"
    assert world.erase(None) == []


@pytest.mark.long
def test_a_dry_run_counts_and_changes_nothing(world: World) -> None:
    before = world.traces()
    (dry,) = world.erase(dry_run=True)
    assert {k: n for k, n in dry.counts.items() if not k.startswith(("landing/", "archive/"))} == GOES_FROM
    assert dry.certificate is None
    assert not list(world.home.certificates.iterdir())
    assert world.traces() == before


DEADLY = {
    "begun", "small: renamed", "small: moved", "quarantine visits: told", "quarantine visits: moved",
    "quarantine visits: cleaned", "identities: removed", "extract: moved",
    "acts: published", "person_link: published", "person_link: cleaned", "certified",
}  # fmt: skip


@pytest.mark.long
def test_an_erasure_ends_the_same_wherever_it_was_killed(world: World) -> None:
    """Killed at one step, resumed and killed at the next, and so on through the steps of every part."""
    died: list[str] = []

    def kill_once(step: str) -> None:
        if step in DEADLY and step not in died:
            died.append(step)
            raise Crash

    given: tuple[str, list[str]] | None = ("ins", [GOES])
    for _ in DEADLY:
        with pytest.raises(Crash):
            world.erase(given, fault=kill_once)
        given = None
    assert set(died) == DEADLY
    world.erase(None)
    check_gone(world)
    check_same_batch(world)


@pytest.mark.parametrize("line", ["", "nir 1", "ins", "psa A", "psa A 1 2"])
def test_a_line_that_names_nobody_is_refused(line: str) -> None:
    with pytest.raises(HubError):
        person_in(line)


def test_a_line_names_a_person() -> None:
    assert person_in("ins 1 85 05 78 006 048 22\n") == ("ins", ["185057800604822"])
    assert person_in("psa ABC 01") == ("psa", ["ABC", "01"])
