from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.contract_set import load_contracts
from ingestion.drop import Drop, take_in
from ingestion.errors import DropError

PATIENTS = "".join(json.dumps({"resourceType": "Patient", "id": f"p{n}"}) + "\n" for n in range(3))


def drop_of(tmp_path: Path, *output: dict[str, Any], **more: Any) -> Drop:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "Patient.000.ndjson").write_text(PATIENTS, encoding="utf-8")
    (folder / "Patient.001.ndjson.gz").write_bytes(gzip.compress(PATIENTS.encode()))
    manifest = {"transactionTime": "2024-08-06T18:12:57Z", "requiresAccessToken": False, "error": [], **more}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "output": list(output)}), encoding="utf-8")
    return take_in("chu", folder, load_contracts().source("chu"), tmp_path / "intake")


def entry(count: Any, kind: str = "Patient") -> dict[str, Any]:
    counted = {} if count is None else {"count": count}
    return {"type": kind, "url": "https://example.org/dl/1", **counted}


def test_the_export_s_counts_are_a_control_total(tmp_path: Path) -> None:
    drop = drop_of(tmp_path, entry(2), entry(4), entry(9, "Device"))
    assert [(taken.contract.table, taken.total("rows")) for taken in drop.tables] == [("fhir_patient", 6)]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ([entry(3), entry(4)], "fhir_patient: .* counts 7 resources and the drop has 6"),
        ([entry(5)], "counts 5 resources and the drop has 6"),
        ([entry(6), entry(1, "Condition")], "fhir_condition: .* counts 1 resources and the drop has 0"),
        ([entry("many")], "cannot be read"),
        ([entry(-1)], "cannot be read"),
        ([{"url": "x"}], "cannot be read"),
        (["x"], "cannot be read"),
    ],
)
def test_another_count_stops_the_drop(tmp_path: Path, output: list[Any], said: str) -> None:
    with pytest.raises(DropError, match=said):
        drop_of(tmp_path, *output)
    assert list((tmp_path / "intake").iterdir()) == []


def test_a_type_without_all_its_counts_is_not_judged(tmp_path: Path) -> None:
    assert drop_of(tmp_path, entry(3), entry(None)).tables[0].total("rows") == 6
