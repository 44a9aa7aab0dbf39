"""The record of an article: its page, why it was revised, when its page is asked for again; and what was read on it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added one by one: a rebuild of these tables would trip over the foreign keys that point at them.
    op.add_column("article", sa.Column("other_languages", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("article", sa.Column("section", AutoString(), nullable=False, server_default=""))
    op.add_column("article", sa.Column("access", AutoString(), nullable=False, server_default="open"))
    op.add_column("article", sa.Column("comments", AutoString(), nullable=False, server_default=""))
    op.add_column("article", sa.Column("extractor", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("article", sa.Column("published_zone", AutoString(), nullable=False, server_default=""))
    op.add_column("article", sa.Column("date_origin", AutoString(), nullable=False, server_default=""))
    op.add_column("article", sa.Column("revision_reason", AutoString(), nullable=False, server_default=""))
    op.add_column("article", sa.Column("withdrawn_at", UTCDateTime(), nullable=True))
    op.add_column("article", sa.Column("withdrawn", AutoString(), nullable=False, server_default=""))
    op.create_index("ix_article_text_hash", "article", ["text_hash"])
    op.add_column("revision", sa.Column("reason", AutoString(), nullable=False, server_default=""))
    op.add_column("match", sa.Column("by_edit", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("match", sa.Column("lapsed_at", UTCDateTime(), nullable=True))
    op.add_column("entry", sa.Column("text_key", AutoString(), nullable=False, server_default=""))
    op.create_index("ix_entry_seen", "entry", ["source_id", "first_seen_at"])
    op.create_index("ix_entry_text", "entry", ["text_key"], sqlite_where=sa.text("text_key <> ''"))
    op.create_table(
        "page_body",
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "page",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("url", AutoString(), nullable=False),
        sa.Column("final_url", AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("fetched_at", UTCDateTime(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"]),
        sa.ForeignKeyConstraint(["sha256"], ["page_body.sha256"]),
        sa.PrimaryKeyConstraint("article_id", "revision"),
    )
    op.create_index("ix_page_fetched_at", "page", ["fetched_at"])
    op.create_index("ix_page_sha256", "page", ["sha256"])
    op.create_table(
        "recheck",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("etag", AutoString(), nullable=True),
        sa.Column("last_modified", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("lease_token", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"]),
        sa.PrimaryKeyConstraint("article_id"),
    )
    op.create_index("ix_recheck_due", "recheck", ["due_at"], sqlite_where=sa.text("due_at IS NOT NULL"))
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("outcome", AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_visit_article_id", "visit", ["article_id"])
    op.create_index("ix_visit_at", "visit", ["at"])
    op.create_index("ix_visit_host", "visit", ["host", "at"])
    op.create_table(
        "edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("match_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("what", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"]),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"]),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rule_id", "article_id", "revision"),
    )
    op.create_index("ix_edit_article_id", "edit", ["article_id"])
    op.create_index("ix_edit_pending", "edit", ["at"], sqlite_where=sa.text("state = 'pending'"))
