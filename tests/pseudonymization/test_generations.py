from __future__ import annotations

import base64
import hashlib
import json
import pickle
import shutil
from pathlib import Path

import pytest

from pseudonymization.digest import keyed_digest_of
from pseudonymization.envelope import FileUnlocker, Unlocker
from pseudonymization.errors import KeyDestroyed, KeysLocked, KeysUnreadable, SecretNotSerializable
from pseudonymization.keystore import (
    DIGESTS,
    PURPOSES,
    KeyStore,
    begin_rotation,
    destroy_project_key,
    end_rotation,
    give_project_key,
)

GOLDEN = Path(__file__).with_name("golden")
#: Hashes of keys that formats 1 and 2 gave for the golden files: what was digested under them must stay joinable.
KEPT = {"person": "cf249123aefeeb37", "identity": "9114efd42fd27ad6", "project/p0001/person": "742d10126ddc5ac4"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "sealed").mkdir()
    path = tmp_path / "sealed" / "keys.json"
    KeyStore.create(path)
    return path


@pytest.fixture
def unlocker(tmp_path: Path) -> Unlocker:
    path = tmp_path / "key"
    path.write_bytes(bytes(range(100, 132)))
    path.chmod(0o600)
    return FileUnlocker(key_file=path)


@pytest.mark.parametrize("name", ["keys-1.json", "keys-2.json"])
def test_files_of_earlier_formats_give_the_keys_they_gave(tmp_path: Path, unlocker: Unlocker, name: str) -> None:
    path = tmp_path / "keys.json"
    shutil.copy(GOLDEN / name, path)
    path.chmod(0o600)
    store = KeyStore.open(path, unlocker)
    begin_rotation(path, unlocker)
    rotated = end_rotation(path, unlocker)
    for one in (store, rotated):
        assert {purpose: hashlib.sha256(one.derive(purpose).secret).hexdigest()[:16] for purpose in KEPT} == KEPT
    assert rotated.protection == store.protection
    assert json.loads(path.read_text())["version"] == 3


def test_a_rotation_changes_the_digests_of_the_lake_and_nothing_that_is_encrypted(keys: Path) -> None:
    before = KeyStore.open(keys)
    begun = begin_rotation(keys)
    assert (begun.key_id, begun.unfinished) == (before.key_id, True)
    assert [begun.derive(purpose) for purpose in PURPOSES] == [before.derive(purpose) for purpose in PURPOSES]
    after = end_rotation(keys)
    assert (after.key_id, after.root_id, after.steps) == (begun.waiting, before.root_id, 1)
    assert not after.unfinished
    for purpose in PURPOSES:
        old, new = before.derive(purpose), after.derive(purpose)
        assert old.secret == new.secret
        assert (keyed_digest_of(old, "x") != keyed_digest_of(new, "x")) == (purpose in DIGESTS)
        assert new.key_id == (after.key_id if purpose in DIGESTS else before.root_id)


def test_a_rotation_that_is_begun_twice_is_one(keys: Path) -> None:
    first, second = begin_rotation(keys), begin_rotation(keys)
    assert first.waiting == second.waiting
    assert first.step == second.step
    assert end_rotation(keys).key_id == end_rotation(keys).key_id == first.waiting
    assert len(KeyStore.open(keys).generations) == 2


def test_the_lake_says_which_generation_is_in_use(keys: Path) -> None:
    root = KeyStore.open(keys).key_id
    begun = begin_rotation(keys)
    assert begun.waiting is not None
    assert begun.at(root).derive("person") == begun.derive("person")
    assert begun.at(root).unfinished
    published = begun.at(begun.waiting)
    assert (published.key_id, published.waiting, published.unfinished) == (begun.waiting, None, True)
    ended = end_rotation(keys)
    assert published.derive("person") == ended.derive("person")
    with pytest.raises(KeysUnreadable, match="newest copy"):
        ended.at("0123abcd")
    # A hub that was put back whole from a backup bears the key of then.
    back = ended.at(root)
    assert (back.key_id, back.waiting, back.unfinished) == (root, ended.key_id, True)
    assert back.derive("person") == begun.derive("person")
    with pytest.raises(KeysUnreadable, match="hub keys rotate"):
        _ = ended.step


def test_each_project_has_a_key_of_its_own_that_goes_for_ever(keys: Path) -> None:
    old = KeyStore.open(keys).derive("project/p0001/person")
    given = give_project_key(keys, "p0002")
    assert given.derive("project/p0001/person") == old
    own = given.derive("project/p0002/person")
    assert own.key_id not in (given.key_id, old.key_id)
    assert give_project_key(keys, "p0002").derive("project/p0002/person") == own
    assert len({given.derive(f"project/p0002/{use}").secret for use in ("person", "record", "dates")}) == 3
    held = base64.b64decode(json.loads(keys.read_text())["keys"]["projects"]["p0002"]["secret"])
    gone = destroy_project_key(keys, "p0002")
    assert base64.b64encode(held).decode() not in keys.read_text()
    assert held not in dict(gone.masters()).values()
    for store in (gone, KeyStore.open(keys), give_project_key(keys, "p0002")):
        with pytest.raises(KeyDestroyed, match="p0002 was destroyed"):
            store.derive("project/p0002/person")
    with pytest.raises(KeyDestroyed, match="already"):
        destroy_project_key(keys, "p0002")


def test_a_key_that_comes_from_the_root_is_not_said_to_be_destroyed(keys: Path) -> None:
    before = keys.read_bytes()
    with pytest.raises(KeyDestroyed, match="no key of its own"):
        destroy_project_key(keys, "p0001")
    assert keys.read_bytes() == before


def test_sealed_keys_stay_sealed_whatever_is_changed(keys: Path, unlocker: Unlocker) -> None:
    KeyStore.wrap(keys, unlocker)
    begin_rotation(keys, unlocker)
    end_rotation(keys, unlocker)
    store = give_project_key(keys, "p0001", unlocker)
    assert set(json.loads(keys.read_text())) == {"version", "envelope"}
    for _, secret in store.masters():
        assert base64.b64encode(secret).decode() not in keys.read_text()
    assert "p0001" not in keys.read_text()
    with pytest.raises(KeysLocked):
        begin_rotation(keys)
    assert KeyStore.open(keys, unlocker).derive("person") == store.derive("person")


def test_no_step_is_pickled_or_shown(keys: Path) -> None:
    step = begin_rotation(keys).step
    (secret,) = step.secrets
    assert secret.hex() not in repr(step) and repr(secret) not in repr(step)
    with pytest.raises(SecretNotSerializable):
        pickle.dumps(step)
