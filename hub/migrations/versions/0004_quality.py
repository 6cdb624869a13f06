"""Replays and discards of refused rows; results of checks and figures of batches."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the tables."""
    op.add_column("ingestion_batch", sa.Column("replay_of", sa.String(length=32), nullable=True))
    op.create_table(
        "ingestion_discard",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("certificate", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_ingestion_discard_batch", "ingestion_discard", ["batch_id"], unique=False)
    op.create_table(
        "ingestion_check",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "place"),
    )
    op.create_table(
        "ingestion_metric",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("column_name", sa.String(length=63), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("hidden", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "name", "column_name"),
    )
    op.create_index("ix_ingestion_metric_table", "ingestion_metric", ["table_name"], unique=False)


def downgrade() -> None:
    """Take them off again."""
    op.drop_index("ix_ingestion_metric_table", table_name="ingestion_metric")
    op.drop_table("ingestion_metric")
    op.drop_table("ingestion_check")
    op.drop_index("ix_ingestion_discard_batch", table_name="ingestion_discard")
    op.drop_table("ingestion_discard")
    op.drop_column("ingestion_batch", "replay_of")
