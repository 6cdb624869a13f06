"""The schedule's tables, as migration 0002 makes them. They hold no value from the data."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKeyConstraint, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

job = Table(
    "schedule_job",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("cursor", String(20), nullable=False, comment="intervals up to here are written below; UTC, ends in Z"),
    Column("holder", String(100), nullable=True, comment="the runner that works on this job"),
    Column("lease_until", Float, nullable=True, comment="seconds since 1970 by the database's clock"),
)

interval = Table(
    "schedule_interval",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("due_at", String(20), primary_key=True, comment="UTC, ends in Z"),
    Column("kind", String(16), nullable=False, comment="clock, backfill or hand"),
    Column("state", String(16), nullable=False, comment="running, waiting, done, failed or skipped"),
    Column("attempts", Integer, nullable=False),
    Column("holder", String(100), nullable=True),
    Column("not_before", Float, nullable=True, comment="a waiting one is tried again then; seconds since 1970"),
    Column("step", String(200), nullable=True, comment="what the run last said of its progress"),
    Column("exit_code", Integer, nullable=True),
    Column("changed_at", String(27), nullable=False),
)
Index("ix_schedule_interval_state", interval.c.job, interval.c.state)
Index("ix_schedule_interval_due", interval.c.due_at)

attempt = Table(
    "schedule_attempt",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("due_at", String(20), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("command", String(500), nullable=False),
    Column("host", String(100), nullable=False, comment="the machine that ran it"),
    Column("started_at", String(27), nullable=False),
    Column("finished_at", String(27), nullable=True),
    Column("outcome", String(16), nullable=True, comment="done, failed, too_long, stopped or lost"),
    Column("exit_code", Integer, nullable=True),
    ForeignKeyConstraint(
        ["job", "due_at"], ["schedule_interval.job", "schedule_interval.due_at"], name="fk_schedule_attempt_interval"
    ),
)
Index("ix_schedule_attempt_started", attempt.c.started_at)

mail = Table(
    "schedule_mail",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("created_at", String(27), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False, comment="waiting, sent or given_up"),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Float, nullable=False, comment="seconds since 1970"),
    Column("sent_at", String(27), nullable=True),
)
Index("ix_schedule_mail_state", mail.c.state, mail.c.not_before)
