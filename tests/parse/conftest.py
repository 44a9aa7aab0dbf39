"""What the tests of ``parse`` share: a fixed present, and ``parse_feed`` with defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import pytest

from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed
from aggregator.parse import parse_feed


class Parse(Protocol):
    """``parse_feed`` with the arguments that a test does not care about filled in."""

    def __call__(
        self,
        body: bytes | str,
        *,
        url: str = ...,
        content_type: str = ...,
        timezone: str = ...,
        max_entries: int = ...,
    ) -> ParsedFeed | ParseFailed: ...


class Feed(Protocol):
    """The same, for bodies that are feeds."""

    def __call__(
        self,
        body: bytes | str,
        *,
        url: str = ...,
        content_type: str = ...,
        timezone: str = ...,
        max_entries: int = ...,
    ) -> ParsedFeed: ...


class Entry(Protocol):
    """The one entry of an RSS 2.0 feed whose item holds ``inner``."""

    def __call__(self, inner: str, *, timezone: str = ...) -> FeedEntry: ...


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def parse(now: datetime) -> Parse:
    def call(
        body: bytes | str,
        *,
        url: str = "https://north-gazette.example/feeds/all.xml",
        content_type: str = "application/rss+xml",
        timezone: str = "UTC",
        max_entries: int = 100,
    ) -> ParsedFeed | ParseFailed:
        data = body.encode() if isinstance(body, str) else body
        return parse_feed(data, url=url, content_type=content_type, timezone=timezone, max_entries=max_entries, now=now)

    return call


@pytest.fixture(scope="session")
def feed(parse: Parse) -> Feed:
    def call(
        body: bytes | str,
        *,
        url: str = "https://north-gazette.example/feeds/all.xml",
        content_type: str = "application/rss+xml",
        timezone: str = "UTC",
        max_entries: int = 100,
    ) -> ParsedFeed:
        parsed = parse(body, url=url, content_type=content_type, timezone=timezone, max_entries=max_entries)
        assert isinstance(parsed, ParsedFeed), parsed
        return parsed

    return call


@pytest.fixture(scope="session")
def entry(feed: Feed) -> Entry:
    def call(inner: str, *, timezone: str = "UTC") -> FeedEntry:
        body = (
            '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            'xmlns:content="http://purl.org/rss/1.0/modules/content/">'
            f"<channel><title>North Gazette</title><item>{inner}</item></channel></rss>"
        )
        (only,) = feed(body, timezone=timezone).entries
        return only

    return call
