"""The archive: narrowed by the index, verified by the matcher."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, TextClause, func
from sqlmodel import Session, col, select

from aggregator.model.article import Article
from aggregator.model.rule import Document, Match
from aggregator.rules import CompiledQuery, Narrowing
from aggregator.store import fulltext
from aggregator.store.articles import article
from aggregator.store.tables import ArticleRow, SourceRow

BATCH = 200


def document(found: Article) -> Document:
    """What rules look at, of a stored article."""
    host = (urlsplit(found.url).hostname or "").removeprefix("www.")
    return Document(
        title=found.title,
        body=found.text,
        authors=found.authors,
        source=found.source_slug,
        domain=host,
        url=found.url,
        language=found.language or "",
        country=found.country,
        group=found.source_group,
        tags=found.tags,
        published_at=found.published_at or found.first_seen_at,
        words=found.words,
    )


def search(
    session: Session,
    query: CompiledQuery,
    since: datetime | None,
    until: datetime | None,
    most: int,
    now: datetime | None = None,
) -> tuple[list[tuple[Article, Match]], int]:
    """Articles that the query matches, newest first: at most ``most`` of them, and how many there are in all.

    ``now`` is the instant of the question, from which a query with ``age`` counts back.
    """
    found: list[tuple[Article, Match]] = []
    total = 0
    for candidate in _candidates(session, query.narrowing(now), since, until):
        match = query.match(document(candidate), now)
        if match is not None:
            total += 1
            if len(found) < most:
                found.append((candidate, match))
    return found, total


def _candidates(session: Session, narrow: Narrowing, since: datetime | None, until: datetime | None) -> Iterator[Article]:
    statement = select(ArticleRow, SourceRow).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    statement = statement.where(*narrowed(session, narrow, since, until)).order_by(SHOWN_AT.desc(), col(ArticleRow.id).desc())
    rows = session.execute(statement.execution_options(yield_per=BATCH))
    return (article(row, source) for row, source in rows)


SHOWN_AT: ColumnElement[datetime] = func.coalesce(ArticleRow.published_at, ArticleRow.first_seen_at)
"""When an article was published, or else first seen."""


def narrowed(
    session: Session, narrow: Narrowing, since: datetime | None, until: datetime | None
) -> Iterator[ColumnElement[bool] | TextClause]:
    """What a query asks of an article and its source, as far as the index can tell."""
    if narrow.fts is not None:
        yield fulltext.hits(session, narrow.fts)
    if narrow.sources:
        yield col(SourceRow.slug).in_(narrow.sources)
    if narrow.groups:
        yield col(SourceRow.outlet_group).in_(narrow.groups)
    if narrow.countries:
        yield col(SourceRow.country).in_(narrow.countries)
    if narrow.languages:
        yield col(ArticleRow.language).in_(narrow.languages)
    for begin in filter(None, (since, narrow.date_from)):
        yield begin <= SHOWN_AT
    for end in filter(None, (until, narrow.date_to)):
        yield end > SHOWN_AT
