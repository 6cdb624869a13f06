from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from ingestion.contract_set import load_contracts
from ingestion.drop import TakenFile, TakenTable
from ingestion.errors import UnbalancedBatch
from ingestion.ledger import Counts, Ledger, Published
from ingestion.tables import event


@pytest.fixture
def taken(contract_folder: Path) -> TakenTable:
    file = TakenFile(Path("part-1.csv"), "0" * 64, 10, 5, 1, 2, {}, ())
    return TakenTable(load_contracts(contract_folder)["visits"], (file,))


def pointer(taken: TakenTable, version: int = 1) -> Published:
    return Published("visits", version, taken.batch_id, 4, "2023-01-01", "2023-12-31", "")


def test_a_batch_goes_through_its_states_and_every_step_is_an_event(
    ledger: Ledger, engine: Engine, taken: TakenTable
) -> None:
    ledger.take(taken, "d")
    ledger.written(taken.batch_id, "visits", 1, Counts(5, 3, 1, 1, {"unknown_code:place": 1}), 0.5)
    ledger.passed(taken.batch_id, "visits", 1, 0.7)
    assert ledger.published("visits") is None
    ledger.move([pointer(taken)])
    assert ledger.published("visits") == 1
    batch = ledger.batch(taken.batch_id)
    assert batch is not None
    assert (batch.state, batch.headers, batch.blanks) == ("published", 1, 2)
    assert batch.counts == Counts(5, 3, 1, 1, {"unknown_code:place": 1})
    with engine.connect() as connection:
        steps = [row.what for row in connection.execute(select(event).order_by(event.c.number))]
    assert steps == ["taken", "written", "passed", "published"]


def test_taking_again_opens_a_new_line_but_never_over_a_published_one(ledger: Ledger, taken: TakenTable) -> None:
    ledger.take(taken, "d")
    ledger.take(taken, "e")
    assert [batch.drop_id for batch in ledger.batches(table="visits")] == ["e"]


def test_a_rejected_batch_keeps_what_failed(ledger: Ledger, taken: TakenTable) -> None:
    ledger.take(taken, "d")
    ledger.rejected(taken.batch_id, "visits", ["unique number: found 2"])
    (batch,) = ledger.batches(states=["rejected"])
    assert batch.failed_checks == ("unique number: found 2",)


def test_all_pointers_of_a_drop_move_or_none(ledger: Ledger, taken: TakenTable) -> None:
    ledger.take(taken, "d")
    wrong = Published("people", 1, None, 4, None, None, "")  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"NOT NULL|null"):
        ledger.move([pointer(taken), wrong])
    assert ledger.pointers() == []


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(-3, 3))
def test_rows_that_do_not_add_up_are_refused(accepted: int, quarantined: int, duplicates: int, off: int) -> None:
    counts = Counts(accepted + quarantined + duplicates + off, accepted, quarantined, duplicates)
    if off:
        with pytest.raises(UnbalancedBatch, match="nothing was published"):
            counts.check("visits")
    else:
        counts.check("visits")


def test_reasons_are_stored_as_json(ledger: Ledger, taken: TakenTable) -> None:
    ledger.take(taken, "d")
    ledger.written(taken.batch_id, "visits", 1, Counts(1, 0, 1, 0, {"b": 1, "a": 1}), 0.1)
    batch = ledger.batch(taken.batch_id)
    assert batch is not None
    assert batch.counts is not None
    assert json.dumps(dict(batch.counts.reasons)) == '{"a": 1, "b": 1}'
