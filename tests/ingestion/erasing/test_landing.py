"""A drop without the person is still the batch that was published, wherever its replacement was killed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.paths import Home
from ingestion.contract_set import Contracts, load_contracts
from ingestion.drop import Drop, take_in
from ingestion.erasing.files import Marks
from ingestion.erasing.landing import erase_in_drop, recover
from ingestion.ledger import Counts, Ledger, Published
from tests.ingestion.conftest import GOOD_PEOPLE, GOOD_VISITS, PEOPLE_HEADER, VISITS_HEADER

GOES = "PSA0000000000001"
MARKS = {
    "people": Marks(lines={("psa", "rank"): {(GOES, "1")}}),
    "visits": Marks(lines={("psa", "rank"): {(GOES, "1")}}),
}


class Crash(BaseException):
    """What nobody catches."""


@pytest.fixture
def contracts(contract_folder: Path) -> Contracts:
    return load_contracts(contract_folder)


def taken(home: Home, contracts: Contracts) -> Drop:
    return take_in("small", home.landing / "small" / "a-b", contracts.source("small"), home.intake)


def erase(home: Home, ledger: Ledger, contracts: Contracts, stop: str | None = None) -> dict[str, int]:
    counted: dict[str, int] = {}

    def noted(lines: Mapping[str, int]) -> None:
        counted.update(lines)

    def fault(step: str) -> None:
        if step == stop:
            raise Crash

    drop = taken(home, contracts)
    try:
        erase_in_drop(
            "small", home.landing / "small" / "a-b", drop, MARKS, contracts=contracts.source("small"), ledger=ledger,
            landing=home.landing, intake=home.intake, noted=noted, fault=fault,
        )  # fmt: skip
    finally:
        drop.discard()
    return counted


@pytest.mark.parametrize("stop", [None, "small: copied", "small: renamed", "small: moved", "small: replaced"])
def test_both_names_are_one_batch(
    home: Home, engine: Engine, ledger: Ledger, contracts: Contracts, stop: str | None
) -> None:
    folder = home.landing / "small" / "a-b"
    folder.mkdir(parents=True)
    texts = {"PEOPLE.csv": (PEOPLE_HEADER, *GOOD_PEOPLE), "VISITS.csv": (VISITS_HEADER, *GOOD_VISITS)}
    listed = []
    for name, lines in texts.items():
        (folder / name).write_text("\n".join(lines) + "\n")
        content = (folder / name).read_bytes()
        listed.append({"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    (folder / "manifest.json").write_text(json.dumps({"files": listed}))
    before = taken(home, contracts)
    for one in before.tables:
        ledger.take(one, before.drop_id)
        rows = one.total("rows")
        ledger.written(one.batch_id, one.contract.table, 1, Counts(rows, rows, 0, 0), 1.0)
        ledger.move([Published(one.contract.table, 1, one.batch_id, rows, None, None, "")])
    before.discard()

    if stop is not None:
        with pytest.raises(Crash):
            erase(home, ledger, contracts, stop)
        recover(home.landing)
    counted = erase(home, ledger, contracts)
    assert counted == ({} if stop in ("small: moved", "small: replaced") else {"people": 1, "visits": 1})

    after = taken(home, contracts)
    after.discard()
    named = {one.contract.table: ledger.batch(one.batch_id) for one in after.tables}
    for one in before.tables:
        line = named[one.contract.table]
        assert line is not None
        assert (line.batch_id, line.state) == (one.batch_id, "published")
        assert one.content_hash != line.content_hash
    assert not any(GOES.encode() in path.read_bytes() for path in home.landing.rglob("*") if path.is_file())
    assert "PSA0000000000002,1" in (folder / "VISITS.csv").read_text()
    newer = Contracts({name: one.model_copy(update={"version": 2}) for name, one in contracts.items()})
    again = take_in("small", folder, newer.source("small"), home.intake)
    again.discard()
    for one in again.tables:
        assert ledger.batch(one.batch_id) is None, "a new version of the contract is another batch"
        lines = ledger.batches(table=one.contract.table, states=["published"])
        assert [line.content_hash for line in lines] == [one.content_hash], "and takes the place of this one"
