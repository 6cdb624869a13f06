"""Refused rows after a contract was mended: put through again, once, and never twice in the lake."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from ingestion import tables
from ingestion.contract_set import load_contracts
from ingestion.errors import GateFailed, QuarantineError
from ingestion.quarantine_ledger import QuarantineLedger, Standing
from ingestion.quarantine_replay import replay
from ingestion.recount import recount
from ingestion.reports import TableReport
from ingestion.sealed_rows import SealedRows
from tests.ingestion.conftest import GOOD_PEOPLE, GOOD_VISITS, PEOPLE, VISITS, Small

pytestmark = pytest.mark.spark

IN_C = "104,PSA0000000000001,1,D1,2023-01-02,03012023,C,1"
TWIN = "001,PSA0000000000001,1,D1,2023-01-02,03012023,A,99"
CUT = "101,PSA0000000000001,1"
BACKWARDS = '103,PSA0000000000001,1,"D ""1""",2023-01-02,01012023,C,1'


class Crash(BaseException):
    """What nobody catches."""


def again(small: Small, name: str, progress=lambda table, step: None) -> TableReport:  # type: ignore[no-untyped-def]
    report, _ = replay(
        name, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
        contracts=small.contracts, folders=small.folders, progress=progress, lock_timeout=1.0,
    )  # fmt: skip
    return report


def mend(small: Small, folder: Path, before: str, after: str, table: str = "visits") -> None:
    """A new version of the contract."""
    text = {"visits": VISITS, "people": PEOPLE}[table].replace("version: 1", "version: 2").replace(before, after)
    (folder / f"{table}.yaml").write_text(text, encoding="utf-8")
    small.contracts = load_contracts(folder)


def standing(small: Small, batch_id: str) -> Standing:
    return QuarantineLedger(small.ledger).find(batch_id)


def counts(report: TableReport) -> tuple[int, int, int, int]:
    return report.rows_read, report.accepted, report.refused, report.duplicates


def refused(small: Small, table: str = "visits") -> str:
    (batch,) = [one for one in small.ledger.batches(table=table) if one.replay_of is None]
    return batch.batch_id


def test_a_mended_contract_publishes_what_passes_once_and_keeps_the_rest(small: Small, contract_folder: Path) -> None:
    small.ingest(small.drop("one", visits=[*GOOD_VISITS, "", IN_C, CUT, BACKWARDS]))
    batch = refused(small)
    where = SealedRows(small.home.quarantine, "visits", batch).places(small.keystore).values()
    assert sorted((one.file, one.line, one.raw) for one in where) == [(1, 6, IN_C), (1, 7, CUT), (1, 8, BACKWARDS)]
    assert b"PSA0000" not in SealedRows(small.home.quarantine, "visits", batch).lines.read_bytes()

    mend(small, contract_folder, 'codes: ["A", "B"]', 'codes: ["A", "B", "C"]')
    report = again(small, batch[:12])
    assert counts(report) == (3, 1, 2, 0)
    assert report.state == "published"
    assert "104" in {row[1] for row in small.rows("visits")}
    rest = standing(small, report_batch(small))
    assert (rest.left, rest.batch.replay_of, rest.batch.contract_version) == (2, batch, 2)
    assert (standing(small, batch).left, standing(small, batch).replays) == (0, (rest.batch.batch_id,))
    assert not SealedRows(small.home.quarantine, "visits", batch).folder.exists()
    kept = SealedRows(small.home.quarantine, "visits", rest.batch.batch_id)
    assert sorted(one.line for one in kept.places(small.keystore).values()) == [7, 8]

    assert [one.fault for one in recount(small.lake, small.ledger, small.home.quarantine)] == ["", ""]
    with small.engine.begin() as connection:
        connection.execute(update(tables.batch).values(accepted=tables.batch.c.accepted + 1))
    faults = [one.fault for one in recount(small.lake, small.ledger, small.home.quarantine, [batch[:9]])]
    assert faults == ["3 rows in the lake, 4 in the ledger; rows read are not accepted + quarantined + duplicates"]
    with small.engine.begin() as connection:
        connection.execute(update(tables.batch).values(accepted=tables.batch.c.accepted - 1))

    rows, version = small.rows("visits"), small.ledger.published("visits")
    same = again(small, batch)
    assert (same.state, counts(same)) == ("unchanged", (3, 1, 2, 0))
    assert (small.rows("visits"), small.ledger.published("visits")) == (rows, version)

    # The whole drop read again under the new contract takes the place of both batches: nothing is held twice.
    (anew,) = small.ingest(small.home.landing / "small" / "one", replay=True).tables
    assert (anew.state, counts(anew)) == ("published", (6, 4, 2, 0))
    assert small.rows("visits") == rows
    with pytest.raises(QuarantineError, match="was read anew as batch"):
        again(small, rest.batch.batch_id)


def report_batch(small: Small) -> str:
    return next(one.batch_id for one in small.ledger.batches(table="visits") if one.replay_of)


def test_a_key_that_the_lake_holds_by_now_is_not_doubled(small: Small, contract_folder: Path) -> None:
    other = IN_C.replace("104,", "105,")
    small.ingest(small.drop("one", visits=[*GOOD_VISITS, IN_C, other, TWIN.replace(",A,", ",C,")]))
    batch = refused(small)
    mend(small, contract_folder, 'codes: ["A", "B"]', 'codes: ["A", "B", "C"]')
    # Delivered again by another drop meanwhile, as it was.
    small.ingest(small.drop("two", visits=[IN_C]))
    assert counts(again(small, batch)) == (3, 1, 1, 1)
    numbers = [row[1] for row in small.rows("visits")]
    assert sorted(numbers) == ["001", "002", "003", "104", "105"]
    (conflict,) = SealedRows(small.home.quarantine, "visits", standing(small, batch).replays[0])
    assert conflict.reasons == ("key_conflict",)


@pytest.mark.long
def test_when_nothing_passes_the_table_stays_and_the_rows_wait(small: Small) -> None:
    wrong = "PSA0000000000003,1,,3,2023-06-01"
    small.ingest(small.drop("one", people=[*GOOD_PEOPLE, wrong], visits=[*GOOD_VISITS, IN_C]))
    before = small.rows("visits"), small.rows("people")
    for table in ("visits", "people"):
        report = again(small, refused(small, table))
        assert (counts(report), report.state) == ((1, 0, 1, 0), "published")
        (waiting,) = standing(small, refused(small, table)).replays
        assert standing(small, waiting).left == 1
    assert (small.rows("visits"), small.rows("people")) == before
    assert all(one.holds for one in recount(small.lake, small.ledger, small.home.quarantine))


@pytest.mark.long
def test_a_late_row_of_an_upsert_writes_over_nothing_newer(small: Small, contract_folder: Path) -> None:
    late = "PSA0000000000001,1,,3,2022-12-31"
    newer = "PSA0000000000002,1,,3,2023-06-01"
    fresh = "PSA0000000000003,1,,3,2023-06-01"
    small.ingest(small.drop("one", people=[*GOOD_PEOPLE]))
    small.ingest(small.drop("two", people=["PSA0000000000009,1,,1,2023-01-01", late, newer, fresh]))
    batch = next(one.batch_id for one in small.ledger.batches(table="people") if one.counts and one.counts.quarantined)
    mend(small, contract_folder, 'codes: ["1", "2"]', 'codes: ["1", "2", "3"]', "people")
    assert counts(again(small, batch)) == (3, 2, 0, 1)
    assert sorted((row[1], str(row[2])) for row in small.rows("people")) == [
        (1, "2023-01-01"), (1, "2023-01-01"), (3, "2023-06-01"), (3, "2023-06-01"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "step", [*(pytest.param(step, marks=pytest.mark.long) for step in ("written", "judged", "passed")), "published"]
)
def test_killed_and_run_again_it_converges(small: Small, contract_folder: Path, step: str) -> None:
    small.ingest(small.drop("one", visits=[*GOOD_VISITS, IN_C, CUT]))
    batch = refused(small)
    mend(small, contract_folder, 'codes: ["A", "B"]', 'codes: ["A", "B", "C"]')

    def killed(_table: str, now: str) -> None:
        if now == step:
            raise Crash

    with pytest.raises(Crash):
        again(small, batch, killed)
    assert counts(again(small, batch)) == (2, 1, 1, 0)
    assert sorted(row[1] for row in small.rows("visits")) == ["001", "002", "003", "104"]
    assert standing(small, batch).left == 0
    assert standing(small, report_batch(small)).left == 1


def test_another_key_or_a_rejected_batch_moves_nothing(small: Small, contract_folder: Path) -> None:
    mend(small, contract_folder, "{rule: quarantine_share, max: 0.8}", "{rule: quarantine_share, max: 0.1}")
    with pytest.raises(GateFailed):
        small.ingest(small.drop("one", visits=[*GOOD_VISITS, IN_C]))
    with pytest.raises(QuarantineError, match="rejected as a whole"):
        again(small, refused(small))
    with pytest.raises(QuarantineError, match="hub quarantine list"):
        again(small, "nothing")
