"""Adding a source by any address of its outlet: the feed's own, or a page's that names its feeds.

Each address is asked once. What came is what the source's first poll stores, so a feed costs its server one request, and a
site two (etiquette.md, R9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from aggregator.config import append_sources, blank_source, slug_for
from aggregator.fetch import check_url
from aggregator.manners import WORDS, trouble_of
from aggregator.model.feed import ParseFailed
from aggregator.model.page import Accept, FailureKind, FetchFailed
from aggregator.model.source import SourceSpec, Trouble
from aggregator.pipeline.cpu import Crashed
from aggregator.pipeline.discovery import Seen, ask, feeds_of, identity, read
from aggregator.pipeline.jobs import NamedFeed
from aggregator.pipeline.poll import first_poll
from aggregator.pipeline.rooms import Rooms
from aggregator.store import registry, sources

MOST_REQUESTS = 8
"""After the first one. A site with more feeds than that is asked for by the address of the one that is wanted."""

LEASE = timedelta(minutes=5)
LONGEST_NAME = 200

_AWAY = frozenset((Trouble.UNREACHABLE, Trouble.THROTTLED))
"""After such an answer nothing else is asked of that host."""

_HOPELESS = frozenset((Trouble.UNREACHABLE, Trouble.THROTTLED, Trouble.REFUSED, Trouble.CHALLENGED, Trouble.GUARDED))
"""After such an answer to a guess the site is asked for nothing more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that may be added. ``known`` is the source that reads it already, or ""."""

    seen: Seen
    title: str
    known: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found at an address: feeds, and what went wrong, in words. ``page`` is that of the site; None: it was a feed.

    ``left_out`` feeds were named as well, and not looked into.
    """

    candidates: tuple[Candidate, ...] = ()
    page: str | None = None
    problems: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator says of a source; what is empty is taken from the feed and from ``[defaults]``."""

    slug: str = ""
    name: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """A source that was added, and how many entries its first poll stored."""

    spec: SourceSpec
    entries: int


async def known_source(rooms: Rooms, url: str) -> str:
    """The slug of the source that has this address already, configured or moved to; "" if there is none."""
    return (await _known(rooms)).get(identity(url), "")


async def _known(rooms: Rooms) -> dict[str, str]:
    configured = {spec.slug: identity(spec.url) for spec in rooms.active.config.sources}
    moved = [address for address in await rooms.store.read(registry.addresses) if address.active]
    found = {identity(address.url): address.slug for address in moved if address.slug in configured}
    return found | {address: slug for slug, address in configured.items()}


async def look_at(rooms: Rooms, url: str, folder: Path) -> Looked:
    """Ask for ``url``; if a feed is there, that is all. Else the feeds that the page names are looked into, one by one; if it
    names none, the usual addresses are tried until one holds a feed.
    """
    zone, known = blank_source(folder).timezone, await _known(rooms)
    page = await ask(rooms, url, Accept.FEED)
    if isinstance(page, FetchFailed):
        return Looked(problems=(_why(page),))
    seen = await read(rooms, page, zone)
    if isinstance(seen, Seen):
        return Looked((_candidate(seen, "", known),))
    if isinstance(seen, Crashed):
        return Looked(problems=(f"{url}: reading it {seen.detail}",))
    if seen.kind is FailureKind.CHALLENGE:
        return Looked(problems=(f"{url}: {WORDS[Trouble.CHALLENGED]}",))
    found = await feeds_of(rooms, page)
    if not found.named and "html" not in seen.detail.lower():
        return Looked(problems=(f"{url}: {seen.detail}",))
    round_ = _Round(rooms, zone, known)
    await round_.look_into(found.named[:MOST_REQUESTS])
    if not round_.candidates:
        await round_.guess(found.guesses)
    left_out = max(0, len(found.named) - MOST_REQUESTS)
    return Looked(tuple(round_.candidates), page.final_url, tuple(round_.problems), left_out)


class _Round:
    """The feeds of a site, looked into one after the other."""

    def __init__(self, rooms: Rooms, zone: str, known: dict[str, str]) -> None:
        self._rooms, self._zone, self._known = rooms, zone, known
        self._left = MOST_REQUESTS
        self._met: set[str] = set()
        self._away: set[str] = set()
        self.candidates: list[Candidate] = []
        self.problems: list[str] = []

    async def look_into(self, named: tuple[NamedFeed, ...]) -> None:
        for feed in named:
            result = await self._look(feed.url)
            if isinstance(result, Seen):
                self.candidates.append(_candidate(result, feed.title, self._known))
            elif result is not None:
                self.problems.append(_why(result))

    async def guess(self, urls: tuple[str, ...]) -> None:
        for url in urls:
            result = await self._look(url)
            if isinstance(result, Seen):
                self.candidates.append(_candidate(result, "", self._known))
                return
            if isinstance(result, FetchFailed) and trouble_of(result) in _HOPELESS:
                self.problems.append(_why(result))
                return

    async def _look(self, url: str) -> Seen | FetchFailed | None:
        """None for what was met already, for a host that cannot or does not want to answer, and when enough was asked for."""
        host = self._rooms.host_key(url)
        if not self._left or identity(url) in self._met or host in self._away:
            return None
        self._left -= 1
        self._met.add(identity(url))
        page = await ask(self._rooms, url, Accept.FEED)
        if isinstance(page, FetchFailed):
            if trouble_of(page) in _AWAY:
                self._away.add(host)
            return page
        seen = await read(self._rooms, page, self._zone)
        match seen:
            case Seen():
                again = identity(page.final_url) in self._met and identity(page.final_url) != identity(url)
                self._met.add(identity(page.final_url))
                return None if again else seen
            case ParseFailed(kind=kind, detail=detail):
                return FetchFailed(url, kind, detail, page.fetched_at, page.status)
            case Crashed(detail=detail):
                return FetchFailed(url, FailureKind.CRASHED, f"reading it {detail}", page.fetched_at, page.status)


def _candidate(seen: Seen, title: str, known: dict[str, str]) -> Candidate:
    mine = known.get(identity(seen.url)) or known.get(identity(seen.page.final_url), "")
    return Candidate(seen, title or seen.feed.title, mine)


def _why(failed: FetchFailed) -> str:
    return f"{failed.url}: {WORDS[trouble_of(failed)]} ({failed.detail})"


async def add_source(rooms: Rooms, folder: Path, candidate: Candidate, wanted: Wanted, page: str | None) -> Added:
    """Write a source into ``sources.toml`` and the store, and store its first document. ``page`` is its site's, if known.

    Raises ConfigErrors, and changes nothing, when the file would not be valid with it (a slug that stands there already).
    """
    spec = await _spec(rooms, folder, candidate, wanted, page)
    append_sources(folder, [spec])
    await rooms.store.write(registry.register, spec, rooms.clock.now(), rooms.host_key, LEASE)
    source = await rooms.store.read(sources.by_slug, spec.slug)
    assert source is not None
    entries = await first_poll(rooms, source, candidate.seen.page, candidate.seen.feed)
    return Added(spec, entries)


async def _spec(rooms: Rooms, folder: Path, candidate: Candidate, wanted: Wanted, page: str | None) -> SourceSpec:
    seen, blank = candidate.seen, blank_source(folder)
    name = wanted.name or seen.feed.title[:LONGEST_NAME] or candidate.title[:LONGEST_NAME]
    # What was taken out and is added again comes back with its past, under its name; no other feed gets that name.
    past = await rooms.store.read(registry.addresses)
    configured = {spec.slug for spec in rooms.active.config.sources}
    mine = [address.slug for address in past if identity(address.url) == identity(seen.url) and address.slug not in configured]
    taken = {address.slug for address in past} | configured
    site_url = page or seen.feed.site_url
    return replace(
        blank,
        slug=wanted.slug or (mine[0] if mine else slug_for(name, seen.url, taken)),
        url=seen.url,
        name=name,
        site_url=site_url if site_url and check_url(site_url) is None else None,
        group=wanted.group or blank.group,
    )
