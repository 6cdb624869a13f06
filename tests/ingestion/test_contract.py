from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ingestion.contract import Contract
from ingestion.contract_set import load_contracts, read_contract
from ingestion.errors import ContractError, UnknownSource
from tests.ingestion.conftest import PEOPLE, VISITS


def altered(text: str, **changes: object) -> Contract:
    return Contract.model_validate({**yaml.safe_load(text), **changes})


def broken(tmp_path: Path, old: str, new: str) -> str:
    assert old in VISITS
    path = tmp_path / "visits.yaml"
    path.write_text(VISITS.replace(old, new), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_contract(path)
    return str(caught.value)


def test_a_column_that_nobody_classified_is_direct_and_stays_out_of_the_lake() -> None:
    contract = altered(PEOPLE)
    assert contract.columns["psa"].sensitivity == "direct"
    assert "psa" not in contract.lake_columns


def test_the_lake_key_of_a_register_is_the_person() -> None:
    assert altered(PEOPLE).lake_key == ("person_key",)
    assert altered(VISITS).lake_key == ("number",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: [number]", "key: [nombre]", "key names nombre"),
        ("type: date, sensitivity", "type: day, sensitivity", "columns.start.type"),
        (
            "type: date, sensitivity",
            "type: date, calendar: month, sensitivity",
            "calendar month is for text or numbers",
        ),
        ("columns: [psa, rank]}", "columns: [psa, rang]}", "person patient names rang"),
        ("period: {column: start}", "period: {}", "period"),
        ("rule: row_count", "rule: rows", "table_rules"),
        ("label: {fr: Visites, en: Visits}", "label: {fr: Visites}", "label.en"),
        ("version: 1", "version: one", "version"),
        ("write: append", "write: sometimes", "write"),
        ("record_keys: {visit: [number]}", "record_keys: {visit: [place]}", "record_keys visit names place"),
        ("format: csv", "format: fhir", "view is needed"),
        ("  price:", "  person_key:", "a name that the hub keeps for itself"),
        ("  price:", "  price__dates:", "a name that the hub keeps for itself"),
        ("{kind: psa, columns", "{kind: psa, issuer: '29', columns", "An issuer has letters"),
        (
            "sensitivity: plain, fr: p",
            "generalize: age, sensitivity: plain, fr: p",
            "generalize age needs the type int",
        ),
        (
            "period:",
            "  - {role: a, register: true, identifiers: [{kind: ipp, columns: [doctor]}]}\n"
            "  - {role: b, register: true, identifiers: [{kind: ipp, columns: [place]}]}\nperiod:",
            "one role registers",
        ),
    ],
)
def test_a_wrong_contract_names_its_file_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = broken(tmp_path, old, new)
    assert message.startswith("visits.yaml")
    assert said in message


def test_a_wrong_contract_never_echoes_what_was_pasted_into_it(tmp_path: Path) -> None:
    assert "1850578006084" not in broken(tmp_path, "version: 1", "version: '1850578006084 36'")


def test_yaml_that_cannot_be_read_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("table: [", encoding="utf-8")
    with pytest.raises(ContractError, match=r"x\.yaml is not YAML at line"):
        read_contract(tmp_path / "x.yaml")


def test_an_upsert_without_a_key_that_the_lake_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match="upsert needs a key that the lake keeps"):
        altered(PEOPLE, key=["ins"])


def test_an_unknown_source_or_table_says_what_there_is(contract_folder: Path) -> None:
    contracts = load_contracts(contract_folder)
    with pytest.raises(UnknownSource, match="known sources: small"):
        contracts.source("large")
    with pytest.raises(UnknownSource, match="known tables: people, visits"):
        contracts["others"]


def test_a_via_without_its_parent_is_refused(contract_folder: Path) -> None:
    text = VISITS.replace("- {kind: psa, columns: [psa, rank]}", "").replace(
        "    identifiers:\n", "    via: {table: stays, keys: {number: number}}\n"
    )
    (contract_folder / "visits.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match="via stays, which has no contract"):
        load_contracts(contract_folder)


def test_the_packaged_contracts_put_parents_before_children_and_patients_before_notes() -> None:
    contracts = load_contracts()
    snds = [contract.table for contract in contracts.source("snds")]
    assert snds[0] == "IR_BEN_R"
    assert snds.index("ER_PRS_F") < snds.index("ER_PHA_F")
    assert snds.index("T_MCOaaC") < snds.index("T_MCOaaB")
    chu = [contract.table for contract in contracts.source("chu")]
    assert chu[0] == "fhir_patient"
    assert chu[-1] == "fhir_document_reference"


@pytest.mark.parametrize("table", sorted(load_contracts()))
def test_no_packaged_contract_keeps_an_identifier_in_clear(table: str) -> None:
    contract = load_contracts()[table]
    for person in contract.persons:
        for identifier in person.identifiers:
            for name in identifier.columns:
                column = contract.columns[name]
                assert column.sensitivity == "direct", f"{table}.{name}"
    for name, column in contract.columns.items():
        if name in contract.professionals:
            assert column.digest == "professional"
        assert column.fr.strip()
        assert column.en.strip()


@pytest.mark.parametrize("table", sorted(load_contracts()))
def test_every_packaged_column_that_holds_a_part_of_the_calendar_says_so(table: str) -> None:
    """A shift, or dates to the year, would be told by a month that stands beside them as text."""
    for name, column in load_contracts()[table].columns.items():
        label = column.en.lower()
        if (
            column.in_lake
            and column.sensitivity != "record_key"
            and "birth" not in label
            and "return code" not in label
        ):
            if column.type not in ("date", "timestamp") and "year and month" in label:
                assert column.calendar == "month", name
            if f"{name}_precision" in load_contracts()[table].columns:
                assert column.calendar == "partial", name
