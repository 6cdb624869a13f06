"""The table of incidents, as migration 0009 makes it. It holds no value from the data."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

incident = Table(
    "incident",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False, comment="leak, links"),
    Column("opened_at", String(27), nullable=False),
    Column("seen_at", String(27), nullable=False, comment="when it was last found"),
    Column("found", Text, nullable=False, comment="a line for each kind, count and place; never a value"),
    Column("closed_at", String(27), nullable=True),
    Column("closed_by", String(64), nullable=True, comment="the account of the machine"),
    Column("reason", String(500), nullable=True),
    # One open incident of a kind: null once closed, and nulls are never equal.
    Column("open_kind", String(32), nullable=True),
)
Index("ix_incident_open", incident.c.open_kind, unique=True)
