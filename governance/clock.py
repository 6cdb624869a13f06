"""Time as the records keep it: UTC, ISO 8601 text ending in `Z`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present as an aware datetime."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """`2026-03-01T09:30:00.000000Z`: always 27 characters, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The aware datetime that `to_text` wrote."""
    return datetime.fromisoformat(text)
