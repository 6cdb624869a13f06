"""Readers: one file format each, all of them delivering text columns named by the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from ingestion.contract import Contract
from ingestion.drop import TakenTable
from ingestion.sources import csv, fhir

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Reader(Protocol):
    """What a format must offer."""

    def check(self, taken: TakenTable) -> None:
        """Refuse, before anything is read, files that do not fit the contract. Raises `DropError`."""

    def read(self, spark: SparkSession, taken: TakenTable) -> DataFrame:
        """The contract's columns as they arrived, and `_malformed`: the whole line when it could not be read."""


def reader_of(contract: Contract) -> Reader:
    """The reader of the contract's format."""
    return cast(Reader, {"csv": csv, "fhir": fhir}[contract.format])
