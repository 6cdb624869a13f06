"""Reviews in the records database; the notes themselves lie in the sealed zone until the review ends.

A column of scrubbed text may be granted when its last review was accepted: every note of the sample was read, and the
upper bound of the share of notes in which something was missed (Wilson, 95 %) is under the limit. It may not any more
once the recognizers have changed, or a check of drift on one of its later batches did not pass.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import binomtest  # type: ignore[import-untyped]
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, delete, func, insert, select, update

from hub.errors import HubError
from hub.reviews.tables import review, verdict
from hub.schedule.clock import database_time, moment

OPEN, ACCEPTED, REFUSED, DROPPED = "open", "accepted", "refused", "dropped"


@dataclass(frozen=True)
class Review:
    """A review; times are UTC and end in Z. `read` notes were judged, and in `missed` of them something was missed."""

    number: int
    source: str
    table: str
    column: str
    rules: str
    notes: int
    most: float
    drawn_at: str
    state: str
    ended_at: str | None
    read: int
    missed: int

    @property
    def bound(self) -> float | None:
        """The upper bound of the share of notes with a miss; None before every note was read."""
        return upper_bound(self.missed, self.notes) if self.read == self.notes else None


@dataclass(frozen=True)
class Standing:
    """Whether a column of text may be granted, and if not why, a sentence for whoever opens a project."""

    accepted: bool
    why: str = ""


def upper_bound(missed: int, notes: int) -> float:
    """The upper end of the Wilson score interval at 95 % (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    return float(binomtest(missed, notes).proportion_ci(confidence_level=0.95, method="wilson").high)


class Reviews:
    """The reviews of a hub; `folder` holds the notes of those that are open, 0600, in the sealed zone."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder

    def draw(
        self, source: str, table: str, column: str, notes: Sequence[str], *, rules: str, most: float, by: str
    ) -> int:  # fmt: skip
        """Open a review of these notes, in the place of one of the same column that is open; returns its number.

        Raises `HubError` when there is no note.
        """
        if not notes:
            raise HubError(f"{table} has no note in {column} to read: ingest a drop that holds some.")
        with self._engine.begin() as connection:
            self._drop(connection, review.c.open_of == f"{table}.{column}")
            made = connection.execute(
                insert(review).values(
                    source=source, table_name=table, column_name=column, rules=rules, notes=len(notes), most=most,
                    drawn_at=moment(database_time(connection)), drawn_by=by[:64], state=OPEN,
                    open_of=f"{table}.{column}",
                )
            )  # fmt: skip
            key = made.inserted_primary_key
            number = int(key[0]) if key else 0
            # Before the commit: an open review has its notes.
            self._write(number, notes)
        return number

    def all(self) -> list[Review]:
        """Every review, the newest first."""
        with self._engine.connect() as connection:
            return [self._review(connection, row) for row in connection.execute(_newest())]

    def get(self, number: int) -> Review | None:
        """One review."""
        with self._engine.connect() as connection:
            row = connection.execute(select(review).where(review.c.number == number)).first()
            return self._review(connection, row) if row else None

    def note(self, number: int, place: int) -> str | None:
        """A note of an open review, 1 for the first; None when there is none."""
        try:
            notes = json.loads(self._path(number).read_text("utf-8"))
        except OSError:
            return None
        return str(notes[place - 1]) if 0 < place <= len(notes) else None

    def verdicts(self, number: int) -> dict[int, bool]:
        """Place -> whether something was missed, of the notes that were read."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(verdict).where(verdict.c.review == number).order_by(verdict.c.place))
            return {row.place: bool(row.missed) for row in rows}

    def judge(self, number: int, place: int, *, missed: bool, by: str) -> Review:
        """Say of a note whether something was missed; said again, the later counts. Raises `HubError`."""
        with self._engine.begin() as connection:
            row = connection.execute(select(review).where(review.c.number == number).with_for_update()).first()
            if row is None or row.state != OPEN or not 0 < place <= row.notes:
                raise HubError("This review has ended, or has no such note.")
            connection.execute(delete(verdict).where(verdict.c.review == number, verdict.c.place == place))
            at = moment(database_time(connection))
            connection.execute(insert(verdict).values(review=number, place=place, missed=missed, by=by[:64], at=at))
            return self._review(connection, row)

    def end(self, number: int) -> Review:
        """End a review of which every note was read: accepted or refused. Raises `HubError`."""
        with self._engine.begin() as connection:
            row = connection.execute(select(review).where(review.c.number == number).with_for_update()).first()
            now = self._review(connection, row) if row else None
            if now is None or now.state != OPEN or now.bound is None:
                raise HubError("This review has ended, or some of its notes were not read yet.")
            state = ACCEPTED if now.bound <= now.most else REFUSED
            connection.execute(
                update(review)
                .where(review.c.number == number)
                .values(state=state, ended_at=moment(database_time(connection)), open_of=None)
            )
        self._path(number).unlink(missing_ok=True)
        found = self.get(number)
        assert found is not None  # noqa: S101 - it was there
        return found

    def drop_open(self) -> int:
        """End every open review without a result, and its notes with it: somebody was erased; how many."""
        with self._engine.begin() as connection:
            return self._drop(connection, review.c.state == OPEN)

    def standing(self, table: str, column: str, *, rules: str, drifted: Callable[[str], bool]) -> Standing:
        """Whether the column may be granted now; `drifted` tells whether a check of drift spoke since a moment."""
        with self._engine.connect() as connection:
            mine = (review.c.table_name == table, review.c.column_name == column, review.c.ended_at.is_not(None))
            rows = connection.execute(_newest().where(*mine)).all()
        last = next((row for row in rows if row.state != DROPPED), None)
        again = f"Draw a sample with `hub scrub-review {rows[0].source if rows else 'SOURCE'}` and have it read."
        what = f"The text of {table}.{column}"
        if last is None:
            return Standing(False, f"{what} was not read by anybody yet. {again}")
        if last.state == REFUSED:
            return Standing(False, f"{what} was read, and too much had been missed. Better the recognizers. {again}")
        if last.rules != rules:
            return Standing(False, f"{what} was read when other recognizers had scrubbed it. {again}")
        if drifted(last.ended_at):
            return Standing(False, f"{what} comes from a source that has changed since it was read. {again}")
        return Standing(True)

    def _drop(self, connection: Connection, which: ColumnElement[bool]) -> int:
        numbers = list(connection.scalars(select(review.c.number).where(review.c.state == OPEN, which)))
        for number in numbers:
            self._path(number).unlink(missing_ok=True)
            connection.execute(
                update(review)
                .where(review.c.number == number)
                .values(state=DROPPED, ended_at=moment(database_time(connection)), open_of=None)
            )
        return len(numbers)

    def _review(self, connection: Connection, row: Row[Any]) -> Review:
        counted = connection.execute(
            select(func.count(), func.count().filter(verdict.c.missed)).where(verdict.c.review == row.number)
        ).one()
        return Review(
            row.number, row.source, row.table_name, row.column_name, row.rules, row.notes, row.most, row.drawn_at,
            row.state, row.ended_at, int(counted[0]), int(counted[1]),
        )  # fmt: skip

    def _write(self, number: int, notes: Sequence[str]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Scrubbed text is still personal data: only the hub's own account reads it.
        handle = os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(list(notes), file, ensure_ascii=False)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.json"


def _newest() -> Select[Any]:
    return select(review).order_by(review.c.number.desc())
