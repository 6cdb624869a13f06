"""Two hospitals number their patients alike: the numbers of each are its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.contract_set import load_contracts
from pseudonymization.person import person_key_of
from tests.ingestion.conftest import Small

PATIENTS = """
table: {table}
version: 1
source: small
files: "{table}.csv"
format: csv
label: {{fr: x, en: x}}
key: [number]
persons:
  - role: patient
    register: true
    identifiers: {identifiers}
write: append
columns:
  number: {{required: true, sensitivity: plain, fr: n, en: n}}
  one: {{fr: n, en: n}}
  other: {{fr: n, en: n}}
"""
REGISTERS = {
    "north": "[{kind: ipp, columns: [one], issuer: '29'}, {kind: fhir_patient, columns: [other], issuer: '29'}]",
    "south": "[{kind: ipp, columns: [one], issuer: '35'}, {kind: fhir_patient, columns: [other], issuer: '35'}]",
    # Who was in both: two numbers of one kind in one row.
    "both": "[{kind: ipp, columns: [one], issuer: '29'}, {kind: ipp, columns: [other], issuer: '35'}]",
}


@pytest.mark.spark
def test_the_same_number_of_two_hospitals_is_two_people_unless_a_correspondence_says_otherwise(
    small: Small, tmp_path: Path
) -> None:
    folder = tmp_path / "issuers"
    folder.mkdir()
    for table, identifiers in REGISTERS.items():
        text = PATIENTS.format(table=table, identifiers=identifiers)
        (folder / f"{table}.yaml").write_text(text, encoding="utf-8")
    small.contracts = load_contracts(folder)
    drop = small.home.landing / "small" / "one"
    drop.mkdir(parents=True)
    for table, lines in {"north": ["a,1,p1", "b,2,p2"], "south": ["a,1,p1", "b,7,p7"], "both": ["a,2,7"]}.items():
        (drop / f"{table}.csv").write_text("\n".join(["number,one,other", *lines]) + "\n", encoding="utf-8")
    small.ingest(drop)
    keys = small.keystore.derive("person")
    known = {row["person_key"]: row["person"] for row in small.lake.read("person_link").collect()}

    def whose(kind: str, number: str, issuer: str) -> str | None:
        return known[person_key_of(keys, kind, number, issuer=issuer) or ""]

    assert whose("ipp", "1", "29") == whose("fhir_patient", "p1", "29")
    assert whose("ipp", "1", "29") != whose("ipp", "1", "35")
    assert whose("ipp", "2", "29") == whose("ipp", "7", "35") == whose("fhir_patient", "p7", "35")
    assert len({*known.values()}) == 3
    assert person_key_of(keys, "ipp", "1") not in known
