"""One view over one file of resources, for whoever writes a view: rows as they come, nothing kept."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from pyspark.sql import DataFrame, SparkSession

from ingestion.errors import DropError, ViewError
from ingestion.redact import redacted
from ingestion.view_definition import ViewDefinition

Text = Literal["csv", "ndjson"]
_CORRUPT = "__corrupt"


def read_view(path: Path) -> ViewDefinition:
    """The view of a JSON file. Raises `ViewError`."""
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise ViewError(f"{path.name} cannot be read as UTF-8: check the file and its permissions.") from None
    except json.JSONDecodeError as error:
        raise ViewError(f"{path.name} is not JSON at line {error.lineno}, column {error.colno}.") from None
    if not isinstance(content, dict):
        raise ViewError(f"{path.name} holds no ViewDefinition: an object is expected.")
    return ViewDefinition(content)


def require_resources(path: Path) -> None:
    """Raises `DropError` unless the file is there, before an engine is started for it."""
    if not path.is_file():
        raise DropError(f"{path.name} is not there: name a file of resources, one JSON object a line.")


def run_view(spark: SparkSession, view: ViewDefinition, resources: Path) -> DataFrame:
    """The view's rows over an NDJSON file (gzip too), by the schema that its resources have.

    Raises `DropError` for a file that is absent, empty or no NDJSON, and `ViewError`.
    """
    require_resources(resources)
    with redacted("reading the resources", view.name):
        frame = (
            spark.read.option("mode", "PERMISSIVE").option("columnNameOfCorruptRecord", _CORRUPT).json(str(resources))
        )
        if frame.columns == [_CORRUPT]:
            raise DropError(f"{resources.name} has no line that is a JSON object: give one resource a line.")
        if _CORRUPT in frame.columns:
            # Kept as they were parsed: Spark refuses a query on what it could not parse alone.
            wrong = frame.cache().where(f"{_CORRUPT} is not null").count()
            raise DropError(
                f"{resources.name} has lines that are no JSON object ({wrong} of them): give one resource a line."
            )
        if not frame.columns:
            raise DropError(f"{resources.name} holds no resource.")
        return view.apply(frame, lenient=True)


def write_rows(rows: DataFrame, form: Text, out: IO[str]) -> int:
    """Write the rows as text, one at a time; how many there were. `form` is csv or ndjson."""
    count = 0
    with redacted("running the view", "the view"):
        write = _writer(form, rows.columns, out)
        for row in _plain(rows):
            write(row)
            count += 1
    return count


def write_parquet(rows: DataFrame, place: Path) -> int:
    """Write the rows as a folder of Parquet; how many there were."""
    with redacted("running the view", "the view"):
        rows.write.parquet(str(place))
        return rows.sparkSession.read.parquet(str(place)).count()


def _plain(rows: DataFrame) -> Iterator[Mapping[str, Any]]:
    for row in rows.toLocalIterator():
        yield row.asDict(recursive=True)


def _writer(form: Text, columns: list[str], out: IO[str]) -> Callable[[Mapping[str, Any]], object]:
    if form == "csv":
        table = csv.writer(out, lineterminator="\n")
        table.writerow(columns)
        return lambda row: table.writerow([_cell(row[name]) for name in columns])
    return lambda row: out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _cell(value: Any) -> Any:
    """A collection is written as JSON, a boolean as FHIR writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value
