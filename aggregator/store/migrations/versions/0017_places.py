"""Whether the index of PostgreSQL has every place of an article's words: what was indexed before has none."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("article_fts", sa.Column("placed", sa.Boolean(), nullable=False, server_default=sa.text("false")))
