"""The tables that governance keeps, on its own `metadata`; the roof's migrations create them.

Times are UTC text ending in `Z`. Types are those that SQLite and PostgreSQL share.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

people = Table(
    "people",
    metadata,
    Column("username", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", String(27), nullable=False),
)

person_roles = Table(
    "person_roles",
    metadata,
    Column("username", String(32), ForeignKey("people.username"), primary_key=True),
    Column("role", String(16), primary_key=True),
)

passwords = Table(
    "passwords",
    metadata,
    Column("username", String(32), ForeignKey("people.username"), primary_key=True),
    Column("hash", String(255), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("changed_at", String(27), nullable=False),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("username", String(32), ForeignKey("people.username"), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", String(27), nullable=False),
    Column("locked_until", String(27)),
)

numbers = Table(
    "numbers",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("last", Integer, nullable=False),
)

chain_head = Table(
    "chain_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    CheckConstraint("id = 1", name="single"),
)

events = Table(
    "events",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("stream", String(64), nullable=False, index=True),
    Column("seq", Integer, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("type", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("actor", String(32), nullable=False),
    Column("at", String(27), nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("stream", "seq"),
)
