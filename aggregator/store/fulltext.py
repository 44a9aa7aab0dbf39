"""The index over the folded tokens of titles and bodies. It narrows; the matcher decides."""

from __future__ import annotations

from sqlalchemy import ColumnElement, TextClause, text
from sqlmodel import Session, col, select

from aggregator.store.dialect import is_postgresql
from aggregator.store.schema import FTS
from aggregator.store.tables import ArticleRow
from aggregator.store.tsquery import tsquery, tsvector
from aggregator.text import index_text

_PUT_WORDS = text(f"INSERT INTO {FTS} (rowid, title, body) VALUES (:id, :title, :body)")  # noqa: S608
_PUT_TOKENS = text(f"INSERT INTO {FTS} (rowid, tokens, placed) VALUES (:id, CAST(:tokens AS tsvector), :placed)")  # noqa: S608
_DROP = text(f"DELETE FROM {FTS} WHERE rowid = :id")  # noqa: S608
_MATCH = f"article.id IN (SELECT rowid FROM {FTS} WHERE {FTS} MATCH :fts)"  # noqa: S608
_BY_DATE = f"+{_MATCH}"
"""The sign keeps SQLite from reading the articles one by one to sort them: it goes through the index by date."""
_ANSWER = f"SELECT rowid FROM {FTS} WHERE tokens @@ CAST(:fts AS tsquery) OR tokens IS NULL"  # noqa: S608
"""What was too long for a tsvector (a megabyte of different words) is a candidate always."""
_ASK = f"article.id IN ({_ANSWER} OFFSET 0)"
"""OFFSET has it answered by itself, from the index, not put to each article anew."""
_PLACED = f"(SELECT NOT placed OR tokens @@ CAST(:places AS tsquery) FROM {FTS} WHERE rowid = article.id)"  # noqa: S608
"""Where the words stand is asked of each article when its turn comes: a page of the newest needs few of them. No table is joined
for what stands in place of a value, so PostgreSQL cannot ask it of all of them first."""
_BY_INDEX = text("SET LOCAL enable_seqscan TO off")
"""PostgreSQL takes reading all of this table for cheap: it counts its pages, but tsvectors are stored outside of them."""
_FIRST_WORDS = text(f"SELECT rowid FROM {FTS} WHERE {FTS} MATCH :fts LIMIT :most")  # noqa: S608
_FIRST_TOKENS = text(f"{_ANSWER} LIMIT :most")
_COUNT = f"SELECT count(*) FROM (SELECT 1 FROM {FTS} WHERE {{}} <= :newest LIMIT :most) AS held"  # noqa: S608
_COUNT_WORDS = text(_COUNT.format(f"{FTS} MATCH :fts AND rowid"))
_COUNT_TOKENS = text(_COUNT.format("tokens @@ CAST(:fts AS tsquery) AND rowid + 0"))  # a sum is in no index but that of tokens
_VAST = text(f"SELECT 1 FROM {FTS} WHERE tokens IS NULL LIMIT 1")  # noqa: S608
EVERYTHING = 2**62


def put(session: Session, article_id: int, title: str, body: str) -> None:
    """Index an article that is not indexed."""
    if is_postgresql(session):
        indexed = tsvector(title, body)
        session.execute(_PUT_TOKENS, {"id": article_id, "tokens": indexed.tokens, "placed": indexed.placed})
    else:
        session.execute(_PUT_WORDS, {"id": article_id, "title": index_text(title), "body": index_text(body)})


def drop(session: Session, article_id: int) -> None:
    """Take an article out of the index."""
    session.execute(_DROP, {"id": article_id})


def anew(session: Session, after: int, most: int) -> list[int]:
    """Index so many articles behind the number ``after`` anew, from what is stored of them; their numbers."""
    texts = select(ArticleRow.id, ArticleRow.title, ArticleRow.text)
    rows = session.execute(texts.where(col(ArticleRow.id) > after).order_by(col(ArticleRow.id)).limit(most)).all()
    for number, title, body in rows:
        drop(session, number)
        put(session, number, title, body)
    return [row[0] for row in rows]


def hits(session: Session, fts: str, *, by_date: bool = False) -> ColumnElement[bool] | TextClause:
    """The condition that an article is among those which a narrowing's FTS5 expression finds, or a few more.

    ``by_date``: the articles are wanted in the order of their dates, and perhaps only the first of them.
    """
    if is_postgresql(session):
        session.execute(_BY_INDEX)
        asked = tsquery(fts)
        if asked.places is None:
            return text(_ASK).bindparams(fts=asked.query)
        return text(f"{_ASK} AND {_PLACED}").bindparams(fts=asked.query, places=asked.places)
    return text(_BY_DATE if by_date else _MATCH).bindparams(fts=fts)


def exact(session: Session, fts: str | None) -> bool:
    """Whether :func:`hits` finds what the expression says and nothing else."""
    if fts is None or not is_postgresql(session):
        return True
    session.execute(_BY_INDEX)
    return tsquery(fts).exact and session.execute(_VAST).first() is None


def few(session: Session, fts: str, most: int) -> list[int] | None:
    """The ids of the articles among :func:`hits`, if there are at most so many."""
    asked, statement = _asked(session, fts, _FIRST_WORDS, _FIRST_TOKENS)
    found = session.execute(statement, {"fts": asked, "most": most + 1}).scalars().all()
    return list(found) if len(found) <= most else None


def count(session: Session, fts: str, newest_id: int, most: int = EVERYTHING) -> int:
    """How many articles up to ``newest_id`` the index finds for an FTS5 expression, counted up to ``most``."""
    asked, statement = _asked(session, fts, _COUNT_WORDS, _COUNT_TOKENS)
    return int(session.execute(statement, {"fts": asked, "newest": newest_id, "most": most}).scalar_one())


def _asked(session: Session, fts: str, words: TextClause, tokens: TextClause) -> tuple[str, TextClause]:
    if not is_postgresql(session):
        return fts, words
    session.execute(_BY_INDEX)
    return tsquery(fts).query, tokens
