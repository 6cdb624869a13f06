"""What a holder's folder becomes, file by file and value by value; no Spark is needed for it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from ingestion.contract import Contract
from ingestion.errors import DropError, SealingError
from ingestion.manifest import sealed_by
from ingestion.sealing.folder import SealedTable, seal_folder
from ingestion.sealing.plan import plan_of
from pseudonymization.keystore import DerivedKey
from pseudonymization.nir import nir_key
from pseudonymization.normal import SEALED
from pseudonymization.sealed import sealed_text, sealed_values

KEY = DerivedKey("0a1b2c3d", bytes(range(32)))
BODY = "1850578006048"
NIR = f"{BODY}{nir_key(BODY):02d}"
BASE = """
table: people
version: 1
source: small
files: "PEOPLE*.csv*"
format: csv
label: {fr: p, en: p}
persons:
  - role: patient
    identifiers:
      - {kind: psa, columns: [psa, rank]}
      - {kind: psa_alone, columns: [psa]}
      - {kind: ins, columns: [ins]}
columns:
  psa: {fr: p, en: p}
  rank: {sensitivity: direct, fr: r, en: r}
  ins: {sensitivity: direct, fr: i, en: i}
  name: {sensitivity: direct, fr: n, en: n}
  account: {type: int, sensitivity: direct, fr: a, en: a}
  doctor: {sensitivity: direct, digest: professional, fr: d, en: d}
  sex: {type: int, sensitivity: quasi, fr: s, en: s}
"""
HEADER = "psa,rank,ins,name,account,doctor,sex"


def contract(**changes: object) -> Contract:
    return Contract.model_validate(yaml.safe_load(BASE) | changes)


def sealing(tmp_path: Path, files: Mapping[str, bytes | str], *contracts: Contract) -> tuple[list[SealedTable], Path]:
    folder = tmp_path / "delivery"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    to = tmp_path / "outbox"
    return seal_folder("small", folder, contracts or [contract()], KEY, to), to


def rows(path: Path, encoding: str = "utf-8", **style: str) -> list[dict[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline=""), **style))  # type: ignore[arg-type]


def test_each_column_is_treated_as_its_contract_says(tmp_path: Path) -> None:
    lines = [
        HEADER,
        f"AbC,01,{NIR},Zoé Kergoat,42,10001234567,2",
        f'AbC,1,"{NIR[0]} {NIR[1:3]} {NIR[3:5]} {NIR[5:7]} {NIR[7:10]} {NIR[10:13]}", ,,,x',
        "AbC,2,1850578006049 00,N,4e2,10001234567,",
        "too,few",
        ",,,,,,9",
    ]
    (done,), to = sealing(tmp_path, {"PEOPLE_Kergoat.csv": "\n".join(lines) + "\n"})
    assert (done.table, done.files, done.rows, done.malformed, done.no_identifiers) == ("people", 1, 5, 1, 1)
    assert sorted(path.name for path in to.iterdir()) == ["PEOPLE-1.csv", "manifest.json"]
    one, two, three, _, last = rows(to / "PEOPLE-1.csv")
    psa, rank = sealed_values(KEY, "psa", ["AbC", "1"])
    (ins,) = sealed_values(KEY, "ins", [NIR])
    assert (one["psa"], one["rank"], one["ins"]) == (psa, rank, ins) == (two["psa"], two["rank"], two["ins"])
    assert three["psa"] == psa and three["rank"] != rank and three["ins"] == "?"
    assert [row["name"] for row in (one, two, three, last)] == ["-", " ", "-", ""]
    assert [row["account"] for row in (one, two, three, last)] == ["0", "", "?", ""]
    assert [row["doctor"] for row in (one, two, three, last)] == [
        sealed_text(KEY, "10001234567"),
        "",
        one["doctor"],
        "",
    ]
    assert [row["sex"] for row in (one, two, three, last)] == ["2", "x", "", "9"]
    assert (last["psa"], last["rank"], last["ins"]) == ("", "", "")
    everything = b"".join(path.read_bytes() for path in to.iterdir())
    for told in (b"AbC", BODY.encode(), b"Kergoat", b"10001234567", b"too", b"42,"):
        assert told not in everything


def test_the_manifest_says_what_is_sent(tmp_path: Path) -> None:
    _, to = sealing(tmp_path, {"PEOPLE.csv": f"{HEADER}\nA,1,,,,,1\nB,1,,,,,1\n"})
    manifest = json.loads((to / "manifest.json").read_text())
    content = (to / "PEOPLE-1.csv").read_bytes()
    assert manifest["files"] == {
        "PEOPLE-1.csv": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "rows": 2}
    }
    assert manifest["sealed"]["key"] == sealed_by(to) == KEY.key_id
    assert manifest["sealed"]["tables"] == {"people": {"rows": 2, "malformed": 0}}
    assert KEY.secret.hex() not in (to / "manifest.json").read_text()
    assert sealed_by(tmp_path / "delivery") is None
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_two_houses_join_when_they_share_a_key_and_only_then(tmp_path: Path) -> None:
    files = {"PEOPLE.csv": f"{HEADER}\nA,1,{NIR},,,,1\n"}
    _, one = sealing(tmp_path, files)
    two, three = tmp_path / "two", tmp_path / "three"
    seal_folder("small", tmp_path / "delivery", [contract()], KEY, two)
    seal_folder("small", tmp_path / "delivery", [contract()], DerivedKey("0a1b2c3e", bytes(32)), three)
    values = [rows(folder / "PEOPLE-1.csv")[0] for folder in (one, two, three)]
    assert values[0] == values[1]
    for name in ("psa", "rank", "ins"):
        assert re.fullmatch(SEALED, values[2][name]) and values[2][name] != values[0][name]


@pytest.mark.parametrize(
    ("dialect", "encoding", "style"),
    [
        ({"delimiter": ";", "encoding": "cp1252"}, "cp1252", {"delimiter": ";"}),
        ({"encoding": "utf-16"}, "utf-16", {}),
        ({"quote": "'", "escape": "\\"}, "utf-8", {"quotechar": "'", "escapechar": "\\", "doublequote": ""}),
        ({"line_breaks": True}, "utf-8", {}),
    ],
)
def test_a_file_stays_in_its_dialect(
    tmp_path: Path, dialect: dict[str, object], encoding: str, style: dict[str, str]
) -> None:
    columns = yaml.safe_load(BASE)["columns"] | {"town": {"sensitivity": "quasi", "fr": "v", "en": "t"}}
    one = contract(dialect=dialect, columns=columns)
    towns = ["Évry", "a; 'b' \"c\", d", *(["two\nlines"] if dialect.get("line_breaks") else [])]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*HEADER.split(","), "town"], lineterminator="\n", **style)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows({"psa": "A", "rank": "1", "town": town} for town in towns)
    _, to = sealing(tmp_path, {"PEOPLE.csv": text.getvalue().encode(encoding)}, one)
    got = rows(to / "PEOPLE-1.csv", encoding, **style)
    assert [row["town"] for row in got] == towns
    assert {row["psa"] for row in got} == {sealed_text(KEY, "A")}


def test_packed_files_are_unpacked_and_packed_again(tmp_path: Path) -> None:
    content = f"{HEADER}\nA,1,,,,,1\n".encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("PEOPLE_b.csv", content)
    files = {"PEOPLE_a.csv.gz": gzip.compress(content), "PEOPLE_all.zip": archive.getvalue()}
    (done,), to = sealing(tmp_path, files)
    assert done.rows == 2
    names = sorted(path.name for path in to.iterdir())
    assert names == ["PEOPLE-1.csv.gz", "PEOPLE-2.csv", "manifest.json"]
    assert rows(to / names[0]) == rows(to / names[1])


def test_a_column_that_no_contract_knows_does_not_leave(tmp_path: Path) -> None:
    (done,), to = sealing(tmp_path, {"PEOPLE.csv": f"{HEADER},secret\nA,1,,,,,1,hidden\n"})
    assert done.columns_left_out == 1
    assert rows(to / "PEOPLE-1.csv")[0].keys() == set(HEADER.split(","))
    assert b"hidden" not in (to / "PEOPLE-1.csv").read_bytes()


def test_flat_objects_are_sealed_too(tmp_path: Path) -> None:
    one = contract(format="ndjson", files="PEOPLE*.ndjson")
    lines = ['{"psa": "A", "rank": 1, "name": {"family": "K"}, "sex": 2, "account": 7}', '{"psa": ', '{"sex": 1}']
    (done,), to = sealing(tmp_path, {"PEOPLE.ndjson": "\n".join(lines) + "\n"}, one)
    assert (done.rows, done.malformed) == (3, 1)
    first, second, third = (to / "PEOPLE-1.ndjson").read_text().splitlines()
    psa, rank = sealed_values(KEY, "psa", ["A", "1"])
    assert json.loads(first) == {"psa": psa, "rank": rank, "name": "-", "sex": 2, "account": "0"}
    assert second == "?" and json.loads(third) == {"sex": 1}


def test_a_file_that_nobody_knows_stops_everything(tmp_path: Path) -> None:
    with pytest.raises(SealingError, match="1 file") as refused:
        sealing(tmp_path, {"PEOPLE.csv": f"{HEADER}\nA,1,,,,,1\n", "Kergoat.xls": b"x"})
    assert "Kergoat" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["delivery"]


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    with pytest.raises(SealingError, match="there already"):
        sealing(tmp_path, {"PEOPLE.csv": f"{HEADER}\nA,1,,,,,1\n"})
    assert list((tmp_path / "outbox").iterdir()) == []


def test_what_the_hub_would_not_take_is_not_sealed(tmp_path: Path) -> None:
    with pytest.raises(DropError, match="UTF-8"):
        sealing(tmp_path, {"PEOPLE.csv": f"{HEADER}\nA,1,,Zoé,,,1\n".encode("latin-1")})
    with pytest.raises(DropError, match="is empty"):
        seal_folder("small", tmp_path, [contract()], KEY, tmp_path / "outbox")
    with pytest.raises(SealingError, match="none of its columns"):
        sealing(tmp_path, {"PEOPLE.csv": "a;b\n1;2\n"})
    assert not (tmp_path / "outbox").exists()


def columns(**changes: object) -> dict[str, object]:
    return {"columns": yaml.safe_load(BASE)["columns"] | changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (columns(note={"sensitivity": "free_text", "fr": "n", "en": "n"}), "free text"),
        (columns(born={"type": "date", "sensitivity": "direct", "fr": "n", "en": "n"}), "born is direct"),
        (columns(psa={"codes": ["A"], "fr": "n", "en": "n"}), "no plain text"),
        (columns(psa={"sensitivity": "quasi", "fr": "n", "en": "n"}), "would keep it"),
        ({"persons": [{"role": "p", "identifiers": [{"kind": "ins", "columns": ["psa"]},
                                                    {"kind": "ipp", "columns": ["psa"]}]}]}, "two kinds"),
        ({"files": "PEOPLE_*.csv", "from_file_name": {"ins": "PEOPLE_(.*)[.]csv"}}, "names of files"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_sealed_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SealingError, match=words):
        plan_of(contract(**changes))


def test_a_name_that_tells_what_the_contract_reads_is_made_anew(tmp_path: Path) -> None:
    sex = {"sensitivity": "plain", "fr": "s", "en": "s"}
    one = contract(files="T_??_*.csv", from_file_name={"sex": "T_(..)_"}, **columns(sex=sex))
    content = "psa,rank,ins,name,account,doctor\nA,1,,,,\n"
    _, to = sealing(tmp_path, {"T_22_Kergoat.csv": content, "T_23_Kergoat.csv": content}, one)
    assert sorted(path.name for path in to.iterdir()) == ["T_22_-1.csv", "T_23_-2.csv", "manifest.json"]


def test_a_name_that_two_tables_would_take_stops_everything(tmp_path: Path) -> None:
    wide = contract(table="others", files="P*.csv")
    with pytest.raises(SealingError, match="too wide"):
        sealing(tmp_path, {"PEOPLE.csv": f"{HEADER}\nA,1,,,,,1\n"}, contract(), wide)
    assert not (tmp_path / "outbox").exists()
