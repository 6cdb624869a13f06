"""The schedule: jobs, intervals, attempts, mail that waits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schedule's tables."""
    op.create_table(
        "schedule_job",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(length=20), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("job"),
    )
    op.create_table(
        "schedule_interval",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=True),
        sa.Column("not_before", sa.Float(), nullable=True),
        sa.Column("step", sa.String(length=200), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("job", "due_at"),
    )
    op.create_index("ix_schedule_interval_state", "schedule_interval", ["job", "state"], unique=False)
    op.create_index("ix_schedule_interval_due", "schedule_interval", ["due_at"], unique=False)
    op.create_table(
        "schedule_attempt",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.String(length=20), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("command", sa.String(length=500), nullable=False),
        sa.Column("host", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.String(length=27), nullable=False),
        sa.Column("finished_at", sa.String(length=27), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["job", "due_at"],
            ["schedule_interval.job", "schedule_interval.due_at"],
            name="fk_schedule_attempt_interval",
        ),
        sa.PrimaryKeyConstraint("job", "due_at", "attempt"),
    )
    op.create_index("ix_schedule_attempt_started", "schedule_attempt", ["started_at"], unique=False)
    op.create_table(
        "schedule_mail",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("sent_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_schedule_mail_state", "schedule_mail", ["state", "not_before"], unique=False)


def downgrade() -> None:
    """Drop the schedule's tables."""
    op.drop_index("ix_schedule_mail_state", table_name="schedule_mail")
    op.drop_table("schedule_mail")
    op.drop_index("ix_schedule_attempt_started", table_name="schedule_attempt")
    op.drop_table("schedule_attempt")
    op.drop_index("ix_schedule_interval_due", table_name="schedule_interval")
    op.drop_index("ix_schedule_interval_state", table_name="schedule_interval")
    op.drop_table("schedule_interval")
    op.drop_table("schedule_job")
