"""Scrubbed text is read by people before it is granted."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reviews, one open at a time of a column, and what was said of each note."""
    op.create_table(
        "text_review",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(63), nullable=False),
        sa.Column("table_name", sa.String(63), nullable=False),
        sa.Column("column_name", sa.String(63), nullable=False),
        sa.Column("rules", sa.String(16), nullable=False),
        sa.Column("notes", sa.Integer, nullable=False),
        sa.Column("most", sa.Float, nullable=False),
        sa.Column("drawn_at", sa.String(27), nullable=False),
        sa.Column("drawn_by", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("open_of", sa.String(127), nullable=True),
    )
    op.create_index("ix_text_review_open", "text_review", ["open_of"], unique=True)
    op.create_table(
        "text_review_note",
        sa.Column("review", sa.Integer, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("missed", sa.Boolean, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("text_review_note")
    op.drop_table("text_review")
