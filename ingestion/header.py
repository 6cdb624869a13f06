"""The names that a file says it delivers, held against its contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ingestion.errors import DropError
from ingestion.taken import TakenTable


def check_header(taken: TakenTable, *, hint: str = "") -> None:
    """Refuse a file that misses, adds or repeats a column. Raises `DropError` naming a column of the contract.

    An added name is the file's own text and could be anything, a line of data where a header should be: it is
    counted and not named.
    """
    contract = taken.contract
    expected = contract.file_columns
    for place, file in enumerate(taken.files, start=1):
        what = f"The header of {contract.table} (file {place} of {len(taken.files)} named {contract.files})"
        missing = [name for name in expected if name not in file.header]
        added = [name for name in file.header if name not in expected]
        repeated = [name for name, count in Counter(file.header).items() if count > 1 and name in expected]
        if missing:
            alone = f"; {hint}" if hint and len(file.header) == 1 < len(expected) else ""
            raise DropError(
                f"{what} misses {_some(missing)}: deliver the file with every column of its contract{alone}."
            )
        if added:
            raise DropError(
                f"{what} adds {len(added)} column(s) that the contract does not know, the first in place "
                f"{file.header.index(added[0]) + 1}: remove it, or write a new version of the contract."
            )
        if repeated:
            raise DropError(f"{what} repeats {_some(repeated)}: deliver the file with each column once.")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
