"""Opens, shows and closes incidents in the records database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from hub.errors import HubError
from hub.incidents.tables import incident
from hub.schedule.clock import database_time, moment
from hub.schedule.tables import mail

#: Lines of findings that are kept of one search; the rest is counted.
LINES = 200
_REASON = 500

#: Subject and text of a mail, from an incident's number and how many places it was found in.
Tell = Callable[[int, int], tuple[str, str]]


@dataclass(frozen=True)
class Incident:
    """One incident; times are UTC and end in Z, `found` holds kinds, counts and places, never a value."""

    number: int
    kind: str
    opened_at: str
    seen_at: str
    found: tuple[str, ...]
    closed_at: str | None
    closed_by: str | None
    reason: str | None


class Incidents:
    """The incidents of a hub; `tell` writes the mail of a new one (none is sent without it)."""

    def __init__(self, engine: Engine, tell: Tell | None = None) -> None:
        self._engine, self._tell = engine, tell

    def found(self, kind: str, lines: Sequence[str]) -> tuple[int, bool]:
        """Number of the open incident of `kind` that now holds `lines`, and whether it was opened by this.

        An open one takes what was found anew in place of what it held, and no second mail is sent. The mail of a new
        one is put in the outbox in the same transaction.
        """
        kept = [*lines[:LINES], f"... {len(lines) - LINES} more"] if len(lines) > LINES else list(lines)
        while True:
            try:
                with self._engine.begin() as connection:
                    return self._write(connection, kind, "\n".join(kept), len(lines))
            except IntegrityError:
                # Another search opened one at the same moment: this one's finding joins it.
                continue

    def all(self, *, only_open: bool = False) -> list[Incident]:
        """Every incident, the newest first."""
        wanted = select(incident).order_by(incident.c.number.desc())
        if only_open:
            wanted = wanted.where(incident.c.closed_at.is_(None))
        with self._engine.connect() as connection:
            return [
                Incident(
                    row.number,
                    row.kind,
                    row.opened_at,
                    row.seen_at,
                    tuple(row.found.splitlines()),
                    row.closed_at,
                    row.closed_by,
                    row.reason,
                )
                for row in connection.execute(wanted)
            ]

    def open_count(self) -> int:
        """How many wait for somebody."""
        with self._engine.connect() as connection:
            return int(
                connection.scalar(select(func.count()).select_from(incident).where(incident.c.closed_at.is_(None))) or 0
            )

    def close(self, number: int, *, by: str, reason: str) -> None:
        """Close an incident with what was done about it.

        Raises `HubError` when there is none of this number, it is closed already, or the reason is empty or longer
        than 500 characters.
        """
        reason = " ".join(reason.split())
        if not 0 < len(reason) <= _REASON:
            raise HubError(f"Say in 1 to {_REASON} characters, without any identifier, what was done about it.")
        with self._engine.begin() as connection:
            closed = connection.execute(
                update(incident)
                .where(incident.c.number == number, incident.c.closed_at.is_(None))
                .values(closed_at=moment(database_time(connection)), closed_by=by[:64], reason=reason, open_kind=None)
            )
        if closed.rowcount != 1:
            raise HubError(f"No incident {number} is open: see `hub incident list`.")

    def _write(self, connection: Connection, kind: str, text: str, places: int) -> tuple[int, bool]:
        now = database_time(connection)
        number = connection.scalar(select(incident.c.number).where(incident.c.open_kind == kind).with_for_update())
        if number is not None:
            connection.execute(
                update(incident).where(incident.c.number == number).values(seen_at=moment(now), found=text)
            )
            return int(number), False
        made = connection.execute(
            insert(incident).values(kind=kind, opened_at=moment(now), seen_at=moment(now), found=text, open_kind=kind)
        )
        key = made.inserted_primary_key
        number = int(key[0]) if key else 0
        if self._tell is not None:
            subject, body = self._tell(number, places)
            connection.execute(
                insert(mail).values(
                    created_at=moment(now), subject=subject, body=body, state="waiting", attempts=0, not_before=now
                )
            )
        return number, True
