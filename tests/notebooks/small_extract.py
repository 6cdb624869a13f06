"""A small extract such as the compiler writes: Delta tables with pseudonyms, and `permit.json`."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

A10 = ["3400999000017", "3400999000031", "3400999000048", "3400999000079"]
OTHER = ["3400999000093", "3400999000215", "3400999000246"]
TABLES = {
    "IR_BEN_R": "pseudonym string, BEN_NAI_ANN int, BEN_SEX_COD int",
    "ER_PRS_F": "pseudonym string, prestation_key string, EXE_SOI_DTD date",
    "ER_PHA_F": "pseudonym string, prestation_key string, PHA_PRS_C13 string",
    "T_MCOaaC": "pseudonym string, stay_key string, EXE_SOI_DTD date",
    "T_MCOaaB": "pseudonym string, stay_key string, DGN_PAL string",
    "T_MCOaaD": "pseudonym string, stay_key string, ASS_DGN string",
}


def rows_of(people: int, seed: int) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of every table: older people and insulin users are admitted more often in the second year."""
    draw = random.Random(seed)
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}

    def stay(person: str, year: int, diagnosis: str) -> None:
        key = f"stay:{len(rows['T_MCOaaC']):06d}"
        day = date(year, 1, 1) + timedelta(days=draw.randrange(360))
        rows["T_MCOaaC"].append((person, key, day))
        rows["T_MCOaaB"].append((person, key, diagnosis))
        rows["T_MCOaaD"].append((person, key, draw.choice(["I10", "E119", "Z511"])))

    for number in range(people):
        person = f"p:{number:06d}"
        born, insulin = draw.randrange(1930, 1990), draw.random() < 0.3
        rows["IR_BEN_R"].append((person, born, draw.choice([1, 2])))
        for _ in range(draw.randrange(3, 9)):
            key = f"prestation:{len(rows['ER_PRS_F']):06d}"
            day = date(2022, 1, 1) + timedelta(days=draw.randrange(360))
            code = A10[3] if insulin and draw.random() < 0.5 else draw.choice(A10[:3] + OTHER)
            rows["ER_PRS_F"].append((person, key, day))
            rows["ER_PHA_F"].append((person, key, code))
        if draw.random() < 0.2:
            stay(person, 2022, draw.choice(["E112", "J18", "S72"]))
        if draw.random() < 0.08 + 0.3 * insulin + max(0, 1960 - born) / 80:
            stay(person, 2023, "I50")
    return rows


def write_extract(
    spark: SparkSession,
    folder: Path,
    project: str,
    people: int = 400,
    seed: int = 3,
    names: Sequence[str] = tuple(TABLES),
) -> dict[str, int]:
    """Write the extract of `project` into `folder`; rows of each table."""
    about = {}
    for name in names:
        rows = rows_of(people, seed)[name]
        frame = spark.createDataFrame(rows, TABLES[name]).coalesce(1)
        frame.write.format("delta").save(str(folder / name))
        columns = [{"name": c, "labels": {"fr": c, "en": c}} for c in frame.columns]
        about[name] = {"labels": {"fr": f"Table {name}", "en": f"{name} table"}, "columns": columns, "rows": len(rows)}
    permit = {
        "id": project,
        "title": "Diabetes and admissions",
        "tables": about,
        "date_from": "2022-01-01",
        "date_to": "2023-12-31",
        "end_date": "2030-01-01",
    }
    (folder / "permit.json").write_text(json.dumps(permit))
    return {name: int(str(table["rows"])) for name, table in about.items()}
