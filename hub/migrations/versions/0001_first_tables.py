"""People, applications and permits; the ledger of batches; projects."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_chain_head_single"),
        sa.PrimaryKeyConstraint("id", name="pk_chain_head"),
    )
    op.create_table(
        "events",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("stream", "seq", name="uq_events_stream_seq"),
    )
    op.create_index("ix_events_stream", "events", ["stream"], unique=False)
    op.create_table(
        "numbers",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_numbers"),
    )
    op.create_table(
        "people",
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_people"),
    )
    op.create_table(
        "login_failures",
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(length=27), nullable=False),
        sa.Column("locked_until", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name="fk_login_failures_username"),
        sa.PrimaryKeyConstraint("username", name="pk_login_failures"),
    )
    op.create_table(
        "passwords",
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=255), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name="fk_passwords_username"),
        sa.PrimaryKeyConstraint("username", name="pk_passwords"),
    )
    op.create_table(
        "person_roles",
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name="fk_person_roles_username"),
        sa.PrimaryKeyConstraint("username", "role", name="pk_person_roles"),
    )
    op.create_table(
        "ingestion_batch",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("drop_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("contract_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=True),
        sa.Column("accepted", sa.BigInteger(), nullable=True),
        sa.Column("quarantined", sa.BigInteger(), nullable=True),
        sa.Column("duplicates", sa.BigInteger(), nullable=True),
        sa.Column("headers", sa.BigInteger(), nullable=False),
        sa.Column("blanks", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("failed_checks", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("taken_at", sa.String(length=32), nullable=False),
        sa.Column("finished_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_index("ix_ingestion_batch_drop", "ingestion_batch", ["drop_id"], unique=False)
    op.create_index("ix_ingestion_batch_table", "ingestion_batch", ["table_name", "state"], unique=False)
    op.create_table(
        "ingestion_event",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "ingestion_published",
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("period_from", sa.String(length=32), nullable=True),
        sa.Column("period_to", sa.String(length=32), nullable=True),
        sa.Column("published_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("table_name"),
    )
    op.create_table(
        "project",
        sa.Column("project", sa.String(length=64), nullable=False, comment="the permit's id, such as p0001"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="preparing, open, failed or closed"),
        sa.Column("since", sa.String(length=32), nullable=False, comment="when it entered this state, UTC, ends in Z"),
        sa.Column("sentence", sa.String(length=500), nullable=False, comment="why it failed or was closed"),
        sa.PrimaryKeyConstraint("project"),
    )
    op.create_table(
        "project_group",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("gid", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project"),
        sa.UniqueConstraint("gid"),
    )
    op.create_table(
        "project_user",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("uid", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "person"),
        sa.UniqueConstraint("uid", name="uq_project_user_uid"),
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("project_user")
    op.drop_table("project_group")
    op.drop_table("project")
    op.drop_table("ingestion_published")
    op.drop_table("ingestion_event")
    op.drop_index("ix_ingestion_batch_table", table_name="ingestion_batch")
    op.drop_index("ix_ingestion_batch_drop", table_name="ingestion_batch")
    op.drop_table("ingestion_batch")
    op.drop_table("person_roles")
    op.drop_table("passwords")
    op.drop_table("login_failures")
    op.drop_table("people")
    op.drop_table("numbers")
    op.drop_index("ix_events_stream", table_name="events")
    op.drop_table("events")
    op.drop_table("chain_head")
