"""Records that the intake writes itself, one JSON object a line, for kinds that Spark does not read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

MALFORMED = "_malformed"
"""The column of every reader that holds a record that could not be read, and null for the others."""
ABSENT = "_absent"
"""The column that lists, with commas, the reasons for refusing a row whose parents are absent; null for the others."""
REFUSED = "_refused"
"""The column of a reader that refuses whole records for a reason of its own: the reason, and null for the others."""
READ_ORDER = "_read_order"
"""The column that keeps the order of reading where something is joined before rows are prepared."""
UNREADABLE = "_unreadable"
"""Under this name a record holds the whole of what could not be read: it ends in quarantine."""


class RecordFile:
    """A file of records in the intake, open for adding; several delivered files may share one."""

    def __init__(self, path: Path) -> None:
        self.path, self.records = path, 0
        self._file = path.open("a", encoding="utf-8", newline="\n")

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, values: Mapping[str, str | None]) -> None:
        """A record; an empty value is none."""
        held = {name: value for name, value in values.items() if value}
        self._file.write(json.dumps(held, ensure_ascii=False) + "\n")
        self.records += 1

    def refuse(self, content: str) -> None:
        """A record that could not be read, whole."""
        self.add({UNREADABLE: content or " "})


def read_records(spark: SparkSession, paths: Iterable[Path], columns: Iterable[str]) -> DataFrame:
    """`columns` as text, and `_malformed`."""
    names = list(columns)
    schema = StructType([StructField(name, StringType()) for name in (*names, UNREADABLE, MALFORMED)])
    frame = (
        spark.read.schema(schema)
        .option("mode", "PERMISSIVE")
        .option("columnNameOfCorruptRecord", MALFORMED)
        .option("encoding", "UTF-8")
        .json([str(path) for path in dict.fromkeys(paths)])
    )
    return frame.select(*names, F.coalesce(F.col(MALFORMED), F.col(UNREADABLE)).alias(MALFORMED))
