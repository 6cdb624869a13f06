"""In an extract whose dates are shifted, the dates in notes move with those in tables."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from projects.extract import compile_extract
from pseudonymization.keystore import KeyStore
from pseudonymization.text.identity import Identity
from pseudonymization.text.kept_dates import DATES_TYPE
from pseudonymization.text.scrubber import Scrubber
from tests.projects.small_contract import Column, Contract, Period, Person

CONTRACT = Contract(
    "NOTE",
    {"DAY": Column(type="date"), "TEXT": Column("free_text", type="text")},
    persons=(Person("patient"),),
    period=Period("DAY"),
)
NOTE = "Vu le 3 janvier 2022 🩺 par le Dr Kergoat, revu le 13/01/2022, puis en mars 2022 ; né le 02/03/1950."
IDENTITY = Identity(names=("Kergoat",), birth_date="1950-03-02")


class Lake:
    def __init__(self, spark: SparkSession, *, with_dates: bool) -> None:
        done = Scrubber().scrub(NOTE, IDENTITY)
        dates = [(one.start, one.end, one.date) for one in done.dates]
        rows = [("k:a", date(2022, 1, 3), done.text, dates), ("k:b", date(2022, 1, 3), done.text, dates)]
        notes = spark.createDataFrame(rows, f"person_key string, DAY date, TEXT string, TEXT__dates {DATES_TYPE}")
        self._frames = {
            "NOTE": notes if with_dates else notes.drop("TEXT__dates"),
            "person_link": spark.createDataFrame([("k:a", "A"), ("k:b", "B")], "person_key string, person string"),
        }

    def read(self, table: str) -> DataFrame:
        return self._frames[table]

    def tables(self) -> list[str]:
        return list(self._frames)


def extract(spark: SparkSession, folder: Path, dates: str, *, with_dates: bool = True) -> list[Any]:
    permit: Any = SimpleNamespace(
        id="p0001", title="t", tables={"NOTE": ("DAY", "TEXT")}, date_from=None, date_to=None, born_from=None,
        born_to=None, end_date=date(2030, 1, 1), dates=dates,
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    keys = folder / "keys.json"
    compile_extract(
        permit, spark=spark, lake=Lake(spark, with_dates=with_dates), contracts={"NOTE": CONTRACT},
        keystore=KeyStore.open(keys) if keys.exists() else KeyStore.create(keys), folder=folder / "data",
    )  # fmt: skip
    return spark.read.format("delta").load(str(folder / "data" / "NOTE")).collect()


@pytest.mark.spark
def test_dates_in_notes_move_with_the_dates_of_their_person(spark: SparkSession, tmp_path: Path) -> None:
    shifts = set()
    for row in extract(spark, tmp_path, "shifted"):
        assert set(row.asDict()) == {"pseudonym", "DAY", "TEXT"}
        shift = row["DAY"] - date(2022, 1, 3)
        shifts.add(shift)
        told = re.fullmatch(
            r"Vu le (\S+) 🩺 par le \[NOM\], revu le (\S+), puis en \[DATE\] ; né le \[DATE_NAISSANCE\]\.",
            row["TEXT"].replace("Dr ", ""),
        )
        assert told is not None, row["TEXT"]
        assert date.fromisoformat(told[1]) == date(2022, 1, 3) + shift
        assert date.fromisoformat(told[2]) - date.fromisoformat(told[1]) == timedelta(days=10)
    assert timedelta() not in shifts


@pytest.mark.spark
def test_with_exact_dates_or_without_spans_the_tags_stay(spark: SparkSession, tmp_path: Path) -> None:
    for dates, with_dates in (("exact", True), ("shifted", False)):
        for row in extract(spark, tmp_path / f"{dates}", dates, with_dates=with_dates):
            assert row["TEXT"].count("[DATE]") == 3
            assert "TEXT__dates" not in row.asDict()
