"""The ticks: each claims what is due and submits it. ``settle`` turns them until nothing is left, ``schedule`` by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial

import structlog

from aggregator.config.settings import MailSettings
from aggregator.errors import Conflict
from aggregator.notify import Transport
from aggregator.pipeline.alert import send_alerts
from aggregator.pipeline.bounces import read_mailbox
from aggregator.pipeline.channels import channels_waiting, owe_happenings, tell_channels
from aggregator.pipeline.confirming import ask_readers
from aggregator.pipeline.deliver import PAUSE, DeliverReport, Sender
from aggregator.pipeline.digest import receiving, run_digest, slot_due
from aggregator.pipeline.downtime import Look, keep_time, note_presence
from aggregator.pipeline.edits import send_edits
from aggregator.pipeline.escalate import escalate
from aggregator.pipeline.extract import LEASE as EXTRACT_LEASE
from aggregator.pipeline.extract import extract_articles
from aggregator.pipeline.line import PROBE_EVERY
from aggregator.pipeline.linking import unreachable
from aggregator.pipeline.match import match_apart, match_articles
from aggregator.pipeline.matter import Readings
from aggregator.pipeline.mishap import in_words, survived
from aggregator.pipeline.poll import LEASE as POLL_LEASE
from aggregator.pipeline.poll import fetch_sources
from aggregator.pipeline.prune import prune
from aggregator.pipeline.recheck import LEASE as RECHECK_LEASE
from aggregator.pipeline.recheck import recheck_pages
from aggregator.pipeline.rooms import Rooms
from aggregator.pipeline.volumes import watch_volumes, whole_hour
from aggregator.pipeline.websub import renew_subscriptions, take_pushes
from aggregator.scheduler.queue import InlineRunner
from aggregator.store import entries, rechecks, sources, subscriptions
from aggregator.store.subscriptions import Subscriber

log: structlog.stdlib.BoundLogger = structlog.get_logger("service")

POLL, EXTRACT, RECHECK = "fetch_sources", "extract_articles", "recheck_pages"
TELL = "tell_channels"
Tick = Callable[[], Awaitable[int]]
CLAIM = 1000
"""Rows claimed at most by one tick."""

ASIDE = timedelta(hours=1)
"""How long an article waits that cannot be matched, so that the others need not wait for it."""

JOB = 50
"""Sources in one job, about: its quiet outcomes are written at once."""


def packed(batches: Sequence[tuple[int, ...]], size: int) -> list[tuple[int, ...]]:
    """Join batches until each has ``size`` ids or more; none is torn apart."""
    jobs: list[tuple[int, ...]] = [()]
    for ids in batches:
        if len(jobs[-1]) >= size:
            jobs.append(())
        jobs[-1] += ids
    return [job for job in jobs if job]


class Ticks:
    """The ticks over a set of rooms. Each returns how much it found to do."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        workers = rooms.active.config.settings.fetch.concurrency
        # A job is many polls side by side, and each may hold a document that waits for a parser: few jobs keep memory small.
        limits = {POLL: max(4, workers // 4), EXTRACT: workers, RECHECK: max(2, workers // 8), TELL: 8}
        jobs = {POLL: self._poll_job, EXTRACT: self._extract_job, RECHECK: self._recheck_job, TELL: self._tell_job}
        self.runner = InlineRunner(jobs, limits)
        self._limits = limits
        self._deciding = asyncio.Lock()
        self._polled_at: datetime | None = None
        self._look: Look | None = None
        self._volumes_at: datetime | None = None
        self._unasked = 0
        self._failing: dict[int, str] = {}
        self._noted: dict[str, dict[str, str]] = {}
        self._aside: dict[int, datetime] = {}
        self._sender = Sender(rooms.store, rooms.transport, rooms.clock, rooms.active.config.settings.mail, _tell)
        self._telling: set[int] = set()
        self._late: tuple[Tick, ...] = (
            self.websub, self.match, self.alert, self.volumes, self.digest, self.confirm, self.deliver, self.happenings,
            self.tell,
        )  # fmt: skip
        self.stopping = False

    def stop(self) -> None:
        """Claim nothing any more, and let what is in hand end."""
        self.stopping = True
        self._sender.stop()

    def send_by(self, transport: Transport, mail: MailSettings) -> None:
        """Hand mail over in another way from the next message on."""
        self._sender.transport, self._sender.mail, self._sender.well = transport, mail, False

    async def poll(self) -> int:
        """Claim due sources; while we are offline, one in a minute."""
        self._look = await note_presence(self._rooms, self._look)
        if self.runner.backlog(POLL) >= self._limits[POLL]:
            return 0
        rooms, now = self._rooms, self._rooms.clock.now()
        await keep_time(rooms, self._polled_at, now)
        self._polled_at = now
        most = CLAIM
        if rooms.line.down:
            if rooms.line.next_probe_at and now < rooms.line.next_probe_at:
                return 0
            most, rooms.line.next_probe_at = 1, now + PROBE_EVERY
        batches = await rooms.store.write(sources.claim_due, now, most, POLL_LEASE)
        for ids in packed(batches, JOB):
            await self.runner.submit(POLL, ids)
        return len(batches)

    async def extract(self) -> int:
        """Claim pending entries."""
        if self.runner.backlog(EXTRACT) >= self._limits[EXTRACT] or self._rooms.line.down:
            return 0
        batches = await self._rooms.store.write(entries.claim_pending, self._rooms.clock.now(), CLAIM, EXTRACT_LEASE)
        for ids in batches:
            await self.runner.submit(EXTRACT, ids)
        return len(batches)

    async def recheck(self) -> int:
        """Claim pages that are to be asked for again. News goes first: they wait while entries do."""
        settings = self._rooms.active.config.settings.articles
        busy = self.runner.backlog(RECHECK) >= self._limits[RECHECK] or self.runner.backlog(EXTRACT) >= self._limits[EXTRACT]
        if busy or self._rooms.line.down or not settings.recheck_per_host:
            return 0
        now, host = self._rooms.clock.now(), settings.recheck_per_host
        batches = await self._rooms.store.write(rechecks.claim_rechecks, now, CLAIM, RECHECK_LEASE, host)
        for ids in batches:
            await self.runner.submit(RECHECK, ids)
        return len(batches)

    async def match(self) -> int:
        """Match what waits, batch by batch; between two of them alerts and digests have their turn."""
        done, now = 0, self._rooms.clock.now()
        self._aside = {id_: until for id_, until in self._aside.items() if until > now}
        while not self.stopping:
            async with self._deciding:
                counts = await survived(match_articles(self._rooms, self._aside))
                if isinstance(counts, Exception):
                    done += await self._match_apart(counts)
                    continue
            if not counts.articles:
                break
            done += counts.articles
            log.info("matched", **asdict(counts))
        return done

    async def _match_apart(self, error: Exception) -> int:
        """Set the articles aside by whose fault a batch fails. When each of them fails, it is not theirs: ``error`` is raised."""
        ends = await match_apart(self._rooms, self._aside)
        failed = {id_: end for id_, end in ends.items() if isinstance(end, Exception)}
        if len(failed) == len(ends):
            raise error
        for id_, end in failed.items():
            self.runner.failures += 1
            self._aside[id_] = self._rooms.clock.now() + ASIDE
            log.error("match.failed", article=id_, detail=in_words(end), hint="it is tried again; please report it", exc_info=end)
        return len(ends) - len(failed)

    async def alert(self) -> int:
        """Send alerts that have waited long enough, and hand on what nobody acknowledged."""
        return await _each(self._alert, self._edits, self._escalate)

    async def _alert(self) -> int:
        async with self._deciding:
            report = await send_alerts(self._rooms)
        if report.decided:
            log.info("alerts.queued", decided=report.decided, mails=report.mails)
        self._failed_for("alert.failed", report.failed)
        return report.decided

    async def _edits(self) -> int:
        edits = await send_edits(self._rooms)
        if edits:
            log.info("edits.queued", edits=edits)
        return edits

    async def _escalate(self) -> int:
        escalated, failed = await escalate(self._rooms)
        if escalated:
            log.info("alerts.escalated", notices=escalated)
        self._failed_for("escalation.failed", failed)
        return escalated

    def _failed_for(self, event: str, failed: Sequence[tuple[str, Exception]]) -> None:
        """Tell the log for whom (or for what) a tick failed: once for each reason, as long as it goes on."""
        known, self._noted[event] = self._noted.get(event, {}), {whom: in_words(error) for whom, error in failed}
        for whom, error in failed:
            self.runner.failures += 1
            if known.get(whom) != (detail := in_words(error)):
                hint = "it is tried again at every tick; please report it"
                log.error(event, of=whom, detail=detail, hint=hint, exc_info=error)

    async def digest(self) -> int:
        """Compose the digests whose hour has come. One that fails holds up no other, and is tried again at the next tick."""
        done, readings = 0, Readings(self._rooms.store)
        for subscriber in await receiving(self._rooms):
            if self.stopping:
                break
            made = await survived(self._digest(subscriber, readings))
            if isinstance(made, Exception):
                await self._fails("digest.failed", subscriber.id, subscriber.subscription.slug, made)
                continue
            done += made
            if subscriber.failing_since is not None:
                self._failing.pop(subscriber.id, None)
                await self._rooms.store.write(subscriptions.note_failure, subscriber.id, "", self._rooms.clock.now())
        return done

    async def _digest(self, subscriber: Subscriber, readings: Readings) -> int:
        slot = slot_due(self._rooms, subscriber)
        if slot is None:
            return 0
        async with self._deciding:
            try:
                report = await run_digest(self._rooms, subscriber, slot, readings)
            except Conflict as conflict:
                log.warning("digest.conflict", subscription=subscriber.subscription.slug, detail=str(conflict))
                return 0
        log.info("digest.queued" if report.mails else "digest.empty", **asdict(report))
        return 1

    async def _fails(self, event: str, subscription_id: int, slug: str, error: Exception) -> None:
        """Tell the log and the store why a mail of a subscription cannot be made: once, however often it is tried again."""
        self.runner.failures += 1
        detail = in_words(error)
        if self._failing.get(subscription_id) == detail:
            return
        self._failing[subscription_id] = detail
        log.error(event, subscription=slug, detail=detail, hint="it is tried again and again; please report it", exc_info=error)
        await self._rooms.store.write(subscriptions.note_failure, subscription_id, detail, self._rooms.clock.now())

    async def deliver(self) -> int:
        """Hand over every due message; stop when the relay refuses us altogether."""
        return await self._sender.deliver_due()

    async def happenings(self) -> int:
        """Note for webhooks what is no match."""
        return await owe_happenings(self._rooms)

    async def tell(self) -> int:
        """Tell webhooks and chats what they are owed, each in a job of its own."""
        if self._rooms.line.down:
            return 0
        ids = [id_ for id_ in await channels_waiting(self._rooms) if id_ not in self._telling]
        for id_ in ids:
            self._telling.add(id_)
            await self.runner.submit(TELL, [id_])
        return len(ids)

    async def confirm(self) -> int:
        """Ask readers whose subscription waits for them."""
        report = await ask_readers(self._rooms)
        if report.asked or report.lapsed:
            log.info("subscriptions.asked", asked=report.asked, lapsed=report.lapsed)
        if report.waiting and report.waiting != self._unasked:
            hint = f"set {unreachable(self._rooms.active.config.settings)}: readers confirm on a page of ours"
            log.warning("subscriptions.waiting", waiting=report.waiting, hint=hint)
        self._unasked = report.waiting
        for id_, slug, error in report.failed:
            await self._fails("subscription.failed", id_, slug, error)
        return report.asked

    async def bounces(self) -> int:
        """Read what came back by mail."""
        rooms, done = self._rooms, 0
        settings = rooms.active.config.settings
        if not settings.mail.bounce_mailbox:
            return 0
        async for report in read_mailbox(rooms.store, settings, rooms.clock.now()):
            done += 1
            log.info("mail.returned", **asdict(report))
        return done

    async def volumes(self) -> int:
        """Once an hour, look for spikes and silences."""
        hour = whole_hour(self._rooms.clock.now())
        if self._volumes_at == hour or self._rooms.line.down:
            return 0
        self._volumes_at = hour
        report = await watch_volumes(self._rooms)
        if report.found:
            log.info("volumes.queued", **asdict(report))
        return report.found

    async def websub(self) -> int:
        """Ask hubs for what is due, and store what they sent before a kill."""
        return await _each(partial(renew_subscriptions, self._rooms), partial(take_pushes, self._rooms))

    async def prune(self) -> int:
        """Drop old records."""
        report = await prune(self._rooms)
        log.info("pruned", **asdict(report))
        return 0

    async def settle(self) -> int:
        """Turn every tick until nothing is due any more at the present instant. Returns how many rounds did something."""
        rounds = 0
        while True:
            found = 0
            for tick in (self.poll, self.extract, self.recheck):
                found += await tick()
                await self.runner.idle()
            for late in self._late:
                found += await late()
            await self.runner.idle()
            if not found:
                return rounds
            rounds += 1

    async def _poll_job(self, ids: Sequence[int]) -> object:
        report = await fetch_sources(self._rooms, ids)
        for slug, kind, detail in report.failures:
            log.warning("poll.failed", source=slug, kind=kind, detail=detail)
        if report.new_entries:
            log.info("polled", sources=report.polled, new_entries=report.new_entries)
        return report

    async def _extract_job(self, ids: Sequence[int]) -> object:
        report = await extract_articles(self._rooms, ids)
        log.info("extracted", entries=report.entries, **report.verdicts, without_page=dict(report.without_page))
        for slug, flood in report.floods:
            log.warning("source.renumbered", source=slug, entries=flood.entries, known=flood.known)
        return report

    async def _recheck_job(self, ids: Sequence[int]) -> object:
        report = await recheck_pages(self._rooms, ids)
        log.info("rechecked", pages=report.pages, outcomes=dict(report.outcomes))
        return report

    async def _tell_job(self, ids: Sequence[int]) -> object:
        try:
            return await tell_channels(self._rooms, ids)
        finally:
            self._telling.difference_update(ids)


async def _each(*parts: Tick) -> int:
    """The parts of a tick, one after the other; an error of one keeps none of the others back, and is raised after them."""
    ends = [await survived(part()) for part in parts]
    for end in ends:
        if isinstance(end, Exception):
            raise end
    return sum(end for end in ends if isinstance(end, int))


def _tell(report: DeliverReport) -> None:
    say = log.info if report.outcome == "accepted" else log.warning
    say(f"delivery.{report.outcome}", **asdict(report))
    if report.outcome == "broken":
        log.error("mail.paused", minutes=PAUSE // timedelta(minutes=1), detail=report.detail, hint="aggregator doctor mail")
