"""A feed document, taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.model.page import FailureKind


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed, as published.

    ``key`` identifies it within its source: the guid or id, else the link, else a digest of title and text; it is at
    most 512 characters. ``link`` is absolute http(s) or None. ``summary`` and ``content`` are the feed's HTML, not
    cleaned. ``published_at`` is UTC; ``published_raw`` is what the feed said; ``zone_assumed`` tells that the date named no
    zone and the source's was used. ``content_hash`` (hex SHA-256 over title, link, summary, content) changes when the
    entry was edited.
    """

    key: str
    title: str
    link: str | None
    summary: str
    content: str
    published_at: datetime | None
    updated_at: datetime | None
    published_raw: str
    zone_assumed: bool
    has_time: bool
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    language: str | None
    image_url: str | None
    content_hash: str


@dataclass(frozen=True, slots=True)
class FeedHints:
    """What a feed document says about how often to come: RSS ``ttl``, ``skipHours`` and ``skipDays``, and the ``sy:`` module.

    ``update_every`` is ``sy:updatePeriod`` divided by ``sy:updateFrequency``. ``skip_hours`` are hours of the day (0 to 23) and
    ``skip_days`` ISO weekdays (1 to 7), both in GMT as the specification has it, sorted and without repeats.
    """

    ttl: timedelta | None = None
    update_every: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry of a feed document that was parsed before, known again by its bytes.

    ``digest`` is over its raw bytes (hex), "" for one that must be parsed each time, because its dates read otherwise as time
    passes; ``key``, ``link`` and ``title`` are those of the ``FeedEntry`` it became.
    """

    digest: str
    key: str
    link: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Window:
    """A feed document taken apart without being parsed: ``envelope`` is a digest of all that the meaning of an entry hangs on
    beside its own bytes (root and channel tags, language, feed authors, address, parser version)."""

    envelope: str
    entries: tuple[SeenEntry, ...]


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed and its entries, in order. ``format``: feedparser's word (``rss20``, ``atom10``…), ``json10``, ``json11``,
    ``sitemap``.

    ``entries`` are all of them, unless the parse was given the window of the last one: then those it knew again by their bytes
    stand in ``kept`` instead. ``window`` is for the next parse, None when the document cannot be taken apart with safety.
    ``hub`` and ``self_url`` are the feed's WebSub links (``rel=hub``, ``rel=self``).
    """

    title: str
    site_url: str | None
    language: str | None
    format: str
    entries: tuple[FeedEntry, ...]
    warnings: tuple[str, ...] = ()
    hints: FeedHints = FeedHints()
    hub: str | None = None
    self_url: str | None = None
    kept: tuple[SeenEntry, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class ParseFailed:
    """The body is no feed. ``sample`` holds its first 200 characters for the operator."""

    kind: FailureKind
    detail: str
    sample: str = ""
