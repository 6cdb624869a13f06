"""Notes as text files: one file is one record; what tells whose it is comes from the file's name."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.contract import Contract
from ingestion.documents import Unreadable, read_documents, take_document
from ingestion.packing import Delivery
from ingestion.taken import Taken, TakenTable

read = read_documents


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """One record: the one column of the file itself holds its text."""
    return take_document(delivery, contract, variables, _values)


def check(taken: TakenTable) -> None:
    """Nothing to refuse: the contract was checked when it was read."""


def _values(content: bytes, contract: Contract) -> Mapping[str, str | None]:
    (column,) = contract.file_columns
    encoding = contract.dialect.encoding
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeError:
        raise Unreadable from None
    if "\0" in text or not text.strip():
        raise Unreadable
    return {column: text}
