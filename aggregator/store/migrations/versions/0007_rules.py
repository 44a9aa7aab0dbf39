"""Versions of rules, analysts' marks, and matches that nobody is told of."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_version",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=True),
        sa.Column("applied_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"]),
        sa.PrimaryKeyConstraint("rule_id", "version"),
    )
    # Earlier versions were not kept, nor the aliases of this one: the next `apply` writes those down.
    op.execute(
        "INSERT INTO rule_version (rule_id, version, spec, applied_at) SELECT id, version, spec, created_at FROM rule"
    )
    op.create_table(
        "rule_mark",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("marked_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"]),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"]),
        sa.PrimaryKeyConstraint("rule_id", "article_id"),
    )
    op.add_column("match", sa.Column("suppressed", AutoString(), nullable=False, server_default=""))
