"""The ledger's tables. Times are UTC, ISO 8601 text ending in `Z`; JSON is text: SQLite and PostgreSQL alike."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

batch = Table(
    "ingestion_batch",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("drop_id", String(32), nullable=False),
    Column("source", String(63), nullable=False),
    Column("table_name", String(63), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("contract_version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("rows_read", BigInteger),
    Column("accepted", BigInteger),
    Column("quarantined", BigInteger),
    Column("duplicates", BigInteger),
    Column("headers", BigInteger, nullable=False),
    Column("blanks", BigInteger, nullable=False),
    Column("reasons", Text),
    Column("changes", Text),
    Column("noticed", Text),
    Column("failed_checks", Text),
    Column("version", BigInteger),
    Column("seconds", Float),
    Column("taken_at", String(32), nullable=False),
    Column("finished_at", String(32)),
    Index("ix_ingestion_batch_drop", "drop_id"),
    Index("ix_ingestion_batch_table", "table_name", "state"),
)
"""One row for each batch. `state`: taken, written, passed, published, rejected."""

published = Table(
    "ingestion_published",
    metadata,
    Column("table_name", String(63), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("batch_id", String(32), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("period_from", String(32)),
    Column("period_to", String(32)),
    Column("published_at", String(32), nullable=False),
)
"""The pointer: the Delta version of each table that everybody reads."""

event = Table(
    "ingestion_event",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("batch_id", String(32), nullable=False),
    Column("table_name", String(63), nullable=False),
    Column("what", String(16), nullable=False),
    Column("version", BigInteger),
    Column("rows", BigInteger),
)
"""What happened to batches, tables and drops, append-only; `rows` are those that an erasure or a purge concerned."""

derived = Table(
    "ingestion_derived",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("table_name", String(63), nullable=False),
    Column("part", String(200), nullable=False),
    Column("input_batch", String(32), nullable=False),
    Column("input_rows", BigInteger, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("carried", Text, nullable=False),
    Column("carried_state", String(32), nullable=False),
    Column("absent", BigInteger, nullable=False),
    Column("split", BigInteger, nullable=False),
    Index("ix_ingestion_derived_table", "table_name"),
)
"""What each batch of a derived table came from."""

alias = Table(
    "ingestion_alias",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("stands_for", String(32), nullable=False),
    Column("at", String(32), nullable=False),
)
"""A drop from which a person was erased has other content, and is still the batch that was published."""
