"""The engine: units of work on SQLite or PostgreSQL, with one writer thread and a few readers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from aggregator.errors import StoreError
from aggregator.store.postgresql import PostgresqlDatabase, said
from aggregator.store.sqlite import SqliteDatabase, sqlite_path

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
"""Reader threads. Reads are short; more threads would only fight for the interpreter."""


@contextmanager
def told_plainly() -> Iterator[None]:
    """Whatever the database refuses inside is a StoreError, in its own words: for callers who are to try again later."""
    try:
        yield
    except SQLAlchemyError as error:
        told = said(error) if isinstance(error, DBAPIError) else " ".join(str(error).split())
        raise StoreError(f"the store cannot be used at present: {told}") from error


class Database(Protocol):
    """One of the two, with an engine for writing and one for reading. ``name`` tells people which it is; no password is in it."""

    name: str
    writer: Engine
    reader: Engine

    def prepare(self) -> None:
        """Before the schema is looked at. Raises StoreError when it cannot be a store."""

    def durably(self, connection: Connection) -> AbstractContextManager[None]:
        """What begins and commits on the connection inside is on the disk afterwards."""

    def own(self) -> None:
        """Lock the store for this process, until ``close``. Raises Conflict."""

    def close(self) -> None:
        """Close every connection."""


def database(url: str) -> Database:
    """The database behind a store URL; nothing is opened yet. Raises StoreError when there is no such kind of store."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return SqliteDatabase(parsed)
        case "postgresql":
            return PostgresqlDatabase(parsed.set(drivername="postgresql+psycopg"))
        case other:
            raise StoreError(
                f"{other} is not a store that this version knows: sqlite:///path/to/file.db or postgresql+psycopg://…"
            )


class Store:
    """Runs units of work. Create it after ``migrate.upgrade``; use it as a context manager, or call ``close``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._database = database(url)
        self._write_engine, self._read_engine = self._database.writer, self._database.reader
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")

    @property
    def path(self) -> Path:
        """The file of a store in SQLite. Raises StoreError for any other."""
        return sqlite_path(self.url)

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
        with (
            self._write_engine.connect() as connection,
            self._database.durably(connection),
            Session(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            return unit(session, *args, **kwargs)

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

        However the process ends, the lock goes with it.
        """
        self._database.own()

    def close(self) -> None:
        """Let the running units end, then close every connection and give up the lock."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._database.close()
