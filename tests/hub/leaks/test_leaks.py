import base64
import gzip
import json
import sqlite3
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub.leaks import key_needles, search, text_needles

NIR = "184139912345678"
VALUES = [("nir", NIR), ("name", "Éléonore Saint-Astier"), ("phone", "06 39 98 12 34"), ("mail", "e.astier@exemple.fr")]
SECRET = bytes(range(7, 39))


def kinds(folder: Path) -> set[str]:
    return {leak.kind for leak in search([folder], text_needles(VALUES) + key_needles("person", SECRET)).leaks}


def parquet(path: Path, values: list[str]) -> None:
    pq.write_table(pa.table({"column": values}), path, compression="snappy")


def sqlite(path: Path, text: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (c TEXT)")
    connection.execute("INSERT INTO t VALUES (?)", (text,))
    connection.commit()
    connection.close()


def packed(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.gz", gzip.compress(text.encode()))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.txt", lambda path, text: path.write_text(text)),
        ("a.gz", lambda path, text: path.write_bytes(gzip.compress(text.encode()))),
        ("a.zst", lambda path, text: path.write_bytes(pa.compress(text.encode(), "zstd", asbytes=True))),
        ("a.zip", packed),
        ("a.parquet", lambda path, text: parquet(path, ["x", text])),
        ("a.db", sqlite),
        ("a.ipynb", lambda path, text: path.write_text(json.dumps({"cells": [{"source": [text]}]}))),
        ("a.log", lambda path, text: path.write_bytes(text.encode("utf-16-le"))),
    ],
)
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nir", f"number {NIR}, end"),
        ("nir", "1 84 13 99 123 456 78"),
        ("name", "vu ce jour ELEONORE SAINT-ASTIER en"),
        ("name", "Éléonore\tSaint-Astier"),
        ("phone", "tel +33639981234"),
        ("phone", "06.39.98.12.34"),
        ("mail", "E.Astier@exemple.fr"),
        ("key person (raw)", f"key={SECRET.hex()}"),
    ],
)
def test_a_planted_value_is_found_in_every_container(tmp_path: Path, name: str, write, kind: str, text: str) -> None:
    write(tmp_path / name, text)
    assert kind in kinds(tmp_path)


@pytest.mark.parametrize("prefix", [b"", b"a", b"ab"])
def test_a_key_is_found_in_base64_at_any_alignment(tmp_path: Path, prefix: bytes) -> None:
    (tmp_path / "x").write_bytes(b"{" + base64.b64encode(prefix + SECRET + b"tail") + b"}")
    assert "key person (raw)" in kinds(tmp_path)


def test_hmac_pads_are_found_raw(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"..." + bytes(b ^ 0x36 for b in SECRET.ljust(64, b"\0")) + b"...")
    assert "key person (inner pad)" in kinds(tmp_path)


def test_clean_files_and_longer_numbers_are_not_leaks(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(f"9{NIR} Eleonore Saint-Astierne 1639981234")
    assert kinds(tmp_path) == set()


def test_a_name_of_a_file_counts(tmp_path: Path) -> None:
    (tmp_path / f"dossier-{NIR}.csv").write_text("")
    assert kinds(tmp_path) == {"nir"}


def test_a_value_across_two_chunks_is_found(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b" " * (8 * 1024 * 1024 - 7) + NIR.encode() + b" ")
    assert kinds(tmp_path) == {"nir"}


def test_skipped_folders_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir()
    (tmp_path / "sealed" / "x").write_text(NIR)
    assert search([tmp_path], text_needles(VALUES), skip=lambda p: p.name == "sealed").leaks == ()


def test_a_container_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"abc" * 100)[:-12])
    assert search([tmp_path], text_needles(VALUES)).undecoded == (str(tmp_path / "x.gz"),)


def test_a_file_far_away_is_told_by_its_url(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_text(f"number {NIR}")
    url, ticks = "s3a://bucket/lake", []
    far = [(url, f"visits/{NIR}/part-0.csv", copy), (url, "visits/gone.csv", tmp_path / "gone")]
    found = search([], text_needles(VALUES), far=far, tick=lambda *one: ticks.append(one))
    assert {(leak.kind, leak.form, leak.place) for leak in found.leaks} == {
        ("nir", "name", "s3a://bucket/lake/visits/(hidden)/part-0.csv"),
        ("nir", "raw", "s3a://bucket/lake/visits/(hidden)/part-0.csv"),
    }
    assert found.files == 2
    assert ticks == [("Searching", 1, None), ("Searching", 2, None)]
