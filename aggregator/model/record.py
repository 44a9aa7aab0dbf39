"""The record of an article: its revisions, the pages behind them, the visits to its page, and what changed between two states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aggregator.model.article import Access, DateCandidate, TextOrigin


class Reason(StrEnum):
    """Why a state of an article was stored. UNKNOWN stands for what an older version did not write down."""

    UNKNOWN = ""
    FIRST = "first seen"
    FEED_EDIT = "feed edit"
    PAGE_CAME = "page came"  # it stood with the feed's text until its page could be had
    REPOST = "re-post"
    REFETCH = "re-fetch"
    REEXTRACTION = "re-extraction"


BY_PUBLISHER = frozenset((Reason.FEED_EDIT, Reason.REPOST, Reason.REFETCH))
"""The reasons that tell of an edit. The others tell of us: what we had not read before, or have read anew."""


class Outcome(StrEnum):
    """What came of asking for an article's page again. Only REVISED changes the text."""

    NOT_MODIFIED = "not modified"
    SAME = "same text"
    REVISED = "revised"
    SHORTER = "shorter"  # less than half is left: perhaps a teaser, so the longer text stays
    PAYWALL = "paywall"
    CONSENT = "consent page"
    ELSEWHERE = "elsewhere"  # it leads to something else now, the front page perhaps
    NO_TEXT = "no text"
    WITHDRAWN = "withdrawn"  # 404, 410 or 451
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page as kept: ``sha256`` (hex) and ``size`` are those of its bytes, decoded; ``stored`` is its size in the store."""

    article_id: int
    revision: int
    url: str
    final_url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    fetched_at: datetime
    sha256: str
    size: int
    stored: int


@dataclass(frozen=True, slots=True)
class State:
    """One state of an article, from ``at`` until the next one. ``number`` counts from 1."""

    number: int
    title: str
    text: str
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class SeenIn:
    """Where and when an article was seen: an entry of a source, and the address it gave."""

    source: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """One time that the page was asked for again."""

    at: datetime
    outcome: Outcome
    status: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that found the article; ``by_edit``: not as it was first published; ``lapsed_at``: until an edit took it away.

    ``leaves``: the query's words that hit, each with the aliases that the outlet used; ``suppressed``: why nobody was told.
    """

    rule: str
    at: datetime
    by_edit: bool
    lapsed_at: datetime | None
    version: int
    leaves: Mapping[str, tuple[str, ...]]
    suppressed: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A change after publication that a rule watches for, in words."""

    rule: str
    at: datetime
    revision: int
    what: str


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """Everything that is known of one article. ``states`` are oldest first, the last one is the present; addresses are keys.

    ``dates`` are all candidates, ``date_origin`` is that of the winner ("" without one); ``next_visit_at`` is when its page is
    asked for again, if it is.
    """

    id: int
    source: str
    outlet: str
    url: str
    canonical_url: str | None
    addresses: tuple[str, ...]
    sightings: tuple[SeenIn, ...]
    states: tuple[State, ...]
    authors: tuple[str, ...]
    section: str
    tags: tuple[str, ...]
    language: str | None
    other_languages: tuple[str, ...]
    site_name: str
    image_url: str | None
    access: Access
    text_origin: TextOrigin
    note: str
    words: int
    comments: str
    extractor: int
    published_at: datetime | None
    has_time: bool
    published_zone: str
    date_origin: str
    modified_at: datetime | None
    dates: tuple[DateCandidate, ...]
    first_seen_at: datetime
    withdrawn_at: datetime | None
    withdrawn: str
    pages: tuple[StoredPage, ...]
    visits: tuple[Visit, ...]
    next_visit_at: datetime | None
    matches: tuple[Found, ...]
    edits: tuple[Edited, ...]


class ChangeKind(StrEnum):
    """What became of a sentence."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Change:
    """A sentence in two states of a text; the one that it is not in is "".

    For an altered sentence the spans tell which parts of ``old`` and ``new`` differ: (start, end), ascending.
    """

    kind: ChangeKind
    old: str
    new: str
    old_spans: tuple[tuple[int, int], ...] = ()
    new_spans: tuple[tuple[int, int], ...] = ()
