"""Stores as earlier versions made them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, create_engine

from aggregator.store import migrate


@contextmanager
def at_revision(url: str, revision: str) -> Iterator[Connection]:
    """The empty database at ``url`` with the schema as it was at ``revision``, within a transaction."""
    engine = create_engine(url)
    with engine.connect() as connection, connection.begin():
        old = AlembicConfig()
        old.set_main_option("script_location", str(migrate.HERE))
        old.attributes["connection"] = connection
        command.upgrade(old, revision)
        yield connection
    engine.dispose()
