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
    Column("replay_of", String(32)),
    Column("resources", BigInteger),
    Column("left_out", BigInteger),
    Index("ix_ingestion_batch_drop", "drop_id"),
    Index("ix_ingestion_batch_table", "table_name", "state"),
)
"""One row for each batch. `state`: taken, written, passed, published, rejected.

`replay_of`: the batch whose refused rows this one put through again. `resources` and `left_out`: where a resource
gives none or several rows, how many there were, and how many gave none.
"""

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

discard = Table(
    "ingestion_discard",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("batch_id", String(32), nullable=False),
    Column("table_name", String(63), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("reason", String(200)),
    Column("certificate", String(64), nullable=False),
    Index("ix_ingestion_discard_batch", "batch_id"),
)
"""Refused rows that were destroyed, append-only; `reason` when only the rows refused for it were.

`certificate` is the SHA-256 over the encrypted rows: whoever has a copy can prove that it was these.
"""

check = Table(
    "ingestion_check",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("table_name", String(63), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("says", Text, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("found", Text, nullable=False),
)
"""What the gate found of a batch. `kind`: rule, drift. `outcome`: passed, warned, failed. No value of the data."""

metric = Table(
    "ingestion_metric",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("name", String(16), primary_key=True),
    Column("column_name", String(63), primary_key=True),
    Column("table_name", String(63), nullable=False),
    Column("value", Float, nullable=False),
    Column("hidden", Integer, nullable=False),
    Index("ix_ingestion_metric_table", "table_name"),
)
"""Figures of a batch: `rows`, `null_share`, `new_codes`, `age_days`; `column_name` is empty for the table's own.

`hidden` is 1 where the figure stands for fewer people than may be told apart: `value` is then rounded away.
"""
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
