"""Lines are found again exactly where the engine counted them, whatever their ends and wherever blocks begin."""

import gzip
import random
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from ingestion import places
from ingestion.again import fetch
from ingestion.contract import Contract
from ingestion.places import ROW, Places, even_blocks
from ingestion.sources import csv
from ingestion.taken import TakenFile, TakenTable

CONTRACT = Contract.model_validate(
    {
        "table": "t",
        "version": 1,
        "source": "s",
        "files": "T*",
        "format": "csv",
        "label": {"fr": "t", "en": "t"},
        "columns": {name: {"sensitivity": "plain", "fr": name, "en": name} for name in ("a", "b")},
    }
)


class Those:
    """Rows by their places."""

    def __init__(self, places: set[int]) -> None:
        self.places = places

    def among(self, file: int, row: int, start: int, rows: int) -> list[int]:
        return [index for index in range(rows) if start + index in self.places]


def content(seed: int) -> tuple[bytes, int, int]:
    """A file of marked lines (`<number>,<noise>`), blank lines and every line end between them."""
    chance = random.Random(seed)
    out, rows, blanks = b"a,b\n", 0, 0
    for number in range(chance.randint(1, 60)):
        if seed % 2 and chance.random() < 0.2:
            blanks += 1
            out += chance.choice([b"\n", b"\r\n", b"  \n"])
        out += b"%d,%s" % (number, b"x" * chance.randint(0, 40)) + chance.choice([b"\n", b"\r\n"])
        rows += 1
    return out if chance.random() < 0.5 else out.rstrip(b"\r\n"), rows, blanks


def taken(folder: Path, seeds: list[int], packed: bool) -> TakenTable:
    files = []
    for place, seed in enumerate(seeds, start=1):
        data, rows, blanks = content(seed)
        path = folder / f"part-{place}.csv{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(data) if packed else data)
        files.append(TakenFile(path, "", len(data), rows, 1, blanks, {}, ("a", "b")))
    return TakenTable(CONTRACT, tuple(files))


@pytest.mark.spark
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("split", [7, 64, 1000])
def test_the_engine_and_a_plain_reading_agree(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: int, packed: bool
) -> None:
    monkeypatch.setattr(places, "SPLIT", split)
    table = taken(tmp_path, [split, split + 1, split + 2], packed)
    with even_blocks(spark):
        seen = {(row["a"], row[ROW] >> 47): row[ROW] for row in csv.read(spark, table).collect()}
        assert len(seen) == table.total("rows")
        wanted = {number for (a, _), number in seen.items() if int(a) % 3 == 1}
        fetched = fetch(table, Those(wanted), "again")
        assert fetched.table is not None
        assert set(fetched.original.values()) == wanted
        again = csv.read(spark, fetched.table).collect()
        assert {row["a"] for row in again} == {a for (a, _), number in seen.items() if number in wanted}
        assert all(fetched.original[row[ROW]] == seen[row["a"], row[ROW] >> 47] for row in again)


def test_nothing_wanted_leaves_nothing(tmp_path: Path) -> None:
    fetched = fetch(taken(tmp_path, [1, 2], False), Those(set()), "again")
    assert fetched.table is None
    assert not any((tmp_path / "again").iterdir())


@pytest.mark.spark
def test_places_as_bits_hold_what_the_engine_gave_them(spark: SparkSession) -> None:
    numbers = [0, 1, 7, 8, 32767, 32768, (3 << 47) + (2 << 27) + 5, (1 << 47) - 1]
    bucket, bits = Places.columns()
    frame = spark.createDataFrame([(number,) for number in numbers], f"{ROW} BIGINT")
    found = frame.groupBy(bucket.alias("bucket")).agg(bits.alias("bits")).collect()
    held = Places((row["bucket"], bytes(row["bits"])) for row in found)
    here = Places()
    here.add(np.array(numbers[::2]))
    here.add(np.array(numbers[1::2]))
    for start in (0, 32766, (3 << 47) + (2 << 27), (1 << 47) - 40000):
        assert list(here.absent(start, 70_000)) == list(held.absent(start, 70_000))
    assert [number for number in numbers if list(held.absent(number, 1))] == []
    assert list(held.absent(0, 10)) == [2, 3, 4, 5, 6, 9]
    assert list(held.absent(32766, 4)) == [32766, 32769]
    assert list(held.absent((3 << 47) + (2 << 27) + 4, 3)) == [(3 << 47) + (2 << 27) + 4, (3 << 47) + (2 << 27) + 6]
    assert frame.where(F.col(ROW) < 0).count() == 0
