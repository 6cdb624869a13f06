"""`hub contract` in one process: what it writes, says, and ends with."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from hub.cli import app
from hub.errors import HubError
from ingestion.contract_set import PACKAGED, load_contracts
from ingestion.errors import ContractError
from tests.ingestion.conftest import VISITS


def said(*arguments: str, code: int = 0) -> str:
    """What the command prints. Raises what the command line makes one sentence of."""
    done = CliRunner().invoke(app, ["contract", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def test_the_schema_knows_every_word_and_every_packaged_contract_fits_it() -> None:
    schema = json.loads(said("schema"))
    policies = schema["$defs"]["Surprises"]["properties"]
    assert set(policies) == {"new_column", "missing_column", "type_change", "unknown_code"}
    assert all(policy["description"] for policy in policies.values())
    assert {"header", "nomenclature", "unknown_code"} <= set(schema["$defs"]["Column"]["properties"])
    for path in sorted(PACKAGED.glob("*.yaml")):
        jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema)
    wrong = {**yaml.safe_load(VISITS), "surprises": {"new_column": "welcome"}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_a_compatible_change_ends_with_0_and_another_with_1(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, text in (
        (old, VISITS),
        (new, VISITS.replace("version: 1", "version: 2").replace("fr: Visites", "fr: Séjours")),
    ):
        folder.mkdir()
        (folder / "visits.yaml").write_text(text, encoding="utf-8")
    assert said("diff", str(old), str(old)).splitlines() == ["visits: nothing changes", "Compatible."]
    assert "visits: compatible: label: changed" in said("diff", str(old / "visits.yaml"), str(new / "visits.yaml"))
    text = (new / "visits.yaml").read_text(encoding="utf-8")
    (new / "visits.yaml").write_text(text.replace('"decimal(9,2)"', "double"), encoding="utf-8")
    (new / "rooms.yaml").write_text(VISITS.replace("table: visits", "table: rooms"), encoding="utf-8")
    shown = said("diff", str(old), str(new), code=1).splitlines()
    assert "visits: not compatible: columns.price.type: decimal(9,2) is now double" in shown
    assert "rooms: compatible: the table is added" in shown
    assert shown[-1] == "1 of 1 tables are not compatible."
    assert "rooms: not compatible: the table is removed" in said("diff", str(new), str(old), code=1)
    with pytest.raises(ContractError, match=r"absent\.yaml cannot be read"):
        said("diff", str(old), str(tmp_path / "absent.yaml"))


def test_code_lists_are_drafted_and_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    lists = tmp_path / "lists" / "a"
    lists.mkdir(parents=True)
    (lists / "SEX.json").write_text('{"name": "SEX", "fields": [{"name": "C"}, {"name": "L"}], "primaryKey": "C"}')
    (lists / "SEX.csv").write_text("C;L\n1;Homme\n2;Femme\n")
    (lists / "GONE.json").write_text('{"name": "GONE", "fields": [{"name": "C"}]}')
    command = ("import", "nomenclature", str(tmp_path / "lists"), "--to", str(tmp_path / "to"))
    with pytest.raises(HubError, match="by its folder's name alone"):
        said(*command, "--drop", "../elsewhere")
    shown = " ".join(said(*command, "--drop", "d1").split())
    assert shown.startswith("1 code lists with 2 codes: contracts written to")
    assert shown.endswith("1 schemas have no file.")
    assert (tmp_path / "home/landing/nomenclature/d1/SEX.csv").read_text() == "C;L\n1;Homme\n2;Femme\n"
    assert load_contracts(tmp_path / "to")["SEX"].source == "nomenclature"
    with pytest.raises(HubError, match="is not empty"):
        said(*command)
    with pytest.raises(HubError, match=r"no \.json schema with its \.csv"):
        said("import", "nomenclature", str(tmp_path / "to"), "--to", str(tmp_path / "other"))


def test_a_sample_is_drafted_once(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("a,b\n1,x\n")
    command = ("import", "csv", str(tmp_path / "s.csv"), "--source", "clinic", "--to", str(tmp_path / "to"))
    assert "0 of 2 columns reach the lake" in said(*command, "--table", "VISITS")
    assert load_contracts(tmp_path / "to")["VISITS"].columns["a"].type == "int"
    with pytest.raises(HubError, match="is there already"):
        said(*command, "--table", "VISITS")
    with pytest.raises(HubError, match="letters, digits and _ only"):
        said(*command, "--table", "../VISITS")


def test_an_omop_model_is_drafted_with_the_names_of_its_files(tmp_path: Path) -> None:
    fields = tmp_path / "fields.csv"
    fields.write_text(
        "cdmTableName,cdmFieldName,isRequired,cdmDatatype,userGuidance,isPrimaryKey,isForeignKey,fkTableName,fkFieldName\n"
        "person,person_id,TRUE,integer,,TRUE,FALSE,NA,NA\nperson,year_of_birth,TRUE,integer,,FALSE,FALSE,NA,NA\n"
        "death,person_id,TRUE,integer,,FALSE,TRUE,PERSON,PERSON_ID\ndeath,death_date,TRUE,date,,FALSE,FALSE,NA,NA\n"
    )
    assert "2 contracts written" in said("import", "omop", str(fields), "--to", str(tmp_path / "to"), "--upper")
    contracts = load_contracts(tmp_path / "to")
    assert {name: contract.files for name, contract in contracts.items()} == {
        "omop_person": "PERSON.csv*", "omop_death": "DEATH.csv*",
    }  # fmt: skip
