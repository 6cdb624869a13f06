from __future__ import annotations

import base64
import copy
import json
import pickle
from pathlib import Path

import pytest

from pseudonymization.errors import (
    KeysExist,
    KeysMissing,
    KeysUnreadable,
    KeysUnsafe,
    PseudonymizationError,
    SecretNotSerializable,
    UnknownPurpose,
)
from pseudonymization.keystore import KeyStore

PURPOSES = ["person", "professional", "record", "identity", "quarantine", "person-id", "intake", "project/p0001/person"]


def test_a_store_derives_the_same_keys_after_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made, opened = KeyStore.create(path), KeyStore.open(path)
    assert [made.derive(p) for p in PURPOSES] == [opened.derive(p) for p in PURPOSES]
    assert len({opened.derive(p).secret for p in PURPOSES}) == len(PURPOSES)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["keys.json"]


def test_projects_do_not_share_keys(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "keys.json")
    assert store.derive("project/p0001/person") != store.derive("project/p0002/person")


def test_existing_keys_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyStore.create(path)
    before = path.read_bytes()
    with pytest.raises(KeysExist, match="never overwritten"):
        KeyStore.create(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeysExist):
        KeyStore.create(path)
    assert not (tmp_path / "elsewhere").exists()


def test_without_keys_the_sentence_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(KeysMissing, match="hub keys init"):
        KeyStore.open(tmp_path / "keys.json")
    with pytest.raises(KeysMissing, match="hub keys init"):
        KeyStore.create(tmp_path / "absent" / "keys.json")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_keys_open_to_others_are_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    KeyStore.create(path)
    path.chmod(mode)
    with pytest.raises(KeysUnsafe, match="chmod 600"):
        KeyStore.open(path)


def test_a_link_to_keys_is_refused(tmp_path: Path) -> None:
    KeyStore.create(tmp_path / "real.json")
    (tmp_path / "keys.json").symlink_to(tmp_path / "real.json")
    with pytest.raises(KeysUnsafe, match="symbolic link"):
        KeyStore.open(tmp_path / "keys.json")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysUnsafe):
        KeyStore.open(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d | {"version": 2},
        lambda d: d | {"version": 4},
        lambda d: {k: v for k, v in d.items() if k != "keys"},
        lambda d: d | {"keys": d["keys"] | {"active": "absent"}},
        lambda d: d | {"keys": d["keys"] | {"generations": []}},
        lambda d: d | {"keys": d["keys"] | {"generations": d["keys"]["generations"] * 2}},
        lambda d: d | {"keys": d["keys"] | {"generations": [d["keys"]["generations"][0] | {"secret": "c2hvcnQ="}]}},
        lambda d: d | {"keys": d["keys"] | {"generations": [d["keys"]["generations"][0] | {"secret": "not base64!"}]}},
        lambda d: d | {"keys": d["keys"] | {"generations": [d["keys"]["generations"][0] | {"id": "x"}]}},
        lambda d: d | {"keys": d["keys"] | {"projects": {"p0001": {"id": "0123abcd", "created_at": ""}}}},
        lambda d: d | {"keys": d["keys"] | {"projects": []}},
        lambda d: [],
    ],
)
def test_a_damaged_file_is_refused_without_quoting_it(tmp_path: Path, change: object) -> None:
    path = tmp_path / "keys.json"
    KeyStore.create(path)
    document = json.loads(path.read_text())
    secret = document["keys"]["generations"][0]["secret"]
    path.write_text(json.dumps(change(document)))  # type: ignore[operator]
    with pytest.raises(KeysUnreadable) as caught:
        KeyStore.open(path)
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyStore.create(path)
    path.write_text(path.read_text()[:50])
    with pytest.raises(KeysUnreadable):
        KeyStore.open(path)


def test_neither_repr_nor_pickle_gives_the_bytes(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "keys.json")
    key = store.derive("person")
    for shown in (repr(store), repr(key), str(key), f"{[key]}"):
        assert key.secret.hex() not in shown
        assert repr(key.secret) not in shown
        assert base64.b64encode(key.secret).decode() not in shown
    for thing in (store, key):
        with pytest.raises(SecretNotSerializable):
            pickle.dumps(thing)
        with pytest.raises(SecretNotSerializable):
            copy.deepcopy(thing)


@pytest.mark.parametrize("purpose", ["", "persons", "project/p1", "project//person", "project/../person", "person\n"])
def test_an_undeclared_purpose_is_refused(tmp_path: Path, purpose: str) -> None:
    with pytest.raises(UnknownPurpose):
        KeyStore.create(tmp_path / "keys.json").derive(purpose)


def test_every_error_has_the_one_base() -> None:
    assert issubclass(KeysMissing, PseudonymizationError)
