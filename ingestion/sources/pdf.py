"""PDF documents by their text layer: one file is one record; a scan without text cannot be read and is kept aside."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.contract import Contract
from ingestion.documents import read_documents, take_document
from ingestion.packing import Delivery
from ingestion.pdf_text import text_of_pdf
from ingestion.taken import Taken, TakenTable

read = read_documents


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """One record: the one column of the file itself holds the text of its pages."""
    return take_document(delivery, contract, variables, _values)


def check(taken: TakenTable) -> None:
    """Nothing to refuse: the contract was checked when it was read."""


def _values(content: bytes, contract: Contract) -> Mapping[str, str | None]:
    (column,) = contract.file_columns
    return {column: text_of_pdf(content)}
