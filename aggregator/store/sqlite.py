"""SQLite in WAL mode: one file, one writer at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlmodel import create_engine

from aggregator.errors import Conflict, StoreError


def sqlite_path(url: str) -> Path:
    """The file behind a store URL. Raises StoreError for anything but a SQLite file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"{parsed.render_as_string()} is no SQLite file: sqlite:///path/to/file.db")
    return Path(parsed.database)


def _engine(url: URL, *, write: bool) -> Engine:
    """An engine whose transactions are ours: pysqlite's own implicit BEGIN is switched off.

    A writer begins IMMEDIATE, so that it waits for the lock at the start and never fails half-way with "database is locked".
    """
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        if not write:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA cache_size=-4000")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


class SqliteDatabase:
    """A store in a file."""

    def __init__(self, url: URL) -> None:
        self.path = sqlite_path(url.render_as_string(hide_password=False))
        self.name = str(self.path)
        self.writer, self.reader = _engine(url, write=True), _engine(url, write=False)
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the folder of the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def durably(self, connection: Connection) -> Iterator[None]:
        """What begins and commits inside is on the disk afterwards."""
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA synchronous=FULL")
        try:
            yield
        finally:
            raw.execute("PRAGMA synchronous=NORMAL")

    def own(self) -> None:
        """Lock ``<file>.lock`` (flock): the lock is the kernel's, so it goes with the process, however that ends."""
        path = self.path.with_name(self.path.name + ".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise Conflict(f"{self.path} is in use: another aggregator service runs on it. Stop that one first.") from None
        self._lock = handle

    def close(self) -> None:
        """Close every connection and give up the lock."""
        self.writer.dispose()
        self.reader.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
