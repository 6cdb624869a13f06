"""How a good CSV line is spoilt."""

from __future__ import annotations


def malformed(row: str, turn: int) -> str:
    """A line with too few columns, or on every other turn with too many; never one that could pass for a row."""
    return row[: row.rindex(",", 0, len(row) * 2 // 3)] if turn % 2 else f"{row},,surplus"
