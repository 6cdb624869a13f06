"""The tables of reviews, as migration 0010 makes them. They hold no text."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table

metadata = MetaData()

review = Table(
    "text_review",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("source", String(63), nullable=False),
    Column("table_name", String(63), nullable=False),
    Column("column_name", String(63), nullable=False),
    Column("rules", String(16), nullable=False, comment="the recognizers of then"),
    Column("notes", Integer, nullable=False, comment="how many were drawn"),
    Column("most", Float, nullable=False, comment="the bound that the share of misses must stay under"),
    Column("drawn_at", String(27), nullable=False),
    Column("drawn_by", String(64), nullable=False),
    Column("state", String(12), nullable=False, comment="open, accepted, refused or dropped"),
    Column("ended_at", String(27), nullable=True),
    # One open review of a column: null once ended, and nulls are never equal.
    Column("open_of", String(127), nullable=True),
)
Index("ix_text_review_open", review.c.open_of, unique=True)

verdict = Table(
    "text_review_note",
    metadata,
    Column("review", Integer, primary_key=True),
    Column("place", Integer, primary_key=True, comment="1 for the first note of the sample"),
    Column("missed", Boolean, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", String(27), nullable=False),
)
