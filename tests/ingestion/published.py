"""A published table without an ingestion: what care of the lake needs to be seen, in a fraction of the time."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import functions as F

from ingestion.batch import statistics
from ingestion.ledger import Published
from ingestion.prepare import lake_schema
from tests.ingestion.conftest import Small


def publish(small: Small, batch_id: str, numbers: Sequence[int], table: str = "visits") -> int:
    """Append visits 1 (in January), 2, ... as one batch and move the pointer; returns the version."""
    contract = small.contracts[table]
    one = small.lake.table(table)
    one.create(lake_schema(contract), statistics(contract))
    count = small.spark.range(min(numbers), max(numbers) + 1, numPartitions=1)
    day = F.to_date(F.concat(F.lit("2023-"), F.lpad(F.col("id").cast("string"), 2, "0"), F.lit("-01")))
    columns = {
        "person_key": F.concat(F.lit("k"), F.col("id").cast("string")),
        "number": F.col("id").cast("string"),
        "start": day,
        "batch_id": F.lit(batch_id),
    }
    empty = {name: F.lit(None).cast(kind) for name, kind in lake_schema(contract).items()}
    frame = count.select(*[column.alias(name) for name, column in (empty | columns).items()])
    version = one.append(frame, batch_id).version
    rows = one.read(version).count()
    small.ledger.move([Published(table, version, batch_id, rows, None, None, "")])
    return version


def numbers(small: Small, table: str = "visits") -> list[int]:
    """The visits that a reader sees."""
    return sorted(int(row["number"]) for row in small.lake.read(table).select("number").collect())
