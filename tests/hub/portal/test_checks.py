"""The checks pages, and what the roof lets through to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hub.compose import Hub
from hub.paths import Home
from hub.portal.adapters import checks_view
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
