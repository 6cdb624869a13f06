"""A drop goes when its days are over, never before it is published, and leaves a certificate that names nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.paths import Home
from ingestion.archive import unseal
from ingestion.certificate import is_genuine
from ingestion.contract_set import Contracts, load_contracts
from ingestion.drop import take_in
from ingestion.ledger import Counts, Ledger, Published, utc_now
from ingestion.retention import Finding, Policy, examine, finish, purge
from pseudonymization.keystore import KeyStore
from tests.ingestion.conftest import GOOD_PEOPLE, GOOD_VISITS, PEOPLE_HEADER, VISITS_HEADER

KEEP_30 = Policy()


class Crash(BaseException):
    """What nobody catches."""


class Landing:
    """A drop of two tables, and a ledger that may know it."""

    def __init__(self, home: Home, ledger: Ledger, contracts: Contracts, keystore: KeyStore) -> None:
        self.home, self.ledger, self.contracts, self.keystore = home, ledger, contracts, keystore
        self.drop = home.landing / "small" / "one"
        self.drop.mkdir(parents=True)
        (self.drop / "PEOPLE.csv").write_text("\n".join((PEOPLE_HEADER, *GOOD_PEOPLE)) + "\n")
        (self.drop / "VISITS.csv").write_text("\n".join((VISITS_HEADER, *GOOD_VISITS)) + "\n")
        (self.drop / "letter-of-the-sender.txt").write_text("for PSA0000000000001")

    def publish(self, *tables: str) -> None:
        """As an ingestion of the drop would have left the ledger."""
        drop = take_in("small", self.drop, self.contracts.source("small"), self.home.intake)
        for taken in drop.tables:
            if taken.contract.table in tables:
                self.ledger.take(taken, drop.drop_id)
                rows = taken.total("rows")
                counts = Counts(rows, rows - 1, 1, 0, {"bad_type:start": 1})
                self.ledger.written(taken.batch_id, taken.contract.table, 1, counts, 1.0)
                self.ledger.move([Published(taken.contract.table, 1, taken.batch_id, rows - 1, None, None, "")])
        drop.discard()

    def look(self, policy: Policy = KEEP_30, days: int = 0) -> Finding:
        return examine(
            "small", self.drop, self.contracts.source("small"), ledger=self.ledger, intake=self.home.intake,
            policy=policy, now=utc_now() + timedelta(days=days),
        )  # fmt: skip

    def purge(self, policy: Policy, stop_after: str | None = None) -> Finding:
        def fault(step: str) -> None:
            if step == stop_after:
                raise Crash

        home, now = self.home, utc_now() + timedelta(days=31)
        finish(ledger=self.ledger, landing=home.landing, certificates=home.certificates, fault=fault)
        if not self.drop.exists():
            return Finding("small", "one", "purged", "")
        return purge(
            self.look(policy, 31), self.drop, ledger=self.ledger, keystore=self.keystore, policy=policy,
            landing=home.landing, archive=home.archive, certificates=home.certificates, now=now, fault=fault,
        )  # fmt: skip

    @property
    def certificates(self) -> list[Path]:
        return sorted(self.home.certificates.iterdir())


@pytest.fixture
def landing(home: Home, engine: Engine, ledger: Ledger, contract_folder: Path) -> Landing:
    return Landing(home, ledger, load_contracts(contract_folder), KeyStore.create(home.keys))


def test_a_drop_waits_for_publication_and_then_for_its_days(landing: Landing) -> None:
    landing.publish("people")
    early = landing.look()
    assert (early.state, early.overdue) == ("unpublished", False)
    late = landing.look(days=31)
    assert (late.state, late.overdue) == ("unpublished", True)
    assert "1 of 2 tables" in late.why

    landing.publish("visits")
    assert landing.look(days=29).state == "waiting"
    due = landing.look(days=30)
    assert (due.state, due.quarantined, due.files) == ("due", 2, 3)
    assert landing.look(Policy(days=90), days=31).state == "waiting"
    assert list(landing.home.intake.iterdir()) == []
    assert landing.drop.exists()


def test_a_drop_that_changed_since_is_not_published(landing: Landing) -> None:
    landing.publish("people", "visits")
    with (landing.drop / "VISITS.csv").open("a") as file:
        file.write("009,PSA0000000000002,1,D1,2023-03-02,,,\n")
    assert landing.look(days=31).state == "unpublished"


def test_a_drop_that_cannot_be_read_is_told_and_kept(landing: Landing) -> None:
    (landing.drop / "VISITS.csv").write_bytes(b"\xe9\n")
    found = landing.look(days=31)
    assert (found.state, found.overdue) == ("unreadable", True)


def test_a_newer_version_of_the_contract_does_not_keep_a_drop(landing: Landing) -> None:
    landing.publish("people", "visits")
    landing.contracts = Contracts(
        {name: one.model_copy(update={"version": 2}) for name, one in landing.contracts.items()}
    )
    assert landing.look(days=31).state == "due"


@pytest.mark.parametrize("how", ["destroy", "archive"])
@pytest.mark.parametrize("stop", [None, "described", "archived", "certified", "moved", "deleted", "recorded"])
def test_a_purge_ends_the_same_wherever_it_was_killed(landing: Landing, how: str, stop: str | None) -> None:
    policy = replace(Policy(), how=how)  # type: ignore[arg-type]
    landing.publish("people", "visits")
    drop_id = landing.look(days=31).drop_id
    if stop is not None and not (stop == "archived" and how == "destroy"):
        with pytest.raises(Crash):
            landing.purge(policy, stop)
    assert landing.purge(policy).state == "purged"

    assert not landing.drop.exists()
    assert list((landing.home.landing / ".purged").iterdir()) == []
    (certificate,) = landing.certificates
    assert certificate.name == f"purge-{drop_id}.json"
    assert is_genuine(certificate, landing.keystore.derive("certificate"))
    text = certificate.read_text()
    for word in ("PSA00", "PEOPLE", "letter", "one"):
        assert word not in text, "a name of the sender's is in the certificate"
    content = json.loads(text)["content"]
    assert len(content["files"]) == 3
    assert {one["table"]: one["quarantined"] for one in content["batches"]} == {"people": 1, "visits": 1}
    events = landing.ledger.events(what=["purged"])
    assert {(one.batch_id, one.table) for one in events} == {(drop_id, "landing/small")}
    assert len(events) == 1 or stop == "recorded"
    archives = list(landing.home.archive.iterdir())
    if how == "archive":
        assert unseal(archives[0], landing.keystore.derive("archive"), landing.home.root / "out") == 3
        assert archives[0].name == content["archive"]["name"]
    else:
        assert archives == []
    assert not any(b"PSA0000000000001" in path.read_bytes() for path in archives)


def test_files_of_no_contract_go_with_their_drop(landing: Landing) -> None:
    landing.publish("people", "visits")
    (landing.drop / "below").mkdir()
    (landing.drop / "below" / "more.txt").write_text("x")
    (landing.drop / "below" / "link").symlink_to("/etc/hostname")
    landing.purge(Policy())
    assert not landing.drop.exists()
    assert Path("/etc/hostname").exists()
