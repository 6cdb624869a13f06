"""Keys that a key service opens. The service is a stand-in: the suite can install no Vault and no OpenBao."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pseudonymization.errors import KeysLocked, KeysMissing, KeysUnreadable, KeysUnsafe, PseudonymizationError
from pseudonymization.keystore import KeyStore, begin_rotation, end_rotation
from pseudonymization.transit import TransitUnlocker
from tests.pseudonymization.key_service import TOKEN, Service, serving


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as made:
        yield made


@pytest.fixture
def unlocker(service: Service, tmp_path: Path) -> TransitUnlocker:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return TransitUnlocker(service.url, "hub", path)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "sealed").mkdir()
    KeyStore.create(tmp_path / "sealed" / "keys.json")
    return tmp_path / "sealed" / "keys.json"


def test_keys_open_while_the_service_says_so(keys: Path, service: Service, unlocker: TransitUnlocker) -> None:
    before = KeyStore.open(keys).derive("person")
    KeyStore.wrap(keys, unlocker)
    opened = KeyStore.open(keys, unlocker)
    assert opened.derive("person") == before
    assert opened.protection == "vault"
    begin_rotation(keys, unlocker)
    assert end_rotation(keys, unlocker).protection == "vault"
    assert set(service.asked) == {"/v1/transit/encrypt/hub", "/v1/transit/decrypt/hub"}
    with pytest.raises(KeysLocked, match=r"keys: \{vault: "):
        KeyStore.open(keys)


def test_without_the_service_nothing_opens_and_the_sentence_says_why(
    keys: Path, service: Service, unlocker: TransitUnlocker, tmp_path: Path
) -> None:
    KeyStore.wrap(keys, unlocker)
    before = keys.read_bytes()
    wrong = tmp_path / "wrong"
    wrong.write_text("hvs.not-this-one")
    wrong.chmod(0o600)
    shown = tmp_path / "shown"
    shown.write_text(TOKEN)
    shown.chmod(0o644)
    tries: list[tuple[TransitUnlocker, type[PseudonymizationError], str]] = [
        (replace(unlocker, url="http://127.0.0.1:9"), KeysLocked, "does not answer"),
        (replace(unlocker, url="http://vault.invalid:8200"), KeysLocked, "by https"),
        (replace(unlocker, url="https://vault.invalid:8200"), KeysLocked, "does not answer"),
        (replace(unlocker, name="other"), KeysLocked, "has no key transit/other"),
        (replace(unlocker, mount="elsewhere"), KeysLocked, "has no key elsewhere/hub"),
        (replace(unlocker, token_file=wrong), KeysLocked, "refuses the token"),
        (replace(unlocker, token_file=shown), KeysUnsafe, "chmod 600"),
        (replace(unlocker, token_file=tmp_path / "nowhere"), KeysMissing, "token of the key service"),
    ]
    for one, error, words in tries:
        with pytest.raises(error, match=words) as refused:
            KeyStore.open(keys, one)
        assert TOKEN not in str(refused.value) and "not-this-one" not in str(refused.value)
        assert refused.value.__context__ is None or refused.value.__suppress_context__
    service.sealed = True
    with pytest.raises(KeysLocked, match="or is sealed"):
        KeyStore.open(keys, unlocker)
    with pytest.raises(KeysLocked, match="or is sealed"):
        begin_rotation(keys, unlocker)
    assert keys.read_bytes() == before


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b"{}", b'{"data": {"plaintext": "c2hvcnQ="}}', b'{"data": {"plaintext": 7}}']
)
def test_an_answer_that_is_no_key_opens_nothing(
    keys: Path, service: Service, unlocker: TransitUnlocker, answer: bytes
) -> None:
    KeyStore.wrap(keys, unlocker)
    service.answer = answer
    with pytest.raises(KeysUnreadable):
        KeyStore.open(keys, unlocker)


def test_another_key_of_the_service_opens_nothing(keys: Path, service: Service, unlocker: TransitUnlocker) -> None:
    KeyStore.wrap(keys, unlocker)
    service.key = bytes(32)
    with pytest.raises(KeysLocked, match="has no key"):
        KeyStore.open(keys, unlocker)
