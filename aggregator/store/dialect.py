"""What SQLite and PostgreSQL spell differently: one place for it, so that every statement is written once.

Statements are written for both, as far as the two agree; what is left:

* ``upsert``: an INSERT with ON CONFLICT.
* ``timed``: a statement in plain SQL whose parameters are instants.
* ``driver``: plain statements that run very often, past SQLAlchemy. They are SQLite's, with ``:name`` parameters and lists
  as JSON; PostgreSQL gets them translated by :func:`translated`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlmodel import Session, col
from sqlmodel.sql.sqltypes import UTCDateTime

__all__ = ["driver", "instant", "is_postgresql", "moved", "stamp", "timed", "upsert"]


def is_postgresql(where: Session | Dialect) -> bool:
    """Whether it is PostgreSQL, else SQLite."""
    dialect = where.get_bind().dialect if isinstance(where, Session) else where
    return dialect.name == "postgresql"


def upsert(table: Any) -> Insert:
    """An INSERT that takes ON CONFLICT; ``rowcount`` tells how many rows are new. SQLAlchemy compiles it for both."""
    return insert(table).execution_options(preserve_rowcount=True)


def timed(statement: str, *instants: str) -> TextClause:
    """A plain statement, the parameters ``instants`` of which take aware datetimes."""
    return text(statement).bindparams(*(bindparam(name, type_=UTCDateTime()) for name in instants))


def one_of(column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    """That ``column`` is one of these words of ours, which stand in the statement itself.

    A parameter may be anything: SQLite does not see then that an index on a part of the table holds all that is asked for.
    """
    return col(column).in_(bindparam(None, list(values), expanding=True, literal_execute=True))


def stamp(at: datetime) -> str:
    """An instant for a statement on the driver: as SQLite holds it, where it sorts as text; PostgreSQL reads it as UTC."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def instant(stored: str | datetime) -> datetime:
    """The instant that a statement on the driver found: what :func:`stamp` wrote, or what psycopg made of it."""
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if isinstance(stored, str) else stored.astimezone(UTC)


def moved(session: Session, column: str) -> str:
    """SQL for an instant later by ``:by``, which is text like ``+3.000 seconds``."""
    if is_postgresql(session):
        return f"{column} + CAST(:by AS interval)"
    return f"strftime('%Y-%m-%d %H:%M:%f000', {column}, :by)"


def driver(session: Session) -> Any:
    """The driver's own connection within the session's transaction: ``execute(statement, parameters)`` gives a cursor.

    On SQLite it is that of ``sqlite3`` itself. A column of JSON is to be selected as ``CAST(column AS TEXT)``, instants go
    through :func:`stamp` and :func:`instant`.
    """
    raw = session.connection().connection.driver_connection
    return Translating(raw) if is_postgresql(session) else raw


class Translating:
    """psycopg's connection, for statements that are written for SQLite."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Run a statement; returns psycopg's cursor."""
        return self._connection.execute(translated(statement), parameters)


_RULES = (
    (re.compile("%"), "%%"),
    (re.compile(r"\bjson_each\((:\w+)\)"), r"json_array_elements_text(CAST(\1 AS json))"),
    (re.compile(r"\bjson_group_array\((\w+)\)"), r"CAST(coalesce(json_agg(\1), '[]') AS text)"),
    (re.compile(r"\bmax\(([\w.]+), (:\w+)\)"), r"greatest(\1, \2)"),
    (re.compile(r"(?<!:):([a-z]\w*)"), r"%(\1)s"),
)


@cache
def translated(statement: str) -> str:
    """A driver's statement as psycopg wants it: parameters, lists in JSON, the greater of two values."""
    for pattern, replacement in _RULES:
        statement = pattern.sub(replacement, statement)
    return statement
