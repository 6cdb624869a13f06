"""Kinds of source: one small file each, all of them delivering text columns named by the contract.

A site's own package adds a kind by an entry point of the group `health_data_hub.sources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from ingestion.contract import Contract
from ingestion.kinds import load_kind
from ingestion.packing import Delivery
from ingestion.taken import Delivered, Taken, TakenTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Source(Protocol):
    """What a kind must offer; a module with these functions does."""

    def take(self, delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
        """Read the delivered file once, without Spark: where Spark will read it, and how many rows it will find.

        What it finds must be what `read` delivers, row for row: the engine's counts are held against it.
        `variables` are what the contract reads from the file's name. Files it writes lie beside `delivery.path`.
        Raises `DropError` for a file that cannot be counted.
        """

    def check(self, taken: TakenTable) -> None:
        """Refuse, before Spark reads anything, files that do not fit the contract. Raises an `IngestionError`."""

    def read(self, spark: SparkSession, taken: TakenTable) -> DataFrame:
        """The contract's columns as they arrived, and `_malformed`: the whole record when it could not be read."""


@runtime_checkable
class Spreading(Protocol):
    """What a kind offers beside, whose records may give none or several rows."""

    def spreads(self, contract: Contract) -> bool:
        """Whether this contract's do."""

    def count(self, spark: SparkSession, taken: TakenTable) -> Delivered:
        """How many rows `read` must deliver, and of how many records: told by another way than `read` takes."""


def source_of(contract: Contract) -> Source:
    """What reads the contract's format. Raises `ContractError`."""
    return cast(Source, load_kind(contract.format))


reader_of = source_of


def spreading(contract: Contract) -> Spreading | None:
    """What counts the rows of a contract whose records may give none or several; None where a record is a row."""
    source = source_of(contract)
    return source if isinstance(source, Spreading) and source.spreads(contract) else None
