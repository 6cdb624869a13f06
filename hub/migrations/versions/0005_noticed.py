"""What was wrong with rows that a batch let in all the same."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("ingestion_batch", sa.Column("noticed", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it out."""
    op.drop_column("ingestion_batch", "noticed")
