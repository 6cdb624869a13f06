"""The page of jobs: who sees it, what it says, and that it follows what runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.compose import Hub
from hub.database import upgrade
from hub.paths import Home
from hub.portal.job_adapter import Jobs
from hub.portal.job_views import NoJobs, RunDetail
from hub.schedule.ledger import ScheduleLedger
from hub.schedule.process import log_file
from hub.schedule.reading import Attempt
from hub.settings import Settings
from ingestion.ledger import Counts, Ledger
from tests.hub.portal.conftest import SYSTEM, a_run

PREFIX = "/services/portal"
TRIES = [
    Attempt(1, "ingest snds", "node-1", "2026-03-01T01:30:02.000000Z", "2026-03-01T01:40:00.000000Z", "lost", None),
    Attempt(2, "ingest snds", "node-2", "2026-03-01T01:41:00.000000Z", "2026-03-01T01:52:40.000000Z", "done", 0),
]


def test_jobs_runs_and_hours_are_shown_in_both_languages(site):
    site.jobs.known = [a_run("running", 2, "snds, drop 1 of 1: ER_PRS_F written"), a_run("done", 1, exit_code=0)]
    page = site.client("ada").get(PREFIX + "/jobs").text
    for piece in ("hub ingest snds", "30 2 * * *", "ER_PRS_F written", "Running", "Done", "1 mail waits", "node-1"):
        assert piece in page
    french = site.client("ada", "fr").get(PREFIX + "/jobs").text
    for piece in ("Tâches", "En cours", "Terminée", "1 courriel attend", "3 mars 2026"):
        assert piece in french


@pytest.mark.parametrize("username", ["alice", "sam", "carol"])
def test_only_administrators_see_it(site, username):
    client = site.client(username)
    for path in ("/jobs", "/jobs/now", "/jobs/claims/2026-03-01T01:30:00Z"):
        assert client.get(PREFIX + path).status_code == 403
    assert PREFIX + "/jobs" not in client.get(PREFIX + "/").text


def test_what_runs_now_is_sent_only_when_it_changed(site):
    ada = site.client("ada")
    empty = ada.get(PREFIX + "/jobs/now")
    assert "Nothing runs at this moment." in empty.text
    seen = empty.text.split("?seen=")[1][:16]
    assert ada.get(f"{PREFIX}/jobs/now?seen={seen}").status_code == 204
    site.jobs.known = [a_run("running", 2, "half way"), a_run("waiting", 1)]
    answer = ada.get(f"{PREFIX}/jobs/now?seen={seen}")
    assert answer.status_code == 200
    assert "half way" in answer.text
    assert "It is tried again soon." in answer.text


def test_a_run_shows_its_tries_its_batches_and_its_log(site):
    site.jobs.detail = RunDetail(site.jobs.known[0], TRIES, SYSTEM.batches[:1], "a line <b>of</b> the log")
    page = site.client("ada").get(PREFIX + "/jobs/claims/2026-03-01T01:30:00Z").text
    for piece in ("Its machine or schedule went away", "node-2", "148,320", "148,205", "a line &lt;b&gt;of&lt;/b&gt;"):
        assert piece in page
    site.jobs.detail = RunDetail(site.jobs.known[0], [], [], None)
    page = site.client("ada").get(PREFIX + "/jobs/claims/2026-03-01T01:30:00Z").text
    for piece in ("It was not run.", "No batch was finished", "The log is not on this machine"):
        assert piece in page
    assert site.client("ada").get(PREFIX + "/jobs/claims/2020-03-01T01:30:00Z").status_code == 404


def test_a_hub_without_jobs_says_what_to_do(site):
    site.jobs.known = []
    site.jobs.jobs = NoJobs().jobs
    page = site.client("ada").get(PREFIX + "/jobs").text
    for piece in ("add some under schedule in hub.yaml", "Nothing runs at this moment.", "hub schedule run starts"):
        assert piece in page


def test_the_records_are_read_with_batches_and_log(home: Home, engine: Engine, tmp_path: Path):
    upgrade(engine)
    job = {"name": "claims", "cron": "0 * * * *", "run": "ingest", "source": "snds"}
    hub = Hub(Settings.model_validate({"home": home.root, "schedule": [job]}))
    ledger = ScheduleLedger(engine, "here")
    ledger.register("claims")
    claim = ledger.claim_interval(hub.settings.schedule[0], None, "hand", "me")
    assert claim is not None
    view = Jobs(hub)
    assert [run.state for run in view.under_way()] == ["running"]
    assert view.jobs()[0].next_at is not None
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ingestion_batch (batch_id, drop_id, source, table_name, content_hash, contract_version, state,"
            " rows_read, accepted, quarantined, duplicates, headers, blanks, taken_at, finished_at) "
            "SELECT s, s, s, 'ER_PRS_F', 'h', 1, 'published', 10, 7, 2, 1, 0, 0, strftime('%Y-%m-%dT%H:%M:%fZ'),"
            " strftime('%Y-%m-%dT%H:%M:%f', 'now', '+1 seconds') || '000Z' FROM (SELECT 'snds' s UNION SELECT 'chu')"
        )
    assert len(Ledger(engine).batches()) == 2
    detail = view.run("claims", claim.due_at)
    assert detail is not None
    assert [(batch.source, batch.read, batch.accepted) for batch in detail.batches] == [("snds", 10, 7)]
    assert detail.log is None
    log = log_file(home.logs, "claims", claim.due_at, 1)
    log.parent.mkdir(parents=True)
    log.write_text("x" * 50_000 + "the end")
    ledger.finish(claim, hub.settings.schedule[0], "done", 0)
    detail = view.run("claims", claim.due_at)
    assert detail is not None
    assert detail.log is not None
    assert detail.log.endswith("the end")
    assert len(detail.log) == 20_000
    assert detail.run.state == "done"
    assert isinstance(Ledger(engine).batches()[0].counts, Counts)
    hub.close()
