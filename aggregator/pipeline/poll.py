"""Polling: leased sources in, stored entries out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import assert_never

from aggregator.dedupe import url_key
from aggregator.fetch import host_key
from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest, NotModified, Validators
from aggregator.model.source import DueSource
from aggregator.pipeline.cpu import Crashed
from aggregator.pipeline.jobs import FeedJob, read_feed
from aggregator.pipeline.rhythm import after_failure, after_success
from aggregator.pipeline.rooms import Rooms
from aggregator.store import sources
from aggregator.store.sources import Quiet

LEASE = timedelta(minutes=15)
"""Longer than a batch of one host can take, gaps and deadlines included."""


ORDINARY = timedelta(hours=1)

SHARED = 3
"""Titles with one link in one feed that make it the link of none of them. Two may be a headline and its correction."""


@dataclass(frozen=True, slots=True)
class PollReport:
    """What a batch of polls brought. ``failures`` are (slug, kind, detail)."""

    polled: int = 0
    fetched: int = 0
    not_modified: int = 0
    unchanged: int = 0
    new_entries: int = 0
    failures: tuple[tuple[str, str, str], ...] = ()


async def fetch_sources(rooms: Rooms, ids: Sequence[int]) -> PollReport:
    """Poll the leased sources among ``ids``: those of one host one after the other, hosts side by side.

    What brings news is stored at once, what does not in one write at the end.
    """
    hosts: dict[str, list[DueSource]] = {}
    for source in await rooms.store.read(sources.due_sources, ids):
        hosts.setdefault(source.host, []).append(source)
    round_ = _Round(rooms)
    results = await asyncio.gather(*map(round_.poll, hosts.values()), return_exceptions=True)
    if round_.quiet:
        await rooms.store.write(sources.store_quiet, round_.quiet)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return round_.report


class _Round:
    """One batch of polls under way."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.report = PollReport()
        self.quiet: list[Quiet] = []

    async def poll(self, one_host: Sequence[DueSource]) -> None:
        for source in one_host:
            outcome = await _poll(self._rooms, source)
            if isinstance(outcome, Quiet):
                self.quiet.append(outcome)
            self.report = _add(self.report, source, outcome)


Outcome = int | Quiet | FetchFailed
"""Of one poll: the number of new entries, or that there is nothing new, or the failure."""


def _add(report: PollReport, source: DueSource, outcome: Outcome) -> PollReport:
    word = outcome.outcome if isinstance(outcome, Quiet) else ""
    failed = ((source.spec.slug, outcome.kind.value, outcome.detail),) if isinstance(outcome, FetchFailed) else ()
    return PollReport(
        polled=report.polled + 1,
        fetched=report.fetched + isinstance(outcome, int),
        not_modified=report.not_modified + (word == "not_modified"),
        unchanged=report.unchanged + (word == "unchanged"),
        new_entries=report.new_entries + (outcome if isinstance(outcome, int) else 0),
        failures=report.failures + failed,
    )


async def _poll(rooms: Rooms, source: DueSource) -> Outcome:
    spec, settings = source.spec, rooms.active.config.settings
    outcome = await rooms.fetcher.fetch(_request(rooms, source))
    now = rooms.clock.now()
    next_poll_at = after_success(spec.slug, spec.interval or ORDINARY, now, settings.poll)
    match outcome:
        case NotModified():
            # Validators belong to the pair of configured and final address (RFC 9110 §8.8.3 speaks of one resource).
            validators = outcome.validators if outcome.final_url == source.final_url else Validators()
            return Quiet(source, "not_modified", 304, validators, now, next_poll_at)
        case Fetched():
            digest = sha256(outcome.body).hexdigest()
            if digest == source.body_sha256 and outcome.final_url == source.final_url:
                return Quiet(source, "unchanged", outcome.status, outcome.validators, now, next_poll_at)
            return await _store(rooms, source, outcome, digest, next_poll_at)
        case FetchFailed():
            return await _fail(rooms, source, outcome)
        case _:
            assert_never(outcome)


def _request(rooms: Rooms, source: DueSource) -> FetchRequest:
    return FetchRequest(
        url=source.spec.url,
        accept=Accept.FEED,
        validators=source.validators,
        allow_networks=source.spec.allow_networks,
        feed_id=source.spec.slug,
        subscribers=max(1, len(rooms.active.config.rules)),
    )


async def _store(rooms: Rooms, source: DueSource, page: Fetched, digest: str, next_poll_at: datetime) -> Outcome:
    content_type = next((value for name, value in page.headers if name == "content-type"), "")
    limit = rooms.active.config.settings.poll.max_entries
    parsed = await rooms.cpu.run(
        read_feed, FeedJob(page.body, page.final_url, content_type, source.spec.timezone, limit, page.fetched_at)
    )
    match parsed:
        case ParsedFeed():
            # A 226 (RFC 3229) is a part of the feed: its hash says nothing of the next one.
            digest = "" if page.status == 226 else digest
            body = sources.FeedBody(page.final_url, page.status, digest, len(page.body), page.validators, page.fetched_at)
            new = await rooms.store.write(sources.store_feed, source, body, parsed, _keyed(source, parsed), next_poll_at)
            return new or 0
        case ParseFailed(kind=kind, detail=detail):
            return await _fail(rooms, source, FetchFailed(source.spec.url, kind, detail, page.fetched_at, page.status))
        case Crashed(detail=detail):
            failed = FetchFailed(source.spec.url, FailureKind.CRASHED, f"parsing the feed {detail}", page.fetched_at, page.status)
            return await _fail(rooms, source, failed)
        case _:
            assert_never(parsed)


def _keyed(source: DueSource, feed: ParsedFeed) -> list[sources.KeyedEntry]:
    """The entries with the keys of their pages. A page that many share, or the front page, is no entry's own: it has no key."""
    keys = [url_key(entry.link) if entry.link else "" for entry in feed.entries]
    titles: dict[str, set[str]] = {}
    for key, entry in zip(keys, feed.entries, strict=True):
        titles.setdefault(key, set()).add(entry.title)
    shared = {key for key, different in titles.items() if len(different) >= SHARED} | {""}
    if feed.site_url:
        shared.add(url_key(feed.site_url))
    return [_keyed_entry(source, entry, "" if key in shared else key) for key, entry in zip(keys, feed.entries, strict=True)]


def _keyed_entry(source: DueSource, entry: FeedEntry, key: str) -> sources.KeyedEntry:
    host = host_key(entry.link) if key and entry.link and source.spec.fetch_pages else ""
    return sources.KeyedEntry(entry, key, host)


async def _fail(rooms: Rooms, source: DueSource, failed: FetchFailed) -> FetchFailed:
    spec, settings, now = source.spec, rooms.active.config.settings, rooms.clock.now()
    at = after_failure(spec.slug, spec.interval or ORDINARY, source.failures + 1, failed.retry_after, now, settings.poll)
    await rooms.store.write(sources.store_failure, source, failed, at)
    return failed
