"""Drafts from a sample: closed, typed, and without a value that could tell who was in it."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingestion.contract_set import read_contract
from ingestion.importing.classification import read_classification
from ingestion.importing.errors import ImportRefused
from ingestion.importing.profile import FEW, Profile
from ingestion.importing.sample import draft_sample, read_sample

NONE = read_classification("none")


def profile(*values: str) -> Profile:
    found = Profile()
    for value in values:
        found.add(value)
    return found


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("1", "20", ""), ("int", None)),
        (("-1", "3000000000"), ("long", None)),
        (("01", "2"), ("string", None)),
        (("1.5", "20", "3.25"), ("decimal(4,2)", None)),
        (("1,5",), ("string", None)),
        (("true", "FALSE"), ("boolean", None)),
        (("2023-01-31", "2024-02-29"), ("date", None)),
        (("2023-02-29",), ("string", None)),
        (("2023-1-2",), ("string", None)),
        (("31/01/2023", "01/02/2023"), ("date", "dd/MM/yyyy")),
        (("01/02/2023",), ("string", None)),
        (("02JUL2017",), ("date", "sas_date")),
        (("02JUL2017:00:00:00", "03JUL2017:10:00:00"), ("timestamp", "sas_datetime")),
        (("2023-01-31 10:00:00",), ("timestamp", None)),
        (("2023-01-31", "soon"), ("string", None)),
        (("", " "), ("string", None)),
        ((), ("string", None)),
    ],
)
def test_types_are_what_every_value_bears_out(values: tuple[str, ...], expected: tuple[str, str | None]) -> None:
    assert profile(*values).type == expected


def test_codes_are_told_when_all_of_them_are_short_and_frequent() -> None:
    assert profile(*["1"] * FEW, *["2"] * FEW).codes == ("1", "2")
    assert profile(*["1"] * FEW, *["2"] * (FEW - 1)).codes == ()
    assert profile(*["1"] * 50).codes == ()
    assert profile(*["LEE"] * 50, *["KIM"] * 50).codes == ()
    assert profile(*["75001"] * 50, *["75002"] * 50).codes == ()


def test_bounds_are_years_or_round_and_no_extreme_is_among_them() -> None:
    born = ["1905-03-02", *[f"19{40 + turn}-01-01" for turn in range(30)], "2023-05-06"]
    assert profile(*born).bounds == ("1948", "1961")
    assert profile(*[str(turn) for turn in range(105, 995)], "999999").bounds == ("100", "1,000")
    assert profile(*["7"] * 9).bounds is None
    assert profile(*["DUPONT"] * 50).bounds is None


@given(st.lists(st.integers(-5000, 5000).map(str), min_size=1, max_size=200))
def test_no_bound_or_code_is_a_value_of_few(values: list[str]) -> None:
    found, times = profile(*values), Counter(values)
    told = [*found.codes, *(one.replace(",", "") for one in found.bounds or ())]
    assert all(times[value] == 0 or times[value] >= FEW for value in told)


@given(st.lists(st.from_regex(r"[A-Z]{6,9}", fullmatch=True), min_size=1, max_size=60))
def test_no_text_of_a_sample_is_in_its_draft(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    file = tmp_path_factory.getbasetemp() / "sample.csv"
    file.write_text("\n".join(("nom;n", *(f"{name};{turn}" for turn, name in enumerate(names)))), encoding="utf-8")
    _, text = draft_sample(read_sample(file), "T", NONE, source="s")
    assert not any(name in text for name in names)


def test_a_draft_is_closed_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "s.csv.gz"
    lines = ["N°;sexe;né le;prix"] + [
        f"{turn};{turn % 2 + 1};2023-01-{turn % 28 + 1:02};{turn}.5" for turn in range(60)
    ]
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.write("\n".join((*lines, "too;few")) + "\n")
    sample = read_sample(file)
    assert (sample.rows, sample.odd, sample.separator) == (60, 1, ";")
    contract, text = draft_sample(sample, "T", NONE, source="clinic")
    assert contract.lake_columns == ()
    assert not contract.grantable
    assert contract.columns["sexe"].codes == ("1", "2")
    assert contract.on_unknown_code("sexe") == "warn"
    assert {name: one.header for name, one in contract.columns.items()} == {
        "N": "N°", "sexe": None, "ne_le": "né le", "prix": None,
    }  # fmt: skip
    assert "# sexe: 0.0 % empty, 2 values" in text
    assert yaml.safe_load(text)["separator"] == ";"
    (tmp_path / "T.yaml").write_text(text, encoding="utf-8")
    assert read_contract(tmp_path / "T.yaml") == contract
    classified, _ = draft_sample(sample, "T", read_classification("snds"), source="clinic")
    assert "prix" in classified.lake_columns


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("185057800608436;DUPONT\n1;2\n", "cell 1 of its first line is no name"),
        ("nom;2023-01-01\na;b\n", "cell 2 of its first line is no name"),
        ("nom;\na;b\n", "cell 2 of its first line is no name"),
        ("DUPONT;F\nMARTIN;F\n", "its first line has values of its columns"),
        ("nom;nom\na;b\n", "two columns of one name"),
        ("", "has no header"),
    ],
)
def test_a_file_without_a_header_is_refused_and_not_quoted(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "s.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ImportRefused, match=said) as caught:
        read_sample(tmp_path / "s.csv")
    assert "DUPONT" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes(b"nom\n\xe9\n")
    with pytest.raises(ImportRefused, match="cannot be read as CSV in UTF-8"):
        read_sample(tmp_path / "s.csv")
