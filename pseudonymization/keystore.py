"""The key store: generations of keys for the lake and one key for each project, from which HKDF derives all others.

The root, the first generation, encrypts what is sealed and begins every digest of the lake. Each later generation adds
a step to those digests, see `pseudonymization.steps`: a rotation makes one, and nothing that was encrypted changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pseudonymization import keyfile
from pseudonymization.envelope import Unlocker
from pseudonymization.errors import KeyDestroyed, KeysUnreadable, SecretNotSerializable, UnknownPurpose
from pseudonymization.keyfile import SECRET_BYTES, Keys, Secret

_NAMESPACE = "health-data-hub/1/"
DIGESTS = ("person", "professional", "record")
"""What the lake's digests are of: each later generation of keys adds a step to these."""
PURPOSES = (
    *DIGESTS, "identity", "quarantine", "person-id", "intake", "archive", "certificate", "erasure",
)  # fmt: skip
"""What keys are for, beside those of projects: `archive` is for drops put away, `certificate` for signatures."""
PROJECT_PURPOSES = ("person", "record", "dates")
"""What a project's keys are for: pseudonyms, digests of record keys, and how far dates are shifted."""
_STEP = "rotation"
_PROJECT = re.compile(f"project/([A-Za-z0-9_-]{{1,64}})/(?:{'|'.join(PROJECT_PURPOSES)})")


@dataclass(frozen=True)
class DerivedKey:
    """A 256-bit key for one purpose; `key_id` names what its digests bear and is no secret.

    `steps` are the keys of later generations, oldest first; `key_id` is then that of the last one. Its `repr` hides the
    bytes and it refuses to be pickled, so that no closure carries it to a worker.
    """

    key_id: str
    secret: bytes = field(repr=False)
    steps: tuple[bytes, ...] = field(default=(), repr=False)

    def __reduce__(self) -> NoReturn:
        raise SecretNotSerializable("A key cannot be pickled: pass it to Spark with `with_keys` only.")


@dataclass(frozen=True)
class Step:
    """From the generation of the lake to the newest: digests that bear `before` become digests that bear `after`."""

    before: str
    after: str
    secrets: tuple[bytes, ...] = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise SecretNotSerializable("A key cannot be pickled: pass it to Spark with `with_keys` only.")


class KeyStore:
    """Derives keys from what a key file holds; made by `create` or `open`."""

    def __init__(self, keys: Keys, *, unfinished: bool | None = None) -> None:
        self._keys = keys
        self.unfinished = keys.generations[-1].id != keys.active if unfinished is None else unfinished
        """Whether a rotation was begun that has not ended: lake and identities may hold what it left."""

    def __repr__(self) -> str:
        return f"KeyStore(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise SecretNotSerializable("A key store cannot be pickled: derive keys in the driver.")

    @classmethod
    def create(cls, path: Path) -> KeyStore:
        """Make a root in a new 0600 file, whole or not at all. Raises `KeysExist`, `KeysMissing`."""
        root = Secret.new()
        keys = Keys((root,), root.id)
        keyfile.create(path, keys)
        return cls(keys)

    @classmethod
    def open(cls, path: Path, unlocker: Unlocker | None = None) -> KeyStore:
        """The keys at `path`; raises what `keyfile.read` does."""
        return cls(keyfile.read(path, unlocker))

    @classmethod
    def wrap(cls, path: Path, new: Unlocker, old: Unlocker | None = None) -> KeyStore:
        """Seal the keys at `path` under `new`; `old` opens them when they are sealed already. See `keyfile.change`."""
        return cls(keyfile.change(path, old, lambda keys: keys, new=new))

    @property
    def key_id(self) -> str:
        """The generation that the lake's digests bear."""
        return self._keys.active

    @property
    def root_id(self) -> str:
        """The first generation, which everything that is encrypted comes from."""
        return self._keys.generations[0].id

    @property
    def protection(self) -> str:
        """What seals the file: `none`, `passphrase` or `key file`."""
        return self._keys.protection

    @property
    def generations(self) -> tuple[tuple[str, str], ...]:
        """(id, made at) of each generation, the root first."""
        return tuple((one.id, one.created_at) for one in self._keys.generations)

    @property
    def waiting(self) -> str | None:
        """The newest generation, if the lake does not bear it yet."""
        last = self._keys.generations[-1].id
        return None if last == self.key_id else last

    @property
    def steps(self) -> int:
        """How many steps the lake's digests have beyond the root."""
        return [one.id for one in self._keys.generations].index(self.key_id)

    @property
    def step(self) -> Step:
        """From the generation in use to the one that waits. Raises `KeysUnreadable` when none does."""
        if self.waiting is None:
            raise KeysUnreadable("No rotation of the keys has begun: `hub keys rotate` begins one.")
        places = range(self.steps + 1, len(self._keys.generations))
        return Step(self.key_id, self.waiting, tuple(self._step(place) for place in places))

    def at(self, key_id: str) -> KeyStore:
        """The same keys as the lake bears them: `key_id` is the generation in use.

        A lake may bear an earlier one: a rotation has not ended, or the whole hub was put back from a backup. Raises
        `KeysUnreadable` when the file does not have it.
        """
        ids = [one.id for one in self._keys.generations]
        if key_id not in ids:
            raise KeysUnreadable(
                f"The lake bears the key {key_id}, and the newest of the key file is {self.generations[-1][0]}: put "
                "back the newest copy of that file; nothing can be ingested with this one."
            )
        return KeyStore(replace(self._keys, active=key_id), unfinished=self.unfinished or key_id != ids[-1])

    def earlier(self) -> tuple[KeyStore, ...]:
        """The same keys as each generation before this one had them, the oldest first."""
        kept = self._keys.generations
        return tuple(
            KeyStore(replace(self._keys, generations=kept[: place + 1], active=kept[place].id))
            for place in range(self.steps)
        )

    def project(self, project: str) -> Secret | None:
        """What is kept of a project's own key; None when its keys come from the root, as all did before format 3."""
        return self._keys.projects.get(project)

    @property
    def projects(self) -> tuple[str, ...]:
        """The projects that have, or had, a key of their own."""
        return tuple(sorted(self._keys.projects))

    def masters(self) -> Iterator[tuple[str, bytes]]:
        """(what it is, bytes) of every key that no other comes from, for a search for their bytes; never written."""
        for one in self._keys.generations:
            if one.secret is not None:
                yield f"master {one.id}", one.secret
        for project, one in self._keys.projects.items():
            if one.secret is not None:
                yield f"master of {project}", one.secret

    def derive(self, purpose: str) -> DerivedKey:
        """The key of a purpose, by HKDF-SHA-256 (RFC 5869) with the purpose as `info`.

        Purposes are `PURPOSES` and `project/<id>/<one of PROJECT_PURPOSES>`; anything else raises `UnknownPurpose`.
        Those of a project whose key was destroyed raise `KeyDestroyed`.
        """
        named = _PROJECT.fullmatch(purpose)
        if named is None and purpose not in PURPOSES:
            raise UnknownPurpose("This key purpose is not declared: see the list in `KeyStore.derive`.")
        own = self._keys.projects.get(named[1]) if named else None
        if own is not None:
            if own.secret is None:
                raise KeyDestroyed(
                    f"The key of {named[1] if named else ''} was destroyed on {(own.destroyed_at or '')[:10]}: no "
                    "pseudonym of it can be made or traced any more. Grant a new permit for new data."
                )
            return DerivedKey(own.id, _hkdf(own.secret, purpose))
        root = self._keys.generations[0]
        secret = _hkdf(_bytes(root), purpose)
        if purpose not in DIGESTS:
            return DerivedKey(root.id, secret)
        return DerivedKey(self.key_id, secret, tuple(self._step(place) for place in range(1, self.steps + 1)))

    def _step(self, place: int) -> bytes:
        return _hkdf(_bytes(self._keys.generations[place]), _STEP)


def begin_rotation(path: Path, unlocker: Unlocker | None = None) -> KeyStore:
    """Add a generation to the key file, not yet in use; one that waits already is taken up again."""

    def begun(keys: Keys) -> Keys:
        if keys.generations[-1].id != keys.active:
            return keys
        return replace(keys, generations=(*keys.generations, Secret.new()))

    return KeyStore(keyfile.change(path, unlocker, begun))


def end_rotation(path: Path, unlocker: Unlocker | None = None) -> KeyStore:
    """The newest generation is the one in use; twice changes nothing."""
    return KeyStore(
        keyfile.change(path, unlocker, lambda keys: replace(keys, active=keys.generations[-1].id))
    )  # fmt: skip


def give_project_key(path: Path, project: str, unlocker: Unlocker | None = None) -> KeyStore:
    """Draw a key of its own for a project that has none; one that it has, or had, stays as it is."""
    return KeyStore(
        keyfile.change(
            path, unlocker, lambda keys: replace(keys, projects={project: Secret.new(), **keys.projects})
        )
    )  # fmt: skip


def destroy_project_key(path: Path, project: str, unlocker: Unlocker | None = None) -> KeyStore:
    """Forget the bytes of a project's key; that it was there stays written.

    Raises `KeyDestroyed` when it was destroyed before, or cannot be: keys that come from the root live as long as it.
    """

    def gone(keys: Keys) -> Keys:
        own = keys.projects.get(project)
        if own is None:
            raise KeyDestroyed(
                f"{project} has no key of its own that could be destroyed: it was opened before projects had any, and "
                "its pseudonyms live as long as the root key."
            )
        if own.secret is None:
            raise KeyDestroyed(f"The key of {project} was destroyed on {(own.destroyed_at or '')[:10]} already.")
        return replace(keys, projects={**keys.projects, project: own.destroyed()})

    return KeyStore(keyfile.change(path, unlocker, gone))


def _bytes(one: Secret) -> bytes:
    assert one.secret is not None  # noqa: S101 - `keyfile` reads no generation without
    return one.secret


def _hkdf(secret: bytes, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=None, info=(_NAMESPACE + purpose).encode())
    return kdf.derive(secret)
