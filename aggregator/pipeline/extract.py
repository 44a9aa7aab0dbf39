"""Extraction: leased entries in, stored articles out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from aggregator.config.settings import ArticleSettings
from aggregator.dedupe import decide, place_story
from aggregator.dedupe import fingerprint as take_fingerprint
from aggregator.model.article import (
    ArticleDraft,
    DateDecision,
    DateOrigin,
    Duplicate,
    Extraction,
    Fingerprint,
    TextOrigin,
    Verdict,
)
from aggregator.model.dossier import Flood
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest, NotModified
from aggregator.pipeline.cpu import Crashed
from aggregator.pipeline.encounter import heard
from aggregator.pipeline.jobs import PageJob, read_article
from aggregator.pipeline.robots import UNKNOWN
from aggregator.pipeline.rooms import Rooms
from aggregator.store import articles, entries
from aggregator.store.articles import Seen
from aggregator.store.entries import PendingEntry
from aggregator.store.floods import floods
from aggregator.store.pages import pack
from aggregator.store.rhythm import Rhythm

LEASE = timedelta(minutes=15)
"""Longer than a batch of one host can take, gaps and deadlines included."""

RETRY_PAGE = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""When a page that could not be had is asked for again. The article stands with the feed's text meanwhile."""

HTML = frozenset(("text/html", "application/xhtml+xml", "text/plain", ""))
"""Media types that may be pages."""

PASSING = frozenset(
    {FailureKind.TIMEOUT, FailureKind.CONNECT, FailureKind.DNS, FailureKind.PROTOCOL, FailureKind.TRUNCATED, FailureKind.CRASHED}
)
"""Misfortunes that may be over in an hour; so may 429 and everything from 500 up."""


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """What became of a batch: counts of ``new``, ``revision``, ``duplicate``, ``discard``; and of pages not had, by kind.

    ``floods`` are feeds, by slug, whose new entries all turned out, with this batch, to be known articles for the greater part.
    """

    entries: int = 0
    floods: list[tuple[str, Flood]] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    without_page: Counter[str] = field(default_factory=Counter)


async def extract_articles(rooms: Rooms, ids: Sequence[int]) -> ExtractReport:
    """Turn the leased entries among ``ids`` into articles, one after the other (they share a host)."""
    report = ExtractReport(entries=len(ids))
    again: dict[tuple[int, datetime], str] = {}
    for place, id_ in enumerate(ids):
        if rooms.line.down:
            await rooms.store.write(entries.release, ids[place:])
            break
        # Read one by one, as each is when its turn comes: its page may have been fetched for the entry before it.
        for entry in await rooms.store.read(entries.pending_entries, [id_]):
            verdict, failed = await _extract(rooms, entry)
            report.verdicts[type(verdict).__name__.lower()] += 1
            if failed is not None:
                report.without_page[failed.kind.value] += 1
            if entry.sighted is None and isinstance(verdict, Duplicate):
                again[entry.source_id, entry.first_seen_at] = entry.source.slug
    for (source_id, polled_at), slug in again.items():
        told = await rooms.store.read(floods, source_id, polled_at)
        report.floods.extend((slug, flood) for flood in told if flood.at == polled_at and not flood.pending)
    return report


async def _extract(rooms: Rooms, entry: PendingEntry) -> tuple[Verdict, FetchFailed | None]:
    if entry.known is not None and entry.sighted is None:
        known = await rooms.store.write(articles.sight_known, entry, rooms.clock.now())
        if known is not None:
            return Duplicate(known), None
    page = await _page(rooms, entry)
    now = rooms.clock.now()
    failed = page if isinstance(page, FetchFailed) else None
    made = await rooms.cpu.run(read_article, _job(entry, page))
    if isinstance(made, Crashed):
        # The page defeats the parsers: the feed's own text is left, and is short work.
        failed = FetchFailed(entry.entry.link or "", FailureKind.CRASHED, f"reading the page {made.detail}", now)
        made = await rooms.cpu.run(read_article, _job(entry, failed))
    extraction, fingerprint = made if not isinstance(made, Crashed) else _bare(entry)
    url = page.final_url if isinstance(page, Fetched) else entry.entry.link or ""
    seen_at = entry.first_seen_at if entry.sighted is None else now
    draft = ArticleDraft(entry.source_id, entry.id, url, extraction, fingerprint, seen_at, entry.baseline)
    again = RETRY_PAGE[entry.attempts] if failed and _passing(failed) and entry.attempts < len(RETRY_PAGE) else None
    retry_at = now + again if again else None
    error = f"{failed.kind}: {failed.detail}" if failed else ""
    seen = await _seen(rooms, entry, page) if isinstance(page, Fetched) else None
    verdict, _ = await rooms.store.write(articles.ingest, entry, draft, decide, place_story, retry_at, error, seen)
    return verdict, failed


async def _seen(rooms: Rooms, entry: PendingEntry, page: Fetched) -> Seen:
    """What is kept of a page: itself, for as long as the operator wants pages, and what a second look at it needs."""
    settings = rooms.active.config.settings
    packed = await asyncio.to_thread(pack, page, entry.entry) if settings.archive.pages else None
    return Seen(packed, rooms.host_key(page.final_url), page.validators, rhythm_of(settings.articles), page.fetched_at)


def rhythm_of(settings: ArticleSettings) -> Rhythm:
    """When pages are asked for again."""
    if not settings.recheck_per_host:
        return Rhythm()
    return Rhythm(settings.recheck, settings.recheck_others)


def _bare(entry: PendingEntry) -> tuple[Extraction, Fingerprint]:
    """What is left when even the feed's text cannot be read in time: its headline and date. Nothing is lost without a word."""
    told = entry.entry
    note = "Only the headline: page and feed text could not be read."
    date = DateDecision(told.published_at, told.has_time, DateOrigin.FEED if told.published_at else None)
    made = Extraction(told.title, "", TextOrigin.NONE, note, authors=told.authors, date=date, tags=told.tags)
    return made, take_fingerprint(made, _addresses(entry, None))


async def _page(rooms: Rooms, entry: PendingEntry) -> Fetched | FetchFailed | None:
    """The page that the entry links to; None when the feed's own text is wanted."""
    link = entry.entry.link
    if link is None or not entry.own_page or not entry.source.fetch_pages:
        return None
    networks = entry.source.allow_networks
    outcome = await rooms.fetcher.fetch(
        FetchRequest(link, Accept.PAGE, allow_networks=networks), permit=rooms.robots.for_pages(networks)
    )
    await heard(rooms, rooms.host_key(link), outcome)
    match outcome:
        case Fetched():
            if outcome.media_type in HTML:
                return outcome
            return FetchFailed(link, FailureKind.NOT_A_PAGE, f"the link leads to {outcome.media_type}", outcome.fetched_at)
        case FetchFailed():
            return outcome
        case NotModified():
            return FetchFailed(link, FailureKind.PROTOCOL, "304 to an unconditional request", outcome.fetched_at)
        case _:
            assert_never(outcome)


def _passing(failed: FetchFailed) -> bool:
    if failed.kind is FailureKind.ROBOTS:
        return failed.detail == UNKNOWN
    if failed.kind is FailureKind.HTTP:
        return failed.status is not None and (failed.status == 429 or failed.status >= 500)
    return failed.kind in PASSING


def _job(entry: PendingEntry, page: Fetched | FetchFailed | None) -> PageJob:
    link = entry.entry.link or entry.source.site_url or entry.source.url
    seen_at, addresses = entry.first_seen_at, _addresses(entry, page)
    match page:
        case Fetched():
            content_type = next((value for name, value in page.headers if name == "content-type"), "")
            return PageJob(entry.entry, entry.source, page.final_url, page.body, content_type, "", page.fetched_at, addresses)
        case FetchFailed():
            return PageJob(entry.entry, entry.source, link, None, "", _note(page), seen_at, addresses)
        case None:
            return PageJob(entry.entry, entry.source, link, None, "", "", seen_at, addresses)


def _addresses(entry: PendingEntry, page: Fetched | FetchFailed | None) -> tuple[str, ...]:
    """Where this entry's text, and no other, is to be found."""
    if not entry.own_page or entry.entry.link is None:
        return ()
    return (entry.entry.link, page.final_url) if isinstance(page, Fetched) else (entry.entry.link,)


def _note(failed: FetchFailed) -> str:
    """The sentence that a reader sees."""
    if failed.kind is FailureKind.HTTP:
        return f"Text from the feed: the page answered {failed.status}."
    words = {
        FailureKind.TIMEOUT: "the page did not answer in time",
        FailureKind.BLOCKED: "the link is not one that we may follow",
        FailureKind.NOT_A_PAGE: failed.detail,
        FailureKind.TOO_BIG: "the page is too big",
        FailureKind.CRASHED: "the page could not be read",
        FailureKind.ROBOTS: "the outlet asks programs not to read its page",
        FailureKind.CHALLENGE: "the page wants to see a human",
    }
    return f"Text from the feed: {words.get(failed.kind, 'the page could not be had')}."
