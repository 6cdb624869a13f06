"""NDJSON of flat objects: a line is a row, a name is a column; a name that is absent is an empty value."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession

from ingestion.contract import Contract
from ingestion.errors import ContractError, DropError
from ingestion.json_lines import take_json_lines
from ingestion.packing import Delivery
from ingestion.records import read_records
from ingestion.taken import Taken, TakenTable


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """Count objects. Raises `DropError` for a line that is other than one, or a name that the contract lacks."""
    known = frozenset(contract.file_columns)

    def each(line: bytes, number: int) -> None:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            return
        unknown = len(value.keys() - known) if isinstance(value, dict) else 0
        if unknown:
            raise DropError(f"{delivery.what}, line {number} has {unknown} name(s) that the contract does not know: "
                            "remove them, or write a new version of the contract.")  # fmt: skip

    lines = take_json_lines(delivery, contract.dialect.encoding, each)
    return Taken(lines.path, lines.full, 0, lines.blanks)


def check(taken: TakenTable) -> None:
    """Refuse a contract that reads from file names: a line says everything itself. Raises `ContractError`."""
    if taken.contract.from_file_name:
        raise ContractError(f"Contract {taken.contract.table}: format ndjson reads nothing from file names.")


def read(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """Text columns in the contract's order (nested values as JSON), and `_malformed`."""
    return read_records(spark, [file.path for file in taken.files], taken.contract.columns)
