"""An article: one text published once by one outlet; and everything on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias


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


class Term(NamedTuple):
    """A word of a profile: the key under which its forms meet, the form that stood first, and how much it counts there."""

    key: str
    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What an article is about, for stories: the words of its title and lead, names and numbers counting more.

    ``collects`` marks live blogs and round-ups, which tell of many things.
    """

    language: str = ""
    terms: tuple[Term, ...] = ()
    collects: bool = False


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What ``dedupe`` compares. ``url_keys`` are canonical addresses (of link, final URL and rel=canonical), without repeats.

    ``sketch`` holds the smallest 64-bit hashes of the text's word 3-shingles, ascending (a bottom-k sketch, Broder
    1997); it is empty for texts too short to compare. ``words`` counts tokens. ``credit`` is the agency that the text names
    as its source, or "".
    """

    url_keys: tuple[str, ...]
    text_hash: str
    sketch: tuple[int, ...]
    words: int
    profile: Profile = Profile()
    credit: str = ""


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
    ``taken_from`` are the groups out of which an analyst took this one.
    """

    article_id: int
    source_id: int
    group_id: int
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
    taken_from: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class New:
    """A new article. ``group_id`` is the group of copies that it joins, None for a text of its own.

    ``similarity`` is that to the likest copy, 0 to 1: Jaccard's, or the share of the shorter text that the longer has, too.
    """

    group_id: int | None = None
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
class Corpus:
    """In how many of ``total`` texts of a language each term occurred so far, by its key."""

    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoryCandidate:
    """A story that a text may belong to: the sum of its ``texts``' unit vectors, and when it last grew.

    ``split_from`` are the stories out of which an analyst took this one.
    """

    story_id: int
    texts: int
    vector: Mapping[str, float]
    newest_at: datetime
    split_from: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Placement:
    """The story that a text joins (None: one of its own), and why: the shared words, whose scores add up to ``score``.

    ``lent`` is the text's vector, ``story`` that of its story from now on; ``keys`` are the terms by which it is found again.
    All three are empty for what lends a story no words: a live blog, a round-up.
    """

    story_id: int | None
    score: float
    words: tuple[tuple[str, float], ...]
    lent: Mapping[str, float]
    story: Mapping[str, float]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """A stored article with the properties of its source that rules and digests need.

    ``revision_reason`` is why the present revision was stored (``model.record.Reason``).
    """

    id: int
    story_id: int
    group_id: int
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
