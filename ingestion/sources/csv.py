"""CSV: UTF-8, one header line in each file, double quotes, no line breaks inside a value."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from ingestion.drop import TakenTable
from ingestion.places import ROW, row_place
from ingestion.surprises import SURPRISE, check_header, header_of, header_reason, refuses_by_header

MALFORMED = "_malformed"


def check(taken: TakenTable) -> None:
    """Refuse a header that the contract's `surprises` do not let in. Raises `DropError` naming the column."""
    contract = taken.contract
    for place, file in enumerate(taken.files, start=1):
        what = f"The header of {contract.table} (file {place} of {len(taken.files)} named {contract.files})"
        check_header(contract, file.header, what)


def read(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """Text columns in the contract's order, `_malformed`, the row's place; `_surprise` where a header may refuse."""
    contract = taken.contract
    groups: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    for file in taken.files:
        groups.setdefault((file.header, tuple(sorted(file.variables.items()))), []).append(str(file.path))
    frames = []
    for (cells, variables), paths in groups.items():
        header = header_of(contract, cells)
        schema = StructType([StructField(name, StringType()) for name in (*header.names, MALFORMED)])
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
        absent = {name: F.lit(None).cast("string") for name in header.missing}
        if refuses_by_header(contract):
            absent[SURPRISE] = F.lit(header_reason(contract, header)).cast("string")
        named = {name: F.lit(value) for name, value in variables}
        frame = frame.withColumns({ROW: row_place(), **named, **absent})
        wanted = [name for name in (MALFORMED, SURPRISE, ROW) if name in frame.columns]
        frames.append(frame.select(*contract.columns, *wanted))
    return reduce(DataFrame.unionByName, frames)
