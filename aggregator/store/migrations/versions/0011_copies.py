"""What an analyst changes in texts: who was taken out of one, which were put together. A text that nobody is left in leads on."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("text_group", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.create_index("ix_text_group_merged_into", "text_group", ["merged_into"], sqlite_where=sa.text("merged_into IS NOT NULL"))
    op.create_table(
        "text_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("verb", AutoString(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("article_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["text_group.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["text_group.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_text_edit_group_id", "text_edit", ["group_id"])
    op.create_index("ix_text_edit_other_id", "text_edit", ["other_id"])
    op.create_table(
        "text_apart",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["text_group.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["text_group.id"]),
        sa.PrimaryKeyConstraint("group_id", "other_id"),
    )
