"""The checks pages, and what the roof lets through to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hub.compose import Hub
from hub.incidents import Incidents
from hub.links import tell_conflicts
from hub.paths import Home
from hub.portal.adapters import checks_view, claimed_view
from hub.portal.checks import Claimed
from hub.settings import Settings
from ingestion.contract_set import load_contracts
from ingestion.drift import Judged
from ingestion.figures import Figure
from ingestion.results import ResultStore
from tests.ingestion.refused import published, taken_from

PREFIX = "/services/portal"


def test_a_steward_reads_what_the_checks_found(site):
    client = site.client("sam")
    assert 'href="/services/portal/checks/IR_BEN_R"' in client.get(PREFIX + "/checks").text
    page = client.get(PREFIX + "/checks/IR_BEN_R").text
    assert "null_share of BEN_DCD_AME changes at most 0.1" in page
    assert "12.5%" in page and "to look at" in page and "few" in page
    assert client.get(PREFIX + "/checks/ER_PRS_F").status_code == 404
    assert "12,5 %" in site.client("sam", "fr").get(PREFIX + "/checks/IR_BEN_R").text.replace("\u00a0", " ")
    assert "/checks" not in site.client("alice").get(PREFIX + "/").text


def test_numbers_that_two_persons_claim_are_told_to_a_steward(site, tmp_path: Path):
    assert "two persons claim" not in site.client("sam").get(PREFIX + "/checks").text
    hub = Hub(Settings(home=tmp_path / "other"))
    Home(tmp_path / "other").make()
    assert claimed_view(hub) == []
    tell_conflicts(hub, [("chu", "drop 3f2a91", 3), ("correspondence", "drop 77", 1200)])
    assert claimed_view(hub) == [Claimed("chu", 3), Claimed("correspondence", 1200)]
    # Another drop of one source says nothing of the other.
    tell_conflicts(hub, [("chu", "drop 8811ab", 3)])
    assert claimed_view(hub) == [Claimed("chu", 3), Claimed("correspondence", 1200)]
    site.claimed += claimed_view(hub)
    assert "Numbers of chu that two persons claim: 3." in site.client("sam").get(PREFIX + "/checks").text
    french = site.client("sam", "fr").get(PREFIX + "/checks").text
    assert "Numéros de correspondence que deux personnes revendiquent : 1" in french
    (incident,) = Incidents(hub.engine).all(only_open=True)
    Incidents(hub.engine).close(incident.number, by="ops", reason="settled with the hospital")
    assert claimed_view(hub) == []


def test_small_counts_stop_at_the_roof(tmp_path: Path):
    hub = Hub(Settings(home=tmp_path / "home"))
    Home(tmp_path / "home").make()
    taken = taken_from(load_contracts()["ER_PRS_F"], tmp_path / "x.csv")
    batch = published(hub.ledger, taken, 3, accepted=1234)
    figures = [Figure("null_share", "SOI_DEB", 0.0, hidden=True), Figure("null_share", "PRS", 0.25)]
    ResultStore(hub.engine).keep(batch, "ER_PRS_F", [Judged("drift", "rows", "warned", "0.60")], figures)
    # What a replay found is no measure of the table.
    published(hub.ledger, replace(taken, replay_of=batch, files=()), 3)
    (table,) = checks_view(hub)
    (one,) = table.batches
    assert (one.read, one.accepted, one.quarantined, one.duplicates) == (1240, 1230, None, 0)
    assert one.figures == {("null_share", "SOI_DEB"): None, ("null_share", "PRS"): 0.25}
    assert (one.outcome, table.columns) == ("warned", ["PRS", "SOI_DEB"])
    hub.close()
