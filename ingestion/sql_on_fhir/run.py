"""One view over one file of resources, for whoever writes a view: rows as they come, nothing kept."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.errors import DropError, ViewError
from ingestion.redact import redacted
from ingestion.sql_on_fhir.column import SEVERAL
from ingestion.sql_on_fhir.definition import ViewDefinition

Text = Literal["csv", "ndjson"]
_SAID = re.compile(rf"\[USER_RAISED_EXCEPTION\] (View path [^\n]*?: {re.escape(SEVERAL)}\.)")


def read_view(path: Path) -> ViewDefinition:
    """The view of a JSON file. Raises `ViewError`."""
    try:
        content = json.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
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
    return view.apply(read_resources(spark, resources, view.resource, exact=view.asks_precision), lenient=True)


def read_resources(spark: SparkSession, resources: Path, resource: str, *, exact: bool = False) -> DataFrame:
    """The resources of one type in an NDJSON file, by the schema that they have.

    With `exact`, a number with a decimal point is the text that it was written as. Raises `DropError`.
    """
    require_resources(resources)
    with redacted("reading the resources", resource):
        lines = spark.read.text(str(resources)).where(F.length(F.trim("value")) > 0)
        kind = F.get_json_object("value", "$.resourceType")
        counted = lines.select(F.get_json_object("value", "$").alias("whole"), kind.alias("kind"))
        found = counted.agg(
            F.count(F.lit(1)).alias("lines"),
            F.count_if(F.col("whole").isNull() | ~F.col("whole").startswith("{")).alias("wrong"),
            F.count_if(F.col("kind") == resource).alias("wanted"),
        ).first()
        total, wrong, wanted = found or (0, 0, 0)
        if not total:
            raise DropError(f"{resources.name} holds no resource.")
        if wrong == total:
            raise DropError(f"{resources.name} has no line that is a JSON object: give one resource a line.")
        if wrong:
            raise DropError(
                f"{resources.name} has lines that are no JSON object ({wrong} of them): give one resource a line."
            )
        if not wanted:
            return spark.createDataFrame([], "resourceType STRING, id STRING")
        # Others are left out first: one element name can be of two types in two resources.
        return _inferred(spark, lines.where(kind == resource).select(exact_numbers() if exact else F.col("value")))


def exact_numbers() -> Column:
    """The column `value`, JSON, with each number that has a decimal point in quotes, as it was written.

    Spark reads 2.50 as 2.5, and the boundaries of a decimal depend on its places.
    """
    masked = F.replace(F.replace("value", F.lit("\\\\"), F.lit("\u0001")), F.lit('\\"'), F.lit("\u0002"))
    # Texts are matched first, so that no number is looked for in them.
    marked = F.regexp_replace(masked, r'("[^"]*")|(-?\d+\.\d+(?:[eE][+-]?\d+)?)', "$1\u0003$2\u0003")
    quoted = F.translate(F.replace(marked, F.lit("\u0003\u0003"), F.lit("")), "\u0003", '"')
    return F.replace(F.replace(quoted, F.lit("\u0002"), F.lit('\\"')), F.lit("\u0001"), F.lit("\\\\")).alias("value")


def _inferred(spark: SparkSession, lines: DataFrame) -> DataFrame:
    # DataFrameReader.json takes lines from an RDD only, which would bring every line through Python.
    jvm: Any = spark._jvm
    reader = spark.read
    strings = getattr(lines._jdf, "as")(jvm.org.apache.spark.sql.Encoders.STRING())
    return reader._df(reader._jreader.json(strings))


def write_rows(rows: DataFrame, form: Text, out: IO[str]) -> int:
    """Write the rows as text, one at a time; how many there were. `form` is csv or ndjson."""
    count = 0
    with _running():
        write = _writer(form, rows.columns, out)
        for row in _plain(rows):
            write(row)
            count += 1
    return count


def write_parquet(rows: DataFrame, place: Path) -> int:
    """Write the rows as a folder of Parquet; how many there were."""
    with _running():
        rows.write.parquet(str(place))
        return rows.sparkSession.read.parquet(str(place)).count()


@contextmanager
def _running() -> Iterator[None]:
    """Says in the view's own words what a path found, and nothing else that the engine says."""
    with redacted("running the view", "the view"):
        try:
            yield
        except (Py4JError, PySparkException) as error:
            # Only the compiler's own sentence gets through: it quotes the path and no value.
            said = _SAID.search(str(error))
            if said is None:
                raise
            raise ViewError(said[1]) from None


def _plain(rows: DataFrame) -> Iterator[Mapping[str, Any]]:
    for row in rows.toLocalIterator():
        yield {name: _bare(value) for name, value in row.asDict(recursive=True).items()}


def _bare(value: Any) -> Any:
    """A structure without the parts that it does not have, as FHIR writes it."""
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if part is not None}
    return [_bare(one) for one in value] if isinstance(value, list) else value


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
