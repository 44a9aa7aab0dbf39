"""What politeness and completeness need: histories, gaps, moves, hosts, windows."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "host",
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("throttled_until", UTCDateTime(), nullable=True),
        sa.Column("throttles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )
    op.create_table(
        "robots",
        sa.Column("origin", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("rules", AutoString(), nullable=False),
        sa.Column("fetched_at", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("origin"),
    )
    op.create_index("ix_host_throttled_until", "host", ["throttled_until"])
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("found_at", UTCDateTime(), nullable=False),
        sa.Column("published_after", UTCDateTime(), nullable=False),
        sa.Column("published_before", UTCDateTime(), nullable=False),
        sa.Column("estimate", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_gap_found_at", "gap", ["found_at"])
    op.create_index("ix_gap_source_id", "gap", ["source_id"])
    op.create_table(
        "move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("from_url", AutoString(), nullable=False),
        sa.Column("to_url", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("undone_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["merged_into"], ["source.id"]),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_move_source_id", "move", ["source_id"])
    op.create_table(
        "feed_window",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"]),
        sa.PrimaryKeyConstraint("source_id"),
    )
    # Added one by one: a rebuild of these tables would trip over the foreign keys that point at them.
    op.add_column("fetch", sa.Column("conditional", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("fetch", sa.Column("early", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("source", sa.Column("poll_reason", AutoString(), nullable=False, server_default=""))
    op.add_column("source", sa.Column("allowed_at", UTCDateTime(), nullable=True))
    op.add_column("source", sa.Column("forced", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("source", sa.Column("moved_to", AutoString(), nullable=True))
    op.add_column("source", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.add_column("source", sa.Column("proposed_url", AutoString(), nullable=True))
    op.add_column("source", sa.Column("history", AutoString(), nullable=False, server_default="{}"))
    op.add_column("source", sa.Column("trouble", AutoString(), nullable=False, server_default=""))
