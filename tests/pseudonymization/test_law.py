"""Nothing identifying and no key byte outside landing and the key file, event logs and failures included."""

from __future__ import annotations

import base64
import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub.paths import JARS, ROOT, Home
from pseudonymization.digest import key_pads
from pseudonymization.keystore import KeyStore
from pseudonymization.nir import nir_key

PURPOSES = ["person", "record", "person-id", "identity"]


def people() -> list[dict[str, str]]:
    rows = []
    for number in range(40):
        body = f"1{number + 50:02d}0578{number:03d}{number * 7 + 100:03d}"
        name = f"Quimperlot{chr(97 + number % 26)}{chr(97 + number // 26)}"
        ipp = f"8004217{number:04d}"
        note = f"{name} revient. IPP {ipp}, NIR {body}. Dr {name}, tel 06 12 34 5{number % 10} 78."
        rows.append({"nir": f"{body}{nir_key(body):02d}", "ipp": ipp, "name": name, "note": note})
    return rows


def written(value: bytes) -> Iterator[bytes]:
    """Raw, hexadecimal in both cases, base64 at the three alignments."""
    yield value
    yield value.hex().encode()
    yield value.hex().upper().encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value)
        yield encoded[4 if shift else 0 : len(encoded) - 4]


def decoded(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".parquet":
        return content + repr(pq.read_table(path).to_pylist()).encode()
    if "zstd" in path.name:
        return content + pa.input_stream(str(path), compression="zstd").read()
    return content


def places(needles: list[bytes], *folders: Path) -> set[str]:
    """Files under `folders`, decoded, that hold any needle."""
    return {
        str(path)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and any(needle in decoded(path) for needle in needles)
    }


@pytest.mark.spark
def test_no_key_byte_and_no_identifier_is_left_behind(home: Home) -> None:
    rows = people()
    with (home.landing / "people.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("law_batch.py")), str(home.root), str(JARS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert b"forced failure seen" in done.stdout

    keys = KeyStore.open(home.keys)
    secrets = [keys.derive(purpose).secret for purpose in PURPOSES]
    pads = [pad for secret in secrets for pad in key_pads(secret)]
    steps = keys.derive("person").steps
    assert len(steps) == 1
    masters = [base64.b64decode(one["secret"]) for one in json.loads(home.keys.read_text())["keys"]["generations"]]
    needles = [form for value in (*masters, *steps, *secrets, *pads) for form in written(value)]
    needles += [row[field].encode() for row in rows for field in ("nir", "ipp", "name")]
    needles += [row["nir"][:13].encode() for row in rows]

    outside = [home.logs, home.lake, home.identities, home.root / "tmp-copy", home.sealed_tmp]
    assert places(needles, *outside) == set()
    assert not any(needle in done.stdout + done.stderr for needle in needles)

    # The search can fail: it reads event logs and Parquet, and finds what lies where it may.
    assert places([b"SparkListenerSQLExecutionStart"], home.logs)
    assert places([b"SparkListenerTaskEnd"], home.logs)
    assert places([b"forced failure"], home.logs)
    assert places([b"[NOM] revient"], home.lake)
    assert places(needles, home.landing) == {str(home.landing / "people.csv")}
    assert places(needles, home.sealed) == {str(home.keys)}
