"""Drafted contracts: closed by default, joined as the tables are, the same when they are read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.contract_set import Contracts, load_contracts
from ingestion.importing.classification import Classification, read_classification
from ingestion.importing.draft import as_yaml, draft
from ingestion.importing.errors import ImportRefused
from ingestion.importing.table_schema import Field, Reference, TableSchema


def field(name: str, kind: str = "string", *, nomenclature: str | None = None, length: int | None = None) -> Field:
    return Field(
        name=name, kind=kind, type={"integer": "int", "date": "date"}.get(kind, "string"), format=None, label=name,
        length=length, required=False, codes=None, nomenclature=nomenclature, since=None, until=None,
    )  # fmt: skip


def table(
    name: str, *names: str | Field, key: tuple[str, ...] = (), references: tuple[Reference, ...] = ()
) -> TableSchema:
    fields = tuple(one if isinstance(one, Field) else field(one) for one in names)
    return TableSchema(name, name, fields, key, references)


KNOWN = Classification.model_validate(
    {
        "roles": [
            {
                "role": "patient",
                "identifiers": [{"kind": "psa", "columns": ["PSA", "RANK"]}],
                "alone": [{"kind": "psa_alone", "columns": ["PSA"]}],
            },
            {"role": "mother", "required": False, "identifiers": [{"kind": "nir_ano", "columns": ["MAM"]}]},
        ],
        "patterns": [
            {"columns": ["DOCTOR*"], "sensitivity": "direct", "digest": "professional"},
            {"columns": ["TOWN"], "sensitivity": "quasi"},
            {"columns": ["*_NUM"], "sensitivity": "record_key"},
        ],
        "coded_is_plain": True,
        "plain_types": ["date"],
        "plain_length": 2,
        "periods": ["DAY"],
        "year_mark": {"mark": "aa"},
    }
)


def test_what_nobody_classified_reaches_no_lake() -> None:
    contract = draft([table("T", "A", field("B", nomenclature="V"), field("C", "date"))], Classification(), source="s")
    assert contract["T"].lake_columns == ()
    assert not contract["T"].grantable


def test_columns_are_what_the_classification_says() -> None:
    columns = draft(
        [
            table("T", "PSA", "RANK", "DOCTOR_ID", "TOWN", "INVOICE_NUM", field("CODE", nomenclature="V"), "FREE",
                  field("FLAG", length=2), field("LONG", length=3), field("DAY", "date")),
        ],
        KNOWN, source="s",
    )["T"].columns  # fmt: skip
    assert {name: column.sensitivity for name, column in columns.items()} == {
        "PSA": "direct", "RANK": "direct", "DOCTOR_ID": "direct", "TOWN": "quasi", "INVOICE_NUM": "record_key",
        "CODE": "plain", "FREE": "direct", "FLAG": "plain", "LONG": "direct", "DAY": "plain",
    }  # fmt: skip
    assert columns["DOCTOR_ID"].digest == "professional"
    assert columns["CODE"].nomenclature == "V"


def test_persons_by_the_identifiers_that_are_there_whatever_their_case() -> None:
    contracts = draft(
        [table("FULL", "psa", "rank", "MAM", key=("psa", "rank")), table("SHORT", "PSA", "DAY"), table("NONE", "X")],
        KNOWN,
        source="s",
    )
    patient, mother = contracts["FULL"].persons
    assert [(one.kind, one.columns) for one in patient.identifiers] == [("psa", ("psa", "rank"))]
    assert patient.register_
    assert (mother.role, mother.required, mother.register_) == ("mother", False, False)
    (alone,) = contracts["SHORT"].persons
    assert [(one.kind, one.columns) for one in alone.identifiers] == [("psa_alone", ("PSA",))]
    assert contracts["NONE"].persons == ()


def test_a_child_reaches_its_persons_through_its_parents_and_shares_their_record_key() -> None:
    contracts = draft(
        [
            table("INVOICE", "PSA", "RANK", "A_NUM", "B_NUM", field("DAY", "date"), key=("A_NUM", "B_NUM")),
            table("LINE", "B2_NUM", "A2_NUM", "L_NUM", key=("A2_NUM", "B2_NUM", "L_NUM"),
                  references=(Reference(("B2_NUM", "A2_NUM"), "INVOICE", ("B_NUM", "A_NUM")),)),
            table("DETAIL", "A3_NUM", "B3_NUM", "L3_NUM",
                  references=(Reference(("A3_NUM", "B3_NUM", "L3_NUM"), "LINE", ("A2_NUM", "B2_NUM", "L_NUM")),)),
        ],
        KNOWN, source="s",
    )  # fmt: skip
    assert contracts["INVOICE"].period is not None
    assert contracts["LINE"].persons[0].via is not None
    assert contracts["LINE"].persons[0].via.table == "INVOICE"
    assert dict(contracts["LINE"].persons[0].via.keys) == {"B2_NUM": "B_NUM", "A2_NUM": "A_NUM"}
    # The parent's order, whatever order the reference has: the digests are to be equal.
    assert contracts["LINE"].record_keys["invoice"] == ("A2_NUM", "B2_NUM")
    assert contracts["INVOICE"].record_keys["invoice"] == ("A_NUM", "B_NUM")
    assert contracts["DETAIL"].persons[0].via is not None
    assert contracts["DETAIL"].persons[0].via.table == "LINE"
    Contracts(contracts)


def test_stays_reach_persons_across_to_the_table_that_links_them_year_by_year() -> None:
    stay, link = ("E_NUM", "R_NUM"), ("E_NUM", "R_NUM")
    contracts = draft(
        [
            table("T_aaB", *stay, "TOWN", key=stay),
            table("T_aaC", *link, "PSA", key=link, references=(Reference(link, "T_aaB", stay),)),
            table("T_aaD", *stay, references=(Reference(stay, "T_aaB", stay),)),
        ],
        KNOWN,
        source="s",
    )
    assert contracts["T_aaB"].persons[0].via is not None
    assert contracts["T_aaB"].persons[0].via.table == "T_aaC"
    assert dict(contracts["T_aaB"].persons[0].via.keys) == {name: name for name in ("FILE_YEAR", *stay)}
    assert contracts["T_aaD"].persons[0].via is not None
    assert contracts["T_aaD"].persons[0].via.table == "T_aaB"
    # The number starts again each year, and the year is in the file's name.
    assert contracts["T_aaB"].files == "T_??B.csv*"
    assert contracts["T_aaB"].from_file_name == {"FILE_YEAR": "^T_(..)"}
    assert contracts["T_aaB"].key == ("FILE_YEAR", *stay)
    assert contracts["T_aaD"].record_keys["t_aab"] == ("FILE_YEAR", *stay)


def test_a_draft_read_again_is_the_same(tmp_path: Path) -> None:
    contracts = draft([table("T_aaB", "A_NUM", "PSA", field("DAY", "date"), key=("A_NUM",))], KNOWN, source="s")
    (tmp_path / "t.yaml").write_text(as_yaml(contracts["T_aaB"]), encoding="utf-8")
    assert dict(load_contracts(tmp_path)) == contracts


def test_two_schemas_of_one_name_and_names_that_fit_no_contract_are_refused() -> None:
    with pytest.raises(ImportRefused, match="Two schemas describe T"):
        draft([table("T", "A"), table("T", "B")], KNOWN, source="s")
    with pytest.raises(ImportRefused, match="The schema of T makes no contract"):
        draft([table("T", "A B")], KNOWN, source="s")


def test_a_classification_is_packaged_or_a_file(tmp_path: Path) -> None:
    assert read_classification("snds").roles
    assert read_classification("none") == Classification()
    with pytest.raises(ImportRefused, match=r"no classification other\.yaml: .* or one of none, omop, snds"):
        read_classification("other")
    mine = tmp_path / "mine.yaml"
    mine.write_text("patterns: [{columns: [A], sensitivity: secret}]")
    with pytest.raises(ImportRefused, match=r"mine\.yaml: patterns\.0\.sensitivity"):
        read_classification(str(mine))
    mine.write_text("a: [")
    with pytest.raises(ImportRefused, match=r"mine\.yaml is not YAML"):
        read_classification(str(mine))
