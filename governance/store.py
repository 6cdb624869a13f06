"""The log of events: appended to and never changed, each event sealed to the one before it by a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from governance import events, tables
from governance.errors import OutOfDate, Tampered
from governance.events import Event
from governance.state import Recorded

GENESIS = "0" * 64


def lock(connection: Connection) -> None:
    """Wait for the log: until this transaction ends, nobody else appends or draws a number.

    An update of one row takes the write lock of SQLite and a row lock of PostgreSQL, so that whoever reads,
    decides and appends after it sees what is current. Call it first in a transaction.
    """
    taken = update(tables.chain_head).where(tables.chain_head.c.id == 1).values(id=1)
    if connection.execute(taken).rowcount == 0:
        try:
            with connection.begin_nested():
                connection.execute(insert(tables.chain_head).values(id=1, position=0, hash=GENESIS))
        except IntegrityError:
            connection.execute(taken)


def next_number(connection: Connection, kind: str) -> int:
    """The next number of this kind, from 1, without gaps; under `lock`."""
    numbers = tables.numbers
    mine = numbers.c.kind == kind
    last: int | None = connection.scalar(select(numbers.c.last).where(mine))
    if last is None:
        connection.execute(insert(numbers).values(kind=kind, last=1))
        return 1
    connection.execute(update(numbers).where(mine).values(last=last + 1))
    return last + 1


def append(
    connection: Connection, stream: str, seen: int, new: Sequence[Event], *, actor: str, at: str
) -> list[Recorded]:
    """Write events after the `seen`-th of their stream; under `lock`.

    Raises `OutOfDate` when the stream has moved on since. The unique (stream, seq) would refuse it too.
    """
    last = select(tables.events.c.seq).where(tables.events.c.stream == stream).order_by(tables.events.c.seq.desc())
    if (connection.scalar(last.limit(1)) or 0) != seen:
        raise OutOfDate("This has changed since you read it: read it again, then decide.")
    head = connection.execute(select(tables.chain_head)).one()
    position, previous = head.position, head.hash
    written = []
    for offset, event in enumerate(new, start=1):
        position += 1
        row = {
            "position": position,
            "stream": stream,
            "seq": seen + offset,
            "schema_version": events.SCHEMA_VERSION,
            "type": events.type_of(event),
            "payload": json.dumps(events.payload_of(event), ensure_ascii=False, sort_keys=True),
            "actor": actor,
            "at": at,
            "prev_hash": previous,
        }
        previous = _digest(row)
        connection.execute(insert(tables.events).values(**row, hash=previous))
        written.append(Recorded(position, stream, seen + offset, event, actor, at, previous))
    connection.execute(update(tables.chain_head).values(position=position, hash=previous))
    return written


def read(connection: Connection, stream: str) -> list[Recorded]:
    """The events of one stream, oldest first; empty when there is none."""
    query = select(tables.events).where(tables.events.c.stream == stream).order_by(tables.events.c.seq)
    return [_recorded(row) for row in connection.execute(query)]


def read_kind(connection: Connection, kind: str) -> dict[str, list[Recorded]]:
    """The streams of one kind (`application`, `permit`, `person`) with their events, oldest stream first."""
    query = (
        select(tables.events)
        .where(tables.events.c.stream.startswith(f"{kind}/", autoescape=True))
        .order_by(tables.events.c.position)
    )
    streams: dict[str, list[Recorded]] = {}
    for row in connection.execute(query):
        streams.setdefault(row.stream, []).append(_recorded(row))
    return streams


def verify(connection: Connection, expected_head: str | None = None) -> str:
    """Walk the whole log and return the hash of its head; raises `Tampered` at the first break.

    A log cut short and its head rewritten to match is caught only by `expected_head`, a head hash noted
    elsewhere earlier: it must still be in the chain.
    """
    previous, position, met = GENESIS, 0, expected_head in (None, GENESIS)
    sequences: dict[str, int] = {}
    for row in connection.execute(select(tables.events).order_by(tables.events.c.position)):
        position += 1
        sequences[row.stream] = sequences.get(row.stream, 0) + 1
        sealed = _digest({name: getattr(row, name) for name in _SEALED})
        if (row.position, row.seq, row.prev_hash, row.hash) != (position, sequences[row.stream], previous, sealed):
            raise Tampered("The log of events was changed at position {position}.", position=str(position))
        previous = row.hash
        met = met or previous == expected_head
    head = connection.execute(select(tables.chain_head)).one_or_none()
    if (head.position, head.hash) != (position, previous) if head else position:
        raise Tampered("The log of events was cut after position {position}.", position=str(position))
    if not met:
        raise Tampered("The log of events does not contain the head noted earlier.")
    return previous


_SEALED = ("position", "stream", "seq", "schema_version", "type", "payload", "actor", "at", "prev_hash")


def _digest(row: dict[str, Any]) -> str:
    sealed = json.dumps([row[name] for name in _SEALED], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(sealed.encode()).hexdigest()


def _recorded(row: Row[Any]) -> Recorded:
    event = events.decode(row.type, row.schema_version, json.loads(row.payload))
    return Recorded(row.position, row.stream, row.seq, event, row.actor, row.at, row.hash)
