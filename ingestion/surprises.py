"""Surprises: what becomes of a batch that is not what its contract says, by `surprise_policies`.

A new column is counted by its place in the header, never by its name: the name is the file's own text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.contract import Contract
from ingestion.errors import DropError
from ingestion.ledger import Counts
from ingestion.taken import TakenTable

SURPRISE = "_surprise"
"""Column that a reader adds where a contract quarantines files by their header: the reason, or null."""

_FROZEN = {"type_change": "bad_type", "unknown_code": "unknown_code"}


@dataclass(frozen=True)
class Header:
    """A file's header against its contract.

    `names` has the contract's name for each known cell, and `_new_<place>` for the others, so that no text of the
    file reaches a plan; `missing` names columns of the contract, `added` places in the header counted from 1.
    """

    names: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[int, ...]
    repeated: tuple[str, ...]


def header_of(contract: Contract, cells: Sequence[str]) -> Header:
    """Compare a header's cells with the columns that a file delivers."""
    known = {contract.columns[name].header or name: name for name in contract.file_columns}
    names = [known.get(cell, f"_new_{place}") for place, cell in enumerate(cells, start=1)]
    times = Counter(names)
    return Header(
        names=tuple(names),
        missing=tuple(name for name in contract.file_columns if name not in times),
        added=tuple(place for place, cell in enumerate(cells, start=1) if cell not in known),
        repeated=tuple(name for name in contract.file_columns if times[name] > 1),
    )


def check_header(contract: Contract, cells: Sequence[str], what: str, hint: str = "") -> None:
    """Refuse a header that the contract's policies do not let in. Raises `DropError` naming columns by the contract."""
    header, policy = header_of(contract, cells), contract.surprises
    known = len(contract.file_columns) - len(header.missing)
    if header.missing and (policy.missing_column == "freeze" or known * 2 < len(contract.file_columns)):
        # A header of which most is missing is another file's, or a line of data.
        alone = f"; {hint}" if hint and len(cells) == 1 < len(contract.file_columns) else ""
        raise DropError(
            f"{what} misses {_some(header.missing)}: deliver the file with every column of its contract{alone}."
        )
    if header.added and policy.new_column == "freeze":
        # An added name is the file's own text and could be anything: a line of data where a header should be.
        raise DropError(
            f"{what} adds {len(header.added)} column(s) that the contract does not know, the first in place "
            f"{header.added[0]}: remove it, or write a new version of the contract."
        )
    if header.repeated:
        raise DropError(f"{what} repeats {_some(header.repeated)}: deliver the file with each column once.")


def header_reason(contract: Contract, header: Header) -> str | None:
    """Why every row of a file is refused, by its header; None for a file that is let in."""
    reasons = []
    if header.added and contract.surprises.new_column == "quarantine":
        reasons += [f"new_column:{place}" for place in header.added]
    if header.missing and contract.surprises.missing_column == "quarantine":
        reasons += [f"missing_column:{name}" for name in header.missing]
    return ",".join(reasons) or None


def refuses_by_header(contract: Contract) -> bool:
    """Whether a header can send rows to the quarantine."""
    return "quarantine" in (contract.surprises.new_column, contract.surprises.missing_column)


def noticed_in_headers(taken: TakenTable) -> dict[str, int]:
    """Rows of files that were let in with a column too many or too few, by what was noticed."""
    contract, counts = taken.contract, Counter[str]()
    for file in taken.files:
        if not file.header:
            continue
        header = header_of(contract, file.header)
        noticed = {"evolve": "new_column", "discard_value": "discarded_column"}.get(contract.surprises.new_column)
        if noticed:
            counts.update({f"{noticed}:{place}": file.rows for place in header.added})
        if contract.surprises.missing_column == "evolve":
            counts.update({f"missing_column:{name}": file.rows for name in header.missing})
    return dict(counts)


def frozen(contract: Contract, counts: Counts) -> list[str]:
    """Sentences for values that the contract does not let any batch have; the batch is then rejected as a whole."""
    found = []
    for reason, rows in sorted(counts.reasons.items()):
        code, _, column = reason.partition(":")
        if column and column in contract.columns and _policy(contract, code, column) == "freeze":
            found.append(f"{code} of {column} is frozen: {rows} rows")
    return found


def _policy(contract: Contract, code: str, column: str) -> str | None:
    if code == _FROZEN["type_change"]:
        return contract.on_bad_type(column)
    return contract.on_unknown_code(column) if code == _FROZEN["unknown_code"] else None


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
