"""Every kind of source, as the engine reads it: what was counted without it is what it delivers, row for row."""

from __future__ import annotations

import base64
import gzip
import io
import random
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from pyspark.sql import functions as F

from hub.paths import Home
from ingestion import kinds
from ingestion.contract_set import Contracts, load_contracts
from ingestion.drop import Drop, take_in
from ingestion.errors import ContractError
from ingestion.prepare import REASONS, prepare
from ingestion.sources import source_of
from pseudonymization.keystore import KeyStore
from tests.ingestion.site import GOOD, HEADER, LINE, STRUCTURED, cda, condition, pages, parquet, pdf, write_contracts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JANUARY = date(2023, 1, 2)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<ClinicalDocument xmlns="urn:hl7-org:v3">&b;</ClinicalDocument>"""
CIRCLE = '{"resourceType": "Condition", "id": "c2", "encounter": {"reference": "Condition/c2"}}'
"""A resource that refers to itself: nobody follows references while reading."""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<ClinicalDocument xmlns="urn:hl7-org:v3">&a;</ClinicalDocument>"""


def enclosed(media: str, content: bytes) -> str:
    data = base64.b64encode(content).decode()
    return f'<nonXMLBody><text mediaType="{media}" representation="B64">{data}</text></nonXMLBody>'


def zipped(name: str, content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("__MACOSX/._x", "x")
        archive.writestr(name, content)
    return held.getvalue()


FILES: dict[str, bytes] = {
    **GOOD,
    "PLAIN.csv": f"\ufeff{HEADER}\n\n{LINE}\n2,x\n3,y,2023-02-30,1\n".encode(),
    "PLAIN_2.csv.gz": gzip.compress(f"price,day,number,name\r\n1,2023-01-02,4,{'n' * 9}\r\n".encode()),
    "PLAIN_3.csv.zst": zstandard.compress(f"{HEADER}\n5,é,2023-01-02,1".encode()),
    "PLAIN_4.csv.zip": zipped("export.csv", f"{HEADER}\n6,é,2023-01-02,1".encode()),
    "FRENCH.csv": "number;name;day;price\r\n1;Hélène\x85;28/02/2023;10,5\r\n2;x;31/02/2023;1\r\n3;x;;1.5\r\n".encode(
        "latin-1"
    ),
    "QUOTED.csv": GOOD["QUOTED.csv"] + b"2,x\n\n3,,2023-01-02,\n",
    "STAYS1850578006084.csv": f"{HEADER}\n2,x,2023-01-02,1\n3,y\n".encode(),
    "RIF.txt": GOOD["RIF.txt"] + b"2||01-jan-2000|1|UPDATE\n3||2000-01-01|1|DELETE\n",
    "FIXED.txt": GOOD["FIXED.txt"] + b"0002too short\n    nobody    02012023    1.00\n",
    "OBJECTS.ndjson": GOOD["OBJECTS.ndjson"] + b'{"number": "2", "name": {"a": [1]}}\n{"number": \n{}\n"text"\n',
    "note_2.txt": b"\0\1\2",
    "note_3.txt": b" \n",
    "note_4.txt": b"\xe9",
    "letter_8.pdf": pdf(""),
    "letter_9.pdf": pdf("cut")[:300],
    "letter_10.pdf": b"no PDF",
    "doc_2.xml": cda(enclosed("text/plain", "Texte é".encode()), "D2"),
    "doc_3.xml": cda(enclosed("application/pdf", pdf("Lettre")), "D3"),
    "doc_4.xml": cda(enclosed("application/pdf", b"no PDF"), "D4"),
    "doc_5.xml": BOMB,
    "doc_6.xml": OUTSIDE,
    "doc_7.xml": cda(STRUCTURED)[:-9],
    "doc_8.xml": b"<html/>",
    "doc_9.xml": cda("<a>" * 300 + "</a>" * 300),
    "Condition.ndjson": f"{condition('c1')}\n{CIRCLE}\n{{\n{{}}\nnull\n".encode(),
}
MALFORMED = "malformed_row"
EXPECTED: dict[str, list[tuple[str, tuple[Any, ...]]]] = {
    "plain": [
        ("", ("1", "DUPONT", JANUARY, Decimal("10.50"))),
        ("", ("4", "n" * 9, JANUARY, Decimal("1.00"))),
        ("", ("5", "é", JANUARY, Decimal("1.00"))),
        ("", ("6", "é", JANUARY, Decimal("1.00"))),
        ("bad_type:day", ("3", "y", None, Decimal("1.00"))),
        (MALFORMED, ("2", "x", None, None)),
    ],
    "french": [
        ("", ("1", "Hélène…", date(2023, 2, 28), Decimal("10.50"))),
        ("bad_type:day", ("2", "x", None, Decimal("1.00"))),
        ("bad_type:price", ("3", "x", None, None)),
    ],
    "quoted": [
        ("", ("1", 'two\nlines, one "value"', JANUARY, Decimal("1.00"))),
        ("", ("3", None, JANUARY, None)),
        (MALFORMED, (None, None, None, None)),
    ],
    "rif": [
        ("", ("1", '5" pipe', date(1999, 10, 27), Decimal("1.00"), "INSERT")),
        ("", ("2", None, date(2000, 1, 1), Decimal("1.00"), "UPDATE")),
        ("bad_type:day,unknown_code:DML_IND", ("3", None, None, Decimal("1.00"), "DELETE")),
    ],
    "bare": [("", ("1", 'a " quote', JANUARY, Decimal("1.00")))],
    "stays": [
        ("", ("1", "DUPONT", JANUARY, Decimal("10.50"), "23")),
        ("", ("2", "x", JANUARY, Decimal("1.00"), "1850578006084")),
        (MALFORMED, (None, None, None, None, None)),
    ],
    "wide": [("", ("1", "Ωmega", JANUARY, Decimal("1.00")))],
    "fixed": [
        ("", ("0001", "Hélène", date(2023, 2, 28), Decimal("10.50"))),
        (MALFORMED, (None, None, None, None)),
        ("missing_value:number", (None, "nobody", JANUARY, Decimal("1.00"))),
    ],
    "objects": [
        ("", ("1", "two\nlines", JANUARY, Decimal("1.50"))),
        ("", ("2", '{"a":[1]}', None, None)),
        (MALFORMED, (None, None, None, None)),
        (MALFORMED, (None, None, None, None)),
        ("missing_value:number", (None, None, None, None)),
    ],
    "pages": [("", ("1", "DUPONT", date(2022, 1, 8), Decimal("10.50")))],
    "notes": [
        ("", ("1850578006084", "Toux sèche.\nFièvre.")),
        *[(MALFORMED, (None, None))] * 3,
    ],
    "letters": [("", ("7", "Lettre de liaison")), *[(MALFORMED, (None, None))] * 3],
    "documents": [
        ("", ("D1", JANUARY, "Motif\nToux sèche.\nFièvre")),
        ("", ("D2", JANUARY, "Texte é")),
        ("", ("D3", JANUARY, "Lettre")),
        *[(MALFORMED, (None, None, None))] * 6,
    ],
    "conditions": [("", ("c1", "J45")), ("", ("c2", None)), *[(MALFORMED, (None, None))] * 3],
}


@pytest.fixture
def site(tmp_path: Path) -> Contracts:
    return load_contracts(write_contracts(tmp_path / "contracts"))


@pytest.fixture
def taken(tmp_path: Path, site: Contracts) -> Callable[..., Drop]:
    def take(files: dict[str, bytes]) -> Drop:
        folder = tmp_path / "drop"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        drop = take_in("site", folder, site.source("site"), tmp_path / "intake")
        for table in drop.tables:
            source_of(table.contract).check(table)
        return drop

    return take


@pytest.mark.spark
def test_every_kind_delivers_what_was_counted_and_marks_what_it_cannot_read(
    taken: Callable[..., Drop], home: Home, spark: SparkSession
) -> None:
    keystore = KeyStore.create(home.keys)
    drop = taken(FILES)
    assert {table.contract.table for table in drop.tables} == set(EXPECTED)
    for table in drop.tables:
        contract = table.contract
        frame = prepare(source_of(contract).read(spark, table), contract, "b", spark=spark, keystore=keystore).frame
        kept = F.struct(*contract.lake_columns)
        found = [(row[0], tuple(row[1])) for row in frame.select(REASONS, kept.alias("kept")).collect()]
        assert sorted(found, key=repr) == sorted(EXPECTED[contract.table], key=repr), contract.table
        assert table.total("rows") == len(found), contract.table


ODD = [
    *"ab ,|#;\\/\t\x01\x0b\x0c\x1c\x1f\x7f\x85\xa0\u2028\u3000é",
    '""',
    LINE,
    "",
    "",
    "null",
    '"x"',
    "{",
    "1",
    "\ufeff",
]
"""What lines are made of: white space of every sort, which one library calls blank and another does not."""


def odd_lines(seed: int, start: str) -> bytes:
    chance = random.Random(seed)
    lines = ["".join(chance.choices(ODD, k=chance.randint(0, 3))) for _ in range(60)]
    return (start + "".join(line + chance.choice(["\n", "\r\n", "\r"]) for line in lines)).encode()


@pytest.mark.spark
def test_odd_lines_are_counted_as_the_engine_reads_them(taken: Callable[..., Drop], spark: SparkSession) -> None:
    files = {f"PLAIN_{n}.csv": odd_lines(n, f"{HEADER}\n") for n in range(12)}
    files |= {f"OBJECTS_{n}.ndjson": odd_lines(n, '{"number": 1}\n') for n in range(100, 112)}
    files |= {f"Condition_{n}.ndjson": odd_lines(n, condition("c") + "\n") for n in range(200, 212)}
    files |= {f"FIXED_{n}.txt": odd_lines(n, "").decode().encode("latin-1", "replace") for n in range(300, 312)}
    for table in taken(files).tables:
        contract = table.contract
        assert len(source_of(contract).read(spark, table).collect()) == table.total("rows"), contract.table


@pytest.mark.spark
def test_what_cannot_be_read_is_kept_whole(taken: Callable[..., Drop], spark: SparkSession) -> None:
    (table,) = taken({"doc_5.xml": BOMB}).tables
    row = source_of(table.contract).read(spark, table).first()
    assert row is not None
    assert base64.b64decode(row["_malformed"]) == BOMB


@pytest.mark.spark
def test_parquet_files_of_other_types_are_one_table(taken: Callable[..., Drop], spark: SparkSession) -> None:
    other = pages(["2", "3"]).set_column(3, "price", [["7", "8"]])
    (table,) = taken({"PAGES.parquet": parquet(pages()), "PAGES_2.parquet": parquet(other)}).tables
    frame = source_of(table.contract).read(spark, table)
    assert sorted(row["price"] for row in frame.collect()) == ["10.5", "7", "8"]
    assert table.total("rows") == 3


@pytest.mark.spark
def test_telling_parts_of_file_names_stay_out_of_plans(taken: Callable[..., Drop], spark: SparkSession) -> None:
    stays = f"{HEADER}\n{LINE}\n".encode()
    names = ("note_1850578006084.txt", "STAYS1850578006084.csv", "STAYS23.csv")
    drop = taken(dict(zip(names, (b"x", stays, stays), strict=True)))
    assert len(drop.tables) == 2
    for table in drop.tables:
        frame = source_of(table.contract).read(spark, table)
        assert "1850578006084" not in frame._jdf.queryExecution().toString()  # type: ignore[operator]
        assert any("1850578006084" in tuple(row) for row in frame.collect())


def test_a_site_adds_a_kind_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "packages"
    (package / "site_kinds-1.dist-info").mkdir(parents=True)
    (package / "site_kinds-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: site-kinds\nVersion: 1\n"
    )
    (package / "site_kinds-1.dist-info" / "entry_points.txt").write_text(
        "[health_data_hub.sources]\nhl7v2 = site_kinds.hl7v2\nhalf = site_kinds:half\nabsent = site_kinds.none\n"
        "csv = site_kinds.hl7v2\n"
    )
    (package / "site_kinds").mkdir()
    (package / "site_kinds" / "__init__.py").write_text("half = object()\n")
    (package / "site_kinds" / "hl7v2.py").write_text("def take(*_): ...\ndef check(*_): ...\ndef read(*_): ...\n")
    monkeypatch.syspath_prepend(str(package))
    kinds._added.cache_clear()
    kinds.load_kind.cache_clear()
    try:
        assert "hl7v2" in kinds.known_kinds()
        assert source_of(SimpleNamespace(format="hl7v2")) is sys.modules["site_kinds.hl7v2"]  # type: ignore[arg-type]
        assert source_of(SimpleNamespace(format="csv")).__name__ == "ingestion.sources.csv"  # type: ignore
        with pytest.raises(ContractError, match=r"offers no take, check, read\(\)"):
            kinds.load_kind("half")
        with pytest.raises(ContractError, match="cannot be loaded"):
            kinds.load_kind("absent")
    finally:
        kinds._added.cache_clear()
        kinds.load_kind.cache_clear()
    with pytest.raises(ContractError, match="is not known; known: csv, fhir"):
        kinds.load_kind("nowhere")
