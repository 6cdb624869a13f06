"""How far each table of a source database was read: a small sealed file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingestion.errors import IngestionError

_KINDS: dict[str, Any] = {
    "datetime": datetime.fromisoformat, "date": date.fromisoformat, "int": int, "Decimal": Decimal, "str": str,
}  # fmt: skip


class Watermarks:
    """Table -> the greatest value of its watermark column in what was fetched."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, table: str) -> Any:
        """The last value, as the database gave it; `None` before the first time. Raises `IngestionError`."""
        kept = self._read().get(table)
        if kept is None:
            return None
        try:
            return _KINDS[kept["kind"]](kept["value"])
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise self._damaged() from None

    def move(self, marks: Mapping[str, Any]) -> None:
        """Remember new values. Raises `IngestionError` for a kind of value that has no order to rely on."""
        kept = self._read()
        for table, value in marks.items():
            kind = type(value).__name__
            if kind not in _KINDS:
                raise IngestionError(f"{table}: its watermark is no date, time, number or text: name another column.")
            kept[table] = {"kind": kind, "value": value.isoformat() if isinstance(value, date) else str(value)}
        draft = self._path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(kept, sort_keys=True), encoding="utf-8")
        draft.replace(self._path)

    def _read(self) -> dict[str, Any]:
        if not self._path.is_file():
            return {}
        try:
            kept = json.loads(self._path.read_bytes())
        except ValueError:
            raise self._damaged() from None
        if not isinstance(kept, dict):
            raise self._damaged()
        return kept

    def _damaged(self) -> IngestionError:
        return IngestionError(f"{self._path.name} in the sealed zone is damaged: remove it, and every table is read "
                              "from its start again.")  # fmt: skip
