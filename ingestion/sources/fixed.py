"""Fixed-width lines, as the PMSI has them: each column by its place, `from` (1 is the first) and `length`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.errors import ContractError, DropError
from ingestion.lines import take_lines
from ingestion.packing import Delivery
from ingestion.records import MALFORMED
from ingestion.taken import Taken, TakenTable

_VALUE, _YEAR = "value", 4
_BLANK = r"^[ \t\r\n]*\z"
"""White space alone. `$` would also match before a U+0085 at the end, and a line would be lost."""


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """Count lines that are not blank. Raises `DropError` when there is none."""
    lines = take_lines(delivery, encoding=contract.dialect.encoding)
    if not lines.full:
        raise DropError(f"{delivery.what} is empty: deliver it again, or take it out of the drop.")
    return Taken(lines.path, lines.full, 0, lines.blanks)


def check(taken: TakenTable) -> None:
    """Refuse to read telling parts of file names: they would enter Spark's plans. Raises `ContractError`."""
    contract = taken.contract
    told = {name: value for file in taken.files for name, value in file.variables.items() if len(value) > _YEAR}
    if any(contract.columns[name].sensitivity != "plain" for name in told):
        raise ContractError(f"Contract {contract.table}: format fixed reads a year or a plain column from file names, "
                            "and nothing else.")  # fmt: skip


def read(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """Text columns without the spaces around them; a line of another length than its contract says is malformed."""
    contract = taken.contract
    places = {
        name: (contract.columns[name].start or 1, contract.columns[name].length or 1) for name in contract.file_columns
    }
    end = max(start + length - 1 for start, length in places.values())
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for file in taken.files:
        groups.setdefault(tuple(sorted(file.variables.items())), []).append(str(file.path))
    line, exact = F.col(_VALUE), contract.dialect.line_length
    fits = F.length(line) == exact if exact else F.length(line) >= end
    frames = []
    for variables, paths in groups.items():
        frame = spark.read.text(paths).where(~line.rlike(_BLANK))
        cells = {
            name: F.when(fits, F.nullif(F.btrim(F.substring(line, start, length)), F.lit("")))
            for name, (start, length) in places.items()
        } | {name: F.lit(value) for name, value in variables}
        frames.append(
            frame.select(*[cells[name].alias(name) for name in contract.columns], F.when(~fits, line).alias(MALFORMED))
        )
    return reduce(DataFrame.unionByName, frames)
