"""A number that two persons claim, from the delivery that brings it to the steward who settles it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from hub.cli import app
from hub.compose import Hub
from hub.errors import HubError
from hub.incidents import Incidents
from hub.ingest import ingest_source
from hub.paths import ROOT
from ingestion.errors import LinkError
from ingestion.lake_history import history
from pseudonymization.person import person_key_of
from tests.hub.erasing import World, nir, people_world

A, B, C = nir("1850578006048"), nir("2870578006050"), nir("1910578006051")
HEAD = "psa,rank,ins,name,sex"
FIRST = (HEAD, f"PSA1,1,{A},Somebody,1", f"PSA2,1,{B},Other,2", "PSA3,1,,Third,1")
SECOND = (HEAD, f"PSA1,1,{B},Somebody,1", f"PSA3,1,{C},Third,1")


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = people_world(tmp_path, spark)
    monkeypatch.setattr(Hub, "load", classmethod(lambda cls: made.hub))
    monkeypatch.setattr(Hub, "close", lambda self: None)
    return made


def ingest(world: World) -> int:
    reports = ingest_source(world.hub, "small", None, lambda *_: None, settled=True)
    return sum(one.learnt.conflicts for one in reports)


def command(*arguments: str, lines: str | None = None) -> str:
    done = CliRunner().invoke(app, ["links", *arguments], input=lines)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def whose(world: World) -> dict[str, str | None]:
    """Number -> person id."""
    person = world.hub.keystore.derive("person")
    named = {person_key_of(person, "psa", f"PSA{n}", "1"): f"psa{n}" for n in (1, 2, 3)}
    named |= {person_key_of(person, "ins", number): name for number, name in ((A, "a"), (B, "b"), (C, "c"))}
    return {named[row["person_key"]]: row["person"] for row in world.hub.lake.read("person_link").collect()}


@pytest.mark.spark
def test_a_number_with_two_nirs_is_held_told_and_settled(world: World) -> None:
    world.drop("one", PEOPLE=FIRST)
    assert ingest(world) == 0
    assert "No number is held." in command("list")
    world.drop("two", PEOPLE=SECOND)
    assert ingest(world) == 1
    held = whose(world)
    assert held["psa1"] is None
    assert held["b"] == held["psa2"] != held["a"]
    assert held["c"] == held["psa3"]
    (incident,) = Incidents(world.hub.engine).all(only_open=True)
    assert incident.kind == "links"
    assert incident.found[0].startswith("small, drop ")
    shown = command("list")
    assert "psa" in shown
    assert "two persons claim it" in shown
    states = command("show", lines=f"psa PSA1 1\nins {B}\nipp 77\n")
    for told in ("held: nobody's", "ins 1, psa 1", "in no register that was ingested"):
        assert told in states
    assert "Numbers whose link changed: 1." in command("settle", lines=f"psa PSA1 1 ins {A}\n")
    settled = whose(world)
    assert settled["psa1"] == settled["a"] == held["a"]
    assert history(world.hub.ledger, world.home.lake, "person_link")[-1].what == "relinked"
    # The same claim once more: what was settled stays, and it is told again.
    world.drop("three", PEOPLE=(HEAD, f"PSA1,1,{B},Somebody,2"))
    assert ingest(world) == 1
    assert whose(world) == settled
    assert "No number is held." in command("list")


@pytest.mark.spark
@pytest.mark.long
def test_two_nirs_of_one_person_are_joined_and_parted_again(world: World, tmp_path: Path) -> None:
    world.drop("one", PEOPLE=FIRST)
    ingest(world)
    before = whose(world)
    lines = tmp_path / "lines"
    lines.write_text(f"ins {A} ins {B}\n")
    lines.chmod(0o644)
    with pytest.raises(HubError, match="chmod 600"):
        command("same", "--file", str(lines))
    lines.chmod(0o600)
    command("same", "--file", str(lines))
    joined = whose(world)
    assert len({joined[name] for name in ("a", "b", "psa1", "psa2")}) == 1
    assert joined["psa3"] == before["psa3"]
    assert "Nothing had to change." in command("same", "--file", str(lines))
    command("detach", lines=f"ins {B} psa PSA2 1\n")
    parted = whose(world)
    assert parted["b"] == parted["psa2"] != parted["a"] == parted["psa1"] == joined["a"]
    # A delivery that would make them one again does not.
    world.drop("two", PEOPLE=(HEAD, f"PSA2,1,{A},Other,2"))
    assert ingest(world) == 1
    assert whose(world) == parted
    command("hold", lines="psa PSA2 1\n")
    assert whose(world)["psa2"] is None
    assert "held by hand" in command("list")


@pytest.mark.spark
def test_a_decision_about_nobody_changes_nothing_and_says_which_line(world: World) -> None:
    world.drop("one", PEOPLE=FIRST)
    ingest(world)
    before = world.hub.ledger.pointer("person_link")
    for wrong, told in (
        (f"psa PSA3 1 ins {A}\npsa PSA1 1 ins {C}\n", "Line 2: the number of kind ins is in no register"),
        ("ins 1850578006048 ins 12\n", "Line 1: one number is none of kind ins"),
    ):
        with pytest.raises(LinkError, match=told) as error:
            command("settle", lines=wrong)
        assert "PSA" not in str(error.value)
        assert A not in str(error.value)
    assert world.hub.ledger.pointer("person_link") == before


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("ipp 1\n", "Line 1: 2 numbers must stand there"),
        ("ipp 1 ins\n", "Line 1: 2 numbers must stand there"),
        ("\nname Dupont ipp 3\n", "Line 1: 2 numbers"),
        ("", "No line was given"),
        ("ipp 1 ipp 2\n", "Nothing was linked yet"),
    ],
)
def test_lines_that_say_nothing_are_one_sentence(tmp_path: Path, lines: str, told: str) -> None:
    environment = {**os.environ, "HUB_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "hub", "links", "settle"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, input=lines,
    )  # fmt: skip
    assert done.returncode not in (0, 70), done.stderr
    assert told in done.stderr
    assert "Dupont" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
