"""Looking at an address: is it a feed, or a page that names feeds? For adding a source, and for finding a lost one again.

Every request goes through the guard and the gate like any other; a host that rests is not asked, and one that says "too many"
rests from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from aggregator.fetch import Permit, host_key
from aggregator.model.feed import ParsedFeed, ParseFailed
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest, NotModified
from aggregator.pipeline.cpu import Crashed
from aggregator.pipeline.encounter import heard
from aggregator.pipeline.jobs import FeedJob, SiteFeeds, read_feed, read_site
from aggregator.pipeline.rooms import Rooms
from aggregator.store import hosts


@dataclass(frozen=True, slots=True)
class Seen:
    """A feed that was read at an address. ``url`` is where to poll it: permanent redirects count, others do not."""

    url: str
    page: Fetched
    feed: ParsedFeed

    @property
    def newest_at(self) -> datetime | None:
        """The latest publication date of its entries."""
        return max((entry.published_at for entry in self.feed.entries if entry.published_at), default=None)


def identity(url: str) -> str:
    """What two spellings of one feed's address have in common: scheme, case of the host, default port, last slash apart."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{host_key(url)}{parts.path.rstrip('/')}{query}"


async def ask(
    rooms: Rooms, url: str, accept: Accept, allow_networks: tuple[str, ...] = (), permit: Permit | None = None
) -> Fetched | FetchFailed:
    """Ask for a feed or a page, without validators, unless its host rests."""
    now, host = rooms.clock.now(), rooms.host_key(url)
    if until := await rooms.store.read(hosts.resting_until, host, now):
        detail = f"its host asked to be left alone until {until:%Y-%m-%d %H:%M} UTC; nothing was sent"
        return FetchFailed(url, FailureKind.HTTP, detail, now, 429, until)
    request = FetchRequest(url, accept, allow_networks=allow_networks, subscribers=max(1, len(rooms.active.config.rules)))
    outcome = await rooms.fetcher.fetch(request, permit=permit)
    await heard(rooms, host, outcome)
    match outcome:
        case Fetched():
            return outcome
        case NotModified():  # the fetcher lets none through that was not asked for
            return FetchFailed(url, FailureKind.PROTOCOL, "304 to an unconditional request", outcome.fetched_at, 304)
        case FetchFailed():
            return outcome


async def read(rooms: Rooms, page: Fetched, timezone: str) -> Seen | ParseFailed | Crashed:
    """Parse what came as a feed, in a worker. ``timezone`` is that of dates without a zone."""
    most = rooms.active.config.settings.poll.max_entries
    links = tuple(value for name, value in page.headers if name == "link")
    job = FeedJob(page.body, page.final_url, content_type_of(page), timezone, most, rooms.clock.now(), links=links)
    parsed = await rooms.cpu.run(read_feed, job)
    return Seen(page.moved_to or page.url, page, parsed) if isinstance(parsed, ParsedFeed) else parsed


async def feeds_of(rooms: Rooms, page: Fetched) -> SiteFeeds:
    """Where the feeds of the site are that a page belongs to."""
    found = await rooms.cpu.run(read_site, page.body, page.final_url, content_type_of(page))
    return SiteFeeds() if isinstance(found, Crashed) else found


def content_type_of(page: Fetched) -> str:
    """The header as it came, or an empty string."""
    return next((value for name, value in page.headers if name == "content-type"), "")
