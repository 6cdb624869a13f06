"""CSV: UTF-8, one header line in each file, double quotes, no line breaks inside a value."""

from __future__ import annotations

from collections import Counter
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from ingestion.drop import TakenTable
from ingestion.errors import DropError
from ingestion.places import ROW, row_place

MALFORMED = "_malformed"


def check(taken: TakenTable) -> None:
    """Refuse a header that misses, adds or repeats a column. Raises `DropError` naming the column."""
    contract = taken.contract
    expected = contract.file_columns
    for place, file in enumerate(taken.files, start=1):
        what = f"The header of {contract.table} (file {place} of {len(taken.files)} named {contract.files})"
        missing = [name for name in expected if name not in file.header]
        added = [name for name in file.header if name not in expected]
        repeated = [name for name, count in Counter(file.header).items() if count > 1 and name in expected]
        if missing:
            raise DropError(f"{what} misses {_some(missing)}: deliver the file with every column of its contract.")
        if added:
            # An added name is the file's own text and could be anything: a line of data where a header should be.
            raise DropError(
                f"{what} adds {len(added)} column(s) that the contract does not know, the first in place "
                f"{file.header.index(added[0]) + 1}: remove it, or write a new version of the contract."
            )
        if repeated:
            raise DropError(f"{what} repeats {_some(repeated)}: deliver the file with each column once.")


def read(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """Text columns in the contract's order, `_malformed` and the row's place (`ingestion.places`)."""
    contract = taken.contract
    groups: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    for file in taken.files:
        groups.setdefault((file.header, tuple(sorted(file.variables.items()))), []).append(str(file.path))
    frames = []
    for (header, variables), paths in groups.items():
        schema = StructType([StructField(name, StringType()) for name in (*header, MALFORMED)])
        frame = (
            spark.read.schema(schema)
            .option("header", True)
            .option("enforceSchema", True)
            .option("sep", contract.separator)
            .option("quote", '"')
            .option("escape", '"')
            .option("encoding", "UTF-8")
            .option("mode", "PERMISSIVE")
            .option("columnNameOfCorruptRecord", MALFORMED)
            .option("maxCharsPerColumn", -1)
            .csv(paths)
        )
        named = {name: F.lit(value) for name, value in variables}
        frames.append(frame.withColumns({ROW: row_place(), **named}).select(*contract.columns, MALFORMED, ROW))
    return reduce(DataFrame.unionByName, frames)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
