"""Parquet: rows are counted by reading every page with another library than Spark's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.errors import ContractError, DropError
from ingestion.header import check_header
from ingestion.packing import Delivery
from ingestion.records import MALFORMED
from ingestion.taken import Taken, TakenTable

_READABLE = re.compile(
    r"^(u?int\d+|float|double|decimal128\(.*\)|(large_)?string|bool|date32\[day\]|timestamp\[(ms|us)(, tz=.*)?\]|null"
    r"|dictionary<values=(large_)?string.*>)$"
)
_BATCH = 65_536


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """Count rows by decoding every page. Raises `DropError`: damaged, no rows, or a type that is no plain value."""
    what = delivery.what
    if delivery.packing:
        raise DropError(f"{what} is packed Parquet: deliver it as it is, it is compressed inside.")
    rows = 0
    try:
        with pq.ParquetFile(delivery.path) as file:
            schema = file.schema_arrow
            for batch in file.iter_batches(_BATCH):
                rows += batch.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise DropError(f"{what} is damaged, or no Parquet: deliver it again.") from None
    strange = [place for place, kind in enumerate(schema.types, start=1) if not _READABLE.match(str(kind))]
    if strange:
        raise DropError(f"{what} has a column, in place {strange[0]}, that is no plain value (nested, binary, time or "
                        "nanoseconds): deliver text, numbers, dates and timestamps in microseconds.")  # fmt: skip
    if not rows:
        raise DropError(f"{what} is empty: deliver it again, or take it out of the drop.")
    return Taken(delivery.path, rows, header=tuple(schema.names))


def check(taken: TakenTable) -> None:
    """Refuse columns other than the contract's. Raises `DropError`, and `ContractError` for `from_file_name`."""
    if taken.contract.from_file_name:
        raise ContractError(f"Contract {taken.contract.table}: format parquet reads nothing from file names.")
    check_header(taken)


def read(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """Every value as text (dates and times ISO 8601); `_malformed` is always null."""
    names = taken.contract.columns
    frames = [
        spark.read.parquet(str(file.path)).select(
            *[F.col(f"`{name}`").cast("string").alias(name) for name in names],
            F.lit(None).cast("string").alias(MALFORMED),
        )
        for file in taken.files
    ]
    return reduce(DataFrame.unionByName, frames)
