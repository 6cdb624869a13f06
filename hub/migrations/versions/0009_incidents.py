"""What a watch over the hub found is an incident."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table, with one open incident of a kind at a time."""
    op.create_table(
        "incident",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.Column("closed_at", sa.String(27), nullable=True),
        sa.Column("closed_by", sa.String(64), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("open_kind", sa.String(32), nullable=True),
    )
    op.create_index("ix_incident_open", "incident", ["open_kind"], unique=True)


def downgrade() -> None:
    """Without it."""
    op.drop_table("incident")
