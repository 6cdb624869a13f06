"""Records of this floor: the state of each project, and the numbers its workspaces run under."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint

metadata = MetaData()

projects = Table(
    "project",
    metadata,
    Column("project", String(64), primary_key=True, comment="the permit's id, such as p0001"),
    Column("state", String(16), nullable=False, comment="preparing, open, failed or closed"),
    Column("since", String(32), nullable=False, comment="when it entered this state, UTC, ends in Z"),
    Column("sentence", String(500), nullable=False, default="", comment="why it failed or was closed"),
)

groups = Table(
    "project_group",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("gid", Integer, nullable=False, unique=True),
)

users = Table(
    "project_user",
    metadata,
    Column("project", String(64), nullable=False, primary_key=True),
    Column("person", String(64), nullable=False, primary_key=True),
    Column("uid", Integer, nullable=False),
    UniqueConstraint("uid", name="uq_project_user_uid"),
)
