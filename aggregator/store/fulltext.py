"""The index over the folded tokens of titles and bodies, and another over those of authors. They narrow; the matcher decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, TextClause, text
from sqlmodel import Session, col, select

from aggregator.rules import Narrowing
from aggregator.store.dialect import is_postgresql
from aggregator.store.schema import BYLINES, FTS
from aggregator.store.tables import ArticleRow
from aggregator.store.tsquery import Asked, tsquery, tsvector
from aggregator.text import index_text

BETWEEN_NAMES = " · "
"""No term is this, so no phrase reaches from one author to the next."""
_PUT_WORDS = text(f"INSERT INTO {FTS} (rowid, title, body) VALUES (:id, :title, :body)")  # noqa: S608
_PUT_TOKENS = text(f"INSERT INTO {FTS} (rowid, tokens, placed) VALUES (:id, CAST(:tokens AS tsvector), :placed)")  # noqa: S608
_PUT_NAMES = text(f"INSERT INTO {BYLINES} (rowid, names) VALUES (:id, :names)")  # noqa: S608
_PUT_NAME_TOKENS = text(f"INSERT INTO {BYLINES} (rowid, tokens) VALUES (:id, CAST(:tokens AS tsvector))")  # noqa: S608
_DROP = text(f"DELETE FROM {FTS} WHERE rowid = :id")  # noqa: S608
_DROP_NAMES = text(f"DELETE FROM {BYLINES} WHERE rowid = :id")  # noqa: S608
_MATCH = "SELECT rowid FROM {0} WHERE {0} MATCH :{0}"
_BY_DATE = "+article.id IN ({})"
"""The sign keeps SQLite from reading the articles one by one to sort them: it goes through the index by date."""
_ANSWER = "SELECT rowid FROM {0} WHERE tokens @@ CAST(:{0} AS tsquery) OR tokens IS NULL"
"""What was too long for a tsvector (a megabyte of different words) is a candidate always."""
_PLACED = f"(SELECT NOT placed OR tokens @@ CAST(:places AS tsquery) FROM {FTS} WHERE rowid = article.id)"  # noqa: S608
_BY_INDEX = text("SET LOCAL enable_seqscan TO off")
"""PostgreSQL takes reading all of this table for cheap: it counts its pages, but tsvectors are stored outside of them."""
_COUNT = f"SELECT count(*) FROM (SELECT 1 FROM {FTS} WHERE {{}} <= :newest LIMIT :most) AS held"  # noqa: S608
_COUNT_WORDS = text(_COUNT.format(f"{FTS} MATCH :fts AND rowid"))
_COUNT_TOKENS = text(_COUNT.format("tokens @@ CAST(:fts AS tsquery) AND rowid + 0"))  # a sum is in no index but that of tokens
_VAST = "SELECT 1 FROM {} WHERE tokens IS NULL LIMIT 1"
EVERYTHING = 2**62


def put(session: Session, article_id: int, title: str, body: str, authors: Sequence[str]) -> None:
    """Index an article that is not indexed."""
    if is_postgresql(session):
        indexed = tsvector(title, body)
        session.execute(_PUT_TOKENS, {"id": article_id, "tokens": indexed.tokens, "placed": indexed.placed})
    else:
        session.execute(_PUT_WORDS, {"id": article_id, "title": index_text(title), "body": index_text(body)})
    put_authors(session, article_id, authors)


def put_authors(session: Session, article_id: int, authors: Sequence[str]) -> None:
    """Index the authors of an article, whose own are not indexed."""
    if not authors:
        return
    if is_postgresql(session):
        session.execute(_PUT_NAME_TOKENS, {"id": article_id, "tokens": tsvector("", BETWEEN_NAMES.join(authors)).tokens})
    else:
        session.execute(_PUT_NAMES, {"id": article_id, "names": BETWEEN_NAMES.join(map(index_text, authors))})


def drop(session: Session, article_id: int) -> None:
    """Take an article out of the index."""
    session.execute(_DROP, {"id": article_id})
    drop_authors(session, article_id)


def drop_authors(session: Session, article_id: int) -> None:
    """Take an article's authors out of the index."""
    session.execute(_DROP_NAMES, {"id": article_id})


def anew(session: Session, after: int, most: int) -> list[int]:
    """Index so many articles behind the number ``after`` anew, from what is stored of them; their numbers."""
    stored = select(ArticleRow.id, ArticleRow.title, ArticleRow.text, ArticleRow.authors)
    rows = session.execute(stored.where(col(ArticleRow.id) > after).order_by(col(ArticleRow.id)).limit(most)).all()
    for number, title, body, authors in rows:
        drop(session, number)
        put(session, number, title, body, authors)
    return [row[0] for row in rows]


def hits(session: Session, narrow: Narrowing, *, by_date: bool = False) -> list[ColumnElement[bool] | TextClause]:
    """The conditions that an article is among those which a narrowing's FTS5 expressions find, or a few more.

    ``by_date``: the articles are wanted in the order of their dates, and perhaps only the first of them; then :func:`places`
    comes on top.
    """
    conditions: list[ColumnElement[bool] | TextClause] = []
    for index, fts in _expressions(narrow):
        if not is_postgresql(session):
            found = text((_BY_DATE if by_date else "article.id IN ({})").format(_MATCH.format(index)))
            conditions.append(found.bindparams(**{index: fts}))
            continue
        asked = _asked(session, fts)
        # OFFSET has it answered by itself, from the index, not put to each article anew.
        conditions.append(text(f"article.id IN ({_ANSWER.format(index)} OFFSET 0)").bindparams(**{index: asked.query}))
    if not by_date and (placed := places(session, narrow)) is not None:
        conditions.append(placed)
    return conditions


def places(session: Session, narrow: Narrowing) -> TextClause | None:
    """The condition that the words of an article stand where they must, as far as PostgreSQL's index proper does not know it."""
    asked = tsquery(narrow.fts).places if is_postgresql(session) and narrow.fts is not None else None
    return None if asked is None else text(_PLACED).bindparams(places=asked)


def exact(session: Session, narrow: Narrowing) -> bool:
    """Whether :func:`hits` finds what the expressions say and nothing else."""
    return not is_postgresql(session) or all(
        _asked(session, fts).exact and session.execute(text(_VAST.format(index))).first() is None
        for index, fts in _expressions(narrow)
    )


def few(session: Session, narrow: Narrowing, most: int) -> tuple[list[int] | None, Narrowing]:
    """The ids of the articles that one of the expressions finds, if there is one that finds at most so many; and what is left."""
    for index, fts in _expressions(narrow):
        asked, found = (_asked(session, fts).query, _ANSWER) if is_postgresql(session) else (fts, _MATCH)
        first = text(f"{found.format(index)} LIMIT :most")
        ids = session.execute(first, {index: asked, "most": most + 1}).scalars().all()
        if len(ids) <= most:
            return list(ids), replace(narrow, fts=None) if index == FTS else replace(narrow, byline=None)
    return None, narrow


def count(session: Session, fts: str, newest_id: int, most: int = EVERYTHING) -> int:
    """How many articles up to ``newest_id`` the index of words finds for an FTS5 expression, counted up to ``most``."""
    asked, statement = (_asked(session, fts).query, _COUNT_TOKENS) if is_postgresql(session) else (fts, _COUNT_WORDS)
    return int(session.execute(statement, {"fts": asked, "newest": newest_id, "most": most}).scalar_one())


def _expressions(narrow: Narrowing) -> list[tuple[str, str]]:
    """The indexes that a narrowing asks, each with what it is asked."""
    return [(index, fts) for index, fts in ((FTS, narrow.fts), (BYLINES, narrow.byline)) if fts is not None]


def _asked(session: Session, fts: str) -> Asked:
    session.execute(_BY_INDEX)
    return tsquery(fts)
