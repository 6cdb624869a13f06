"""An erasure that is under way is kept, sealed, until it has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.erasing.erasure import Erasure, Journal, Records, new_id
from ingestion.errors import ErasureError
from pseudonymization.keystore import DerivedKey

KEY = DerivedKey("aaaaaaaa", b"k" * 32)


def an_erasure() -> Erasure:
    records = {"visits/patient": Records(["number"], [["1"], [None]])}
    return Erasure(new_id(), "2024-01-01T00:00:00Z", ["aaaaaaaa:key"], ["p"], ["185057800604822"], records)


def test_it_is_found_again_and_forgotten_when_it_ends(tmp_path: Path) -> None:
    journal, erasure = Journal(tmp_path / "erasures", KEY), an_erasure()
    assert journal.waiting() == []
    journal.save(erasure)
    erasure.touched.append("visits")
    journal.save(erasure)
    (path,) = (tmp_path / "erasures").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"185057800604822" not in path.read_bytes()
    assert journal.waiting() == [erasure]
    with pytest.raises(ErasureError):
        Journal(tmp_path / "erasures", DerivedKey("aaaaaaaa", b"l" * 32)).waiting()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ErasureError):
        journal.waiting()
    journal.forget(erasure)
    assert list((tmp_path / "erasures").iterdir()) == []


def test_a_step_that_is_done_again_counts_once() -> None:
    erasure = an_erasure()
    for _ in range(2):
        erasure.count("landing/visits", "drop one", 3)
        erasure.count("landing/visits", "drop two", 1)
    erasure.count("landing/visits", "drop one", 0)
    erasure.count("lake/visits", "", 0)
    assert erasure.totals() == {"landing/visits": 4}


def test_what_a_process_left_that_died_while_it_wrote_goes(tmp_path: Path) -> None:
    journal, erasure = Journal(tmp_path / "erasures", KEY), an_erasure()
    journal.save(erasure)
    (tmp_path / "erasures" / f"{new_id()}.draft").write_bytes(b"half")
    journal.tidy()
    assert [path.suffix for path in (tmp_path / "erasures").iterdir()] == [".sealed"]
    assert journal.waiting() == [erasure]
