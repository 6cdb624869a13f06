"""An erasure: who is to go, by every name that the hub has for them, and how far it has come.

It is kept sealed (AES-256-GCM under the purpose `erasure`) until everything is gone, so that an erasure that was
killed can be ended though the links that told who the person is are gone already.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingestion.errors import ErasureError
from pseudonymization.keystore import DerivedKey

_NONCE = 12
LONG_ENOUGH = 8
"""Shorter numbers are not looked for in lines that could not be read: they would be found everywhere."""


@dataclass
class Records:
    """Rows of a parent that are the person's: its columns that children refer to, as text in the lake's form."""

    columns: list[str]
    rows: list[list[str | None]]


@dataclass
class Erasure:
    """`keys`: person keys of every kind; `persons`: person ids that these keys can ever have had; `numbers`: the
    identifiers as they were written; `records`: by `<table>/<role>`; `counts`: what has gone, by place and unit;
    `touched`: lake tables of which earlier versions must go too; `resealed`: archives that were sealed again without
    the person, with their new SHA-256.
    """

    id: str
    at: str
    keys: list[str]
    persons: list[str]
    numbers: list[str] = field(default_factory=list)
    records: dict[str, Records] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)
    resealed: dict[str, str] = field(default_factory=dict)

    def count(self, place: str, unit: str, rows: int) -> None:
        """Note, before it goes, what goes from a unit (a drop, a batch) of a place such as `lake/ER_PRS_F`.

        A step that is done again after a kill notes the same, or finds nothing and leaves the note.
        """
        if rows:
            self.counts[f"{place}#{unit}"] = rows

    def totals(self) -> dict[str, int]:
        """What has gone, by place."""
        found: Counter[str] = Counter()
        for name, rows in self.counts.items():
            found[name.split("#", 1)[0]] += rows
        return dict(sorted(found.items()))


def new_id() -> str:
    """The name of an erasure, which says nothing of the person."""
    return secrets.token_hex(16)


class Journal:
    """Erasures that are under way, below `folder` (`sealed/erasures`)."""

    def __init__(self, folder: Path, key: DerivedKey) -> None:
        self._folder, self._cipher = folder, AESGCM(key.secret)

    def save(self, erasure: Erasure) -> None:
        """Keep it, whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, json.dumps(asdict(erasure)).encode(), erasure.id.encode())
        path = self._path(erasure.id)
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)

    def tidy(self) -> None:
        """Remove what a process left that died while it wrote. Only where nobody writes."""
        for draft in self._folder.glob("*.draft"):
            draft.unlink(missing_ok=True)

    def waiting(self) -> list[Erasure]:
        """Erasures that have not ended. Raises `ErasureError` when one cannot be read."""
        return [self._open(path) for path in sorted(self._folder.glob("*.sealed"))]

    def forget(self, erasure: Erasure) -> None:
        """It has ended."""
        self._path(erasure.id).with_suffix(".draft").unlink(missing_ok=True)
        self._path(erasure.id).unlink(missing_ok=True)

    def _open(self, path: Path) -> Erasure:
        content = path.read_bytes()
        try:
            plain = self._cipher.decrypt(content[:_NONCE], content[_NONCE:], path.stem.encode())
        except (InvalidTag, ValueError):
            raise ErasureError(
                "An erasure that has not ended cannot be read: the key store is another one, or the file is damaged."
            ) from None
        found = json.loads(plain)
        found["records"] = {name: Records(**one) for name, one in found["records"].items()}
        return Erasure(**found)

    def _path(self, erasure_id: str) -> Path:
        return self._folder / f"{erasure_id}.sealed"
