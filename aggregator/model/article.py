"""An article: one text published once by one outlet; and everything on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


class DateOrigin(StrEnum):
    """Where a publication date was read."""

    FEED = "feed"
    JSONLD = "json-ld"
    META = "meta"
    TIME = "time"
    URL = "url"
    VISIBLE = "visible"


class TextOrigin(StrEnum):
    """Where the article's text comes from."""

    PAGE = "page"
    FEED = "feed"
    NONE = "none"


class Access(StrEnum):
    """Whether a page showed its article: whole, its beginning before a paywall, or a consent page in its place."""

    OPEN = "open"
    PAYWALL = "paywall"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class DateCandidate:
    """One piece of evidence. ``rejected`` is empty for a usable candidate, else the reason (``masthead``, ``future``…).

    ``weight`` is what it counts for, 0 to 1; ``zone`` the offset or zone that it named itself (``+03:30``), or "".
    """

    origin: DateOrigin
    raw: str
    at: datetime
    has_time: bool
    rejected: str = ""
    weight: float = 0.0
    zone: str = ""


@dataclass(frozen=True, slots=True)
class DateDecision:
    """The publication date, what it rests on, and every candidate, losing ones included. ``at`` is UTC.

    Without a time of day (``has_time=False``) ``at`` is midnight UTC of the stated day. ``zone`` is the winner's own, or "".
    """

    at: datetime | None = None
    has_time: bool = False
    origin: DateOrigin | None = None
    candidates: tuple[DateCandidate, ...] = ()
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What the page and its feed entry say together. ``note`` is empty, or says in a sentence why ``text`` is not the page's.

    ``text`` is plain, paragraphs separated by one newline, without the headline; ``comments`` are the readers', apart from it.
    ``language`` is ISO 639-1 or None, ``other_languages`` those of whole passages beside it. ``section`` is the outlet's word
    for where it stands ("World"), or "". URLs are absolute http(s). ``extractor`` is the version that made this.
    """

    title: str
    text: str
    text_origin: TextOrigin
    note: str = ""
    authors: tuple[str, ...] = ()
    date: DateDecision = DateDecision()
    modified_at: datetime | None = None
    language: str | None = None
    site_name: str = ""
    canonical_url: str | None = None
    image_url: str | None = None
    tags: tuple[str, ...] = ()
    section: str = ""
    access: Access = Access.OPEN
    comments: str = ""
    other_languages: tuple[str, ...] = ()
    extractor: int = 0


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What ``dedupe`` compares. ``url_keys`` are canonical addresses (of link, final URL and rel=canonical), without repeats.

    ``sketch`` holds the smallest 64-bit hashes of the text's word 3-shingles, ascending (a bottom-k sketch, Broder
    1997); it is empty for texts too short to compare. ``words`` counts tokens.
    """

    url_keys: tuple[str, ...]
    text_hash: str
    sketch: tuple[int, ...]
    words: int


@dataclass(frozen=True, slots=True)
class ArticleDraft:
    """An article about to be decided on: an entry, what was extracted for it, and its fingerprint."""

    source_id: int
    entry_id: int
    url: str
    extraction: Extraction
    fingerprint: Fingerprint
    seen_at: datetime
    baseline: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored article that a draft may be: it shares the entry, an address, the text or part of the sketch.

    ``same_outlet``: it was published by the draft's own outlet. ``text`` and ``published_at`` are its present ones.
    """

    article_id: int
    source_id: int
    story_id: int
    same_entry: bool
    same_url: bool
    title: str
    text_hash: str
    sketch: tuple[int, ...]
    words: int
    seen_at: datetime
    text_origin: TextOrigin = TextOrigin.PAGE
    same_outlet: bool = False
    text: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class New:
    """A new article. ``story_id`` is the story it joins, None for a story of its own; ``similarity`` is Jaccard's, 0 to 1."""

    story_id: int | None = None
    similarity: float = 0.0


@dataclass(frozen=True, slots=True)
class Revision:
    """A new state of a known article."""

    article_id: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One more sighting of a known article, unchanged."""

    article_id: int


@dataclass(frozen=True, slots=True)
class Discard:
    """Nothing to keep, and why."""

    reason: str


Verdict: TypeAlias = New | Revision | Duplicate | Discard


@dataclass(frozen=True, slots=True)
class Article:
    """A stored article with the properties of its source that rules and digests need.

    ``revision_reason`` is why the present revision was stored (``model.record.Reason``).
    """

    id: int
    story_id: int
    source_slug: str
    source_name: str
    source_group: str
    country: str
    url: str
    title: str
    text: str
    text_origin: TextOrigin
    note: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    language: str | None
    published_at: datetime | None
    has_time: bool
    first_seen_at: datetime
    revision: int
    words: int
    baseline: bool
    revision_reason: str = ""
