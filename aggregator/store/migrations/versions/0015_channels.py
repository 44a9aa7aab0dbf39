"""Ways out beside mail: the ids of our own feeds."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tag_authority",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("domain", AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("token", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
