"""A batch with refused rows, made without Spark: sealed as Spark seals them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingestion.contract import Contract
from ingestion.drop import TakenFile, TakenTable
from ingestion.ledger import Counts, Ledger, Published
from ingestion.sealed_rows import SealedRows
from pseudonymization.keystore import KeyStore

Refused = Sequence[tuple[Sequence[str], Mapping[str, object]]]


def taken_from(contract: Contract, *files: Path, header: Sequence[str] = (), **variables: str) -> TakenTable:
    """Files of a table, as if they had been taken in."""
    headers = 1 if header else 0
    return TakenTable(
        contract, tuple(TakenFile(file, str(file), 1, 1, headers, 0, variables, tuple(header)) for file in files)
    )


def seal(quarantine: Path, table: str, batch_id: str, rows: Refused, keystore: KeyStore, parts: int = 2) -> SealedRows:
    """Write refused rows as `Quarantine.write` does, in several files."""
    key = AESGCM(keystore.derive("quarantine").secret)
    folder = quarantine / table / batch_id
    folder.mkdir(parents=True)
    for part in range(parts):
        mine = rows[part::parts]
        blobs = []
        for _, row in mine:
            iv = os.urandom(12)
            blobs.append(iv + key.encrypt(iv, json.dumps(row).encode(), batch_id.encode()))
        columns = {
            "batch_id": pa.array([batch_id] * len(mine), pa.string()),
            "reasons": pa.array([list(reasons) for reasons, _ in mine], pa.list_(pa.string())),
            "row": pa.array(blobs, pa.binary()),
        }
        pq.write_table(pa.table(columns), folder / f"part-{part}.parquet")
    return SealedRows(quarantine, table, batch_id)


def published(ledger: Ledger, taken: TakenTable, refused: int, accepted: int = 0) -> str:
    """A published batch in the ledger that refused so many rows."""
    name = taken.contract.table
    ledger.take(taken, "d" * 32)
    ledger.written(taken.batch_id, name, 1, Counts(accepted + refused, accepted, refused, 0), 0.1)
    ledger.passed(taken.batch_id, name, 1, 0.1)
    ledger.move([Published(name, 1, taken.batch_id, accepted, None, None, "")])
    return taken.batch_id
