"""Migrations: Alembic, inside the package."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from aggregator.errors import StoreError
from aggregator.store.engine import database
from aggregator.store.postgresql import said

HERE = Path(__file__).parent / "migrations"


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the store's schema to this version: on SQLite, creating the file if there is none; on PostgreSQL the database is
    there. Returns the revisions before and after.

    Raises StoreError when the store was made by a newer version, or cannot be opened.
    """
    opened = database(url)
    head = latest()
    try:
        opened.prepare()
        with opened.writer.connect() as connection, connection.begin():
            before = _present(connection)
            if before is not None and before not in known():
                raise StoreError(
                    f"{opened.name} has schema {before}, which this version does not know: install a newer aggregator."
                )
            if before != head:
                _run(connection)
    except DBAPIError as error:
        raise StoreError(f"{opened.name} cannot be opened as a store: {said(error)}") from None
    finally:
        opened.close()
    return before, head


def _present(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _run(connection: Connection) -> None:
    # Alembic takes a while to import, and is needed only when there is something to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def known() -> frozenset[str]:
    """Every revision that this version knows: each migration's file name begins with its revision."""
    return frozenset(path.name.partition("_")[0] for path in (HERE / "versions").glob("[0-9]*.py"))


def latest() -> str:
    """The revision of this version."""
    return max(known())
