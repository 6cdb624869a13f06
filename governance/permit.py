"""The document from which everything that a project can touch is derived."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from governance.rights import State


@dataclass(frozen=True)
class Permit:
    """A granted application. `id` (`p0001`) is also the project's id, its named server and MLflow workspace.

    Scope fields mean what they mean in `Application`; `members` includes the applicant (`filed_by`). Times are
    UTC text ending in `Z`; `closed_at` is set once somebody closed the permit.
    """

    id: str
    application: str
    title: str
    purpose: str
    public_interest: str
    tables: Mapping[str, tuple[str, ...]]
    date_from: date
    date_to: date
    born_from: int | None
    born_to: int | None
    members: tuple[str, ...]
    end_date: date
    institution: str
    filed_by: str
    granted_at: str
    granted_by: str
    closed_at: str | None = None
    dates: str = "exact"

    def active(self, at: datetime) -> bool:
        """Whether it opens anything at the moment `at` (aware); the whole of `end_date` (UTC) still counts."""
        return self.state(at) is State.ACTIVE

    def state(self, at: datetime) -> State:
        """Closed, else ended by its date, else active."""
        if self.closed_at is not None:
            return State.CLOSED
        return State.ENDED if at.astimezone(UTC).date() > self.end_date else State.ACTIVE

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; dates as ISO 8601."""
        return {
            "id": self.id,
            "application": self.application,
            "title": self.title,
            "purpose": self.purpose,
            "public_interest": self.public_interest,
            "tables": {table: list(columns) for table, columns in sorted(self.tables.items())},
            "date_from": self.date_from.isoformat(),
            "date_to": self.date_to.isoformat(),
            "born_from": self.born_from,
            "born_to": self.born_to,
            "members": list(self.members),
            "end_date": self.end_date.isoformat(),
            "institution": self.institution,
            "filed_by": self.filed_by,
            "granted_at": self.granted_at,
            "granted_by": self.granted_by,
            "closed_at": self.closed_at,
            "dates": self.dates,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Permit:
        """The permit that `to_json` wrote."""
        return cls(
            **{
                **values,
                "tables": {table: tuple(columns) for table, columns in values["tables"].items()},
                "members": tuple(values["members"]),
                **{name: date.fromisoformat(values[name]) for name in ("date_from", "date_to", "end_date")},
            }
        )

    def dumps(self) -> str:
        """`to_json` as text."""
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, indent=2)

    @classmethod
    def loads(cls, text: str) -> Permit:
        """The permit that `dumps` wrote."""
        return cls.from_json(json.loads(text))
