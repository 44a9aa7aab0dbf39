"""Polling: leased sources in, stored entries out. What it all means is decided in ``manners/``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import assert_never

import structlog

from aggregator.config.settings import PollSettings
from aggregator.dedupe import url_key
from aggregator.fetch import is_private_host, retry_after
from aggregator.manners import (
    NETWORK,
    Pace,
    Plan,
    Seen,
    after_failure,
    after_news,
    after_not_modified,
    after_probe,
    after_same_body,
    after_silence,
    find_gap,
    follow_move,
    next_poll,
    phase,
    read_hints,
    wants_probe,
)
from aggregator.manners.websub import announced
from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed, SeenEntry
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest, NotModified, Validators
from aggregator.model.source import DueSource, History, Move, Trouble, Trust
from aggregator.pipeline.cpu import Crashed
from aggregator.pipeline.discovery import content_type_of
from aggregator.pipeline.encounter import AGAIN, heard_of_line, leave_alone, wants_rest
from aggregator.pipeline.jobs import FeedJob, read_feed
from aggregator.pipeline.rediscovery import look_for_replacement
from aggregator.pipeline.rooms import Rooms
from aggregator.store import hosts, moves, sources, websub
from aggregator.store.codec import dump_window, load_window
from aggregator.store.sources import Asked, Conclusion, KeyedEntry, Quiet, Stored

log: structlog.stdlib.BoundLogger = structlog.get_logger("poll")

LEASE = timedelta(minutes=15)
"""Longer than a batch of one host can take, gaps and deadlines included."""

SHARED = 3
"""Titles with one link in one feed that make it the link of none of them. Two may be a headline and its correction."""

HARD_FLOOR = timedelta(minutes=5)
"""On the open web no configuration makes us come more often."""


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
    by_host: dict[str, list[DueSource]] = {}
    hubs = await rooms.store.read(websub.subscribed, ids, rooms.clock.now()) if rooms.callback_base else {}
    for source in await rooms.store.read(sources.due_sources, ids, [id_ for id_, rests in hubs.items() if rests]):
        by_host.setdefault(source.host, []).append(source)
    round_ = _Round(rooms, frozenset(hubs))
    results = await asyncio.gather(*map(round_.poll, by_host.values()), return_exceptions=True)
    if round_.quiet:
        await rooms.store.write(sources.store_quiet, round_.quiet)
    if round_.calm:
        await rooms.store.write(hosts.calm, round_.calm)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return round_.report


class _Round:
    """One batch of polls under way."""

    def __init__(self, rooms: Rooms, subscribed: frozenset[int]) -> None:
        self._rooms, self._subscribed = rooms, subscribed
        self.report = PollReport()
        self.quiet: list[Quiet] = []
        self.calm: list[str] = []

    async def poll(self, one_host: Sequence[DueSource]) -> None:
        for place, source in enumerate(one_host):
            probing = self._rooms.line.down and len(one_host) == 1
            if self._rooms.line.down and not probing:
                await self._rooms.store.write(sources.release, one_host[place:])
                return
            poll = _Poll(self._rooms, source, subscribed=source.id in self._subscribed)
            outcome = await poll.run()
            if isinstance(outcome, Quiet):
                self.quiet.append(outcome)
            self.report = _add(self.report, source, outcome)
            if poll.host_wants_rest:
                await self._rooms.store.write(sources.release, one_host[place + 1 :])
                return
            if source.throttled and not isinstance(outcome, FetchFailed):
                self.calm.append(source.host)


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


class _Poll:
    """One poll of one source."""

    def __init__(self, rooms: Rooms, source: DueSource, *, subscribed: bool) -> None:
        self._rooms, self._source, self._clock = rooms, source, rooms.clock
        self._subscribed = subscribed
        settings = rooms.active.config.settings
        self._pace = pace_of(source, settings.poll)
        self._probe = False
        self._asked = Asked()
        self.host_wants_rest = False

    async def run(self) -> Outcome:
        """Ask, and store what comes of it."""
        rooms, source, now = self._rooms, self._source, self._clock.now()
        history = source.history
        self._probe = wants_probe(history, now) or source.forced
        request = self._request()
        conditional = request.validators != Validators()
        self._asked = Asked(conditional, early=source.allowed_at is not None and now < source.allowed_at)
        outcome = await rooms.fetcher.fetch(request, permit=rooms.robots.for_feeds(source.spec.allow_networks))
        if not isinstance(outcome, FetchFailed) or outcome.kind not in NETWORK:
            await heard_of_line(rooms, source.host, outcome)
        match outcome:
            case NotModified():
                return await self._not_modified(outcome)
            case Fetched():
                digest = sha256(outcome.body).hexdigest()
                if digest == source.body_sha256 and outcome.final_url == source.final_url:
                    return await self._unchanged(outcome)
                return await self._store(outcome, digest)
            case FetchFailed():
                return await self._fail(outcome)
            case _:
                assert_never(outcome)

    def _request(self) -> FetchRequest:
        source = self._source
        blind = self._probe or source.history.trust is Trust.LYING
        return FetchRequest(
            url=source.url,
            accept=Accept.FEED,
            validators=Validators() if blind else source.validators,
            allow_networks=source.spec.allow_networks,
            feed_id=source.spec.slug,
            subscribers=max(1, len(self._rooms.active.config.rules)),
            authorization=os.environ.get(source.spec.authorization_env, "") if source.spec.authorization_env else "",
        )

    # ------------------------------------------------------------------ nothing new

    async def _not_modified(self, answer: NotModified) -> Outcome:
        # Validators belong to the pair of configured and final address (RFC 9110 §8.8.3 speaks of one resource).
        validators = answer.validators if answer.final_url == self._source.final_url else Validators()
        return await self._quiet("not_modified", 304, answer, after_not_modified(self._answered(answer)), validators)

    async def _unchanged(self, page: Fetched) -> Outcome:
        now = self._clock.now()
        history = after_same_body(self._answered(page), now, conditional=self._asked.conditional)
        return await self._quiet("unchanged", page.status, page, history, page.validators)

    async def _quiet(
        self, word: str, status: int, answer: Fetched | NotModified, history: History, validators: Validators
    ) -> Outcome:
        """What follows from a poll without news. It is written with others, unless it confirms a move."""
        source, store, now = self._source, self._rooms.store, self._clock.now()
        moving = follow_move(after_silence(history, now), source.url, answer.moved_to, now, shares=None)
        plan = self._plan(moving.history, answer, now)
        quiet = Quiet(source, word, status, validators, now, self._waits(moving.history, plan, now), plan, self._asked)
        if moving.move is None:
            return quiet
        await store.write(sources.store_quiet, [quiet])
        await store.write(moves.apply_move, source.id, moving.move, self._rooms.host_key(moving.move.to_url), now)
        self._told_of(moving.move)
        return 0

    def _told_of(self, move: Move) -> None:
        log.warning("source.moved", source=self._source.spec.slug, to=move.to_url, reason=move.reason)

    def _answered(self, answer: Fetched | NotModified) -> History:
        """The history without its troubles, and with what the headers ask."""
        return replace(
            self._source.history,
            trouble=Trouble.NONE,
            strikes=0.0,
            repeats=0,
            gone_days=(),
            sample="",
            cache=read_hints(answer.headers),
        )

    def _plan(self, history: History, answer: Fetched | NotModified, now: datetime, *, news: bool = False) -> Plan:
        """``news``: the poll found what no hub had told us of."""
        until = retry_after(answer.headers, now)
        source = self._source
        return next_poll(source.spec.slug, history, self._pace, now, pushed=source.pushed and not news, retry_after=until)

    @staticmethod
    def _waits(history: History, plan: Plan, now: datetime) -> History:
        return replace(history, wait=plan.at - now)

    # ------------------------------------------------------------------ news

    async def _store(self, page: Fetched, digest: str) -> Outcome:
        source, rooms = self._source, self._rooms
        links = tuple(value for name, value in page.headers if name == "link")
        parsed = await read_document(rooms, source, page.body, page.final_url, content_type_of(page), links)
        match parsed:
            case ParsedFeed():
                return await self.keep(page, parsed, digest)
            case ParseFailed(kind=kind, detail=detail, sample=sample):
                failed = FetchFailed(source.url, kind, detail, page.fetched_at, page.status, sample=sample)
                return await self._fail(failed)
            case Crashed(detail=detail):
                detail = f"parsing the feed {detail}"
                return await self._fail(FetchFailed(source.url, FailureKind.CRASHED, detail, page.fetched_at, page.status))
            case _:
                assert_never(parsed)

    async def keep(self, page: Fetched, feed: ParsedFeed, digest: str) -> int:
        """Store a document that was parsed. Returns how many of its entries are new."""
        # A 226 (RFC 3229) is a part of the feed: its hash says nothing of the next one, and its window is not the feed's.
        whole = page.status != 226
        window = dump_window(feed.window) if whole and feed.window else None
        body = sources.FeedBody(
            page.final_url,
            page.status,
            digest if whole else "",
            len(page.body),
            page.validators,
            page.fetched_at,
            window,
            self._asked,
        )
        source, rooms = self._source, self._rooms
        entries = keyed(source, feed, rooms.host_key)
        done = await rooms.store.write(sources.store_feed, source, body, feed, entries, partial(self._conclude, page, feed))
        if done is None:
            return 0
        await self._note_hub(page, feed, len(done[0].new))
        return self._told(*done)

    def _conclude(self, page: Fetched, feed: ParsedFeed, stored: Stored) -> Conclusion:
        """What follows from a stored document. Called inside the transaction: quick, and pure but for its arguments."""
        source, now = self._source, page.fetched_at
        seen = seen_in(feed, stored, partial=page.status == 226)
        before = replace(self._answered(page), hints=feed.hints, site_url=feed.site_url or source.history.site_url)
        history = after_news(before, seen, now)
        if self._probe and stored.new and not source.baseline and source.validators != Validators() and not source.forced:
            history = after_probe(replace(history, polled_at=before.polled_at), [entry.published_at for entry in stored.new], now)
            history = replace(history, polled_at=now)
        elif self._probe:
            history = replace(history, probed_at=now)
        gap = None if source.baseline else find_gap(source.history, seen, now)
        # On a first poll nothing is known that could be shared: that it is a feed must do.
        moving = follow_move(history, source.url, page.moved_to, now, shares=stored.known > 0 or source.baseline)
        plan = self._plan(moving.history, page, now, news=bool(stored.new))
        host = self._rooms.host_key(moving.move.to_url) if moving.move else ""
        return Conclusion(self._waits(moving.history, plan, now), plan, gap, moving.move, host)

    async def _note_hub(self, page: Fetched, feed: ParsedFeed, new: int) -> None:
        """Write down what the feed says of its hub: only where there is one, or was, and hubs can reach us."""
        found = announced(feed.hub, feed.self_url, page.final_url)
        if self._rooms.callback_base and (found or self._subscribed):
            hub, topic = found or (None, None)
            await self._rooms.store.write(websub.note_hub, self._source.id, hub, topic, page.fetched_at, new)

    def _told(self, stored: Stored, concluded: Conclusion) -> int:
        slug = self._source.spec.slug
        if gap := concluded.gap:
            log.warning("source.gap", source=slug, after=gap.after, before=gap.before, estimate=gap.estimate)
        if move := concluded.move:
            self._told_of(move)
        if concluded.history.trust is Trust.LYING and self._source.history.trust is not Trust.LYING:
            log.warning(
                "source.lies", source=slug, detail="it answered 304 although there was news; it is asked for the whole now"
            )
        return len(stored.new)

    # ------------------------------------------------------------------ failures

    async def _fail(self, failed: FetchFailed) -> FetchFailed:
        source, rooms, now = self._source, self._rooms, self._clock.now()
        network = failed.kind in NETWORK
        if network and rooms.line.down:
            await heard_of_line(rooms, source.host, failed)
            await rooms.store.write(sources.postpone, source, now + phase(source.spec.slug, AGAIN) + timedelta(minutes=1))
            return failed
        history, plan = after_failure(source.spec.slug, source.history, failed, self._pace, now)
        await rooms.store.write(sources.store_failure, source, failed, history, plan, self._asked)
        if network:
            rooms.line.hold(source, now, network=True)
            await heard_of_line(rooms, source.host, failed)
            return failed
        match history.trouble:
            case Trouble.THROTTLED if wants_rest(source.host, failed):
                await self._rest(failed.retry_after)
            case Trouble.MISSING | Trouble.WEB_PAGE:
                await look_for_replacement(rooms, source, history)
            case Trouble.REFUSED:
                rooms.line.hold(source, now, network=False)
                if wronged := rooms.line.throttled(source.host, now):
                    await self._rest(None, wronged)
            case Trouble.GONE if source.history.trouble is not Trouble.GONE:
                log.warning("source.gone", source=source.spec.slug, detail="410 on three days: asked once a month from now on")
        return failed

    async def _rest(self, until: datetime | None, wronged: Sequence[DueSource] = ()) -> None:
        """Leave the whole host alone for a while."""
        self.host_wants_rest = True
        await leave_alone(self._rooms, self._source.host, until, wronged)


async def first_poll(rooms: Rooms, source: DueSource, page: Fetched, feed: ParsedFeed) -> int:
    """Store the document that a new, leased source was found by, so that its server is asked once. Returns the new entries."""
    return await _Poll(rooms, source, subscribed=False).keep(page, feed, sha256(page.body).hexdigest())


def pace_of(source: DueSource, settings: PollSettings) -> Pace:
    """The bounds of a source's rhythm. Hosts of our own network may be polled as often as the operator likes."""
    private = is_private_host(source.host) or bool(source.spec.allow_networks)
    floor = settings.floor if private else max(settings.floor, HARD_FLOOR)
    return Pace(floor, max(settings.ceiling, floor), max(settings.slowest, floor), settings.backoff_max, source.spec.interval)


async def read_document(
    rooms: Rooms, source: DueSource, body: bytes, url: str, content_type: str, links: tuple[str, ...] = ()
) -> ParsedFeed | ParseFailed | Crashed:
    """Parse a feed in a worker. Entries known by their bytes from the last document are not parsed again."""
    known = await rooms.store.read(sources.window_of, source.id)
    job = FeedJob(
        body,
        url,
        content_type,
        source.spec.timezone,
        rooms.active.config.settings.poll.max_entries,
        rooms.clock.now(),
        load_window(known) if known else None,
        links,
    )
    return await rooms.cpu.run(read_feed, job)


def seen_in(feed: ParsedFeed, stored: Stored, *, partial: bool) -> Seen:
    """What a stored document showed."""
    dates = [entry.published_at for entry in feed.entries if entry.published_at]
    return Seen(
        total=len(feed.entries) + len(feed.kept),
        new=len(stored.new),
        known=stored.known,
        dates=tuple(entry.published_at for entry in stored.new if entry.published_at and entry.has_time),
        oldest_at=min(dates, default=None),
        newest_at=max(dates, default=None),
        partial=partial,
    )


def keyed(source: DueSource, feed: ParsedFeed, host_of: Callable[[str], str]) -> list[KeyedEntry]:
    """The entries with the keys of their pages. A page that many share, or the front page, is no entry's own: it has no key.

    Entries that are known by their bytes count when it comes to sharing, and are not among the result.
    """
    everything: list[FeedEntry | SeenEntry] = [*feed.entries, *feed.kept]
    keys = [url_key(entry.link) if entry.link else "" for entry in everything]
    titles: dict[str, set[str]] = {}
    for key, entry in zip(keys, everything, strict=True):
        titles.setdefault(key, set()).add(entry.title)
    shared = {key for key, different in titles.items() if len(different) >= SHARED} | {""}
    if feed.site_url:
        shared.add(url_key(feed.site_url))
    own = zip(keys[: len(feed.entries)], feed.entries, strict=True)
    return [_keyed_entry(source, entry, "" if key in shared else key, host_of) for key, entry in own]


def _keyed_entry(source: DueSource, entry: FeedEntry, key: str, host_of: Callable[[str], str]) -> KeyedEntry:
    host = host_of(entry.link) if key and entry.link and source.spec.fetch_pages else ""
    return KeyedEntry(entry, key, host)
