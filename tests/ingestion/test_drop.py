from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.contract_set import load_contracts
from ingestion.drop import Drop, take_in
from ingestion.errors import DropError
from ingestion.sources import reader_of
from tests.ingestion.conftest import VISITS_HEADER

LINE = "001,PSA,1,D,2023-01-01,02012023,A,1"


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


@pytest.fixture
def take(tmp_path: Path, landing: Path, contract_folder: Path):  # type: ignore[no-untyped-def]
    def take() -> Drop:
        drop = take_in("small", landing, load_contracts(contract_folder).source("small"), tmp_path / "intake")
        for taken in drop.tables:
            reader_of(taken.contract).check(taken)
        return drop

    return take


def visits(landing: Path, *lines: str, name: str = "VISITS.csv", end: str = "\n") -> Path:
    path = landing / name
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def test_no_name_of_a_file_survives_the_intake(landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    visits(landing, VISITS_HEADER, LINE, name="VISITS_dupont_1850578006084.csv")
    drop = take()
    assert [file.path.name for taken in drop.tables for file in taken.files] == ["part-1.csv"]
    assert "dupont" not in repr(drop)


def test_lines_headers_and_blanks_are_counted_apart(landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    visits(landing, VISITS_HEADER, LINE, "", "  ", LINE, name="VISITS_1.csv", end="\r\n")
    (landing / "VISITS_2.csv").write_bytes(f"{VISITS_HEADER}\n{LINE}".encode())
    (taken,) = take().tables
    assert (taken.total("rows"), taken.total("headers"), taken.total("blanks")) == (3, 2, 2)


def test_a_batch_is_what_it_holds_whatever_its_files_are_called(landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    visits(landing, VISITS_HEADER, LINE, name="VISITS_1.csv")
    visits(landing, VISITS_HEADER, LINE.replace("001", "002"), name="VISITS_2.csv")
    first = take().tables[0].batch_id
    (landing / "VISITS_1.csv").rename(landing / "VISITS_9.csv")
    assert take().tables[0].batch_id == first
    visits(landing, VISITS_HEADER, LINE.replace("001", "003"), name="VISITS_9.csv")
    assert take().tables[0].batch_id != first


def test_files_of_no_contract_are_counted_and_not_named(landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    visits(landing, VISITS_HEADER, LINE)
    (landing / "letter_to_dupont.txt").write_text("x", encoding="utf-8")
    drop = take()
    assert drop.unmatched == 1
    assert "dupont" not in repr(drop)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "VISITS.csv", "is empty"),
        (b"\n\n", "VISITS.csv", "is empty"),
        (gzip.compress((VISITS_HEADER + "\n" + LINE * 500).encode())[:-20], "VISITS.csv.gz", "truncated gzip"),
        (b"not gzip at all", "VISITS.csv.gz", "damaged gzip"),
        ((VISITS_HEADER + "\n" + LINE.replace("A", "é")).encode("latin-1"), "VISITS.csv", "not UTF-8"),
        (VISITS_HEADER.replace(",price", "").encode() + b"\n1", "VISITS.csv", "misses price"),
        (VISITS_HEADER.encode() + b",DUPONT\n1", "VISITS.csv", "adds 1 column(s) that the contract does not know"),
        (VISITS_HEADER.encode() + b",price\n1", "VISITS.csv", "repeats price"),
    ],
)
def test_a_bad_file_is_one_sentence_that_names_table_and_fault(
    landing: Path,
    take,
    content: bytes,
    name: str,
    said: str,  # type: ignore[no-untyped-def]
) -> None:
    (landing / name).write_bytes(content)
    with pytest.raises(DropError) as caught:
        take()
    message = str(caught.value)
    assert "visits" in message
    assert said in message
    assert "DUPONT" not in message
    assert "\n" not in message


def test_a_refused_drop_leaves_nothing_in_the_intake(tmp_path: Path, landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    visits(landing, VISITS_HEADER, LINE)
    (landing / "PEOPLE.csv").write_bytes(b"")
    with pytest.raises(DropError):
        take()
    assert list((tmp_path / "intake").iterdir()) == []


def test_a_drop_that_is_absent_empty_or_foreign_says_so(landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DropError, match="is empty"):
        take()
    (landing / "other.txt").write_text("x", encoding="utf-8")
    with pytest.raises(DropError, match="holds no file of its contracts"):
        take()
    landing.rename(landing.with_name("gone"))
    with pytest.raises(DropError, match="does not exist"):
        take()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_says_so(landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    landing.chmod(0)
    try:
        with pytest.raises(DropError, match="No permission"):
            take()
    finally:
        landing.chmod(0o700)


def test_a_folder_that_the_system_refuses_says_so(landing: Path, take, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    scandir = os.scandir

    def refuse(path: object):  # type: ignore[no-untyped-def]
        if path == landing:
            raise PermissionError
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr("ingestion.drop.os.scandir", refuse)
    with pytest.raises(DropError, match="No permission to read the drop folder"):
        take()


def test_a_manifest_is_held_to_its_word(landing: Path, take) -> None:  # type: ignore[no-untyped-def]
    content = visits(landing, VISITS_HEADER, LINE).read_bytes()
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = landing / "manifest.json"
    manifest.write_text(json.dumps({"files": {"VISITS.csv": entry}}), encoding="utf-8")
    take()
    manifest.write_text(json.dumps({"files": {"VISITS.csv": {**entry, "sha256": "0" * 64}}}), encoding="utf-8")
    with pytest.raises(DropError, match=r"is not what the drop's manifest\.json says"):
        take()
    manifest.write_text(json.dumps({"files": {"VISITS.csv": entry, "PEOPLE.csv": entry}}), encoding="utf-8")
    with pytest.raises(DropError, match="misses 1 file"):
        take()
    manifest.write_text("{}", encoding="utf-8")
    with pytest.raises(DropError, match="cannot be read"):
        take()


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=60)
@given(
    lines=st.lists(st.text(st.sampled_from("ab, \té"), max_size=5), min_size=1, max_size=20),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    packed=st.booleans(),
    chunk=st.integers(1, 9),
)
def test_counts_do_not_depend_on_line_ends_packing_or_chunks(
    landing: Path,
    take,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[str],
    ends: str,
    packed: bool,
    chunk: int,  # type: ignore[no-untyped-def]
) -> None:
    monkeypatch.setattr("ingestion.packing.CHUNK", chunk)
    text = ends.join([VISITS_HEADER, *lines, LINE])
    for old in landing.iterdir():
        old.unlink()
    data = text.encode()
    (landing / ("VISITS.csv.gz" if packed else "VISITS.csv")).write_bytes(gzip.compress(data) if packed else data)
    (taken,) = take().tables
    blanks = sum(1 for line in lines if not line.strip())
    assert (taken.total("rows"), taken.total("blanks")) == (len(lines) - blanks + 1, blanks)
