"""Code lists: typed as their files bear out, plain, without persons, and none of their codes lost."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingestion.catalogue import catalogue, grantable_columns
from ingestion.contract import Contract
from ingestion.contract_set import Contracts, load_contracts
from ingestion.importing.classification import read_classification
from ingestion.importing.draft import as_yaml, draft
from ingestion.importing.errors import ImportRefused
from ingestion.importing.nomenclature import CodeList, contract_names, draft_list, read_code_list, write_drop
from ingestion.importing.table_schema import read_table_schema
from ingestion.ingest import ingest_drop
from ingestion.reports import Report
from ingestion.surprise_policies import Surprises
from tests.ingestion.conftest import Small

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def written(folder: Path, name: str, fields: dict[str, str], content: str, **schema: Any) -> Path:
    described = {"name": name, "fields": [{"name": one, "type": kind} for one, kind in fields.items()], **schema}
    (folder / f"{name}.json").write_text(json.dumps(described), encoding="utf-8")
    (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder / f"{name}.json"


def read(path: Path) -> CodeList:
    found = read_code_list(path)
    assert found is not None
    return found


FIELDS = {"CODE": "integer", "LABEL": "string", "FROM": "string", "AT": "string", "LOOSE": "string", "RATE": "number"}
CONTENT = """CODE;LABEL;FROM;AT;LOOSE;RATE
01;Un;02JUL2017:00:00:00;02JUL2017:12:30:00;02JUL2017:00:00:00;0.5
02;"Deux; ou
plus";;02JUL2018:00:00:00;soon;1
"""


def test_types_are_what_the_file_bears_out(tmp_path: Path) -> None:
    found = read(written(tmp_path, "T", FIELDS, CONTENT, primaryKey="CODE"))
    contract = draft_list(found, source="lists")
    assert {name: (one.type, one.format) for name, one in contract.columns.items()} == {
        "CODE": ("string", None), "LABEL": ("string", None), "FROM": ("date", "sas_datetime"),
        "AT": ("timestamp", "sas_datetime"), "LOOSE": ("string", None), "RATE": ("double", None),
    }  # fmt: skip
    assert (found.rows, found.broken, contract.key, contract.separator) == (2, True, ("CODE",), ";")
    assert (contract.persons, contract.grantable, contract.write) == ((), True, "snapshot")
    assert grantable_columns(contract) == tuple(FIELDS)


def test_headers_that_are_no_names_are_kept_as_headers(tmp_path: Path) -> None:
    path = written(tmp_path, "T", {"ATC": "string", "LibellÃ© ATC": "string", "batch_id": "string"},
                   "ATC,Libellé ATC,batch_id\nA,Un,1\n")  # fmt: skip
    contract = draft_list(read(path), source="lists")
    assert {name: one.header for name, one in contract.columns.items()} == {
        "ATC": None, "Libelle_ATC": "Libellé ATC", "C_batch_id": "batch_id",
    }  # fmt: skip


@pytest.mark.parametrize("content", ["CODE\nA\nA\n", "CODE\nA\n \n"])
def test_a_key_that_the_file_contradicts_is_none(tmp_path: Path, content: str) -> None:
    found = read(written(tmp_path, "T", {"CODE": "string"}, content, primaryKey="CODE"))
    assert found.schema.key == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("CODE\nA\n", "has not as many columns as its schema has fields"),
        ("CODE;LABEL\nA\n", "record 2 has not as many values"),
        ("CODE;CODE\nA;B\n", "is not that of its schema|T.csv"),
    ],
)
def test_a_file_that_is_not_its_schemas_is_refused(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        read(written(tmp_path, "T", {"CODE": "string", "LABEL": "string"}, content))


def test_a_schema_without_a_file_is_no_list(tmp_path: Path) -> None:
    path = written(tmp_path, "T", {"CODE": "string"}, "CODE\n")
    (tmp_path / "T.csv").unlink()
    assert read_code_list(path) is None


@given(st.lists(st.text(max_size=80), max_size=8))
def test_any_header_gives_names_of_which_each_is_one(headers: list[str]) -> None:
    names = contract_names(headers)
    assert len({name.lower() for name in names}) == len(headers)
    columns = {name: {"fr": "x", "en": "x"} for name in ("CODE", *names) if name.lower() != "code" or name == "CODE"}
    text = {"table": "t", "version": 1, "source": "s", "files": "t.csv", "format": "csv", "columns": columns}
    Contract.model_validate({**text, "label": {"fr": "t", "en": "t"}})


def load(small: Small, lists: list[CodeList], folder: Path, drop: str) -> Report:
    """Drafts written, read again, and the lists ingested by them."""
    folder.mkdir(exist_ok=True)
    for one in lists:
        (folder / f"{one.name}.yaml").write_text(as_yaml(draft_list(one, source="lists")), encoding="utf-8")
    place = small.home.landing / "lists" / drop
    write_drop(lists, place)
    return ingest_drop(
        "lists", place, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
        contracts=load_contracts(folder), folders=small.folders,
    )  # fmt: skip


@pytest.mark.spark
def test_a_list_is_published_and_a_new_delivery_takes_its_place(small: Small, tmp_path: Path) -> None:
    path = written(tmp_path, "T", FIELDS, CONTENT, primaryKey="CODE")
    report = load(small, [read(path)], tmp_path / "lists", "one")
    assert (report["T"].accepted, report["T"].refused) == (2, 0)
    rows = {row["CODE"]: row for row in small.lake.read("T").collect()}
    assert (rows["02"]["LABEL"], str(rows["01"]["FROM"])) == ("Deux; ou plus", "2017-07-02")
    assert str(rows["01"]["AT"]) == "2017-07-02 12:30:00"
    with pytest.raises(ImportRefused, match="holds files already"):
        write_drop([read(path)], small.home.landing / "lists" / "one")
    (shown,) = catalogue(load_contracts(tmp_path / "lists"), small.ledger)
    assert (shown.name, shown.roles, len(shown.columns)) == ("T", (), 6)
    path.with_suffix(".csv").write_text(CONTENT.replace("01;Un", "03;Trois"), encoding="utf-8")
    load(small, [read(path)], tmp_path / "lists", "two")
    assert {row["CODE"] for row in small.lake.read("T").collect()} == {"02", "03"}


def real_lists(real_data: Path) -> list[Path]:
    return sorted((real_data / "snds" / "nomenclatures").rglob("*.json"))


@pytest.mark.real_data
def test_every_real_list_becomes_a_contract(real_data: Path, tmp_path: Path) -> None:
    found = [one for path in real_lists(real_data) if (one := read_code_list(path)) is not None]
    assert len(found) == len(list((real_data / "snds" / "nomenclatures").rglob("*.csv"))) == 169
    contracts = Contracts({one.name: draft_list(one, source="lists") for one in found})
    assert len(contracts) == 169
    for contract in contracts.values():
        assert yaml.safe_load(as_yaml(contract))["table"] == contract.table
        assert not contract.persons
        assert {column.sensitivity for column in contract.columns.values()} == {"plain"}
    dates = {
        (contract.table, name)
        for contract in contracts.values()
        for name, column in contract.columns.items()
        if column.format == "sas_datetime"
    }
    assert len(dates) == 7
    assert ("IR_CIM_V", "VER_CPT_DTE") in dates


@pytest.mark.long
@pytest.mark.real_data
@pytest.mark.spark
def test_every_real_list_is_loaded_whole(
    real_data: Path, make_small: Callable[[], Small], spark: SparkSession, tmp_path: Path
) -> None:
    small = make_small()
    found = [one for path in real_lists(real_data) if (one := read_code_list(path)) is not None]
    report = load(small, found, tmp_path / "lists", "all")
    assert report.holds
    assert report.unmatched == 0
    for one in found:
        with one.file.open(encoding="utf-8-sig", newline="") as lines:
            codes = sum(1 for row in csv.reader(lines, delimiter=one.separator) if row) - 1
        table = report[one.name]
        assert (table.rows_read, table.accepted, table.refused, table.duplicates) == (codes, codes, 0, 0), one.name
        lake = small.lake.read(one.name)
        assert lake.count() == codes
        assert lake.columns[len(one.schema.fields) :] == ["batch_id", "row_id"]
    typed = dict(small.lake.read("IR_CIM_V").dtypes)
    assert typed["VER_CPT_DTE"] == "date"


@pytest.mark.long
@pytest.mark.real_data
@pytest.mark.spark
def test_real_causes_of_death_are_checked_against_their_real_lists(
    real_data: Path, make_small: Callable[[], Small], tmp_path: Path
) -> None:
    small, home = make_small(), real_data / "snds"
    schema = next((home / "tables").rglob("KI_CCI_R.json"))
    drafted = draft([read_table_schema(schema)], read_classification("snds"), source="deaths")["KI_CCI_R"]
    named = {name: str(one.nomenclature) for name, one in drafted.columns.items() if one.nomenclature}
    found = [one for path in real_lists(real_data) if path.stem in named.values() and (one := read_code_list(path))]
    folder = tmp_path / "lists"
    load(small, found, folder, "all")
    contract = drafted.model_copy(update={"surprises": Surprises(unknown_code="warn")})
    (folder / "KI_CCI_R.yaml").write_text(as_yaml(contract), encoding="utf-8")
    drop = small.home.landing / "deaths" / "one"
    drop.mkdir(parents=True)
    shutil.copyfile(schema.with_suffix(".csv"), drop / "KI_CCI_R.csv")
    (report,) = ingest_drop(
        "deaths", drop, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
        contracts=load_contracts(folder), folders=small.folders,
    ).tables  # fmt: skip
    assert (report.rows_read, report.accepted) == (10, 10)

    def plain(value: str) -> str:
        return value.strip().lstrip("0") or "0"

    expected: dict[str, int] = {}
    with (drop / "KI_CCI_R.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    lists = {one.name: one for one in found}
    for name, where in named.items():
        one = lists.get(where)
        column = one and (one.schema.key[0] if len(one.schema.key) == 1 else name)
        if one is None or column not in one.schema.columns:
            expected[f"unchecked_code:{name}"] = len(rows)
            continue
        with one.file.open(encoding="utf-8-sig", newline="") as lines:
            codes = {row[column].strip() for row in csv.DictReader(lines, delimiter=one.separator)}
        numbers = contract.columns[name].type in ("int", "long")
        codes = {plain(code) for code in codes} if numbers else codes
        values = [row[name] for row in rows if row[name].strip()]
        unknown = sum((plain(value) if numbers else value.strip()) not in codes for value in values)
        if unknown:
            expected[f"unknown_code:{name}"] = unknown
    assert dict(report.noticed) == expected
    assert len(named) - len(expected) > 3
