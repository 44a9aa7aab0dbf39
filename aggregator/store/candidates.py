"""Candidates: the articles that may match, in order, a batch at a time; and what the matcher looks at of each."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, LargeBinary, TextClause, cast, func, or_, tuple_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import AutoString

from aggregator.model.article import Article
from aggregator.model.rule import Document
from aggregator.model.search import Place
from aggregator.rules import Narrowing
from aggregator.store import fulltext
from aggregator.store.dialect import driver, instant, is_postgresql
from aggregator.store.tables import ArticleRow, SourceRow

BATCH = 50
"""So many ids are fetched at once: a page needs few, and PostgreSQL looks where the words of each one stand."""
FEW = 500
"""So many articles are read and sorted; of more, the index by date says which comes first."""

MOST_VALUES = 100
"""Of a longer list of tags, addresses or domains the database is asked nothing: its expressions may only be so deep."""

SHOWN_AT: Mapped[datetime] = col(ArticleRow.shown_at)
"""When an article was published, or else first seen."""
_WRITTEN_AUTHORS = cast(ArticleRow.authors, AutoString())
MOST_BYLINES = 1 << 16
"""Of so many different lists of authors it is remembered whether they are asked for."""

_ORDINARY = re.compile(r"https?://([a-z0-9.-]+)(?=[/?#]|\Z)")
"""The beginning of nearly every address, with its host."""

_DOCUMENTS = (
    "SELECT a.id, a.title, a.text, CAST(a.authors AS TEXT), CAST(a.tags AS TEXT), a.url, a.language, a.shown_at, a.words,"
    " a.first_seen_at, s.slug, s.outlet_group, s.country FROM article AS a JOIN source AS s ON s.id = a.source_id"
    " WHERE a.id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))"
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which articles a search is about: ``since <= shown < until`` (None: open), up to the article ``newest_id``."""

    since: datetime | None
    until: datetime | None
    newest_id: int


def document(found: Article) -> Document:
    """What rules look at, of a stored article."""
    return Document(
        title=found.title,
        body=found.text,
        authors=found.authors,
        source=found.source_slug,
        domain=domain_of(found.url),
        url=found.url,
        language=found.language or "",
        country=found.country,
        group=found.source_group,
        tags=found.tags,
        published_at=found.published_at or found.first_seen_at,
        words=found.words,
    )


def domain_of(url: str) -> str:
    """The host of an address, without ``www.``."""
    ordinary = _ORDINARY.match(url)
    return (ordinary[1] if ordinary else urlsplit(url).hostname or "").removeprefix("www.")


def documents(session: Session, ids: Sequence[int]) -> list[tuple[Place, Document, datetime]]:
    """The same for many articles, in the order of their ids, with where each stands by its date, and when it was first seen."""
    found = {
        id_: (
            Place(0.0, at := instant(shown_at), id_),
            Document(
                title, text, _strings(authors), slug, domain_of(url), url, language or "", country, group, _strings(tags), at,
                words,
            ),
            instant(seen_at),
        )
        for id_, title, text, authors, tags, url, language, shown_at, words, seen_at, slug, group, country in (
            driver(session).execute(_DOCUMENTS, {"ids": json.dumps(list(ids))})
        )
    }  # fmt: skip
    return [found[id_] for id_ in ids if id_ in found]


def _strings(written: str) -> tuple[str, ...]:
    return tuple(json.loads(written)) if written != "[]" else ()


def narrowed(
    session: Session, narrow: Narrowing, since: datetime | None, until: datetime | None, *, by_date: bool = False
) -> Iterator[ColumnElement[bool] | TextClause]:
    """What a query asks of an article and its source, as far as the index can tell. ``by_date``: they are read in that order."""
    yield from fulltext.hits(session, narrow, by_date=by_date)
    if narrow.sources:
        yield col(SourceRow.slug).in_(narrow.sources)
    if narrow.groups:
        yield col(SourceRow.outlet_group).in_(narrow.groups)
    if narrow.countries:
        yield col(SourceRow.country).in_(narrow.countries)
    if narrow.languages:
        yield col(ArticleRow.language).in_(narrow.languages)
    yield from _of_columns(session, narrow)
    for begin in filter(None, (since, narrow.date_from)):
        yield begin <= SHOWN_AT
    for end in filter(None, (until, narrow.date_to)):
        yield end > SHOWN_AT


def _of_columns(session: Session, narrow: Narrowing) -> Iterator[ColumnElement[bool]]:
    """What a narrowing asks of tags, address and length, or a little less: spellings beyond ASCII are left to the matcher."""
    if 0 < len(narrow.tags) <= MOST_VALUES:
        written = cast(ArticleRow.tags, AutoString())  # as ``json.dumps`` wrote them
        yield or_(*(written.contains(json.dumps(tag), autoescape=True) for tag in narrow.tags))
    url = col(ArticleRow.url)
    size = func.octet_length(url) if is_postgresql(session) else func.length(cast(url, LargeBinary()))
    for values in (narrow.domains, narrow.urls):
        if 0 < len(values) <= MOST_VALUES and all(map(str.isascii, values)):
            yield or_(*(func.lower(url).contains(value, autoescape=True) for value in values), size > func.length(url))
    if narrow.authors is not None:
        yield _WRITTEN_AUTHORS != "[]"
    if narrow.least_words is not None:
        yield col(ArticleRow.words) >= narrow.least_words
    if narrow.most_words is not None:
        yield col(ArticleRow.words) <= narrow.most_words


def heading(narrow: Narrowing) -> tuple[Any, ...]:
    """The columns that :func:`may_match` needs: an article's id, and what is asked of it that no index knows, but its text."""
    return (
        col(ArticleRow.id),
        *((col(ArticleRow.title),) if narrow.titles else ()),
        *((_WRITTEN_AUTHORS,) if narrow.authors else ()),
    )


def may_match(narrow: Narrowing, rows: Iterable[Any]) -> Iterator[int]:
    """The ids of those rows of :func:`heading` whose title and authors are asked for; no text need be read for the others."""
    if not narrow.titles and not narrow.authors:
        yield from (row[0] for row in rows)
        return

    @lru_cache(MOST_BYLINES)
    def is_by(written: str) -> bool:
        return narrow.may_be_by(_strings(written))

    for id_, *asked in rows:
        if (not narrow.titles or narrow.may_be_titled(asked[0])) and (not narrow.authors or is_by(asked[-1])):
            yield id_


def has_keys(narrow: Narrowing) -> bool:
    """Whether a narrowing asks for more than words."""
    return replace(narrow, fts=None, exact=False) != Narrowing()


def candidates(
    session: Session, narrow: Narrowing, bounds: Bounds, after: Place | None = None, *, oldest_first: bool = False
) -> Generator[int]:
    """Ids of the articles that may match, by the instant when they were published or first seen, from behind ``after`` on.

    They come as they are asked for: who needs twenty of a million does not pay for a million, and closes this when he has them.
    """
    few, rest = fulltext.few(session, narrow, FEW)
    statement = select(*heading(narrow)).where(col(ArticleRow.id) <= bounds.newest_id)
    if few is not None:
        statement = statement.where(col(ArticleRow.id).in_(few))
    if narrow.sources or narrow.groups or narrow.countries:
        statement = statement.join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    for condition in narrowed(session, rest, bounds.since, bounds.until, by_date=True):
        statement = statement.where(condition)
    key = (SHOWN_AT, col(ArticleRow.id))
    if after is not None:
        here, there = tuple_(*key), (after.shown_at, after.article_id)
        statement = statement.where(here > there if oldest_first else here < there)
    statement = statement.order_by(*(part.asc() if oldest_first else part.desc() for part in key))
    if few is None and (placed := fulltext.places(session, rest)) is not None:
        # Asked of each article when its turn comes, for a page needs few: OFFSET keeps PostgreSQL from asking it of all before.
        # Their order stays, and is not asked for again, or PostgreSQL would sort all of them.
        in_order = statement.offset(0).subquery("article")
        statement = select(*in_order.c).where(placed)
    # A few are read as a whole, or PostgreSQL would go along the index by date for them, too, hoping to be stopped soon.
    streamed = {} if few is not None else {"yield_per": BATCH}
    with session.execute(statement, execution_options=streamed) as found:
        yield from may_match(narrow, found)
