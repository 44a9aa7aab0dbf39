"""What of the database is ours to compare with the tables, and what the tables mean on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import AutoString

FTS = "article_fts"
"""The index over the folded tokens of title and body; its ``rowid`` is the article's id. Made by hand on both databases."""

BYLINES = f"{FTS}_authors"
"""The same over the names of authors; an article without any has no row."""

_WIDE: TypeEngine[Any] = BigInteger().with_variant(Integer(), "sqlite")
_TEXT: TypeEngine[Any] = AutoString().with_variant(VARCHAR(collation="C"), "postgresql")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Alembic's filter: the full-text table and its shadow tables are made by hand, not from the metadata."""
    return not (kind == "table" and name is not None and name.startswith(FTS))


def portable(columns: Iterable[Column[Any]], indexes: Iterable[Index] = ()) -> None:
    """Let columns and indexes be on PostgreSQL what they are on SQLite: integers have 64 bits, text sorts by code points, and an
    index over some of the rows (``sqlite_where``) is one there, too.

    Done for the tables' metadata, and for whatever a migration creates; so migrations are written once, as for SQLite.
    """
    for column in columns:
        if type(column.type) is Integer:
            column.type = _WIDE
        elif type(column.type) is AutoString:
            column.type = _TEXT
    for index in indexes:
        index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
