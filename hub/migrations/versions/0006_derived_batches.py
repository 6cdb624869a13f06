"""What each batch of a derived table came from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "ingestion_derived",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("part", sa.String(length=200), nullable=False),
        sa.Column("input_batch", sa.String(length=32), nullable=False),
        sa.Column("input_rows", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("carried", sa.Text(), nullable=False),
        sa.Column("carried_state", sa.String(length=32), nullable=False),
        sa.Column("absent", sa.BigInteger(), nullable=False),
        sa.Column("split", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_ingestion_derived"),
    )
    op.create_index("ix_ingestion_derived_table", "ingestion_derived", ["table_name"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_ingestion_derived_table", table_name="ingestion_derived")
    op.drop_table("ingestion_derived")
