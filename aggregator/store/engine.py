"""The engine: SQLite in WAL mode, with one writer thread and a few readers."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlmodel import Session, create_engine

from aggregator.errors import Conflict, StoreError

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
"""Reader threads. Reads are short; more threads would only fight for the interpreter."""


def _sqlite_engine(url: str, *, write: bool) -> Engine:
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


def driver(session: Session) -> Any:
    """The connection of ``sqlite3`` itself, within the session's transaction, for plain statements that run very often."""
    return session.connection().connection.driver_connection


def sqlite_path(url: str) -> Path:
    """The file behind a store URL. Raises StoreError for anything but a SQLite file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"{parsed.render_as_string()}: this version keeps its store in a SQLite file: sqlite:///path/to/file.db")
    return Path(parsed.database)


class Store:
    """Runs units of work. Create it after ``migrate.upgrade``; use it as a context manager, or call ``close``."""

    def __init__(self, url: str) -> None:
        self.path = sqlite_path(url)
        self._write_engine, self._read_engine = _sqlite_engine(url, write=True), _sqlite_engine(url, write=False)
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._lock: int | None = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def write_now(self, unit: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit in a write transaction on the calling thread (command line, tests)."""
        with Session(self._write_engine, expire_on_commit=False) as session, session.begin():
            return unit(session, *args, **kwargs)

    def read_now(self, unit: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit in a read transaction on the calling thread."""
        with Session(self._read_engine, expire_on_commit=False) as session, session.begin():
            return unit(session, *args, **kwargs)

    def _write_durably(self, unit: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._write_engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA synchronous=FULL")
            try:
                with Session(connection, expire_on_commit=False) as session, session.begin():
                    return unit(session, *args, **kwargs)
            finally:
                raw.execute("PRAGMA synchronous=NORMAL")

    async def write(self, unit: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit in one write transaction on the writer thread. It is atomic; after a power cut the last ones may be gone."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: self.write_now(unit, *args, **kwargs))

    async def write_durably(self, unit: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As ``write``, and on the disk before it returns: for facts that the world outside already knows (a mail is out)."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: self._write_durably(unit, *args, **kwargs))

    async def read(self, unit: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit in one read transaction on a reader thread. It sees one consistent state."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: self.read_now(unit, *args, **kwargs))

    def own(self) -> None:
        """Become the one process that works on this store, until ``close``. Raises Conflict when another one is.

        The lock is the kernel's (flock on ``<file>.lock``), so it goes with the process, however that ends.
        """
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
        """Let the running units end, then close every connection and give up the lock."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._write_engine.dispose()
        self._read_engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
