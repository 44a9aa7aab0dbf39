"""Migrations: Alembic, inside the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from aggregator.errors import StoreError
from aggregator.store.engine import _sqlite_engine, sqlite_path

HERE = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    return config


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the store's schema to this version, creating the file if there is none. Returns the revisions before and after.

    Raises StoreError when the store was made by a newer version.
    """
    path = sqlite_path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = _sqlite_engine(url, write=True)
    config, head = _config(), latest()
    try:
        with engine.connect() as connection, connection.begin():
            before = MigrationContext.configure(connection).get_current_revision()
            if before is not None and before not in known():
                raise StoreError(f"{path} has schema {before}, which this version does not know: install a newer aggregator.")
            if before != head:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    finally:
        engine.dispose()
    return before, head


def known() -> frozenset[str]:
    """Every revision that this version knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def latest() -> str:
    """The revision of this version."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head
