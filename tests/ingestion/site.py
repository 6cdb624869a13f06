"""A site whose tables come in every kind: its contracts, and one good file of each."""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_HEAD = """
table: {table}
version: 1
source: site
files: "{files}"
format: {format}
label: {{fr: x, en: x}}
write: append
"""
_COLUMNS = """
key: [number]
columns:
  number: {required: true, sensitivity: plain, fr: n, en: n}
  name: {sensitivity: plain, fr: n, en: n}
  day: {type: date, sensitivity: plain, fr: d, en: d}
  price: {type: "decimal(9,2)", sensitivity: plain, fr: p, en: p}
"""
_DOCUMENT = """
from_file_name: {{number: "^{prefix}_(.+)[.]{suffix}$"}}
columns:
  number: {{sensitivity: record_key, fr: n, en: n}}
  note: {{type: text, sensitivity: plain, fr: n, en: n}}
"""
_CDA = """
dialect:
  paths:
    number: id/@extension
    ins: "recordTarget/patientRole/id[@root='1.2.250.1.213.1.4.8']/@extension"
    family: recordTarget/patientRole/patient/name/family
    day: effectiveTime/@value
    note: component
columns:
  number: {sensitivity: plain, fr: n, en: n}
  ins: {sensitivity: direct, fr: i, en: i}
  family: {sensitivity: direct, fr: f, en: f}
  day: {type: date, format: yyyyMMdd, sensitivity: plain, fr: d, en: d}
  note: {type: text, sensitivity: plain, fr: n, en: n}
"""
_FIXED = """
dialect: {encoding: latin-1, line_length: 30}
columns:
  number: {from: 1, length: 4, required: true, sensitivity: plain, fr: n, en: n}
  name: {from: 5, length: 10, sensitivity: plain, fr: n, en: n}
  day: {from: 15, length: 8, type: date, format: ddMMyyyy, sensitivity: plain, fr: d, en: d}
  price: {from: 23, length: 8, type: "decimal(9,2)", sensitivity: plain, fr: p, en: p}
"""
_FHIR = """
view: condition
columns:
  id: {sensitivity: plain, fr: n, en: n}
  code: {sensitivity: plain, fr: n, en: n}
"""


def _of(table: str, files: str, kind: str, rest: str) -> str:
    return _HEAD.format(table=table, files=files, format=kind) + rest


CONTRACTS = {
    "plain": _of("plain", "PLAIN*.csv*", "csv", _COLUMNS),
    "french": _of(
        "french",
        "FRENCH*.csv*",
        "csv",
        'dialect: {delimiter: ";", decimal: ",", encoding: cp1252}\n'
        + _COLUMNS.replace("type: date,", "type: date, format: dd/MM/yyyy,"),
    ),
    "quoted": _of("quoted", "QUOTED*.csv*", "csv", "dialect: {line_breaks: true}\n" + _COLUMNS),
    "rif": _of(
        "rif",
        "RIF*.txt*",
        "csv",
        'dialect: {delimiter: "|", quote: ""}\n'
        + _COLUMNS.replace("type: date,", "type: date, format: dd-MMM-yyyy,")
        + "  DML_IND: {codes: [INSERT, UPDATE], sensitivity: plain, fr: m, en: m}\n",
    ),
    "bare": _of("bare", "BARE*.tsv*", "csv", 'dialect: {delimiter: "\\t", header: false, escape: "\\\\"}\n' + _COLUMNS),
    "stays": _of(
        "stays",
        "STAYS*.csv",
        "csv",
        'from_file_name: {hospital: "^STAYS(.*)[.]csv$"}\n'
        + _COLUMNS
        + "  hospital: {sensitivity: record_key, fr: h, en: h}\n",
    ),
    "wide": _of("wide", "WIDE*.csv*", "csv", "dialect: {encoding: utf-16}\n" + _COLUMNS),
    "fixed": _of("fixed", "FIXED*.txt*", "fixed", _FIXED),
    "objects": _of("objects", "OBJECTS*.ndjson*", "ndjson", _COLUMNS),
    "pages": _of("pages", "PAGES*.parquet*", "parquet", _COLUMNS),
    "notes": _of("notes", "note_*.txt*", "text", _DOCUMENT.format(prefix="note", suffix="txt")),
    "letters": _of("letters", "letter_*.pdf*", "pdf", _DOCUMENT.format(prefix="letter", suffix="pdf")),
    "documents": _of("documents", "doc_*.xml*", "cda", _CDA),
    "conditions": _of("conditions", "Condition*.ndjson*", "fhir", _FHIR),
}
HEADER = "number,name,day,price"
LINE = "1,DUPONT,2023-01-02,10.50"
RIF_HEADER = "number|name|day|price|DML_IND"


def write_contracts(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in CONTRACTS.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def parquet(table: pa.Table) -> bytes:
    held = io.BytesIO()
    pq.write_table(table, held)
    return held.getvalue()


def pages(numbers: list[str] | None = None) -> pa.Table:
    count = len(numbers or ["1"])
    return pa.table(
        {
            "number": numbers or ["1"],
            "name": ["DUPONT"] * count,
            "day": pa.array([19000] * count, pa.date32()),
            "price": [10.5] * count,
        }
    )


def pdf(text: str) -> bytes:
    """A PDF of one page with a text layer, by hand."""
    stream = zlib.compress(f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode("latin-1")) if text else zlib.compress(b"")
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(content))
        content += b"%d 0 obj%b\nendobj\n" % (number, part)
    start = len(content)
    content += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return content + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start


def cda(body: str, number: str = "D1") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2" extension="{number}"/><effectiveTime value="20230102"/>
<recordTarget><patientRole><id root="9.9" extension="local"/>
<id root="1.2.250.1.213.1.4.8" extension="185057800608436"/>
<patient><name><given>Jean</given><family>DUPONT</family></name></patient></patientRole></recordTarget>
<component>{body}</component></ClinicalDocument>""".encode()


STRUCTURED = (
    "<structuredBody><component><section><title>Motif</title><text><paragraph>Toux <b>sèche</b>.</paragraph>"
    "<list><item>Fièvre</item></list></text></section></component></structuredBody>"
)


def condition(number: str) -> str:
    return json.dumps({"resourceType": "Condition", "id": number, "code": {"coding": [{"code": "J45"}]}})


GOOD: dict[str, bytes] = {
    "PLAIN.csv": f"{HEADER}\n{LINE}\n".encode(),
    "FRENCH.csv": "number;name;day;price\r\n1;Hélène;28/02/2023;10,5\r\n".encode("cp1252"),
    "QUOTED.csv": f'{HEADER}\n1,"two\nlines, one ""value""",2023-01-02,1\n'.encode(),
    "RIF.txt": f'{RIF_HEADER}\n1|5" pipe|27-OCT-1999|1|INSERT\n'.encode(),
    "BARE.tsv": b'1\t"a \\" quote"\t2023-01-02\t1\n',
    "WIDE.csv": f"{HEADER}\n1,Ωmega,2023-01-02,1\n".encode("utf-16"),
    "STAYS23.csv": f"{HEADER}\n{LINE}\n".encode(),
    "FIXED.txt": "0001Hélène    28022023   10.50\n".encode("latin-1"),
    "OBJECTS.ndjson": b'{"number": 1, "name": "two\\nlines", "day": "2023-01-02", "price": 1.5}\n',
    "PAGES.parquet": parquet(pages()),
    "note_1850578006084.txt": "Toux sèche.\nFièvre.".encode(),
    "letter_7.pdf": pdf("Lettre de liaison"),
    "doc_1.xml": cda(STRUCTURED),
    "Condition.ndjson": (condition("c1") + "\n").encode(),
}
"""A good file of each kind, by name."""
