"""Refused rows of one batch without Spark: counted, opened one by one, destroyed in part or whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingestion.errors import QuarantineError
from pseudonymization.keystore import KeyStore

PURPOSE = "quarantine"
_IV = 12
_CHUNK = 10_000
_SCHEMA = pa.schema([("batch_id", pa.string()), ("reasons", pa.list_(pa.string())), ("row", pa.binary())])


@dataclass(frozen=True)
class Sealed:
    """A refused row as it lies there: `number` counts from 1 in the order of the files; `row` is encrypted."""

    number: int
    reasons: tuple[str, ...]
    row: bytes

    @property
    def seal(self) -> bytes:
        """SHA-256 of the encrypted row: names it without telling anything of it."""
        return hashlib.sha256(self.row).digest()


@dataclass(frozen=True)
class Where:
    """Where a refused row stood: the file's place among its table's files in the drop, and the line in it, from 1.

    `raw` is the line, or empty where so many were kept that this one was not.
    """

    file: int
    line: int
    raw: str


class SealedRows:
    """The refused rows of a batch: the folder `<quarantine>/<table>/<batch id>` that `Quarantine.write` made.

    Beside it, `<batch id>.lines` says where each stood (`Where`, encrypted too). Whoever changes anything holds the
    table's lock.
    """

    def __init__(self, quarantine: Path, table: str, batch_id: str) -> None:
        self.table, self.batch_id = table, batch_id
        self.folder = quarantine / table / batch_id
        self.lines = self.folder.with_suffix(".lines")
        self._left, self._gone = self.folder.with_suffix(".left"), self.folder.with_suffix(".gone")

    def __iter__(self) -> Iterator[Sealed]:
        number = 0
        for path in self._files():
            for chunk in pq.ParquetFile(path).iter_batches(_CHUNK, columns=["reasons", "row"]):
                reasons, rows = chunk.column("reasons").to_pylist(), chunk.column("row")
                for why, row in zip(reasons, rows, strict=True):
                    number += 1
                    yield Sealed(number, tuple(why), row.as_py())

    def count(self) -> int:
        """How many rows lie there, by the footers of the files."""
        return sum(pq.ParquetFile(path).metadata.num_rows for path in self._files())

    def reasons(self) -> dict[str, int]:
        """How many of the rows were refused for each reason; a row counts under each of its own."""
        counted = Counter(reason for one in self for reason in one.reasons)
        return dict(sorted(counted.items()))

    def certificate(self, wanted: Callable[[Sealed], bool] = lambda _: True) -> tuple[int, str]:
        """How many rows are `wanted`, and the SHA-256 over their seals in order."""
        seals = sorted(one.seal for one in self if wanted(one))
        return len(seals), hashlib.sha256(b"".join(seals)).hexdigest()

    def opened(self, keystore: KeyStore) -> Iterator[tuple[Sealed, dict[str, Any]]]:
        """Each row with what arrived, by column. Raises `QuarantineError` for a row that the key does not open."""
        key = AESGCM(keystore.derive(PURPOSE).secret)
        for one in self:
            yield one, json.loads(self._open(key, one.row))

    def places(self, keystore: KeyStore) -> dict[bytes, Where]:
        """Where rows stood, by their seals; those that were not found again in their files are missing."""
        if not self.lines.is_file():
            return {}
        key = AESGCM(keystore.derive(PURPOSE).secret)
        table = pq.read_table(self.lines)
        blobs = zip(table.column("seal").to_pylist(), table.column("place").to_pylist(), strict=True)
        return {seal: Where(**json.loads(self._open(key, blob))) for seal, blob in blobs}

    def keep_places(self, places: dict[bytes, Where], keystore: KeyStore) -> None:
        """Write where rows stood, encrypted, in the place of what was known."""
        key = AESGCM(keystore.derive(PURPOSE).secret)
        sealed = [self._seal(key, json.dumps(vars(where)).encode()) for where in places.values()]
        table = pa.table({"seal": pa.array(list(places), pa.binary()), "place": pa.array(sealed, pa.binary())})
        self._write_places(table)

    def begin_removal(self, unwanted: Callable[[Sealed], bool]) -> int:
        """Write the rows that stay beside the others, changing nothing yet; returns how many."""
        shutil.rmtree(self._left, ignore_errors=True)
        self._left.mkdir(mode=0o700)
        number = 0
        with pq.ParquetWriter(self._left / "part-0.parquet", _SCHEMA) as writer:
            staying = (one for one in self if not unwanted(one))
            while chunk := list(islice(staying, _CHUNK)):
                number += len(chunk)
                ids, reasons = [self.batch_id] * len(chunk), [list(one.reasons) for one in chunk]
                writer.write_table(pa.table([ids, reasons, [one.row for one in chunk]], schema=_SCHEMA))
        return number

    def settle(self, left: int) -> None:
        """Make the folder hold the `left` rows that the ledger says, whatever an earlier command was killed at.

        The ledger is written between `begin_removal` and this. Raises `QuarantineError` when it cannot be.
        """
        if left == 0:
            self.destroy()
            return
        if self._left.is_dir():
            written = sum(pq.ParquetFile(path).metadata.num_rows for path in self._left.glob("*.parquet"))
            # Before the ledger was written the folder is right; after, what was written beside it.
            if written == left and (not self.folder.is_dir() or self.count() != left):
                # Renamed first: a folder removed by half could by chance hold the right number of wrong rows.
                if self.folder.is_dir():
                    shutil.rmtree(self._gone, ignore_errors=True)
                    self.folder.rename(self._gone)
                self._left.rename(self.folder)
            shutil.rmtree(self._left, ignore_errors=True)
        shutil.rmtree(self._gone, ignore_errors=True)
        if self.count() != left:
            raise QuarantineError(
                f"{self.table}: the quarantine of batch {self.batch_id[:12]} holds {self.count()} rows and the ledger "
                f"says {left}: restore sealed/quarantine from the same moment as the records."
            )
        self.forget_lines()

    def settle_begun(self, left: int) -> None:
        """The same where a removal was begun and not ended; else nothing."""
        if self._left.is_dir() or self._gone.is_dir():
            self.settle(left)

    def forget_lines(self) -> None:
        """What was destroyed must not live on as a line: keep the lines of the rows that lie there."""
        self.lines.with_suffix(".fresh").unlink(missing_ok=True)
        if not self.lines.is_file():
            return
        table = pq.read_table(self.lines)
        there = pa.array(sorted({one.seal for one in self}), pa.binary())
        kept = table.filter(pc.is_in(table.column("seal"), value_set=there))
        if not kept.num_rows:
            self.lines.unlink()
        elif kept.num_rows != table.num_rows:
            self._write_places(kept)

    def destroy(self) -> None:
        """Remove the rows and where they stood."""
        for folder in (self.folder, self._left, self._gone):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.lines, self.lines.with_suffix(".fresh")):
            file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def _write_places(self, table: pa.Table) -> None:
        fresh = self.lines.with_suffix(".fresh")
        pq.write_table(table, fresh)
        fresh.replace(self.lines)

    def _open(self, key: AESGCM, blob: bytes) -> bytes:
        try:
            return key.decrypt(blob[:_IV], blob[_IV:], self.batch_id.encode())
        except InvalidTag:
            raise QuarantineError(
                f"{self.table}: a refused row of batch {self.batch_id[:12]} cannot be opened: "
                "the key store is not the one it was sealed with, or the file was changed."
            ) from None

    def _seal(self, key: AESGCM, content: bytes) -> bytes:
        iv = os.urandom(_IV)
        return iv + key.encrypt(iv, content, self.batch_id.encode())
