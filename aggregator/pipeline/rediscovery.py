"""A feed that is gone from its address: its site is asked, once a day, where it is now. The operator decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urljoin

import structlog

from aggregator.model.page import Accept, FetchFailed
from aggregator.model.source import DueSource, History
from aggregator.pipeline.discovery import Seen, ask, feeds_of, identity, read
from aggregator.pipeline.jobs import NamedFeed
from aggregator.pipeline.rooms import Rooms
from aggregator.store import registry, sources

log: structlog.stdlib.BoundLogger = structlog.get_logger("poll")

EVERY = timedelta(hours=24)

TRIES = 2
"""Feeds that are looked into at most. The likeliest come first; a site with many is for the operator to look at."""


async def look_for_replacement(rooms: Rooms, source: DueSource, history: History) -> None:
    """Ask a lost feed's site for it, with the leave of its robots.txt, and propose what can be read as a feed.

    ``history`` is that after the failure. The site is what the operator named, else what the feed did, else the root of its
    address. Not more than once in 24 hours; what other sources read, or the operator has refused, is not proposed.
    """
    now = rooms.clock.now()
    if history.searched_at is not None and now - history.searched_at < EVERY:
        return
    searched = replace(history, searched_at=now)
    site = source.spec.site_url or history.site_url or urljoin(source.url, "/")
    networks = source.spec.allow_networks
    page = await ask(rooms, site, Accept.PAGE, networks, rooms.robots.for_pages(networks))
    named: Sequence[NamedFeed] = () if isinstance(page, FetchFailed) else (await feeds_of(rooms, page)).named
    taken = {identity(address.url) for address in await rooms.store.read(registry.addresses) if address.active}
    taken |= {identity(url) for url in (source.url, source.spec.url, *history.stays_from)}
    found = None
    for feed in [feed for feed in named if identity(feed.url) not in taken][:TRIES]:
        seen = await _verified(rooms, source, feed.url)
        if seen is not None and identity(seen.url) not in taken:
            found = seen.url
            break
    await rooms.store.write(sources.propose, source.id, found, searched)
    if found is not None:
        told = f"its site names another address; to accept it: aggregator source move {source.spec.slug}"
        log.warning("source.proposed", source=source.spec.slug, url=found, detail=told)


async def _verified(rooms: Rooms, source: DueSource, url: str) -> Seen | None:
    """The feed at an address, if there is one. Credentials stay at home: they belong to the old address."""
    networks = source.spec.allow_networks
    page = await ask(rooms, url, Accept.FEED, networks, rooms.robots.for_feeds(networks))
    if isinstance(page, FetchFailed):
        return None
    seen = await read(rooms, page, source.spec.timezone)
    return seen if isinstance(seen, Seen) else None
