"""A feed document, taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
class ParsedFeed:
    """A feed and all its entries, in order. ``format``: feedparser's word (``rss20``, ``atom10``…), ``json10``, ``json11``."""

    title: str
    site_url: str | None
    language: str | None
    format: str
    entries: tuple[FeedEntry, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParseFailed:
    """The body is no feed. ``sample`` holds its first 200 characters for the operator."""

    kind: FailureKind
    detail: str
    sample: str = ""
