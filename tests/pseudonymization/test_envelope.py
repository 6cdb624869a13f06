from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pseudonymization.keyfile
from pseudonymization.envelope import FileUnlocker
from pseudonymization.errors import KeysLocked, KeysMissing, KeysUnreadable, KeysUnsafe, PseudonymizationError
from pseudonymization.keystore import KeyStore

PHRASE = "lieu bateau sept myrtille"


def closed(path: Path, content: bytes) -> Path:
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def by_phrase(folder: Path, phrase: str = PHRASE) -> FileUnlocker:
    return FileUnlocker(passphrase_file=closed(folder / "phrase", phrase.encode()))


def by_key(folder: Path, secret: bytes = bytes(range(32))) -> FileUnlocker:
    return FileUnlocker(key_file=closed(folder / "key", secret))


@pytest.fixture(params=[by_phrase, by_key])
def unlocker(request: pytest.FixtureRequest, tmp_path: Path) -> FileUnlocker:
    make: Callable[[Path], FileUnlocker] = request.param
    return make(tmp_path)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "sealed").mkdir()
    KeyStore.create(tmp_path / "sealed" / "keys.json")
    return tmp_path / "sealed" / "keys.json"


def test_sealed_keys_are_the_same_keys(keys: Path, unlocker: FileUnlocker) -> None:
    before = KeyStore.open(keys)
    KeyStore.wrap(keys, unlocker)
    after = KeyStore.open(keys, unlocker)
    assert after.derive("person") == before.derive("person")
    assert (after.key_id, after.generations) == (before.key_id, before.generations)
    assert (before.protection, after.protection) == ("none", unlocker.kind)
    assert keys.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in keys.parent.iterdir()) == ["keys.json", "keys.json.lock"]


def test_the_sealed_file_holds_no_key_and_no_passphrase(keys: Path, unlocker: FileUnlocker) -> None:
    plain = json.loads(keys.read_text())
    secret = plain["keys"]["generations"][0]["secret"]
    KeyStore.wrap(keys, unlocker)
    sealed = keys.read_text()
    assert secret not in sealed and PHRASE not in sealed
    KeyStore.wrap(keys, unlocker, unlocker)
    one, two = json.loads(sealed)["envelope"], json.loads(keys.read_text())["envelope"]
    assert one["salt"] != two["salt"] and one["nonce"] != two["nonce"]


def test_the_passphrase_is_changed_and_the_old_one_opens_nothing(keys: Path, tmp_path: Path) -> None:
    old, new = (
        by_phrase(tmp_path),
        FileUnlocker(passphrase_file=closed(tmp_path / "new", b"an entirely other phrase\n")),
    )
    KeyStore.wrap(keys, old)
    KeyStore.wrap(keys, new, old)
    with pytest.raises(KeysLocked, match="does not open"):
        KeyStore.open(keys, old)
    assert KeyStore.open(keys, new).protection == "passphrase"


def test_what_is_missing_or_wrong_is_said_and_nothing_of_it_told(keys: Path, tmp_path: Path) -> None:
    KeyStore.wrap(keys, by_phrase(tmp_path))
    before = keys.read_bytes()
    wrong = FileUnlocker(passphrase_file=closed(tmp_path / "wrong", b"not the right phrase"))
    tries: list[tuple[FileUnlocker | None, type[PseudonymizationError], str]] = [
        (None, KeysLocked, "passphrase_file"),
        (wrong, KeysLocked, "does not open"),
        (by_key(tmp_path), KeysLocked, "name the other"),
        (FileUnlocker(passphrase_file=tmp_path / "nowhere"), KeysMissing, "is not at"),
        (FileUnlocker(passphrase_file=closed(tmp_path / "short", b"short\n")), KeysUnreadable, "too short"),
        (FileUnlocker(passphrase_file=tmp_path), KeysUnsafe, "plain file"),
    ]
    for unlocker, error, words in tries:
        with pytest.raises(error, match=words) as refused:
            KeyStore.open(keys, unlocker)
        assert "right phrase" not in str(refused.value) and PHRASE not in str(refused.value)
    assert keys.read_bytes() == before


@pytest.mark.parametrize("length", [0, 31, 33, 4096])
def test_a_key_file_of_another_size_is_refused(keys: Path, tmp_path: Path, length: int) -> None:
    before = keys.read_bytes()
    with pytest.raises(KeysUnreadable, match="exactly 32"):
        KeyStore.wrap(keys, by_key(tmp_path, bytes(length)))
    assert keys.read_bytes() == before


def test_a_passphrase_that_others_can_read_is_refused(keys: Path, tmp_path: Path) -> None:
    unlocker = by_phrase(tmp_path)
    KeyStore.wrap(keys, unlocker)
    assert unlocker.passphrase_file is not None
    unlocker.passphrase_file.chmod(0o640)
    with pytest.raises(KeysUnsafe, match="chmod 600"):
        KeyStore.open(keys, unlocker)
    linked = tmp_path / "linked"
    linked.symlink_to(closed(tmp_path / "phrase", PHRASE.encode()))
    with pytest.raises(KeysUnsafe, match="plain file"):
        KeyStore.open(keys, FileUnlocker(passphrase_file=linked))


@pytest.mark.parametrize("change", [{"n": 2}, {"n": 2**30}, {"r": 0}, {"n": "x"}, {"salt": 3}, {"by": "magic"}])
def test_weakened_or_broken_parameters_are_refused(keys: Path, tmp_path: Path, change: dict[str, object]) -> None:
    unlocker = by_phrase(tmp_path)
    KeyStore.wrap(keys, unlocker)
    document = json.loads(keys.read_text())
    document["envelope"] |= change
    closed(keys, json.dumps(document).encode())
    with pytest.raises(KeysUnreadable, match="damaged"):
        KeyStore.open(keys, unlocker)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(place=st.integers(min_value=0), byte=st.integers(0, 255))
def test_a_changed_byte_is_an_error_of_ours_or_changes_nothing(keys: Path, place: int, byte: int) -> None:
    unlocker = by_key(keys.parent.parent)
    store = KeyStore.open(keys, unlocker)
    if store.protection == "none":
        store = KeyStore.wrap(keys, unlocker)
    content = bytearray(keys.read_bytes())
    content[place % len(content)] = byte
    damaged = closed(keys.with_name("damaged.json"), bytes(content))
    with contextlib.suppress(PseudonymizationError):
        assert KeyStore.open(damaged, unlocker).derive("person") == store.derive("person")


def test_plain_keys_need_nothing_and_ask_for_nothing(keys: Path, tmp_path: Path) -> None:
    assert KeyStore.open(keys, FileUnlocker(passphrase_file=tmp_path / "nowhere")).protection == "none"


def _wrap_and_die(keys: Path, unlocker: FileUnlocker, moment: str) -> None:
    module = pseudonymization.keyfile
    if moment == "before the replacement":
        Path.replace = lambda *_: os._exit(9)  # type: ignore[assignment, method-assign, return-value]
    elif moment == "while the draft is written":
        module.json.dump = lambda _document, file, **_: (file.write("{"), file.flush(), os._exit(9))  # type: ignore[assignment]
    else:
        module._sync_folder = lambda _folder: os._exit(9)
    KeyStore.wrap(keys, unlocker)


@pytest.mark.parametrize("moment", ["while the draft is written", "before the replacement", "after the replacement"])
def test_a_process_that_dies_leaves_keys_that_open(keys: Path, tmp_path: Path, moment: str) -> None:
    unlocker, before = by_key(tmp_path), KeyStore.open(keys).derive("person")
    child = multiprocessing.get_context("fork").Process(target=_wrap_and_die, args=(keys, unlocker, moment))
    child.start()
    child.join(60)
    assert child.exitcode == 9
    assert KeyStore.open(keys, unlocker).derive("person") == before
    assert KeyStore.wrap(keys, unlocker, unlocker).protection == "key file"
