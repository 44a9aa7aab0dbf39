"""robots.txt (RFC 9309): asked once a day for each host before its pages are, and obeyed, Crawl-delay included.

Feeds are published to be polled, so they are asked for without, unless the operator says otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.config.settings import FetchSettings
from aggregator.fetch import Fetcher, Permission, Permit
from aggregator.model.clock import Clock
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest, NotModified
from aggregator.pipeline.cpu import CpuPool, Crashed
from aggregator.pipeline.jobs import judge_page, read_rules
from aggregator.store import Store, hosts
from aggregator.store.hosts import Robots

AGENT = "aggregator"
"""The name that outlets write rules for: that of our User-Agent."""

KEPT = timedelta(hours=24)
"""RFC 9309 §2.4: a copy should not be used for longer than a day. A server's error stands as long."""

OUTDATED = timedelta(days=30)
"""RFC 9309 §2.3.1.4: so long an old copy may stand in where a new one cannot be had."""

RETRY = timedelta(hours=1)
"""When a host that did not answer at all is asked again."""

CLOSED = "its robots.txt asks us not to fetch this page"
UNKNOWN = "its robots.txt cannot be had at present, which means no"
_ALLOWED = Permission()


class RobotsDesk:
    """Answers whether a URL may be fetched. Keeps the files in the store, one for each origin."""

    def __init__(self, store: Store, fetcher: Fetcher, cpu: CpuPool, clock: Clock, settings: FetchSettings) -> None:
        self._store, self._fetcher, self._cpu, self._clock, self._settings = store, fetcher, cpu, clock, settings
        self._asking: dict[str, asyncio.Task[Robots]] = {}

    def for_feeds(self, allow_networks: Sequence[str]) -> Permit | None:
        """Who gives leave for a feed of a source that may reach ``allow_networks``; None: nobody needs to."""
        return self._permit(allow_networks) if self._settings.robots_for_feeds else None

    def for_pages(self, allow_networks: Sequence[str]) -> Permit | None:
        """Who gives leave for a page, and says how long to wait before."""
        return self._permit(allow_networks) if self._settings.robots else None

    def _permit(self, allow_networks: Sequence[str]) -> Permit:
        async def permit(url: str) -> Permission:
            parts = urlsplit(url)
            robots = await self._robots(f"{parts.scheme}://{parts.netloc}", tuple(allow_networks))
            match robots.state:
                case "none":
                    return _ALLOWED
                case "rules":
                    verdict = await self._cpu.run(judge_page, robots.text, AGENT, url)
                    if isinstance(verdict, Crashed):  # rules that hurt: their author has no page that we need
                        return Permission(refused=CLOSED)
                    return Permission("" if verdict.allowed[0] else CLOSED, verdict.crawl_delay or 0.0)
                case _:
                    return Permission(refused=UNKNOWN)

        return permit

    async def _robots(self, origin: str, allow_networks: tuple[str, ...]) -> Robots:
        known = await self._store.read(hosts.robots_of, origin)
        now = self._clock.now()
        if known is not None and now < known.until <= now + KEPT:
            return known
        task = self._asking.get(origin)
        if task is None:  # several pages of one host must not ask twice
            task = self._asking[origin] = asyncio.create_task(self._ask(origin, allow_networks, known))
            task.add_done_callback(lambda _: self._asking.pop(origin, None))
        return await asyncio.shield(task)

    async def _ask(self, origin: str, allow_networks: tuple[str, ...], known: Robots | None) -> Robots:
        outcome = await self._fetcher.fetch(FetchRequest(f"{origin}/robots.txt", Accept.PAGE, allow_networks=allow_networks))
        now = self._clock.now()
        match outcome:
            case Fetched():
                read = await self._cpu.run(read_rules, outcome.body)
                rules = "" if isinstance(read, Crashed) else read
                robots = Robots("rules" if rules else "none", rules, now, now + KEPT)
            case FetchFailed():
                robots = _without(outcome, known, now)
            case NotModified():  # to a request without validators
                robots = Robots("none", "", now, now + KEPT)
        await self._store.write(hosts.store_robots, origin, robots)
        return robots


def _without(failed: FetchFailed, known: Robots | None, now: datetime) -> Robots:
    """What holds when the file cannot be had (RFC 9309 §2.3.1): 4xx means that there are no rules, anything else that all is
    closed, unless there is an older copy. 429 is no "there is none", and counts as an error of the server."""
    if failed.kind is FailureKind.HTTP and failed.status is not None and failed.status < 500 and failed.status != 429:
        return Robots("none", "", now, now + KEPT)
    if failed.kind is FailureKind.REDIRECTS:  # §2.3.1.2: after five hops it may be taken as unavailable
        return Robots("none", "", now, now + KEPT)
    until = now + (KEPT if failed.status is not None else RETRY)
    if known is not None and known.state == "rules" and now - known.at < OUTDATED:
        return Robots("rules", known.text, known.at, until)
    return Robots("closed", "", now, until)
