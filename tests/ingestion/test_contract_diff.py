from __future__ import annotations

from typing import Any

import pytest
import yaml

from ingestion.contract import Contract
from ingestion.contract_diff import diff
from ingestion.contract_set import load_contracts
from tests.ingestion.conftest import VISITS

RULE = {"name": "dear", "fails_when": "price > 9", "fr": "f", "en": "e"}
PLAIN = {"sensitivity": "plain", "fr": "n", "en": "n"}


def visits(version: int = 1, columns: dict[str, Any] | None = None, **changes: Any) -> Contract:
    content = {**yaml.safe_load(VISITS), "version": version, **changes}
    for name, change in (columns or {}).items():
        content["columns"][name] = {**content["columns"].get(name, {}), **change}
    return Contract.model_validate(content)


@pytest.mark.parametrize("table", sorted(load_contracts()))
def test_nothing_changes_between_a_contract_and_itself(table: str) -> None:
    contract = load_contracts()[table]
    assert diff(contract, contract) == []
    assert diff(contract, contract.model_copy(update={"version": contract.version + 1})) == []


@pytest.mark.parametrize(
    ("changes", "place", "compatible"),
    [
        ({"columns": {"price": {"type": "double"}}}, "columns.price.type", False),
        ({"columns": {"finish": {"format": "yyyyMMdd"}}}, "columns.finish.format", False),
        ({"columns": {"price": {"sensitivity": "quasi"}}}, "columns.price.sensitivity", True),
        ({"columns": {"price": {"sensitivity": "direct"}}}, "columns.price.sensitivity", False),
        ({"columns": {"price": {"sensitivity": "record_key"}}}, "columns.price.sensitivity", False),
        ({"columns": {"rank": {"sensitivity": "plain"}}}, "columns.rank.sensitivity", True),
        ({"columns": {"doctor": {"digest": None}}}, "columns.doctor.digest", False),
        ({"columns": {"price": {"required": True}}}, "columns.price.required", False),
        ({"columns": {"number": {"required": False}}}, "columns.number.required", True),
        ({"columns": {"place": {"codes": ["A"]}}}, "columns.place.codes", False),
        ({"columns": {"place": {"codes": ["A", "B", "C"]}}}, "columns.place.codes", True),
        ({"columns": {"place": {"codes": None}}}, "columns.place.codes", True),
        ({"columns": {"doctor": {"codes": ["A"]}}}, "columns.doctor.codes", False),
        ({"columns": {"price": {"nomenclature": "X"}}}, "columns.price.nomenclature", True),
        ({"columns": {"place": {"unknown_code": "warn"}}}, "columns.place.unknown_code", True),
        ({"columns": {"place": {"unknown_code": "freeze"}}}, "columns.place.unknown_code", False),
        ({"columns": {"doctor": {"number": "rpps"}}}, "columns.doctor.number", False),
        ({"columns": {"doctor": {"number": "rpps", "unknown_code": "warn"}}}, "columns.doctor.number", True),
        ({"columns": {"finish": {"calendar": "partial"}}}, "columns.finish.calendar", True),
        ({"columns": {"finish": {"calendar": "shared"}}}, "columns.finish.calendar", False),
        ({"columns": {"place": {"fr": "Endroit"}}}, "columns.place.fr", True),
        ({"columns": {"new": PLAIN}}, "columns.new", False),
        ({"columns": {"new": PLAIN}, "surprises": {"missing_column": "evolve"}}, "columns.new", True),
        ({"columns": {"year": PLAIN}, "from_file_name": {"year": "(....)"}}, "columns.year", True),
        ({"key": ["number", "place"]}, "key", False),
        ({"record_keys": {}}, "record_keys.visit", False),
        ({"record_keys": {"visit": ["number"], "other": ["number"]}}, "record_keys.other", True),
        ({"persons": []}, "persons.patient", False),
        ({"rules": []}, "rules.end_before_start", True),
        ({"rules": [RULE]}, "rules.dear", False),
        ({"table_rules": []}, "table_rules.unique", True),
        ({"table_rules": [{"rule": "row_count", "min": 5}]}, "table_rules.row_count", False),
        ({"period": {"column": "finish"}}, "period", False),
        ({"write": "snapshot"}, "write", False),
        ({"separator": ";"}, "separator", False),
        ({"grantable": False}, "grantable", False),
        ({"surprises": {"new_column": "evolve"}}, "surprises.new_column", True),
        ({"surprises": {"type_change": "freeze"}}, "surprises.type_change", False),
        ({"surprises": {"unknown_code": "quarantine"}}, "surprises.unknown_code", False),
        ({"surprises": {"unknown_code": "warn"}}, "surprises.unknown_code", True),
        ({"label": {"fr": "V", "en": "V"}}, "label", True),
    ],
)
def test_each_change_is_told_and_judged(changes: dict[str, Any], place: str, compatible: bool) -> None:
    found = diff(visits(), visits(version=2, **changes))
    assert (place, compatible) in {(change.place, change.compatible) for change in found}


def test_a_column_that_goes_away_and_roles_that_change_place() -> None:
    content = yaml.safe_load(VISITS)
    del content["columns"]["price"]
    assert [
        (one.place, one.compatible) for one in diff(visits(), Contract.model_validate({**content, "version": 2}))
    ] == [("columns.price", False)]
    persons = [
        *content["persons"],
        {"role": "mother", "required": False, "identifiers": [{"kind": "ipp", "columns": ["rank"]}]},
    ]
    both, turned = visits(persons=persons), visits(version=3, persons=persons[::-1])
    assert [
        (one.place, one.compatible) for one in diff(visits(version=0 + 1), both.model_copy(update={"version": 2}))
    ] == [("persons.mother", True)]
    assert [(one.place, one.compatible) for one in diff(both, turned)] == [("persons", False)]


def test_a_changed_contract_has_a_greater_version() -> None:
    changed = {"label": {"fr": "V", "en": "V"}}
    assert [(one.place, one.compatible) for one in diff(visits(), visits(**changed))] == [
        ("version", False), ("label", True),
    ]  # fmt: skip


def test_codes_are_counted_and_never_told() -> None:
    secret = {"columns": {"place": {"codes": ["A", "1850578006084"]}}}
    (change,) = diff(visits(), visits(version=2, **secret))
    assert change.what == "1 codes removed, 1 added"
