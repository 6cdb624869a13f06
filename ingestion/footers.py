"""What the footers of a version's own files say of it, without reading a row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from ingestion.delta_log import actions
from ingestion.folder import Place


def null_counts(table: Place, version: int, rows: int) -> dict[str, int] | None:
    """Column -> missing values in the files that a version brought; a column that a file lacks is missing in it.

    None where the footers cannot tell: the files hold other than the `rows` in question (a merge writes unchanged
    rows anew), lie where no path leads, or are without counts.
    """
    if not isinstance(table, Path):
        return None
    brought = [action["add"]["path"] for action in actions(table, version) if "add" in action]
    counted: Counter[str] = Counter()
    present: Counter[str] = Counter()
    found = 0
    for name in brought:
        try:
            footer = pq.ParquetFile(table / name).metadata
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
