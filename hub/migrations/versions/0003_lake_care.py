"""Care of the lake: what an act counted, and batches whose files lost a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("ingestion_event", sa.Column("rows", sa.BigInteger(), nullable=True))
    op.create_table(
        "ingestion_alias",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("stands_for", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("ingestion_alias")
    with op.batch_alter_table("ingestion_event") as table:
        table.drop_column("rows")
