"""The ledger says what a batch changed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Counts of rows inserted, updated, deleted, unchanged and superseded, as JSON."""
    op.add_column("ingestion_batch", sa.Column("changes", sa.Text))


def downgrade() -> None:
    """Without them."""
    op.drop_column("ingestion_batch", "changes")
