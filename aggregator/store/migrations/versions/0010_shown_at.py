"""When an article was published, or else first seen: a column that the database computes, so that searches can read it in order."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite cannot add a column that it would have to write into each row; PostgreSQL has no index on one that is not written.
    stored = op.get_bind().dialect.name == "postgresql"
    shown_at = sa.Computed("coalesce(published_at, first_seen_at)", persisted=stored)
    op.add_column("article", sa.Column("shown_at", UTCDateTime(), shown_at))
    op.create_index("ix_article_shown_at", "article", ["shown_at", "id"])
