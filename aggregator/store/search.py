"""The archive: narrowed by the index, verified by the matcher, ordered and counted by what the matcher found."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import func
from sqlmodel import Session, col, select

from aggregator.model.article import Article
from aggregator.model.rule import Document, Match
from aggregator.model.search import Cursor, Facet, Found, Order, Page, Place, Question, Statistics
from aggregator.rules import CompiledQuery, digest, relevance
from aggregator.store import facets, fulltext
from aggregator.store.articles import articles_by_id
from aggregator.store.candidates import SHOWN_AT, Bounds, candidates, document, documents, narrowed
from aggregator.store.tables import ArticleRow

__all__ = ["MOST_RANKED", "SHOWN_AT", "ask", "document", "narrowed", "search"]

BATCH = 200
MOST_RANKED = 5_000
"""Of more hits, only the newest are ranked by relevance."""
MOST_READ = 50_000
"""A query that no word narrows is put to so many articles at a time."""
MOST_COUNTED = 10_000
"""Words in more articles than this are common, and that is all that relevance needs to know."""
MOST_LEAVES = 64
"""Of so many leaves the archive is asked how common they are; a longer query is a list of words, none dearer than another."""
UNKNOWN_SHARE = 100
"""One article in so many is taken to hold a leaf that no index knows."""
SAMPLE = 200
"""The mean length of an article is that of the newest ones."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """An article that the matcher confirmed, without its text."""

    place: Place
    match: Match


def ask(session: Session, query: CompiledQuery, question: Question, now: datetime) -> Page:
    """A page of the articles that a query matches, as the archive is at ``now``, or was when the first page was asked for.

    Raises ValueError for a cursor of another search.
    """
    after = question.after
    name = digest(query.query.text, question)
    if after is not None and (after.digest != name or after.order is not question.order):
        raise ValueError("the cursor belongs to another search: repeat the query, order and bounds of the page that gave it")
    asked_at = after.asked_at if after else now
    newest_id = after.newest_id if after else session.scalar(select(func.max(ArticleRow.id))) or 0
    hunt = _Hunt(session, query, Bounds(question.since, question.until, newest_id), asked_at, MOST_READ)
    if question.order is Order.RELEVANCE:
        known = after.statistics if after and after.statistics else _statistics(session, query, newest_id)
        shown, counted, ranked = hunt.ranked(question, known, asked_at)
    else:
        known, ranked = None, None
        shown, counted = hunt.dated(question)
    hits, more = shown[: question.most], len(shown) > question.most
    total, told = hunt.counts(question, counted)
    if total is None and after is None and not more and ranked is None and hunt.looked_at is None:
        total = len(hits)
    last = hits[-1].place if more else hunt.goes_on_after(question)
    end = Cursor(name, question.order, asked_at, newest_id, last, known) if last else None
    return Page(_whole(session, hits), total, end, told, ranked, hunt.looked_at)


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
    hunt = _Hunt(session, query, Bounds(since, until, fulltext.EVERYTHING), now)
    question = Question(Order.NEWEST, most, since, until, total=True)
    shown, counted = hunt.dated(question)
    total, _ = hunt.counts(question, counted)
    return [(found.article, found.match) for found in _whole(session, shown[:most])], total or 0


class _Hunt:
    """One query, on its way through the archive. If no word narrows it, ``most`` articles at most are read."""

    def __init__(
        self, session: Session, query: CompiledQuery, bounds: Bounds, now: datetime | None, most: int | None = None
    ) -> None:
        self._session, self._query, self._bounds, self._now = session, query, bounds, now
        self._narrow = query.narrowing(now)
        self._exact = self._narrow.exact and fulltext.exact(session, self._narrow)
        self._most = None if self._exact or self._narrow.by_words else most
        self._last: Place | None = None
        self.looked_at: int | None = None
        """How many articles were read when ``most`` put an end to it."""

    def _read(self, first: int, after: Place | None = None, *, oldest_first: bool = False) -> Generator[tuple[Place, Document]]:
        """What may match, in order; of the first batch about ``first`` are wanted."""
        size, read = min(first, BATCH), 0
        with closing(candidates(self._session, self._narrow, self._bounds, after, oldest_first=oldest_first)) as ids:
            while batch := list(islice(ids, size)):
                wanted = batch if self._most is None else batch[: self._most - read]
                for place, found, _ in documents(self._session, wanted):
                    self._last = place
                    yield place, found
                read += len(wanted)
                if len(wanted) < len(batch):
                    self.looked_at = read
                    return
                size = min(2 * size, BATCH)

    def goes_on_after(self, question: Question) -> Place | None:
        """Where to go on when the reading ended before the archive did; None if it did not, or all was to be counted."""
        ordered = question.order is not Order.RELEVANCE and not self._reads_all(question)
        return self._last if ordered and self.looked_at is not None else None

    def _reads_all(self, question: Question) -> bool:
        """Whether every hit must be read: the index alone cannot count them."""
        return not self._exact and (question.total or bool(question.facets))

    def dated(self, question: Question) -> tuple[list[_Hit], facets.Tally | None]:
        """The hits of a page and one more, in the order of their dates; and every hit counted, if that took reading them."""
        after = question.after.place if question.after else None
        oldest_first = question.order is Order.OLDEST
        wanted = question.most + 1
        shown: list[_Hit] = []
        if not self._reads_all(question):
            with closing(self._read(wanted, after, oldest_first=oldest_first)) as read:
                hits = ((place, self._query.match(found, self._now)) for place, found in read)
                return list(islice((_Hit(place, match) for place, match in hits if match), wanted)), None
        tally = facets.Tally(question.facets)
        for place, found in self._read(BATCH, oldest_first=oldest_first):
            behind = after is None or (_date(place) > _date(after) if oldest_first else _date(place) < _date(after))
            if behind and len(shown) < wanted:
                if match := self._query.match(found, self._now):
                    shown.append(_Hit(place, match))
                    tally.add(place.article_id, found)
            elif self._query.holds(found, self._now):
                tally.add(place.article_id, found)
        return shown, tally

    def ranked(
        self, question: Question, known: Statistics, asked_at: datetime
    ) -> tuple[list[_Hit], facets.Tally | None, int | None]:
        """The hits of a page and one more, the most relevant first; every hit counted; and how many were ranked, if not all."""
        tally = facets.Tally(question.facets)
        scored: list[_Hit] = []
        more = False
        with closing(self._read(BATCH)) as read:
            for place, found in read:
                if len(scored) < MOST_RANKED:
                    if match := self._query.match(found, self._now):
                        score = relevance(match, found.words, asked_at - place.shown_at, known)
                        scored.append(_Hit(replace(place, score=score), match))
                        tally.add(place.article_id, found)
                elif self._query.holds(found, self._now):
                    more = True
                    if not self._reads_all(question):
                        break
                    tally.add(place.article_id, found)
        after = question.after.place if question.after else None
        scored.sort(key=lambda hit: _rank(hit.place), reverse=True)
        shown = [hit for hit in scored if after is None or _rank(hit.place) < _rank(after)]
        counted = tally if not more or self._reads_all(question) else None
        return shown[: question.most + 1], counted, len(scored) if more else None

    def counts(self, question: Question, tally: facets.Tally | None) -> tuple[int | None, dict[Facet, dict[str, int]]]:
        """How many hits there are, and their facets: from the tally, or from the index when that says it to the letter."""
        if tally is not None:
            return tally.total, facets.of_tally(self._session, tally)
        if not self._exact:
            return None, {}
        total = facets.total(self._session, self._narrow, self._bounds) if question.total or question.facets else None
        return total, {facet: facets.of_index(self._session, self._narrow, self._bounds, facet) for facet in question.facets}


def _rank(place: Place) -> tuple[float, datetime, int]:
    return place.score, place.shown_at, place.article_id


def _date(place: Place) -> tuple[datetime, int]:
    return place.shown_at, place.article_id


def _whole(session: Session, hits: Sequence[_Hit]) -> tuple[Found, ...]:
    ids = [hit.place.article_id for hit in hits]
    articles: dict[int, Article] = {}
    for start in range(0, len(ids), BATCH):
        articles |= articles_by_id(session, ids[start : start + BATCH])
    return tuple(Found(articles[hit.place.article_id], hit.match, hit.place.score) for hit in hits)


def _statistics(session: Session, query: CompiledQuery, newest_id: int) -> Statistics:
    """What relevance asks of the archive. Articles are numbered one by one: the newest one's number tells how many there are."""
    newest = select(ArticleRow.words).where(col(ArticleRow.id) <= newest_id).order_by(col(ArticleRow.id).desc()).limit(SAMPLE)
    lengths = list(session.scalars(newest))
    leaves = query.leaf_words()
    holding = {}
    for leaf, words in leaves.items():
        if words is None or len(leaves) > MOST_LEAVES:
            holding[leaf] = newest_id // UNKNOWN_SHARE
        else:
            holding[leaf] = fulltext.count(session, words, newest_id, MOST_COUNTED)
    return Statistics(newest_id, sum(lengths) / len(lengths) if lengths else 0.0, holding)
