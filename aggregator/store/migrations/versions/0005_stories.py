"""Stories of different texts. What was a story, a group of articles with the same text, becomes a text group with a story of its own."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("language", AutoString(), nullable=False),
        sa.Column("placed_by", AutoString(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("vector", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_text_group_story_id", "text_group", ["story_id"])
    op.execute(
        "INSERT INTO text_group (id, story_id, created_at, language, placed_by, score, words, vector)"
        " SELECT id, id, created_at, '', 'first', 0, '[]', '{}' FROM story"
    )
    # Added one by one: a rebuild of these tables would trip over the foreign keys that point at them.
    op.add_column("story", sa.Column("language", AutoString(), nullable=False, server_default=""))
    op.add_column("story", sa.Column("newest_at", UTCDateTime(), nullable=False, server_default="1970-01-01 00:00:00.000000"))
    op.add_column("story", sa.Column("texts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("story", sa.Column("vector", AutoString(), nullable=False, server_default="{}"))
    op.add_column("story", sa.Column("open", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("story", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.execute("UPDATE story SET newest_at = created_at")
    op.create_index("ix_story_open", "story", ["newest_at"], sqlite_where=sa.text("open"))
    op.create_index("ix_story_newest_at", "story", ["newest_at"])
    integer = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.execute(f"ALTER TABLE article ADD COLUMN group_id {integer} REFERENCES text_group (id)")
    op.add_column("article", sa.Column("similarity", sa.Float(), nullable=False, server_default="0"))
    op.add_column("article", sa.Column("credit", AutoString(), nullable=False, server_default=""))
    op.execute("UPDATE article SET group_id = story_id")
    op.create_index("ix_article_group_id", "article", ["group_id"])

    op.create_table(
        "alert_new",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("match_id", sa.Integer(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"]),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"]),
        sa.ForeignKeyConstraint(["group_id"], ["text_group.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rule_id", "group_id"),
    )
    op.execute(
        "INSERT INTO alert_new (id, rule_id, group_id, match_id, state, reason, created_at, due_at, sent_at)"
        " SELECT id, rule_id, story_id, match_id, state, reason, created_at, due_at, sent_at FROM alert"
    )
    op.drop_table("alert")
    op.rename_table("alert_new", "alert")
    op.create_index("ix_alert_pending", "alert", ["due_at"], sqlite_where=sa.text("state = 'pending'"))

    op.create_table(
        "story_term",
        sa.Column("term", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"]),
        sa.PrimaryKeyConstraint("term", "story_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_term_story_id", "story_term", ["story_id"])
    op.create_table(
        "term_count",
        sa.Column("term", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("term"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "story_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("verb", AutoString(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("group_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["story.id"]),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_story_edit_other_id", "story_edit", ["other_id"])
    op.create_index("ix_story_edit_story_id", "story_edit", ["story_id"])
    op.create_table(
        "story_apart",
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["story.id"]),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"]),
        sa.PrimaryKeyConstraint("story_id", "other_id"),
    )
