"""Alembic's entry: it runs on the connection that ``migrate.upgrade`` hands over, inside its transaction."""

from alembic import context
from sqlmodel import SQLModel

import aggregator.store.tables  # noqa: F401 - fills the metadata
from aggregator.store.schema import include_name

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_name=include_name,
    render_as_batch=True,
)
context.run_migrations()
