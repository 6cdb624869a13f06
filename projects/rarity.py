"""How many persons of an extract the data themselves would tell, whatever their pseudonyms.

Two extracts of the same tables hold the same lives: whoever holds both, or knows a life from elsewhere, may match them
by what they contain. A person is *alone by one row* when one row of theirs is like nobody else's (unicity with one
point, de Montjoye et al., Scientific Reports 2013; 3:1376), and *alone by all rows* when the whole of them is.
Where dates are shifted they count as the days since the person's first date: that is what shifting keeps.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "rarity.json"
"""Beside the extract, where no workspace reads it."""


@dataclass(frozen=True)
class Rarity:
    """Of `persons` in the extract, those alone by one row and those alone by all rows."""

    persons: int
    by_one_row: int
    by_all_rows: int

    def write(self, place: Path) -> None:
        """Keep it in the project's folder, in place of an older one."""
        draft = place / f".{FILE}.new"
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(place / FILE)

    @classmethod
    def read(cls, place: Path) -> Rarity | None:
        """What is kept in a project's folder; None when it was not measured, or cannot be read."""
        try:
            return cls(**json.loads((place / FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
