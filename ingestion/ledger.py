"""The ledger: one line for each batch, and the pointer to each table's published version."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from ingestion.errors import UnbalancedBatch
from ingestion.tables import alias, batch, event, published
from ingestion.taken import TakenTable

_KEYS = "keys"
"""Stands where events name a table."""
State = Literal["taken", "written", "passed", "published", "rejected"]


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A moment as the ledger writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Counts:
    """What became of a batch's rows.

    `reasons` counts refused rows by reason (`code` or `code:COLUMN`), `changes` what accepted rows did to the table
    (inserted, updated, deleted, unchanged, superseded). `noticed` counts, by such reasons, rows that are among the
    accepted all the same, as the contract's `surprises` say.
    Where a record gives none or several rows, `resources` is how many there were and `left_out` how many gave none.
    """

    rows_read: int
    accepted: int
    quarantined: int
    duplicates: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    noticed: Mapping[str, int] = field(default_factory=dict)
    resources: int | None = None
    left_out: int = 0

    @property
    def resources_hold(self) -> bool:
        """Whether each resource is accounted for: it gave a row or more, or is among those left out."""
        return self.resources is None or 0 <= self.resources - self.left_out <= self.rows_read

    def check(self, table: str) -> None:
        """Raise `UnbalancedBatch` unless rows read = accepted + quarantined + duplicates (law 3)."""
        if not self.resources_hold:
            raise UnbalancedBatch(
                f"{table}: {self.resources} resources of which {self.left_out} gave no row cannot be {self.rows_read} "
                "rows: nothing was published; this is a defect of the hub."
            )
        if self.rows_read != self.accepted + self.quarantined + self.duplicates:
            raise UnbalancedBatch(
                f"{table}: {self.rows_read} rows read are not {self.accepted} accepted + {self.quarantined} "
                f"quarantined + {self.duplicates} duplicates: nothing was published; this is a defect of the hub."
            )


@dataclass(frozen=True)
class Batch:
    """A line of the ledger."""

    batch_id: str
    drop_id: str
    source: str
    table: str
    content_hash: str
    contract_version: int
    state: State
    counts: Counts | None
    headers: int
    blanks: int
    failed_checks: tuple[str, ...]
    version: int | None
    seconds: float | None
    taken_at: str
    finished_at: str | None
    replay_of: str | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a batch, a table or a drop; `rows` only where an act counts some."""

    number: int
    at: str
    batch_id: str
    table: str
    what: str
    version: int | None
    rows: int | None


@dataclass(frozen=True)
class Published:
    """A table's pointer; the period is the range of the contract's date column, ISO 8601."""

    table: str
    version: int
    batch_id: str
    row_count: int
    period_from: str | None
    period_to: str | None
    published_at: str


class Ledger:
    """Reads and writes the ledger's tables; the tables exist already (`tables.metadata`)."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._clock = engine, clock

    @property
    def engine(self) -> Engine:
        """The database that holds the ledger."""
        return self._engine

    def now(self) -> datetime:
        """The ledger's clock."""
        return self._clock()

    def published(self, table: str) -> int | None:
        """The published Delta version of a table."""
        pointer = self.pointer(table)
        return pointer.version if pointer else None

    def pointer(self, table: str) -> Published | None:
        """The whole pointer of a table."""
        with self._engine.connect() as connection:
            row = connection.execute(select(published).where(published.c.table_name == table)).first()
        return _published(row) if row else None

    def pointers(self) -> list[Published]:
        """Every pointer, by table."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(published).order_by(published.c.table_name)).all()
        return [_published(row) for row in rows]

    def batch(self, batch_id: str) -> Batch | None:
        """One line; by the name that its content has now, when a person was erased from it."""
        named = select(alias.c.stands_for).where(alias.c.batch_id == batch_id)
        with self._engine.connect() as connection:
            first = connection.execute(named).scalar_one_or_none()
            row = connection.execute(select(batch).where(batch.c.batch_id == (first or batch_id))).first()
        return _batch(row) if row else None

    def batches(
        self,
        *,
        table: str | None = None,
        source: str | None = None,
        drop_id: str | None = None,
        states: Sequence[State] = (),
    ) -> list[Batch]:
        """Lines, oldest first."""
        query = select(batch).order_by(batch.c.taken_at, batch.c.batch_id)
        for column, value in ((batch.c.table_name, table), (batch.c.source, source), (batch.c.drop_id, drop_id)):
            if value is not None:
                query = query.where(column == value)
        if states:
            query = query.where(batch.c.state.in_(states))
        with self._engine.connect() as connection:
            return [_batch(row) for row in connection.execute(query).all()]

    def replays(self, batch_id: str) -> list[Batch]:
        """The published batches that put refused rows of this one, or of such a batch, through again; oldest first."""
        found, wanted = list[Batch](), {batch_id}
        for one in self.batches(states=["published"]):
            if one.replay_of in wanted:
                found.append(one)
                wanted.add(one.batch_id)
        return found

    def take(self, taken: TakenTable, drop_id: str) -> None:
        """Open (or open again) the line of a batch that is not published."""
        with self._engine.begin() as connection:
            connection.execute(delete(batch).where(batch.c.batch_id == taken.batch_id, batch.c.state != "published"))
            connection.execute(
                insert(batch).values(
                    batch_id=taken.batch_id,
                    drop_id=drop_id,
                    source=taken.contract.source,
                    table_name=taken.contract.table,
                    content_hash=taken.content_hash,
                    contract_version=taken.contract.version,
                    state="taken",
                    headers=taken.total("headers"),
                    blanks=taken.total("blanks"),
                    taken_at=self._now(),
                    replay_of=taken.replay_of,
                )
            )
            self._event(connection, taken.batch_id, taken.contract.table, "taken", None)

    def written(self, batch_id: str, table: str, version: int, counts: Counts, seconds: float) -> None:
        """The batch is a Delta version beyond the pointer. Raises `UnbalancedBatch`."""
        counts.check(table)
        self._set(
            batch_id, table, "written", version, rows_read=counts.rows_read, accepted=counts.accepted,
            quarantined=counts.quarantined, duplicates=counts.duplicates,
            reasons=json.dumps(dict(counts.reasons), sort_keys=True),
            changes=json.dumps(dict(counts.changes), sort_keys=True),
            noticed=json.dumps(dict(counts.noticed), sort_keys=True), seconds=seconds,
            resources=counts.resources, left_out=None if counts.resources is None else counts.left_out,
        )  # fmt: skip

    def passed(self, batch_id: str, table: str, version: int, seconds: float) -> None:
        """The gate let the batch through."""
        self._set(batch_id, table, "passed", version, seconds=seconds)

    def rejected(self, batch_id: str, table: str, failed: Sequence[str]) -> None:
        """The gate did not."""
        self._set(batch_id, table, "rejected", None, failed_checks=json.dumps(list(failed)), finished_at=self._now())

    def reopen(self, batch_id: str, table: str) -> None:
        """The batch's version was taken back: it is as if it had only been taken."""
        self._set(batch_id, table, "taken", None)

    def move(self, pointers: Sequence[Published]) -> None:
        """Publish: every table of a drop moves in one transaction, and its batches become `published`."""
        now = self._now()
        with self._engine.begin() as connection:
            for pointer in pointers:
                connection.execute(delete(published).where(published.c.table_name == pointer.table))
                connection.execute(
                    insert(published).values(
                        table_name=pointer.table,
                        version=pointer.version,
                        batch_id=pointer.batch_id,
                        row_count=pointer.row_count,
                        period_from=pointer.period_from,
                        period_to=pointer.period_to,
                        published_at=now,
                    )
                )
                connection.execute(
                    update(batch)
                    .where(batch.c.batch_id == pointer.batch_id, batch.c.table_name == pointer.table)
                    .values(state="published", finished_at=now)
                )
                self._event(connection, pointer.batch_id, pointer.table, "published", pointer.version)

    def events(self, *, table: str | None = None, what: Sequence[str] = ()) -> list[Event]:
        """What happened, oldest first."""
        query = select(event).order_by(event.c.number)
        if table is not None:
            query = query.where(event.c.table_name == table)
        if what:
            query = query.where(event.c.what.in_(what))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [Event(r.number, r.at, r.batch_id, r.table_name, r.what, r.version, r.rows) for r in rows]

    def record(self, batch_id: str, table: str, what: str, rows: int | None = None) -> None:
        """Write down an act that moves no pointer."""
        with self._engine.begin() as connection:
            self._event(connection, batch_id, table, what, None, rows)

    def repoint(self, pointer: Published, what: str, rows: int | None = None) -> None:
        """Move one table's pointer for another reason than a batch: `restored`, `compacted`, `erased` or `relinked`."""
        with self._engine.begin() as connection:
            connection.execute(
                update(published)
                .where(published.c.table_name == pointer.table)
                .values(
                    version=pointer.version,
                    batch_id=pointer.batch_id,
                    row_count=pointer.row_count,
                    period_from=pointer.period_from,
                    period_to=pointer.period_to,
                    published_at=self._now(),
                )
            )
            self._event(connection, pointer.batch_id, pointer.table, what, pointer.version, rows)

    def rotated(self, pointers: Sequence[Published], key_id: str) -> None:
        """Move the pointers of all tables that were brought to the keys `key_id`, in one transaction."""
        now = self._now()
        with self._engine.begin() as connection:
            for pointer in pointers:
                connection.execute(
                    update(published)
                    .where(published.c.table_name == pointer.table)
                    .values(version=pointer.version, published_at=now)
                )
                self._event(connection, pointer.batch_id, pointer.table, "rekeyed", pointer.version, pointer.row_count)
            self._event(connection, key_id, _KEYS, "rotated", None)

    def key_id(self) -> str | None:
        """The generation of keys that the tables bear; None before the first rotation."""
        rotations = self.events(table=_KEYS, what=["rotated"])
        return rotations[-1].batch_id if rotations else None

    def rename(self, batch_id: str, now_named: str, content_hash: str) -> None:
        """The batch's files changed without its rows being new: both names mean this line from now on."""
        with self._engine.begin() as connection:
            connection.execute(delete(alias).where(alias.c.batch_id == now_named))
            connection.execute(insert(alias).values(batch_id=now_named, stands_for=batch_id, at=self._now()))
            connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(content_hash=content_hash))

    def _set(self, batch_id: str, table: str, state: State, version: int | None, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(batch).where(batch.c.batch_id == batch_id).values(state=state, version=version, **values)
            )
            self._event(connection, batch_id, table, state, version)

    def _event(
        self, connection: Connection, batch_id: str, table: str, what: str, version: int | None, rows: int | None = None
    ) -> None:
        connection.execute(
            insert(event).values(
                at=self._now(), batch_id=batch_id, table_name=table, what=what, version=version, rows=rows
            )
        )

    def _now(self) -> str:
        return stamp(self._clock())


def _published(row: Row[Any]) -> Published:
    return Published(
        row.table_name, row.version, row.batch_id, row.row_count, row.period_from, row.period_to, row.published_at
    )


def _batch(row: Row[Any]) -> Batch:
    counts = None
    if row.rows_read is not None:
        counts = Counts(
            row.rows_read, row.accepted, row.quarantined, row.duplicates, json.loads(row.reasons or "{}"),
            changes=json.loads(row.changes or "{}"), noticed=json.loads(row.noticed or "{}"),
            resources=row.resources, left_out=row.left_out or 0,
        )  # fmt: skip
    return Batch(
        row.batch_id, row.drop_id, row.source, row.table_name, row.content_hash, row.contract_version, row.state,
        counts, row.headers, row.blanks, tuple(json.loads(row.failed_checks or "[]")), row.version, row.seconds,
        row.taken_at, row.finished_at, row.replay_of,
    )  # fmt: skip
