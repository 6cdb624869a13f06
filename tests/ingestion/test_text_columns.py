"""Titles, file names and notes are text: each is scrubbed with the patient's identity, and its dates are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.contract_set import load_contracts
from ingestion.prepare import lake_schema
from tests.ingestion.conftest import PEOPLE, Small

pytestmark = pytest.mark.spark
NAMED = PEOPLE.replace("write: upsert", "identity: {names: [name]}\nwrite: upsert").replace(
    "  sex:", "  name: {sensitivity: direct, fr: n, en: n}\n  sex:"
)
LETTERS = """
table: letters
version: 1
source: small
files: "LETTERS*.csv"
format: csv
from_file_name: {file: "LETTERS-(.*)[.]csv"}
label: {fr: Lettres, en: Letters}
key: [number]
record_keys: {letter: [number]}
persons:
  - role: patient
    identifiers:
      - {kind: psa, columns: [psa, rank]}
write: append
columns:
  number: {required: true, sensitivity: record_key, fr: n, en: n}
  psa: {sensitivity: direct, fr: p, en: p}
  rank: {sensitivity: direct, fr: r, en: r}
  file: {sensitivity: free_text, fr: f, en: f}
  title: {sensitivity: free_text, fr: t, en: t}
  note: {sensitivity: free_text, fr: n, en: n}
  english: {sensitivity: free_text, language: en, fr: n, en: n}
"""


def test_titles_file_names_and_repeated_headers_are_scrubbed_like_notes(small: Small, tmp_path: Path) -> None:
    folder = tmp_path / "named"
    folder.mkdir()
    (folder / "people.yaml").write_text(NAMED, encoding="utf-8")
    (folder / "letters.yaml").write_text(LETTERS, encoding="utf-8")
    small.contracts = load_contracts(folder)
    # A table of a release that kept no dates beside notes.
    schema = lake_schema(small.contracts["letters"])
    old = {name: kind for name, kind in schema.items() if not name.endswith("__dates")}
    assert len(schema) == len(old) + 4
    small.lake.table("letters").create(old, ["batch_id"])

    drop = small.home.landing / "small" / "one"
    drop.mkdir(parents=True)
    (drop / "PEOPLE.csv").write_text("psa,rank,ins,name,sex,updated\nPSA1,1,,Kerzibou,1,2023-01-01\n", encoding="utf-8")
    header = "Dossier KERZIBOU Jean - page {} - édité le 03/01/2023"
    note = " | ".join([header.format(1), "Va bien. Revu le 13/01/2023.", header.format(2), "Kerzibou en forme."])
    english = "Born on March 12 1965. Seen by Dr. Hayes on 2023-01-04."
    line = f"1,PSA1,1,Courrier kerzibou du 02/01/2023,{note},{english}"
    (drop / "LETTERS-kerzibou_20230102.csv").write_text(
        f"number,psa,rank,title,note,english\n{line}\n", encoding="utf-8"
    )
    report = small.ingest(drop)
    assert report["letters"].accepted == 1
    (kept,) = small.lake.read("letters").collect()
    assert "kerzibou" not in str(kept).lower()
    assert kept["title"] == "Courrier [NOM] du [DATE]"
    assert kept["file"].startswith("[NOM]")
    assert kept["english"] == "Born on [BIRTH_DATE]. Seen by Dr. [NAME] on [DATE]."
    assert kept["note"].count("[NOM]") == 3
    assert [one["date"] for one in kept["title__dates"]] == ["2023-01-02"]
    dates = [(kept["note"][one["start"] : one["end"]], one["date"]) for one in kept["note__dates"]]
    assert dates == [("[DATE]", "2023-01-03"), ("[DATE]", "2023-01-13"), ("[DATE]", "2023-01-03")]
