from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from projects.errors import ScopeRefused
from projects.extract import ExtractReport, TableCounts, compile_extract
from projects.scope import check_scope
from pseudonymization.keystore import KeyStore
from tests.projects.small_contract import KEY, Column, Contract, Period, Person, Via

CONTRACTS = {
    contract.table: contract
    for contract in [
        Contract(
            "BEN",
            {"NIR": Column("direct"), "YEAR": Column(type="int"), "SEX": Column()},
            persons=(Person("patient"),),
            birth_year="YEAR",
        ),
        Contract(
            "STAY",
            {"NUM": KEY, "ETA": KEY, "DAY": Column(type="date"), "DOC": Column("direct", digest="professional")},
            persons=(Person("patient"), Person("mother")),
            record_keys={"stay": ("ETA", "NUM")},
            period=Period("DAY"),
        ),
        Contract(
            "ACT",
            {"ETA": KEY, "NUM": KEY, "ORD": KEY, "CODE": Column()},
            persons=(Person("patient", Via("STAY", {"ETA": "ETA", "NUM": "NUM"})),),
            record_keys={"stay": ("ETA", "NUM"), "act": ("ETA", "NUM", "ORD")},
        ),
        Contract(
            "DETAIL",
            {"ETA": KEY, "NUM": KEY, "ORD": KEY, "DOSE": Column(type="int")},
            persons=(Person("patient", Via("ACT", {"ETA": "ETA", "NUM": "NUM", "ORD": "ORD"})),),
            record_keys={"act": ("ETA", "NUM", "ORD")},
        ),
        Contract("LIST", {"CODE": Column(), "NAME": Column()}),
        Contract("SECRET", {"X": Column()}, grantable=False),
    ]
}
D = date
ROWS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "person_link": (
        "person_key string, kind string, person string, minted_at long",
        [
            ("k:a1", "psa", "P:A", 1),
            ("k:a2", "ipp", "P:A", 1),
            ("k:b", "psa", "P:B", 1),
            ("k:c", "psa", "P:C", 1),
            ("k:twin", "psa_alone", None, 0),
        ],
    ),
    "BEN": (
        "person_key string, YEAR int, SEX string, batch_id string",
        [("k:a1", 1950, "1", "b1"), ("k:b", 1980, "2", "b1"), ("k:c", None, "2", "b1")],
    ),
    "STAY": (
        "person_key string, person_key_mother string, ETA string, NUM string, DAY date, DOC string, batch_id string",
        [
            ("k:a1", None, "0750", "001", D(2020, 1, 1), "lake:doc1", "b2"),
            ("k:a2", "k:b", "0750", "002", D(2020, 12, 31), "lake:doc1", "b2"),
            ("k:b", "k:unknown", "0750", "003", D(2021, 1, 1), "lake:doc2", "b2"),
            ("k:twin", None, "0750", "004", D(2020, 5, 1), None, "b2"),
            ("k:unknown", None, "0750", "005", D(2020, 5, 1), None, "b2"),
            ("k:c", None, "0750", "006", D(2020, 6, 1), None, "b2"),
            # One stay number, two persons: nobody may be named for what hangs on it.
            ("k:a1", None, "0750", "777", D(2020, 6, 1), None, "b2"),
            ("k:b", None, "0750", "777", D(2020, 6, 1), None, "b2"),
        ],
    ),
    "ACT": (
        "ETA string, NUM string, ORD string, CODE string, batch_id string",
        [
            ("0750", "001", "1", "AAAA", "b3"),
            ("0750", "001", "2", "BBBB", "b3"),
            ("0750", "002", "1", "CCCC", "b3"),
            ("0750", "003", "1", "TOO LATE", "b3"),
            ("0750", "004", "1", "TWIN", "b3"),
            ("0750", "999", "1", "ORPHAN", "b3"),
            ("0750", "777", "1", "TWO PERSONS", "b3"),
            (None, "001", "3", "NO KEY", "b3"),
        ],
    ),
    "DETAIL": (
        "ETA string, NUM string, ORD string, DOSE int, batch_id string",
        [("0750", "001", "2", 7, "b4"), ("0750", "999", "1", 8, "b4"), ("0750", "003", "1", 9, "b4")],
    ),
    "LIST": ("CODE string, NAME string, batch_id string", [("AAAA", "an act", "b5")]),
}


class FakeLake:
    def __init__(self, spark: SparkSession) -> None:
        self._frames = {
            name: spark.createDataFrame(rows, schema).coalesce(1).localCheckpoint()
            for name, (schema, rows) in ROWS.items()
        }

    def read(self, table: str) -> DataFrame:
        return self._frames[table]

    def tables(self) -> list[str]:
        return list(self._frames)


def permit(project: str = "p0001", **changes: Any) -> Any:
    scope = {
        "id": project,
        "title": "Étude",
        "tables": {"STAY": ("DAY", "DOC"), "ACT": ("CODE",), "DETAIL": ("DOSE",), "BEN": ("SEX",), "LIST": ("NAME",)},
        "date_from": D(2020, 1, 1),
        "date_to": D(2020, 12, 31),
        "born_from": None,
        "born_to": None,
        "end_date": D(2030, 1, 1),
        "dates": "exact",
    }
    return SimpleNamespace(**(scope | changes))


@pytest.fixture(scope="module")
def lake(spark: SparkSession) -> FakeLake:
    return FakeLake(spark)


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    return KeyStore.create(tmp_path_factory.mktemp("keys") / "keys.json")


def read(spark: SparkSession, folder: Path, table: str) -> list[dict[str, Any]]:
    return [row.asDict() for row in spark.read.format("delta").load(str(folder / table)).collect()]


@pytest.fixture(scope="module")
def first(
    spark: SparkSession, lake: FakeLake, keystore: KeyStore, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ExtractReport]:
    folder = tmp_path_factory.mktemp("projects") / "p0001" / "data"
    report = compile_extract(permit(), spark=spark, lake=lake, contracts=CONTRACTS, keystore=keystore, folder=folder)
    return folder, report


@pytest.mark.spark
def test_counts_say_where_every_row_went(first: tuple[Path, ExtractReport]) -> None:
    folder, report = first
    assert report.tables == {
        "STAY": TableCounts(rows=5, held=2, outside=1),
        "ACT": TableCounts(rows=3, held=4, outside=1),
        "DETAIL": TableCounts(rows=1, held=1, outside=1),
        "BEN": TableCounts(rows=3, held=0, outside=0),
        "LIST": TableCounts(rows=1, held=0, outside=0),
    }
    assert report.pseudonyms == 3
    about = json.loads((folder / "permit.json").read_text())
    assert {name: table["rows"] for name, table in about["tables"].items()} == {
        name: counts.rows for name, counts in report.tables.items()
    }
    assert about["date_from"] == "2020-01-01"
    assert [column["name"] for column in about["tables"]["ACT"]["columns"]] == [
        "pseudonym",
        "stay_key",
        "act_key",
        "CODE",
    ]
    assert all(set(column["labels"]) == {"fr", "en"} for column in about["tables"]["ACT"]["columns"])


@pytest.mark.spark
def test_only_what_was_granted_is_there(spark: SparkSession, first: tuple[Path, ExtractReport]) -> None:
    folder, _ = first
    stays, acts = read(spark, folder, "STAY"), read(spark, folder, "ACT")
    assert list(stays[0]) == ["pseudonym", "pseudonym_mother", "stay_key", "DAY", "DOC"]
    assert sorted(act["CODE"] for act in acts) == ["AAAA", "BBBB", "CCCC"]
    assert [detail["DOSE"] for detail in read(spark, folder, "DETAIL")] == [7]
    assert read(spark, folder, "LIST") == [{"NAME": "an act"}]
    assert sorted(path.name for path in folder.iterdir()) == ["ACT", "BEN", "DETAIL", "LIST", "STAY", "permit.json"]
    assert [path.name for path in folder.parent.iterdir()] == ["data"]


@pytest.mark.spark
def test_keys_join_what_belongs_together(spark: SparkSession, first: tuple[Path, ExtractReport]) -> None:
    folder, _ = first
    stays, acts, details = (read(spark, folder, name) for name in ("STAY", "ACT", "DETAIL"))
    by_stay = {stay["stay_key"]: stay["pseudonym"] for stay in stays}
    assert all(by_stay[act["stay_key"]] == act["pseudonym"] for act in acts)
    assert {detail["act_key"] for detail in details} < {act["act_key"] for act in acts}
    # Two keys of one person are one pseudonym; a mother has that of the patient that she also is.
    days = {stay["DAY"]: stay for stay in stays}
    assert days[D(2020, 1, 1)]["pseudonym"] == days[D(2020, 12, 31)]["pseudonym"]
    mothers = [stay["pseudonym_mother"] for stay in stays if stay["pseudonym_mother"]]
    assert len(mothers) == 1
    assert mothers[0] in {row["pseudonym"] for row in read(spark, folder, "BEN")}
    assert days[D(2020, 1, 1)]["DOC"] == days[D(2020, 12, 31)]["DOC"]


@pytest.mark.spark
def test_rows_are_sorted_and_nothing_of_the_lakes_keys_remains(
    spark: SparkSession, first: tuple[Path, ExtractReport]
) -> None:
    folder, _ = first
    lake_values = {"k:", "P:", "lake:", "0750", "b2"}
    for table in ("STAY", "ACT", "DETAIL", "BEN"):
        rows = read(spark, folder, table)
        assert [row["pseudonym"] for row in rows] == sorted(row["pseudonym"] for row in rows)
        text = repr(rows) + "".join(p.read_text() for p in (folder / table / "_delta_log").glob("*.json"))
        for value in lake_values:
            assert f"'{value}" not in text
        assert not {"person_key", "batch_id", "ETA", "NUM", "NIR"} & set(rows[0])


@pytest.mark.spark
def test_another_project_shares_no_key_and_a_rerun_replaces_the_extract(
    spark: SparkSession, first: tuple[Path, ExtractReport], lake: FakeLake, keystore: KeyStore, tmp_path: Path
) -> None:
    folder, _ = first
    other = tmp_path / "data"
    # What a killed compilation leaves, and an extract from before.
    (tmp_path / ".data.new" / "ACT").mkdir(parents=True)
    (tmp_path / ".data.new" / "ACT" / "half.parquet").write_text("half")
    other.mkdir()
    (other / "stale").write_text("stale")
    tables = {"STAY": ("DOC",), "BEN": ("SEX",)}
    report = compile_extract(
        permit("p0002", tables=tables, born_from=1940, born_to=1960, date_from=None, date_to=None),
        spark=spark,
        lake=lake,
        contracts=CONTRACTS,
        keystore=keystore,
        folder=other,
    )
    # Born in range: A alone; C's year is not known.
    assert report.tables == {"STAY": TableCounts(rows=3, held=2, outside=3), "BEN": TableCounts(1, 0, 2)}
    assert report.pseudonyms == 1
    assert sorted(path.name for path in other.iterdir()) == ["BEN", "STAY", "permit.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]

    def digests(place: Path) -> set[str]:
        names = ("pseudonym", "pseudonym_mother", "stay_key", "DOC")
        return {row[name] for row in read(spark, place, "STAY") for name in names if row[name]}

    assert digests(other)
    assert digests(other) & digests(folder) == set()


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "no table"),
        ({"NOWHERE": ("X",)}, "NOWHERE"),
        ({"SECRET": ("X",)}, "SECRET"),
        ({"ACT": ("NOTHING",)}, "NOTHING"),
        ({"ACT": ("person_key",)}, "person_key"),
        ({"STAY": ("batch_id",)}, "batch_id"),
        ({"ACT": ("NUM",)}, "record key"),
        ({"BEN": ("NIR",)}, "identifies directly"),
    ],
)
def test_what_may_not_be_granted_is_refused(tables: dict[str, tuple[str, ...]], words: str) -> None:
    with pytest.raises(ScopeRefused, match=words):
        check_scope(permit(tables=tables), CONTRACTS)


@pytest.mark.spark
def test_limits_that_cannot_be_applied_are_refused(
    spark: SparkSession, lake: FakeLake, keystore: KeyStore, tmp_path: Path
) -> None:
    contracts = {name: contract for name, contract in CONTRACTS.items() if name != "BEN"}
    with pytest.raises(ScopeRefused, match="years of birth"):
        compile_extract(
            permit(tables={"LIST": ("NAME",)}, born_from=1950),
            spark=spark,
            lake=lake,
            contracts=contracts,
            keystore=keystore,
            folder=tmp_path / "data",
        )
    assert not (tmp_path / "data").exists()
