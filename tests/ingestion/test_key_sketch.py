"""A sketch of the keys names the rows that share one, whatever lies between them; what escapes it is found later."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.contract import Contract
from ingestion.key_sketch import repeated_rows
from ingestion.taken import TakenFile, TakenTable
from tests.ingestion.test_strategies import HEAD

if TYPE_CHECKING:
    from tests.ingestion.conftest import Small


def contract(**more: object) -> Contract:
    columns = {name: {"sensitivity": "plain", "fr": name, "en": name} for name in ("a", "b", "c")}
    return Contract.model_validate(
        {
            "table": "t", "version": 1, "source": "s", "files": "T*", "format": "csv", "key": ["a", "c"],
            "label": {"fr": "t", "en": "t"}, "columns": columns,
        } | more
    )  # fmt: skip


def taken(folder: Path, *texts: str, one: Contract | None = None, packed: bool = False, blanks: int = 0) -> TakenTable:
    files = []
    for place, text in enumerate(texts, start=1):
        path = folder / f"part-{place}.csv{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        rows = text.count("\n") - 1 - blanks
        files.append(TakenFile(path, "", len(text), rows, 1, blanks, {}, tuple(text.split("\n")[0].split(","))))
    return TakenTable(one or contract(), tuple(files))


CELLS = st.sampled_from(["1", "2", "x y", "é", ""])
LINES = st.lists(st.tuples(CELLS, CELLS, CELLS, st.booleans()), max_size=40)


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(first=LINES, second=LINES, packed=st.booleans())
def test_every_row_with_another_s_key_is_named(
    tmp_path: Path, first: list[tuple[str, str, str, bool]], second: list[tuple[str, str, str, bool]], packed: bool
) -> None:
    # A line that is cut short is a row, and has no key that could be compared.
    texts = ["\n".join(["a,b,c", *("|" if cut else f"{a},{b},{c}" for a, b, c, cut in some), ""])
             for some in (first, second)]  # fmt: skip
    counted = Counter((a, c) for some in (first, second) for a, _, c, cut in some if not cut)
    wanted = {
        place: [n for n, (a, _, c, cut) in enumerate(some) if not cut and counted[a, c] > 1]
        for place, some in enumerate((first, second), start=1)
    }
    assert repeated_rows(taken(tmp_path, *texts, packed=packed)) == wanted


def test_columns_are_known_by_name_and_quotes_are_read(tmp_path: Path) -> None:
    table = taken(tmp_path, "c,a,b\n1,2,x\n", 'a,b,c\n"2","y, z",1\n')
    assert repeated_rows(table) == {1: [0], 2: [0]}


def test_what_a_file_s_name_tells_is_part_of_the_key(tmp_path: Path) -> None:
    one = contract(key=["a", "year"], from_file_name={"year": "(2[0-9]{3})"}, columns={
        name: {"sensitivity": "plain", "fr": name, "en": name} for name in ("a", "b", "c", "year")
    })  # fmt: skip
    table = taken(tmp_path, "a,b,c\n1,2,x\n1,3,y\n", "a,b,c\n1,2,x\n", one=one)
    years = ("2023", "2024")
    files = tuple(
        TakenFile(f.path, "", f.size, f.rows, 1, 0, {"year": year}, f.header)
        for f, year in zip(table.files, years, strict=True)
    )
    assert repeated_rows(TakenTable(one, files)) == {1: [0, 1], 2: []}


def test_where_it_cannot_tell_it_says_so(tmp_path: Path) -> None:
    assert repeated_rows(taken(tmp_path, "a,b,c\n1,2,3\n", one=contract(key=[]))) is None
    assert repeated_rows(taken(tmp_path, "a,b,c\n\n1,2,3\n", blanks=1)) is None
    assert repeated_rows(taken(tmp_path, "a,b\n1,2\n")) is None
    table = taken(tmp_path, "a,b,c\n1,2,3\n")
    more = tuple(TakenFile(f.path, "", f.size, 7, 1, 0, {}, f.header) for f in table.files)
    assert repeated_rows(TakenTable(table.contract, more)) is None, "it counts other rows than the intake did"


NUMBERED = (
    HEAD.format(table="numbered")
    + """
write: append
columns:
  number: {required: true, type: int, sensitivity: record_key, fr: n, en: n}
  mark: {sensitivity: plain, fr: m, en: m}
  since: {type: int, sensitivity: plain, fr: s, en: s}
  value: {sensitivity: plain, fr: v, en: v}
"""
)


@pytest.mark.spark
def test_two_spellings_of_one_key_are_found_in_what_was_written(
    make_small: Callable[[], Small], contract_folder: Path
) -> None:
    (contract_folder / "numbered.yaml").write_text(NUMBERED, encoding="utf-8")
    small = make_small()
    folder = small.home.landing / "changing" / "one"
    folder.mkdir(parents=True)
    lines = ["1,a,5,x", "01,b,5,y", "2,c,5,z", "2,c,5,z", "3,d,no,z"]
    (folder / "numbered.csv").write_text("\n".join(["number,mark,since,value", *lines, ""]), encoding="utf-8")
    report = small.ingest(folder, source="changing")["numbered"]
    assert (report.rows_read, report.accepted, report.refused, report.duplicates) == (5, 1, 3, 1)
    assert report.quarantined == {"bad_type": 1, "key_conflict": 2}
    assert [row["number"] for row in small.lake.read("numbered").collect()] == [2]
    assert len(small.files("numbered")) == 1, "what was written first is gone"
    assert not small.ingest(folder, source="changing").changed
