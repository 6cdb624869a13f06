"""Every wrong contract ends in one sentence that names the file and the place, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.contract_set import load_contracts
from ingestion.errors import ContractError
from tests.ingestion.broken.corpus import NAME

GOOD = """table: stays
version: 1
source: site
files: "STAYS*.csv"
format: csv
label: {fr: x, en: x}
columns:
  number: {sensitivity: plain, fr: n, en: n}
  day: {type: date, sensitivity: plain, fr: d, en: d}
"""
CSV, LABEL, NUMBER = "format: csv", "label: {fr: x, en: x}", "  number: {sensitivity"


def put(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def dialect(words: str, kind: str = "csv") -> str:
    return put(CSV, f"format: {kind}\ndialect: {{{words}}}")


WRONG: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "holds no contract"),
    "a list": ("- table: stays\n", "holds no contract"),
    "a word": (NAME, "holds no contract"),
    "no YAML": ("table: [stays\n", "is not YAML"),
    "tabs": (put("  number", "\tnumber"), "is not YAML"),
    "two documents": (GOOD + "---\n" + GOOD, "is not YAML"),
    "an object of Python": ("!!python/object/apply:os.system [ls]\n", "is not YAML"),
    "bytes": (b"\xff\xfe\x00\x01", "stays.yaml"),
    "latin-1": (GOOD.replace("fr: n", "fr: é").encode("latin-1"), "is not YAML"),
    "a word of a later hub": (GOOD + "embargo: {months: 6}\n", "Extra inputs"),
    "a later version's form": (put("version: 1", "version: {major: 2}"), "version"),
    "version 0": (put("version: 1", "version: 0"), "version"),
    "no table": (put("table: stays\n", ""), "table: Field required"),
    "no columns": (GOOD[: GOOD.index("columns")] + "columns: {}\n", "columns"),
    "a table's name that climbs": (put("table: stays", "table: ../stays"), "is no name"),
    "a column of the hub's own": (put("  number:", "  person_key:"), "keeps for itself"),
    "an unknown format": (put(CSV, "format: excel"), "format is one of csv, fhir"),
    "an unknown type": (put("type: date", "type: day"), "type must be"),
    "an unknown sensitivity": (put(NUMBER + ": plain", NUMBER + ": secret"), "sensitivity"),
    "a delimiter of two": (dialect('delimiter: "||"'), "one character"),
    "a delimiter of none": (dialect('delimiter: ""'), "one character"),
    "a line end for delimiter": (dialect('delimiter: "\\n"'), "one character"),
    "a quote of two": (dialect("quote: '\"\"'"), "quote"),
    "quote and delimiter alike": (dialect("quote: ';', delimiter: ';'"), "differ"),
    "line breaks without quotes": (dialect("quote: '', line_breaks: true"), "need a quote"),
    "an unknown encoding": (dialect("encoding: ebcdic"), "encoding"),
    "an unknown word of dialect": (dialect("thousands: ' '"), "Extra inputs"),
    "a decimal sign that is none": (dialect("decimal: ';'"), "decimal"),
    "two delimiters": (put(CSV, CSV + "\nseparator: '|'\ndialect: {delimiter: ';'}"), "different things"),
    "places in CSV": (put(NUMBER, "  number: {from: 1, length: 2, sensitivity"), "are for format fixed"),
    "no places in fixed width": (put(CSV, "format: fixed"), "needs from and length"),
    "place 0": (put(NUMBER, "  number: {from: 0, length: 2, sensitivity"), "from"),
    "a length of 0": (put(NUMBER, "  number: {from: 1, length: 0, sensitivity"), "length"),
    "lines shorter than their columns": (
        dialect("line_length: 3", "fixed")
        .replace("number: {", "number: {from: 1, length: 2, ")
        .replace("day: {", "day: {from: 3, length: 8, "),
        "less than the last column's end, 10",
    ),
    "a note with two columns": (put(CSV, "format: text"), "delivers one column"),
    "a letter with two columns": (put(CSV, "format: pdf"), "delivers one column"),
    "a document without ways": (put(CSV, "format: cda"), "no way to column number"),
    "a view without FHIR": (put(CSV, CSV + "\nview: condition"), "view is needed"),
    "FHIR without a view": (put(CSV, "format: fhir"), "view is needed"),
    "a database of files": (put(CSV, CSV + "\ndatabase: {name: a, table: b}"), "has format ndjson"),
    "a watermark without upsert": (
        put(CSV, "format: ndjson\ndatabase: {name: a, table: b, watermark: c}"),
        "needs write: upsert",
    ),
    "a pattern that is none": (put(LABEL, LABEL + "\nfrom_file_name: {day: '('}"), "from_file_name"),
    "a pattern without a group": (put(LABEL, LABEL + "\nfrom_file_name: {day: 'x'}"), "exactly one group"),
    "a key that is no column": (put(LABEL, LABEL + f"\nkey: [{NAME.lower()}]"), "no column"),
    "a reference by no column": (
        put(LABEL, LABEL + "\nreferences: [{table: stays, keys: {none: number}}]"),
        "which is no column",
    ),
    "a reference to no table": (
        put(LABEL, LABEL + "\nreferences: [{table: units, keys: {day: number}}]"),
        "refers to units, which has no contract",
    ),
    "a reference to no column": (
        put(LABEL, LABEL + "\nreferences: [{table: stays, keys: {day: none}}]"),
        "refers to stays, which has no column none",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_contract_is_one_sentence(case: str, tmp_path: Path) -> None:
    content, said = WRONG[case]
    (tmp_path / "stays.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert said in str(caught.value)
    assert "stays" in str(caught.value)
    assert NAME not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_good_one_is_good(tmp_path: Path) -> None:
    (tmp_path / "stays.yaml").write_text(GOOD, encoding="utf-8")
    assert "stays" in load_contracts(tmp_path)
