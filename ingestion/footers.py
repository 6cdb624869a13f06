"""What the files that a version brought say of it, without the engine: missing values, and places of rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.delta_log import actions
from ingestion.folder import Place
from ingestion.places import ROW, Places


def null_counts(table: Place, version: int, rows: int) -> dict[str, int] | None:
    """Column -> missing values in the files that a version brought; a column that a file lacks is missing in it.

    None where the footers cannot tell: the files hold other than the `rows` in question (a merge writes unchanged
    rows anew), lie where no path leads, or are without counts.
    """
    if not isinstance(table, Path):
        return None
    counted: Counter[str] = Counter()
    present: Counter[str] = Counter()
    found = 0
    for file in _brought(table, version):
        try:
            footer = pq.ParquetFile(file).metadata
        except OSError:
            return None
        found += footer.num_rows
        for group in (footer.row_group(place) for place in range(footer.num_row_groups)):
            for column in (group.column(place) for place in range(group.num_columns)):
                if column.statistics is None or not column.statistics.has_null_count:
                    return None
                counted[column.path_in_schema] += column.statistics.null_count
                present[column.path_in_schema] += group.num_rows
    if found != rows:
        return None
    return {name: nulls + found - present[name] for name, nulls in counted.items()}


def places(table: Place, version: int, rows: int) -> Places | None:
    """The places of the rows that a version brought.

    None where the files cannot tell: they hold other than the `rows` in question, or lie where no path leads.
    """
    if not isinstance(table, Path):
        return None
    found, held = 0, Places()
    for file in _brought(table, version):
        try:
            with pq.ParquetFile(file) as opened:
                for batch in opened.iter_batches(columns=[ROW]):
                    found += batch.num_rows
                    held.add(batch.column(0).to_numpy())
        except (OSError, pa.ArrowInvalid):
            return None
    return held if found == rows else None


def _brought(table: Path, version: int) -> list[Path]:
    return [table / action["add"]["path"] for action in actions(table, version) if "add" in action]
