"""The index over the folded tokens of titles and bodies. It narrows; the matcher decides."""

from __future__ import annotations

from sqlalchemy import ColumnElement, TextClause, text
from sqlmodel import Session

from aggregator.store.dialect import is_postgresql
from aggregator.store.schema import FTS
from aggregator.store.tsquery import tsquery, tsvector
from aggregator.text import index_text

_PUT_WORDS = text(f"INSERT INTO {FTS} (rowid, title, body) VALUES (:id, :title, :body)")  # noqa: S608
_PUT_TOKENS = text(f"INSERT INTO {FTS} (rowid, tokens) VALUES (:id, CAST(:tokens AS tsvector))")  # noqa: S608
_DROP = text(f"DELETE FROM {FTS} WHERE rowid = :id")  # noqa: S608
_MATCH = f"article.id IN (SELECT rowid FROM {FTS} WHERE {FTS} MATCH :fts)"  # noqa: S608
_ASK = f"article.id IN (SELECT rowid FROM {FTS} WHERE tokens @@ CAST(:fts AS tsquery) OR tokens IS NULL)"  # noqa: S608
"""What was too long for a tsvector (a megabyte of different words) is a candidate always."""


def put(session: Session, article_id: int, title: str, body: str) -> None:
    """Index an article that is not indexed."""
    if is_postgresql(session):
        session.execute(_PUT_TOKENS, {"id": article_id, "tokens": tsvector(title, body)})
    else:
        session.execute(_PUT_WORDS, {"id": article_id, "title": index_text(title), "body": index_text(body)})


def drop(session: Session, article_id: int) -> None:
    """Take an article out of the index."""
    session.execute(_DROP, {"id": article_id})


def exact(session: Session, fts: str | None) -> bool:
    """Whether :func:`hits` finds what the expression says and nothing else."""
    return fts is None or not is_postgresql(session)


def hits(session: Session, fts: str) -> ColumnElement[bool] | TextClause:
    """The condition that an article is among those which a narrowing's FTS5 expression finds, or a few more."""
    if is_postgresql(session):
        return text(_ASK).bindparams(fts=tsquery(fts).query)
    return text(_MATCH).bindparams(fts=fts)
