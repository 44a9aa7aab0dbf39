"""What runs inside the worker processes: one function for each kind of document.

The parsers are imported when a worker calls them: the main process never parses, and need not hold them in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.model.article import Extraction, Fingerprint
from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed, Window
from aggregator.model.source import SourceSpec

if TYPE_CHECKING:  # the parsers stay out of the main process
    from aggregator.parse.robots import RobotsVerdict


def warm() -> None:
    """Import what workers need and load the language model. The fork server does this once; its workers share the pages."""
    from aggregator.extract import extract_article
    from aggregator.parse import parse_feed

    now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    feed = b"<rss version='2.0'><channel><item><title>The council meets in the harbour today</title></item></channel></rss>"
    parsed = parse_feed(feed, url="http://localhost/", content_type="", timezone="UTC", max_entries=1, now=now)
    if isinstance(parsed, ParsedFeed):
        extract_article(
            b"<html><body><p>The council meets in the harbour today, and nobody knows what it will say.</p></body></html>",
            url="http://localhost/", content_type="text/html", entry=parsed.entries[0], outlet="", outlet_language=None,
            timezone="UTC", seen_at=now, note="",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeedJob:
    """A feed document as fetched.

    ``url`` is the final one, ``timezone`` that of dates without a zone, ``known`` the window of the last parse, ``links`` the
    values of the answer's ``Link`` headers.
    """

    body: bytes
    url: str
    content_type: str
    timezone: str
    max_entries: int
    now: datetime
    known: Window | None = None
    links: tuple[str, ...] = ()


def read_feed(job: FeedJob) -> ParsedFeed | ParseFailed:
    """Parse a feed."""
    from aggregator.parse import parse_feed
    from aggregator.parse.links import read_links

    parsed = parse_feed(
        job.body,
        url=job.url,
        content_type=job.content_type,
        timezone=job.timezone,
        max_entries=job.max_entries,
        now=job.now,
        known=job.known,
    )
    if job.links and isinstance(parsed, ParsedFeed):
        hub, self_url = read_links(job.links, job.url)  # they come first (WebSub, section 4)
        parsed = replace(parsed, hub=hub or parsed.hub, self_url=self_url or parsed.self_url)
    return parsed


@dataclass(frozen=True, slots=True)
class NamedFeed:
    """A feed that a page names; ``title`` is the page's word for it, or ""."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class SiteFeeds:
    """Where a site's feeds are: those that its page names (in link elements, else in links), and addresses worth a guess."""

    named: tuple[NamedFeed, ...] = ()
    guesses: tuple[str, ...] = ()


def read_site(body: bytes, url: str, content_type: str) -> SiteFeeds:
    """Look for feeds on a page, the likeliest first. ``url`` is its final address."""
    from aggregator.parse.discovery import How, common_paths, find_feeds

    found = find_feeds(body, url=url, content_type=content_type)
    stated = [feed for feed in found if feed.how is How.LINK] or found
    return SiteFeeds(tuple(NamedFeed(feed.url, feed.title) for feed in stated), common_paths(url))


def read_rules(body: bytes) -> str:
    """The text of a robots.txt; empty if there are no rules in it."""
    from aggregator.parse.robots import read_robots

    return read_robots(body)


def judge_page(rules: str, agent: str, url: str) -> RobotsVerdict:
    """What a robots.txt says of a URL."""
    from aggregator.parse.robots import judge_robots

    return judge_robots(rules, agent, (url,))


@dataclass(frozen=True, slots=True)
class PageJob:
    """An entry and, if it could be had, its page. ``note`` says why there is none; ``addresses`` are those that mean it alone."""

    entry: FeedEntry
    source: SourceSpec
    url: str
    body: bytes | None
    content_type: str
    note: str
    seen_at: datetime
    addresses: tuple[str, ...]


def read_article(job: PageJob) -> tuple[Extraction, Fingerprint]:
    """Extract the article and take its fingerprint."""
    from aggregator.dedupe import fingerprint
    from aggregator.extract import extract_article

    made = extract_article(
        job.body,
        url=job.url,
        content_type=job.content_type,
        entry=job.entry,
        outlet=job.source.title,
        outlet_language=job.source.language,
        timezone=job.source.timezone,
        seen_at=job.seen_at,
        note=job.note,
    )
    return made, fingerprint(made, job.addresses)
