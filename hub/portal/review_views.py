"""What the pages of reviews show: the state of each, and one note at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.reviews import Review


class ReviewsView(Protocol):
    """Tells of reviews, and takes what people say of notes."""

    def all(self) -> Sequence[Review]:
        """Every review, the newest first."""

    def get(self, number: int) -> Review | None:
        """One review, None when there is none."""

    def note(self, number: int, place: int) -> str | None:
        """A note of an open review, 1 for the first."""

    def verdicts(self, number: int) -> Mapping[int, bool]:
        """Place -> whether something was missed, of the notes that were read."""

    def judge(self, number: int, place: int, *, missed: bool, by: str) -> Review:
        """Say of a note whether something was missed. Raises `HubError`."""

    def end(self, number: int) -> Review:
        """End a review of which every note was read. Raises `HubError`."""


class NoReviews:
    """A hub without text."""

    def all(self) -> Sequence[Review]:
        """None."""
        return ()

    def get(self, number: int) -> Review | None:  # noqa: ARG002
        """Nothing."""
        return None

    def note(self, number: int, place: int) -> str | None:  # noqa: ARG002
        """Nothing."""
        return None

    def verdicts(self, number: int) -> Mapping[int, bool]:  # noqa: ARG002
        """Nothing."""
        return {}

    def judge(self, number: int, place: int, *, missed: bool, by: str) -> Review:  # noqa: ARG002
        """Never called: there is no review."""
        raise LookupError

    def end(self, number: int) -> Review:  # noqa: ARG002
        """Never called: there is no review."""
        raise LookupError
