"""What was taken in: a file under its neutral name, and the files of a table, which are a batch to be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingestion.contract import Contract


@dataclass(frozen=True)
class Taken:
    """What a kind of source says of one file: where Spark reads it, and its `rows`.

    `headers` and `blanks` are lines that no reader delivers; `header` holds the names of its columns in the file's
    own order, where it has names.
    """

    path: Path
    rows: int
    headers: int = 0
    blanks: int = 0
    header: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakenFile:
    """A file under its neutral name.

    `rows` are what a reader delivers, `headers` and `blanks` are lines that it does not; `size` and `sha256` are of
    the bytes as delivered; `variables` is what the contract reads from the file's name; `header` the names of its
    columns, in its own order.
    """

    path: Path
    sha256: str
    size: int
    rows: int
    headers: int
    blanks: int
    variables: Mapping[str, str]
    header: tuple[str, ...]


@dataclass(frozen=True)
class TakenTable:
    """The files of one table in a drop: a batch to be. `content_hash` is independent of names and order.

    `replay_of` names the batch whose refused rows these are, see `ingestion.quarantine_replay`.
    """

    contract: Contract
    files: tuple[TakenFile, ...]
    replay_of: str | None = field(default=None, kw_only=True)

    @property
    def content_hash(self) -> str:
        """SHA-256 over what the files hold and what their names tell."""
        parts = sorted(f"{json.dumps(dict(file.variables), sort_keys=True)}:{file.sha256}" for file in self.files)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def batch_id(self) -> str:
        """Name of the batch (source, table, content hash, contract version)."""
        contract = self.contract
        text = "\n".join((contract.source, contract.table, self.content_hash, str(contract.version)))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def total(self, name: str) -> int:
        """The sum of `rows`, `headers`, `blanks` or `size` over the files."""
        return sum(int(getattr(file, name)) for file in self.files)


@dataclass(frozen=True)
class Delivered:
    """How many rows a reader will deliver of a table.

    `resources` and `left_out` where its rows are not what was counted when it was taken in: how many resources the
    engine finds, and how many of them give no row.
    """

    rows: int
    resources: int | None = None
    left_out: int = 0
