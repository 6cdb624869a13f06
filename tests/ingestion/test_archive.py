"""An archive gives back what was put in, to whoever has the key, and nothing when a byte of it was touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.archive import seal, unseal
from ingestion.certificate import is_genuine, write_certificate
from ingestion.errors import RetentionError
from pseudonymization.keystore import DerivedKey

KEY = DerivedKey("aaaaaaaa", b"k" * 32)
LARGE = bytes(range(256)) * 5000


def folder_of(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    (folder / "below").mkdir(parents=True)
    (folder / "small.csv").write_text("a,b\n")
    (folder / "below" / "large.bin").write_bytes(LARGE * 2)
    return folder


def test_what_is_put_in_comes_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    digest, size = seal(folder, tmp_path / "archive" / "one.sealed", KEY)
    assert len(digest) == 64
    assert size == (tmp_path / "archive" / "one.sealed").stat().st_size > 2 * len(LARGE)
    assert b"small.csv" not in (tmp_path / "archive" / "one.sealed").read_bytes()
    assert unseal(tmp_path / "archive" / "one.sealed", KEY, tmp_path / "out") == 2
    assert (tmp_path / "out" / "below" / "large.bin").read_bytes() == LARGE * 2
    with pytest.raises(RetentionError):
        unseal(tmp_path / "archive" / "one.sealed", KEY, tmp_path / "out")
    with pytest.raises(RetentionError):
        unseal(tmp_path / "archive" / "none.sealed", KEY, tmp_path / "other")


@settings(max_examples=30)
@given(data=st.data())
def test_a_touched_archive_is_not_opened(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    tmp_path = tmp_path_factory.mktemp("archive")
    sealed = tmp_path / "one.sealed"
    seal(folder_of(tmp_path), sealed, KEY)
    content = bytearray(sealed.read_bytes())
    if data.draw(st.booleans()):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    else:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    sealed.write_bytes(content)
    with pytest.raises(RetentionError):
        unseal(sealed, KEY, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    seal(folder_of(tmp_path), tmp_path / "one.sealed", KEY)
    with pytest.raises(RetentionError):
        unseal(tmp_path / "one.sealed", DerivedKey("aaaaaaaa", b"l" * 32), tmp_path / "out")


def test_a_certificate_is_known_by_its_signature(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write_certificate(path, {"act": "purge", "rows": 3}, KEY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert is_genuine(path, KEY)
    assert not is_genuine(path, DerivedKey("aaaaaaaa", b"l" * 32))
    path.write_text(path.read_text().replace("3", "4", 1))
    assert not is_genuine(path, KEY)
