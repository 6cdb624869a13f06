"""Lines of landed files: the person's go, everybody else's stay byte for byte."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.contract import Contract
from ingestion.contract_column import Label
from ingestion.erasing.files import Marks, unread, without
from ingestion.erasing.landing import ASIDE, recover

NIR = "185057800604822"


def contract(kind: str) -> Contract:
    column = {"fr": "c", "en": "c"}
    fhir = {"view": "patient"} if kind == "fhir" else {}
    return Contract.model_validate(
        {"table": "t", "version": 1, "source": "s", "files": "*", "format": kind, "label": Label(fr="t", en="t"),
         "columns": dict.fromkeys(("a", "b", "c", "year"), column), "from_file_name": {"year": "(..)"}, **fhir}
    )  # fmt: skip


def taken_out(tmp_path: Path, text: str, marks: Marks, kind: str = "csv", name: str = "in.csv") -> tuple[str, int, int]:
    source, target = tmp_path / name, tmp_path / f"out-{name}"
    content = text.encode()
    source.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    gone, left = without(source, target, contract(kind), {"year": "22"}, marks)
    written = target.read_bytes()
    return (gzip.decompress(written) if name.endswith(".gz") else written).decode(), gone, left


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz"])
def test_lines_go_cells_are_emptied_and_the_rest_stays(tmp_path: Path, name: str) -> None:
    text = f'\ufeffa,b,c\r\n1,x,y\r\n\r\n2,"x, ""y""",z\n3,mother,z\n{NIR} broken\nother broken\n4,x,last'
    marks = Marks(
        lines={("a",): {("1",)}, ("a", "year"): {("2", "23")}}, cells={("b",): {("mother",)}}, numbers=(NIR,)
    )  # fmt: skip
    written, gone, left = taken_out(tmp_path, text, marks, name=name)
    assert written == '\ufeffa,b,c\r\n\r\n2,"x, ""y""",z\n3,,z\nother broken\n4,x,last'
    assert (gone, left) == (3, 4)
    assert taken_out(tmp_path, text, Marks(lines={("a", "year"): {("2", "22")}}), name=name)[1] == 1


@given(rows=st.lists(st.tuples(st.text("ab\"', 1", max_size=5), st.text("xyz", max_size=3)), max_size=8))
def test_nobody_else_loses_a_byte(rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = ["a,b,c"] + [",".join(['"' + cell.replace('"', '""') + '"' for cell in row] + ["k"]) for row in rows]
    text = "\n".join(lines) + "\n"
    folder = tmp_path_factory.mktemp("files")
    assert taken_out(folder, text, Marks(lines={("a",): {("nobody",)}}))[0] == text
    mine = {row[0] for row in rows[:1]}
    written, gone, left = taken_out(folder, text, Marks(lines={("a",): {(one,) for one in mine}}))
    assert gone == sum(row[0] in mine for row in rows)
    assert left == len(rows) - gone
    assert written.splitlines() == [lines[0]] + [
        line for line, row in zip(lines[1:], rows, strict=True) if row[0] not in mine
    ]


def test_resources_go_with_their_patient(tmp_path: Path) -> None:
    stays = [
        {"resourceType": "Patient", "id": "q"},
        {"resourceType": "Condition", "id": "p", "subject": {"reference": "Patient/q"}},
        {"resourceType": "Condition", "subject": {"reference": "Group/p"}},
    ]
    goes = [
        {"resourceType": "Patient", "id": "p"},
        {"resourceType": "Condition", "subject": {"reference": "Patient/p"}},
        {"resourceType": "Condition", "subject": {"reference": "https://h/fhir/Patient/p/_history/2"}},
        {"resourceType": "Observation", "performer": [{"reference": "Patient/p"}]},
    ]
    lines = [json.dumps(one) for one in (*stays, *goes)] + ["{broken", f"{{{NIR}", "[1]"]
    marks = Marks(resources={"p"}, numbers=(NIR,))
    written, gone, left = taken_out(tmp_path, "\n".join(lines) + "\n", marks, "fhir", "in.ndjson")
    assert written.splitlines() == [*lines[:3], "{broken", "[1]"]
    assert (gone, left) == (5, 5)


def test_files_that_no_contract_reads(tmp_path: Path) -> None:
    marks = Marks(resources={"p"}, numbers=(NIR,))
    to = tmp_path / "out"
    cases: list[tuple[str, bytes, int | None, bytes | None]] = [
        ("letter.txt", f"see {NIR}\nnothing\n".encode(), 1, b"nothing\n"),
        ("other.txt", b"nothing\n", None, None),
        ("scan.pdf", b"\x00" + NIR.encode(), 1, None),
        ("latin.txt", NIR.encode() + b"\xe9\n", 1, None),
        ("Observation.ndjson", b'{"subject": {"reference": "Patient/p"}}\n{"id": 1}\n', 1, b'{"id": 1}\n'),
        ("Other.ndjson", b'{"id": 1}\n', None, None),
    ]
    for name, content, gone, left in cases:
        (tmp_path / name).write_bytes(content)
        assert unread(tmp_path / name, to, marks) == gone, name
        assert (to.read_bytes() if to.exists() else None) == left, name
        to.unlink(missing_ok=True)


@pytest.mark.parametrize("there", [{"drop"}, {"drop", "new"}, {"old", "new"}, {"drop", "old"}, {"old"}])
def test_a_drop_is_whole_wherever_its_replacement_was_killed(tmp_path: Path, there: set[str]) -> None:
    places = {
        "drop": tmp_path / "small" / "a-b+c",
        "new": tmp_path / ASIDE / "new" / "small" / "a-b+c",
        "old": tmp_path / ASIDE / "old" / "small" / "a-b+c",
    }
    (tmp_path / "small").mkdir()
    for name in there:
        places[name].mkdir(parents=True)
        (places[name] / "file").write_text("new" if name == "new" or there == {"drop", "old"} else "old")
    recover(tmp_path)
    recover(tmp_path)
    expected = "new" if there in ({"old", "new"}, {"drop", "old"}) and places["drop"].exists() else "old"
    assert (places["drop"] / "file").read_text() == expected
    assert not places["new"].exists()
    assert not places["old"].exists()
