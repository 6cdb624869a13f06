"""Documents: one file is one record, read whole by the intake; one that cannot be read ends in quarantine."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame, SparkSession

from ingestion.contract import Contract
from ingestion.packing import Delivery
from ingestion.records import RecordFile, read_records
from ingestion.taken import Taken, TakenTable

MAX_DOCUMENT = 64 << 20
"""Bytes of the largest document."""


class Unreadable(Exception):
    """A document that holds no record; caught here, and never shown."""


def take_document(
    delivery: Delivery,
    contract: Contract,
    variables: Mapping[str, str],
    values: Callable[[bytes, Contract], Mapping[str, str | None]],
) -> Taken:
    """One record of the document's `values` and what its name tells.

    `values` raises `Unreadable`; the document is then sealed whole, in base64, as a malformed row.
    """
    content = delivery.content(MAX_DOCUMENT)
    with RecordFile(delivery.path.with_name("records.ndjson")) as records:
        try:
            records.add({**values(content, contract), **variables})
        except Unreadable:
            records.refuse(base64.b64encode(content).decode())
        return Taken(records.path, records.records)


def read_documents(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """The contract's columns as text, and `_malformed`."""
    return read_records(spark, [file.path for file in taken.files], taken.contract.columns)
