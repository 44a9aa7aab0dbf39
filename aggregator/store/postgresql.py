"""PostgreSQL, with the promises that SQLite gives: one writer at a time, readers that see one state, one owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, NullPool, event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import create_engine

from aggregator.errors import Conflict, StoreError

if TYPE_CHECKING:
    from psycopg import Connection as Driver

WRITER, OWNER = (int.from_bytes(name) for name in (b"agg.writ", b"agg.ownr"))
"""Keys of advisory locks, which are the database's: of the transaction that writes, and of the process that owns the store."""

MISSING = "PostgreSQL needs psycopg, which is not installed: pip install 'aggregator[postgresql]'"

_SESSION = (
    "SET timezone TO 'UTC'",
    "SET lock_timeout TO '30s'",  # as long as SQLite waits for its lock
    "SET synchronous_commit TO off",  # as SQLite's synchronous=NORMAL: atomic, and after a power cut the last ones may be gone
)


def _engine(url: URL, *, write: bool) -> Engine:
    """An engine for writing or for reading.

    A write transaction begins with a lock on all writing, and each statement sees what was committed before it: since nobody
    else writes, that is what BEGIN IMMEDIATE gives. A read transaction sees the state at its first statement, and cannot write.
    """
    # A connection is tried before it is used: the server may have been restarted since.
    engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "aggregator"})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Driver, _record: Any) -> None:
        _settle(connection, write=write)

    if write:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER})")

    return engine


def _settle(connection: Driver, *, write: bool) -> None:
    from psycopg import IsolationLevel
    from psycopg.adapt import Loader
    from psycopg.types.string import StrDumperUnknown

    class Text(StrDumperUnknown):
        """U+0000, which PostgreSQL's text cannot hold, as U+FFFD: offsets stay true. Parsers have dropped it long before."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    class Number(Loader):
        """NUMERIC, which sums of integers are, as SQLite gives them: a whole number as int."""

        def load(self, data: Any) -> int | float:
            told = bytes(data)
            return float(told) if b"." in told else int(told)

    connection.adapters.register_dumper(str, Text)
    connection.adapters.register_loader("numeric", Number)
    for setting in _SESSION:
        connection.execute(setting)
    connection.commit()
    connection.isolation_level = IsolationLevel.READ_COMMITTED if write else IsolationLevel.REPEATABLE_READ
    connection.read_only = not write


class PostgresqlDatabase:
    """A store in a database of its own on a server."""

    def __init__(self, url: URL) -> None:
        self.name = url.set(query={}).render_as_string()
        try:
            self.writer, self.reader = _engine(url, write=True), _engine(url, write=False)
        except ModuleNotFoundError:
            raise StoreError(MISSING) from None
        self._owner: Connection | None = None
        self._owned = False
        self._owning = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        event.listen(self.writer, "connect", self._still_mine)

    def prepare(self) -> None:
        """See that text of every script fits in."""
        with self.reader.connect() as connection:
            encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise StoreError(
                f"{self.name} has the encoding {encoding}: create the database with ENCODING 'UTF8' TEMPLATE template0."
            )

    @contextmanager
    def durably(self, connection: Connection) -> Iterator[None]:
        """What begins and commits inside is on the disk afterwards, as far as the server's own settings promise it."""

        def _wait(begun: Connection) -> None:
            begun.exec_driver_sql("SET LOCAL synchronous_commit TO on")

        event.listen(connection, "begin", _wait)
        yield

    def own(self) -> None:
        """Take the owner's lock, on a connection that does nothing else: the lock goes with it, however the process ends."""
        try:
            connection = self._owning.connect()
            mine = connection.execute(text(f"SELECT pg_try_advisory_lock({OWNER})")).scalar_one()
        except DBAPIError as error:
            raise StoreError(f"{self.name} cannot be opened as a store: {said(error)}") from None
        if not mine:
            connection.close()
            raise Conflict(f"{self.name} is in use: another aggregator service runs on it. Stop that one first.")
        self._owner, self._owned = connection, True

    def _still_mine(self, _connection: Any, _record: Any) -> None:
        """A writer had to connect anew: when the owner's connection is gone as well, the lock must be taken again."""
        if not self._owned:
            return
        if self._owner is not None:
            try:
                self._owner.execute(text("SELECT 1"))
            except DBAPIError:
                self._owner.close()
                self._owner = None
        if self._owner is None:
            self.own()

    def close(self) -> None:
        """Close every connection, and with it give up the lock."""
        self.writer.dispose()
        self.reader.dispose()
        if self._owner is not None:
            self._owner.close()
        self._owner, self._owned = None, False
        self._owning.dispose()


def said(error: DBAPIError) -> str:
    """What the driver said, on one line."""
    return " ".join(str(error.orig).split())
