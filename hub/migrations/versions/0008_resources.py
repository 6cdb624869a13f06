"""The ledger says how many resources a batch's rows come from."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Where a resource gives none or several rows: how many there were, and how many gave none."""
    op.add_column("ingestion_batch", sa.Column("resources", sa.BigInteger))
    op.add_column("ingestion_batch", sa.Column("left_out", sa.BigInteger))


def downgrade() -> None:
    """Without them."""
    op.drop_column("ingestion_batch", "left_out")
    op.drop_column("ingestion_batch", "resources")
