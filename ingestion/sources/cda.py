"""CDA R2 documents, as the DMP has them: one file is one record, its columns found by the contract's `paths`.

A path is a way from the root through element names without prefixes, such as
`recordTarget/patientRole/id[@root='1.2.250.1.213.1.4.8']/@extension`; without `/@attribute` at its end it gives the
element's text. Of several elements the first that says something counts. A body in base64 is decoded (text or PDF).
Source of the form: HL7 CDA R2; header of documents of the DMP: volet "Structuration minimale" of the CI-SIS.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError  # nosec B405 - types only; defusedxml parses

from defusedxml import DefusedXmlException, ElementTree

from ingestion.contract import Contract
from ingestion.documents import Unreadable, read_documents, take_document
from ingestion.packing import Delivery
from ingestion.pdf_text import text_of_pdf
from ingestion.taken import Taken, TakenTable

read = read_documents

_ROOT = "{urn:hl7-org:v3}ClinicalDocument"
_ATTRIBUTE = re.compile(r"^(?P<way>.*?)/?@(?P<name>\w+)$")
_BLOCKS = {"br", "paragraph", "tr", "item", "title", "section", "list", "table", "caption"}
_DEPTH = 200


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """One record of the document's header and text."""
    return take_document(delivery, contract, variables, _values)


def check(taken: TakenTable) -> None:
    """Nothing to refuse: the contract was checked when it was read."""


def _values(content: bytes, contract: Contract) -> Mapping[str, str | None]:
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Unreadable from None
    if root.tag != _ROOT:
        raise Unreadable
    _plain(root)
    try:
        return {name: _find(root, contract.dialect.paths[name]) for name in contract.file_columns}
    except (SyntaxError, KeyError):
        raise Unreadable from None


def _plain(root: Element) -> None:
    """Take the name spaces off: a CDA document has one for everything that a contract reads."""
    waiting = [(root, 0)]
    while waiting:
        element, depth = waiting.pop()
        if depth > _DEPTH:
            raise Unreadable
        element.tag = str(element.tag).rpartition("}")[2]
        waiting += [(child, depth + 1) for child in element]


def _find(root: Element, path: str) -> str | None:
    split = _ATTRIBUTE.match(path)
    way, attribute = (split["way"], split["name"]) if split else (path, None)
    for element in root.findall(way or "."):
        value = element.get(attribute) if attribute else _text(element)
        if value and value.strip():
            return value.strip()
    return None


def _text(element: Element) -> str:
    return re.sub(r"[ \t]*\n\s*", "\n", "".join(_pieces(element))).strip()


def _pieces(element: Element) -> Iterator[str]:
    """The text of an element and its children, a line for each block."""
    if element.get("representation") == "B64":
        yield _attached(element)
        return
    end = "\n" if element.tag in _BLOCKS else " " if element.tag in {"td", "th"} else ""
    yield re.sub(r"\s+", " ", element.text or "")
    for child in element:
        yield from _pieces(child)
        yield re.sub(r"\s+", " ", child.tail or "")
    yield end


def _attached(element: Element) -> str:
    try:
        content = base64.b64decode("".join((element.text or "").split()), validate=True)
        if element.get("mediaType") == "application/pdf":
            return text_of_pdf(content)
        return content.decode()
    except (binascii.Error, ValueError):
        raise Unreadable from None
