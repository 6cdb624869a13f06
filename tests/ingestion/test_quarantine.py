"""Refused rows as they lie there: found in their files, counted, destroyed in part; no half of it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.derived.shape import SOURCE
from ingestion.errors import QuarantineError
from ingestion.ledger import Counts, Ledger
from ingestion.quarantine_discard import discard
from ingestion.quarantine_ledger import QuarantineLedger
from ingestion.quarantine_lines import locate
from ingestion.quarantine_replay import RefusedTable
from ingestion.replay import fate, replaced
from ingestion.sealed_rows import SealedRows, Where
from pseudonymization.keystore import KeyStore
from tests.ingestion.conftest import VISITS_HEADER
from tests.ingestion.refused import published, seal, taken_from

ROWS = [
    (("bad_type:price", "unknown_code:place"), {"number": "1", "psa": "ONE"}),
    (("bad_type:start",), {"number": "2", "psa": "TWO"}),
    (("missing_person",), {"number": "3"}),
]


@pytest.fixture
def keystore(home: Home) -> KeyStore:
    return KeyStore.create(home.keys)


@pytest.fixture
def batch(home: Home, ledger: Ledger, keystore: KeyStore, contract_folder: Path, tmp_path: Path) -> str:
    taken = taken_from(load_contracts(contract_folder)["visits"], tmp_path / "VISITS.csv")
    seal(home.quarantine, "visits", taken.batch_id, ROWS, keystore)
    return published(ledger, taken, len(ROWS))


def destroy(home: Home, ledger: Ledger, name: str, reason: str | None = None, **options: Callable[..., None]) -> int:
    folder, locks = home.quarantine, home.run / "locks"
    return discard(name, ledger=ledger, quarantine=folder, locks=locks, reason=reason, **options).rows


def test_a_part_is_destroyed_with_its_lines_and_the_rest_is_as_it_was(
    home: Home, ledger: Ledger, keystore: KeyStore, batch: str
) -> None:
    rows = SealedRows(home.quarantine, "visits", batch)
    rows.keep_places({one.seal: Where(1, one.number, f"line {one.number}") for one in rows}, keystore)
    before = {one.row for one in rows if one.reasons == ("missing_person",)}
    assert rows.reasons() == {"bad_type:price": 1, "bad_type:start": 1, "missing_person": 1, "unknown_code:place": 1}
    assert destroy(home, ledger, batch[:8], "bad_type") == 2
    assert {one.row for one in rows} == before
    (where,) = rows.places(keystore).values()
    assert where.raw == f"line {where.line}"
    standing = QuarantineLedger(ledger).find(batch)
    assert (standing.quarantined, standing.discarded, standing.left) == (3, 2, 1)
    (line,) = QuarantineLedger(ledger).discards()
    assert (line.rows, line.reason, len(line.certificate)) == (2, "bad_type", 64)
    with pytest.raises(QuarantineError, match="no refused row left of reason bad_type"):
        destroy(home, ledger, batch, "bad_type")
    assert destroy(home, ledger, batch) == 1
    assert list((home.quarantine / "visits").iterdir()) == []


class Crash(BaseException):
    """What nobody catches."""


@pytest.mark.parametrize("place", ["begin_removal", "discarded", "settle", "rename"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_anywhere_rows_and_ledger_agree(
    home: Home, ledger: Ledger, batch: str, place: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = {"discarded": QuarantineLedger, "rename": Path}.get(place, SealedRows)
    real = getattr(owner, place)
    calls = []

    def killed(self: object, *arguments: object) -> object:
        calls.append(arguments)
        # The first `settle` is what every command begins with.
        if place == "settle" and len(calls) == 1:
            return real(self, *arguments)
        if after:
            real(self, *arguments)
        raise Crash

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(owner, place, killed)
        destroy(home, ledger, batch, "bad_type")
    standing = QuarantineLedger(ledger).find(batch)
    rows = SealedRows(home.quarantine, "visits", batch)
    rows.settle(standing.left)
    assert rows.count() == standing.left in (1, 3)
    if standing.left == 1:
        assert [one.reasons for one in rows] == [("missing_person",)]
    assert {path.name for path in (home.quarantine / "visits").iterdir()} == {batch}


def test_what_stops_the_note_stops_the_act(home: Home, ledger: Ledger, batch: str) -> None:
    def refused(_batch: str, rows: int) -> None:
        assert rows == 3
        raise PermissionError

    with pytest.raises(PermissionError):
        destroy(home, ledger, batch, before=refused)
    assert SealedRows(home.quarantine, "visits", batch).count() == 3
    assert QuarantineLedger(ledger).discards() == []


def test_rows_that_are_missing_are_said(home: Home, ledger: Ledger, batch: str) -> None:
    next((home.quarantine / "visits" / batch).glob("*.parquet")).unlink()
    with pytest.raises(QuarantineError, match=r"holds \d rows and the ledger says 3"):
        destroy(home, ledger, batch)


def test_another_key_opens_nothing(home: Home, tmp_path: Path, batch: str) -> None:
    other = KeyStore.create(tmp_path / "other.json")
    with pytest.raises(QuarantineError, match="cannot be opened"):
        list(SealedRows(home.quarantine, "visits", batch).opened(other))


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=6
) | st.sampled_from(['"', ",", '","', "é", ""])


@settings(suppress_health_check=list(HealthCheck), max_examples=40)
@given(lines=st.lists(st.lists(cells, min_size=8, max_size=8), min_size=1, max_size=6), packed=st.booleans())
def test_every_line_of_a_csv_is_found_where_it_stands(
    contract_folder: Path, tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]], packed: bool
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    contract = load_contracts(contract_folder)["visits"]
    header = VISITS_HEADER.split(",")
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([[*line[:7], line[7] or "x"] for line in lines])
    text = VISITS_HEADER + "\n\n" + written.getvalue()
    file = folder / ("part-1.csv.gz" if packed else "part-1.csv")
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    rows = [
        (
            ("bad_type:price",),
            {name: cell for name, cell in zip(header, [*line[:7], line[7] or "x"], strict=True) if cell},
        )
        for line in lines
    ]
    keystore = KeyStore.create(folder / "keys.json")
    sealed = seal(folder / "q", "visits", "b" * 32, rows, keystore)
    assert locate(taken_from(contract, file, header=header), sealed, keystore) == len(lines)
    raw = text.split("\n")
    places = sealed.places(keystore)
    assert sorted(one.line for one in places.values()) == list(range(3, 3 + len(lines)))
    for one, content in sealed.opened(keystore):
        where = places[one.seal]
        assert raw[where.line - 1] == where.raw
        assert next(csv.reader([where.raw])) == [content.get(name, "") for name in header]


def test_lines_of_several_files_and_of_fhir(tmp_path: Path, keystore: KeyStore) -> None:
    contract = load_contracts()["fhir_condition"]
    first, second = tmp_path / "part-1.ndjson", tmp_path / "part-2.ndjson"
    first.write_text(json.dumps({"resourceType": "Condition", "id": "a"}) + "\n\nKERBRAT{\n")
    twins = [{"resourceType": "Condition", "id": "b", "code": {"text": text}} for text in ("one", "two")]
    second.write_text("\n".join(map(json.dumps, twins)) + "\n")
    rows = [
        (("key_conflict",), {"id": "b", "code": "two"}),
        (("malformed_row",), {"_malformed": "KERBRAT{"}),
        (("key_conflict",), {"id": "b", "code": "one"}),
        (("missing_person",), {"code": "without an id"}),
    ]
    sealed = seal(tmp_path / "q", contract.table, "c" * 32, rows, keystore)
    assert locate(taken_from(contract, first, second), sealed, keystore) == 3
    places = sealed.places(keystore)
    found = {
        str(row): (places[one.seal].file, places[one.seal].line)
        for one, row in sealed.opened(keystore)
        if one.seal in places
    }
    assert found == {str(rows[0][1]): (2, 2), str(rows[1][1]): (1, 3), str(rows[2][1]): (2, 1)}
    assert b"KERBRAT" not in sealed.lines.read_bytes()


def test_what_was_discarded_of_a_rejected_batch_says_nothing_of_its_next_try(
    home: Home, ledger: Ledger, keystore: KeyStore, contract_folder: Path, tmp_path: Path
) -> None:
    taken = taken_from(load_contracts(contract_folder)["visits"], tmp_path / "VISITS.csv")
    counts = Counts(3, 0, 3, 0)
    seal(home.quarantine, "visits", taken.batch_id, ROWS, keystore)
    ledger.take(taken, "d" * 32)
    ledger.written(taken.batch_id, "visits", 1, counts, 0.1)
    ledger.rejected(taken.batch_id, "visits", ["row_count"])
    assert destroy(home, ledger, taken.batch_id) == 3
    assert QuarantineLedger(ledger).find(taken.batch_id).left == 0
    ledger.take(taken, "d" * 32)
    ledger.written(taken.batch_id, "visits", 1, counts, 0.1)
    ledger.rejected(taken.batch_id, "visits", ["row_count"])
    assert QuarantineLedger(ledger).find(taken.batch_id).left == 3


def test_a_content_read_anew_supersedes_what_it_had_refused(
    ledger: Ledger, contract_folder: Path, tmp_path: Path
) -> None:
    contract = load_contracts(contract_folder)["visits"]
    old = taken_from(contract, tmp_path / "VISITS.csv")
    new = taken_from(contract.model_copy(update={"version": 2}), tmp_path / "VISITS.csv")
    replayed = replace(old, replay_of=published(ledger, old, 3), files=())
    published(ledger, replayed, 1)
    standings = QuarantineLedger(ledger)
    first = standings.find(old.batch_id)
    assert (first.left, first.replayed, first.superseded_by) == (2, 1, None)
    newest = published(ledger, new, 3)
    assert standings.find(old.batch_id).superseded_by == newest
    assert standings.find(replayed.batch_id).superseded_by == newest
    assert standings.find(newest).superseded_by is None
    assert [one.batch_id for one in ledger.replays(old.batch_id)] == [replayed.batch_id]


def test_what_a_derived_table_leaves_out_is_no_refused_row(
    ledger: Ledger, contract_folder: Path, tmp_path: Path
) -> None:
    contract = load_contracts(contract_folder)["visits"].model_copy(update={"source": SOURCE})
    published(ledger, taken_from(contract, tmp_path / "VISITS.csv"), 3)
    assert QuarantineLedger(ledger).standings() == []


def test_a_content_read_again_takes_its_replayed_rows_along_and_leaves_those_of_later_contents(
    ledger: Ledger, contract_folder: Path, tmp_path: Path
) -> None:
    contract = load_contracts(contract_folder)["people"]
    first = taken_from(contract, tmp_path / "one.csv")
    second = taken_from(contract, tmp_path / "two.csv")
    for one in (first, second):
        published(ledger, one, 3)
    mended = contract.model_copy(update={"version": 2})
    refused = [RefusedTable(mended, (), 3, one.batch_id, replay_of=one.batch_id) for one in (first, second)]
    for one in refused:
        published(ledger, one, 1)
    again = [replace(one, contract=contract.model_copy(update={"version": 3})) for one in (first, second)]
    of_first, of_second = (replaced(ledger, one) for one in again)
    assert of_first is not None and of_second is not None
    assert (of_first.batch.batch_id, of_first.with_it) == (first.batch_id, (refused[0].batch_id,))
    assert (of_first.later, of_first.in_turn) == ((second.batch_id, refused[1].batch_id), False)
    assert (of_second.with_it, of_second.later, of_second.in_turn) == ((refused[1].batch_id,), (), True)
    # What was refused once is a matter of its own: it replaces nothing, and waits for no other's turn.
    assert replaced(ledger, replace(refused[0], seal="other")) is None
    published(ledger, again[1], 3)
    of_first = replaced(ledger, again[0])
    assert of_first is not None and of_first.in_turn
    assert fate(ledger, again[0], replay=True) == "todo"


def test_a_snapshot_that_late_rows_were_added_to_is_still_the_one_that_stands(
    ledger: Ledger, contract_folder: Path, tmp_path: Path
) -> None:
    contract = load_contracts(contract_folder)["visits"].model_copy(update={"write": "snapshot"})
    whole = taken_from(contract, tmp_path / "one.csv")
    published(ledger, whole, 3)
    published(ledger, RefusedTable(contract, (), 3, "seal", replay_of=whole.batch_id), 1)
    again = replace(whole, contract=contract.model_copy(update={"version": 2}))
    assert fate(ledger, again, replay=True) == "todo"
    published(ledger, taken_from(contract, tmp_path / "two.csv"), 0)
    assert fate(ledger, again, replay=True) == "superseded"


def test_files_that_the_intake_wrote_have_no_lines(tmp_path: Path, keystore: KeyStore) -> None:
    contract = load_contracts()["fhir_condition"]
    file = tmp_path / "records.ndjson"
    file.write_text(json.dumps({"resourceType": "Condition", "id": "a"}) + "\n")
    sealed = seal(tmp_path / "q", contract.table, "c" * 32, [(("key_conflict",), {"id": "a"})], keystore)
    assert locate(taken_from(contract, file), sealed, keystore) == 0
    other = contract.model_copy(update={"format": "parquet"})
    packed = tmp_path / "part-1.parquet"
    packed.write_bytes(b"PAR1\xff\xfe")
    assert locate(taken_from(other, packed), sealed, keystore) == 0


def test_lines_with_a_column_too_many_and_names_of_their_own_are_found(
    contract_folder: Path, tmp_path: Path, keystore: KeyStore
) -> None:
    contract = load_contracts(contract_folder)["visits"]
    columns = {**contract.columns, "number": contract.columns["number"].model_copy(update={"header": "NUM"})}
    contract = contract.model_copy(update={"columns": columns})
    header = VISITS_HEADER.replace("number", "NUM").replace("psa", "psa,extra").split(",")
    file = tmp_path / "part-1.csv"
    file.write_text(",".join(header) + '\n1,PSA,more,1,D,2023-01-01,,C,1\n"2",PSA,,1,"D,E",2023-01-01,,C,1\n')
    row = {"psa": "PSA", "rank": "1", "start": "2023-01-01", "place": "C", "price": "1"}
    rows = [(("unknown_code:place",), {**row, "number": "1", "doctor": "D"}),
            (("unknown_code:place",), {**row, "number": "2", "doctor": "D,E"})]  # fmt: skip
    sealed = seal(tmp_path / "q", "visits", "d" * 32, rows, keystore)
    assert locate(taken_from(contract, file, header=header), sealed, keystore) == 2
    assert sorted(one.line for one in sealed.places(keystore).values()) == [2, 3]
