"""NDJSON at the intake: one object a line, or the count of lines would not be the count of rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from ingestion.errors import DropError
from ingestion.lines import WHITE, Lines, take_lines
from ingestion.packing import Delivery

_NEXT_OBJECT = re.compile(rb"\}[ \t]*\{")


def take_json_lines(delivery: Delivery, encoding: str, each: Callable[[bytes, int], None] | None = None) -> Lines:
    """Count the objects; a line that is no JSON counts, for it ends in quarantine. `each` sees line and number.

    Raises `DropError`: no line of text, a line that is an array or holds several objects.
    """
    what = delivery.what

    def look(lines: Sequence[bytes], before: int) -> None:
        for number, line in enumerate(lines, start=before + 1):
            if line.lstrip(WHITE)[:1] == b"[":
                raise DropError(f"{what}, line {number} is a JSON array: NDJSON has one object a line.")
            if _NEXT_OBJECT.search(line) and _several(line):
                raise DropError(f"{what}, line {number} holds several JSON objects: NDJSON has one a line.")
            if each:
                each(line, number)

    lines = take_lines(delivery, encoding=encoding, look=look)
    if not lines.full:
        raise DropError(f"{what} is empty: deliver it again, or take it out of the drop.")
    return lines


def _several(line: bytes) -> bool:
    """Whether something follows the line's first object (a brace may also stand inside a string)."""
    text = line.decode("utf-8", "replace").strip()
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return end < len(text)
