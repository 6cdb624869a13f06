"""The demonstration, played through the real doors; what it must show is asserted here step by step."""

import subprocess

import pytest

from hub.demo import wish
from hub.demo.sample.manifest import Manifest

pytestmark = [pytest.mark.spark, pytest.mark.sandbox]


def test_every_step_held(played) -> None:
    assert played.code == 0, played.said[-4000:]
    assert len(played.steps) >= 14
    assert all(step["held"] for step in played.steps)


def test_it_needs_no_network(played) -> None:
    if not played.alone:
        pytest.skip("a network namespace with loopback only needs root")
    assert played.code == 0


@pytest.mark.parametrize("source", ["snds", "chu", "correspondence"])
def test_rows_in_are_accounted_for_and_faults_are_found_exactly(played, source: str) -> None:
    facts = played.step(f"{source} ingested")["facts"]
    assert facts["read"] == facts["accepted"] + facts["quarantined"] + facts["duplicates"]
    manifest = Manifest.load(played.home.landing)
    tables = [t for t in manifest.expected if _source(t) == source]
    assert facts["read"] == sum(manifest.expected[t].rows_read for t in tables)
    assert facts["quarantined"] == sum(sum(manifest.expected[t].quarantined.values()) for t in tables) > 0


def test_the_kernel_sees_the_granted_tables_and_nothing_else(played) -> None:
    assert set(played.step("the kernel answers")["facts"]["seen"]) == set(wish.TABLES)


def test_nothing_leaves_the_sandbox(played) -> None:
    facts = played.step("From inside")["facts"]
    assert facts["reached"] == []
    assert facts["interfaces"] == ["lo"]
    assert facts["capabilities"] == 0
    assert facts["host_processes"] == []


def test_a_model_was_tracked_and_registered(played) -> None:
    facts = played.step("starter notebook")["facts"]
    assert facts["runs"] >= 1
    assert facts["models"]
    metrics = facts["metrics"]
    # How good it is, is chance with so few people: that the sample can be learnt from is tested where it is made.
    assert 0 <= metrics["auc"] <= 1
    assert 0 < metrics["admitted"] < metrics["people"]


def test_the_search_looked_at_everything(played) -> None:
    assert played.step("Nothing identifying")["facts"]["files"] > 100


def test_nothing_is_left_running_or_temporary(played) -> None:
    assert list(played.home.sealed_tmp.iterdir()) == []
    assert list(played.home.intake.iterdir()) == []
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    # A test may have the same home open again: that one is known by its port.
    assert not [line for line in listed.splitlines() if str(played.home.root) in line and "demo --check" in line]


def _source(table: str) -> str:
    if table.startswith("fhir_"):
        return "chu"
    return "correspondence" if table == "correspondence" else "snds"
