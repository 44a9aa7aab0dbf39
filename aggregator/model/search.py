"""A search of the archive: what is asked, a page of the answer, and where the next one begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aggregator.model.article import Article
from aggregator.model.rule import Match


class Order(StrEnum):
    """What stands first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


class Facet(StrEnum):
    """What hits are counted by. ``day`` is the UTC day of publication; ``rule`` counts the rules that found these articles."""

    SOURCE = "source"
    GROUP = "group"
    LANGUAGE = "language"
    DAY = "day"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What relevance asks of the archive: how many articles it has, their mean length in words, and how many hold each leaf."""

    articles: int
    words: float
    holding: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hit stands in its order. ``score`` is 0 but for relevance."""

    score: float
    shown_at: datetime
    article_id: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended, and all that the order rests on, so that later pages are ordered as the first one was.

    ``digest`` tells the search apart from others. The pages show the archive as of ``asked_at``: articles up to ``newest_id``,
    scored by ``statistics`` (None: not by relevance).
    """

    digest: str
    order: Order
    asked_at: datetime
    newest_id: int
    place: Place
    statistics: Statistics | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """How a query is to be answered: ``most`` hits from ``after`` on. ``since <= shown < until``, None is open.

    ``total`` and ``facets`` take every hit into account; without them only as many articles are read as the page needs.
    """

    order: Order = Order.NEWEST
    most: int = 20
    since: datetime | None = None
    until: datetime | None = None
    after: Cursor | None = None
    total: bool = False
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A hit. ``score`` is 0 but for relevance."""

    article: Article
    match: Match
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """Hits in order. ``total`` is None when nobody counted them; ``after`` is where the next page begins, None at the end.

    ``facets``: hits by value, most first (days in their order). ``ranked`` is how many of the newest hits were ranked when there
    are more; only these are shown.
    """

    hits: tuple[Found, ...]
    total: int | None
    after: Cursor | None = None
    facets: Mapping[Facet, Mapping[str, int]] = field(default_factory=dict)
    ranked: int | None = None
    looked_at: int | None = None
