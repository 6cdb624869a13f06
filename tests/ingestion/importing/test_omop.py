"""OMOP: contracts from a field-level description, and the real tables of a small CDM by them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from ingestion.contract import Contract
from ingestion.contract_set import Contracts, load_contracts
from ingestion.importing.classification import read_classification
from ingestion.importing.draft import as_yaml, draft
from ingestion.importing.errors import ImportRefused
from ingestion.importing.omop import read_field_level
from ingestion.ingest import ingest_drop
from ingestion.reports import Report
from pseudonymization.person import person_key_of
from tests.ingestion.conftest import Small

HEADER = ("cdmTableName", "cdmFieldName", "isRequired", "cdmDatatype", "userGuidance", "etlConventions",
          "isPrimaryKey", "isForeignKey", "fkTableName", "fkFieldName", "fkDomain", "fkClass")  # fmt: skip
KEYS = ("person", "provider", "care_site", "location", "visit_occurrence", "visit_detail", "note", "episode")
ZIP = Path("omop") / "Synthea27Nj_5.4.zip"


def lines_of(table: str, fields: Sequence[str], required: Sequence[str] = ()) -> Iterable[tuple[str, ...]]:
    """Lines of this test's own for a table, told from its header: keys, references and types by the CDM's names."""
    for field in fields:
        parent = next((one for one in KEYS if field == f"{one}_id" and one != table), None)
        parent = "concept" if field.endswith("concept_id") and table != "concept" else parent
        kind = "varchar(50)"
        if field.endswith("_datetime"):
            kind = "datetime"
        elif field.endswith("_date"):
            kind = "date"
        elif (field.endswith(("_id", "_id_1", "_id_2")) and field not in (
            "domain_id", "vocabulary_id", "concept_class_id", "relationship_id", "reverse_relationship_id",
            "unique_device_id", "production_id", "source_vocabulary_id", "target_vocabulary_id",
        )) or field.endswith("_of_birth"):  # fmt: skip
            kind = "integer"
        elif field in ("value_as_number", "quantity", "range_low", "range_high"):
            kind = "float"
        elif field == "note_text":
            kind = "varchar(MAX)"
        yield (
            table, field, str(field in required).upper(), kind, 'Says, "at length", what it is', "NA",
            str(field == f"{table}_id").upper(), str(parent is not None).upper(),
            parent.upper() if parent else "NA", f"{parent.upper()}_ID" if parent else "NA", "NA", "NA",
        )  # fmt: skip


def described(folder: Path, tables: dict[str, Sequence[str]]) -> Path:
    path = folder / "field_level.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for table, fields in tables.items():
            writer.writerows(lines_of(table, fields, (f"{table}_id", "person_id")))
    return path


def drafted(path: Path) -> dict[str, Contract]:
    contracts = draft(read_field_level(path, prefix="omop_"), read_classification("omop"), source="omop")
    for name, contract in contracts.items():
        files = f"{name.removeprefix('omop_').upper()}.csv"
        contracts[name] = contract.model_copy(update={"files": files})
    return contracts


SMALL: dict[str, Sequence[str]] = {
    "person": ("person_id", "gender_concept_id", "year_of_birth", "birth_datetime", "location_id", "provider_id",
               "person_source_value"),
    "visit_occurrence": ("visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date", "provider_id",
                         "visit_source_value"),
    "note": ("note_id", "person_id", "note_date", "note_title", "note_text", "visit_occurrence_id"),
    "note_nlp": ("note_nlp_id", "note_id", "snippet", "nlp_date"),
    "provider": ("provider_id", "provider_name", "npi", "year_of_birth"),
    "concept": ("concept_id", "concept_name", "domain_id", "valid_start_date"),
    "cost": ("cost_id", "cost_event_id", "total_charge"),
}  # fmt: skip


def test_who_is_who_and_what_identifies(tmp_path: Path) -> None:
    contracts = Contracts(drafted(described(tmp_path, SMALL)))
    person, visit = contracts["omop_person"], contracts["omop_visit_occurrence"]
    assert [(one.kind, one.columns) for one in person.persons[0].identifiers] == [("omop_person", ("person_id",))]
    assert person.persons[0].register_
    assert (person.birth_year, visit.birth_year) == ("year_of_birth", None)
    assert {name: one.sensitivity for name, one in person.columns.items()} == {
        "person_id": "direct", "gender_concept_id": "quasi", "year_of_birth": "quasi", "birth_datetime": "quasi",
        "location_id": "record_key", "provider_id": "direct", "person_source_value": "direct",
    }  # fmt: skip
    assert person.columns["provider_id"].digest == "professional"
    assert (visit.key, visit.period and visit.period.column) == (("visit_occurrence_id",), "visit_start_date")
    assert visit.columns["visit_start_date"].type == "date"
    assert visit.record_keys["omop_visit_occurrence"] == ("visit_occurrence_id",)
    note = contracts["omop_note"]
    assert (note.columns["note_text"].sensitivity, note.columns["note_title"].sensitivity) == ("free_text", "direct")
    assert note.record_keys["omop_visit_occurrence"] == ("visit_occurrence_id",)
    (through,) = contracts["omop_note_nlp"].persons
    assert through.via is not None
    assert (through.via.table, dict(through.via.keys)) == ("omop_note", {"note_id": "note_id"})
    assert not {"provider_name", "npi"} & set(contracts["omop_provider"].lake_columns)
    assert contracts["omop_concept"].lake_columns == tuple(SMALL["concept"])
    # No way leads from a cost to a person, so nothing of it is kept.
    assert contracts["omop_cost"].lake_columns == ()
    assert not any(contract.grantable for contract in contracts.values())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("cdmTableName,cdmFieldName\nperson,person_id\n", "has no column isRequired"),
        (",".join(HEADER) + "\nperson,,TRUE,integer,,,TRUE,FALSE,NA,NA,NA,NA\n", "line 2: table, field and datatype"),
        (",".join(HEADER) + "\n", "describes no table"),
    ],
)
def test_what_is_no_field_level_file_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "f.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ImportRefused, match=said):
        read_field_level(tmp_path / "f.csv")


def unpacked(real_data: Path, folder: Path, only: Sequence[str] = ()) -> dict[str, Sequence[str]]:
    """Unpack tables of the real CDM into a drop; returns their headers."""
    folder.mkdir(parents=True)
    headers: dict[str, Sequence[str]] = {}
    with zipfile.ZipFile(real_data / ZIP) as packed:
        for name in packed.namelist():
            if "/" in name or not name.endswith(".csv") or (only and name not in only):
                continue
            content = packed.read(name)
            (folder / name).write_bytes(content)
            headers[name.removesuffix(".csv").lower()] = next(csv.reader(io.StringIO(content.decode("utf-8"))))
    return headers


def ingested(small: Small, real_data: Path, tmp_path: Path, only: Sequence[str] = ()) -> Report:
    drop = small.home.landing / "omop" / "one"
    headers = unpacked(real_data, drop, only)
    folder = tmp_path / "omop"
    folder.mkdir()
    for name, contract in drafted(described(tmp_path, headers)).items():
        (folder / f"{name}.yaml").write_text(as_yaml(contract), encoding="utf-8")
    report = ingest_drop(
        "omop", drop, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
        contracts=load_contracts(folder), folders=small.folders,
    )  # fmt: skip
    assert report.holds
    assert report.unmatched == 0
    assert len(report.tables) == len(headers)
    return report


@pytest.mark.real_data
@pytest.mark.spark
@pytest.mark.long
def test_real_people_and_deaths_are_joined_by_their_key(real_data: Path, small: Small, tmp_path: Path) -> None:
    report = ingested(small, real_data, tmp_path, ("PERSON.csv", "DEATH.csv"))
    assert [(table.table, table.rows_read, table.accepted) for table in report.tables] == [
        ("omop_person", 28, 28), ("omop_death", 3, 3),
    ]  # fmt: skip
    key = person_key_of(small.keystore.derive("person"), "omop_person", "7")
    people = {row["person_key"] for row in small.lake.read("omop_person").collect()}
    dead = {row["person_key"] for row in small.lake.read("omop_death").collect()}
    assert key in dead <= people
    assert len(people) == 28
    assert {row["person_key"] for row in small.lake.read("person_link").collect()} == people
    assert b"1007c05b-8d20" not in b"".join(p.read_bytes() for p in small.home.lake.rglob("*") if p.is_file())


@pytest.mark.long
@pytest.mark.real_data
@pytest.mark.spark
def test_every_real_table_is_ingested_and_counted(
    real_data: Path, make_small: Callable[[], Small], tmp_path: Path
) -> None:
    small = make_small()
    report = ingested(small, real_data, tmp_path)
    with zipfile.ZipFile(real_data / ZIP) as packed:
        for table in report.tables:
            name = f"{table.table.removeprefix('omop_').upper()}.csv"
            rows = sum(1 for _ in csv.reader(io.StringIO(packed.read(name).decode("utf-8")))) - 1
            assert table.rows_read == rows, name
            assert (table.accepted, table.refused, table.duplicates) == (rows, 0, 0), (name, dict(table.details))
            assert small.lake.read(table.table).count() == rows
    assert report["omop_measurement"].accepted == 10_040
