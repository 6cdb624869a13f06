from __future__ import annotations

from pathlib import Path

from ingestion.catalogue import catalogue, grantable_columns
from ingestion.contract_set import load_contracts
from ingestion.ledger import Ledger, Published


def test_only_grantable_tables_and_columns_are_shown(ledger: Ledger) -> None:
    shown = {table.name: table for table in catalogue(load_contracts(), ledger)}
    assert "correspondence" not in shown
    prestations = shown["ER_PRS_F"]
    names = {column.name for column in prestations.columns}
    assert "BEN_SEX_COD" in names
    assert not names & {"BEN_NIR_PSA", "PFS_EXE_NUM", "DCT_ORD_NUM", "person_key", "batch_id"}
    assert prestations.record_keys == ("prestation",)
    assert not prestations.published
    assert prestations.rows is None


def test_a_small_count_is_hidden_and_a_large_one_rounded(ledger: Ledger, contract_folder: Path) -> None:
    ledger.move(
        [
            Published("people", 1, "b1", 10, "2023-01-01", "2023-02-01", ""),
            Published("visits", 1, "b2", 1236, "2023-01-01", "2023-02-01", ""),
        ]
    )
    shown = {table.name: table for table in catalogue(load_contracts(contract_folder), ledger)}
    assert (shown["people"].rows, shown["people"].hidden, shown["people"].period_from) == (None, True, None)
    assert (shown["visits"].rows, shown["visits"].hidden, shown["visits"].period_to) == (1240, False, "2023-02-01")


def test_kinds_are_those_a_reader_knows(ledger: Ledger, contract_folder: Path) -> None:
    contracts = load_contracts(contract_folder)
    visits = next(table for table in catalogue(contracts, ledger) if table.name == "visits")
    assert {column.name: column.kind for column in visits.columns} == {
        "start": "date",
        "finish": "date",
        "place": "string",
        "price": "number",
    }
    assert grantable_columns(contracts["visits"]) == ("start", "finish", "place", "price")
