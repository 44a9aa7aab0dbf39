"""Alembic's entry: it runs on the connection that ``migrate.upgrade`` hands over, inside its transaction.

A migration is written once, as for SQLite: ``sa.Integer()``, ``AutoString()``, ``UTCDateTime()`` and ``sqlite_where=…`` mean on
PostgreSQL what ``schema.portable`` says. Statements in plain SQL must suit both, or ask ``op.get_context().dialect.name``;
a table that is rebuilt with its ids needs its sequence set (``setval``).
"""

from typing import Any

from alembic import context
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Column, Index, Table
from sqlmodel import SQLModel

import aggregator.store.tables  # noqa: F401 - fills the metadata
from aggregator.store.schema import include_name, portable


class PortableImpl(PostgresqlImpl):
    """What migrations create on PostgreSQL (Alembic takes the last implementation of a dialect that is defined)."""

    __dialect__ = "postgresql"

    def create_table(self, table: Table, **kw: Any) -> None:
        """A new table."""
        portable(table.columns, table.indexes)
        super().create_table(table, **kw)

    def add_column(self, table_name: str, column: Column[Any], **kw: Any) -> None:
        """A new column."""
        portable([column])
        super().add_column(table_name, column, **kw)

    def create_index(self, index: Index, **kw: Any) -> None:
        """A new index."""
        portable([], [index])
        super().create_index(index, **kw)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_name=include_name,
    render_as_batch=True,
)
context.run_migrations()
