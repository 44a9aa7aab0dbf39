"""Vectors of stories as bytes, which are read and written five times as fast as JSON."""

import json

import sqlalchemy as sa
from alembic import op

from aggregator.store.codec import dump_vector

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    nothing = sa.text("x''" if connection.dialect.name == "sqlite" else "''")
    for table in ("story", "text_group"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN vector TO vector_json")
        op.add_column(table, sa.Column("vector", sa.LargeBinary(), nullable=False, server_default=nothing))
        told = sa.table(table, sa.column("id"), sa.column("vector"), sa.column("vector_json"))
        rows = connection.execute(sa.select(told.c.id, told.c.vector_json).where(told.c.vector_json != "{}")).all()
        for id_, vector in rows:
            connection.execute(told.update().where(told.c.id == id_).values(vector=dump_vector(json.loads(vector))))
        op.drop_column(table, "vector_json")
