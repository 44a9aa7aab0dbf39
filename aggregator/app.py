"""The composition root: everything is built here, once, and taken down in reverse.

``async with open_app(config) as app:`` gives a product that does its whole job: ``await app.settle()`` for what is due
now, ``await app.serve(stop)`` for ever.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import structlog

from aggregator.config.settings import Config
from aggregator.fetch import Fetcher, Network, host_key
from aggregator.model.clock import Clock
from aggregator.model.delivery import Letter, Slot
from aggregator.notify import Transport, transport_for
from aggregator.pipeline.cpu import CpuPool
from aggregator.pipeline.digest import DigestReport, draft_digests, run_digest, seal_digest
from aggregator.pipeline.extract import rhythm_of
from aggregator.pipeline.matter import Readings
from aggregator.pipeline.robots import RobotsDesk
from aggregator.pipeline.rooms import Active, Rooms
from aggregator.pipeline.versions import kept_versions, rules_in_force
from aggregator.pipeline.volumes import naming
from aggregator.rules import RuleSet
from aggregator.scheduler.schedule import Schedule
from aggregator.scheduler.systemd import notify
from aggregator.scheduler.ticks import Ticks
from aggregator.store import Store, migrate, registry, sources
from aggregator.store.matches import Watch
from aggregator.store.registry import Change
from aggregator.store.subscriptions import Subscriber

log: structlog.stdlib.BoundLogger = structlog.get_logger("service")

PATIENCE = 8.0
"""Seconds that running jobs get to end after SIGTERM."""


AT_START = ("store", "fetch", "workers", "web")
"""Tables of ``aggregator.toml`` that take effect at a start alone: of them the service holds connections, processes and ports."""


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that pass evenly."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def open_store(config: Config) -> Store:
    """The store of a configuration, created or upgraded to this version's schema."""
    migrate.upgrade(config.settings.store.url)
    return Store(config.settings.store.url)


def activate(store: Store, config: Config, ruleset: RuleSet | None = None) -> Active:
    """Compile a configuration that the store agrees with. A held rule goes on as the version that was in force, if any was.

    A ``ruleset`` in force is changed where the rules differ.
    """
    kept = kept_versions(store, config)
    config = replace(config, rules=(*config.rules, *(version.spec for version in kept.values())))
    in_force, entities = rules_in_force(config, kept)
    ruleset = RuleSet() if ruleset is None else ruleset
    ruleset.update((*in_force, *naming(config.entities)), entities)
    known = store.read_now(registry.registered)
    rules = {rule.slug: rule for rule in config.rules}
    settings = config.settings
    return Active(
        config, ruleset, Watch(rules, config.recipients, known, settings.alerts.group_wait, rhythm_of(settings.articles))
    )


def report_held(store: Store, config: Config) -> None:
    """Log the rules that do not come into force, and what goes on in their place."""
    kept = kept_versions(store, config)
    for each in config.held:
        version = kept.get(each.rule.slug)
        stays = f"version {version.number} stays in force" if version else "the rule is not in force"
        log.error("rule.held", rule=each.rule.slug, stays=stays, error="\n".join(map(str, each.errors)))


def key_of(config: Config) -> Callable[[str], str]:
    """What of a URL manners count by, under this configuration."""
    return partial(host_key, sites=config.settings.fetch.sites)


class App:
    """The running product."""

    def __init__(self, rooms: Rooms, ticks: Ticks) -> None:
        self.rooms, self.ticks = rooms, ticks
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def failures(self) -> int:
        """Jobs that ended in an exception, which is always a defect."""
        return self.ticks.runner.failures

    async def settle(self) -> int:
        """Do everything that is due at the clock's present instant, through all stages."""
        return await self.ticks.settle()

    async def apply(self, config: Config) -> tuple[Change, ...]:
        """Take a new configuration into force, for everything that starts from now on; the tables ``AT_START`` stay as they are.

        Letters and sending change together: what is in hand ends at the relay at which it began. Raises ConfigError, and changes
        nothing, when no mail could be sent so.
        """
        rooms, store, before = self.rooms, self.rooms.store, self.rooms.active.config.settings
        config = replace(config, settings=replace(config.settings, **{name: getattr(before, name) for name in AT_START}))
        mail = config.settings.mail
        transport = transport_for(mail) if mail != before.mail else rooms.transport
        changes = await store.write(registry.apply, config, rooms.clock.now(), key_of(config))
        async with rooms.matching:
            rooms.active = await asyncio.to_thread(activate, store, config, rooms.active.ruleset)
        if transport is not rooms.transport:
            self._leave(rooms.transport)
            rooms.transport = transport
            self.ticks.send_by(transport, mail)
            log.info("mail.changed", mode=mail.mode.value, host=mail.host, sender=mail.sender)
        await asyncio.to_thread(report_held, store, config)
        for change in changes:
            log.info("config.change", verb=change.verb, noun=change.noun, slug=change.slug, what=change.what)
        return changes

    def _leave(self, transport: Transport) -> None:
        """Close its connections as soon as the messages in hand are through."""
        task = asyncio.create_task(transport.aclose())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close_mail(self) -> None:
        """Let go of every relay."""
        await asyncio.gather(self.rooms.transport.aclose(), *self._leaving)

    async def digest_now(self, subscriber: Subscriber, slot: Slot, *, in_turn: bool = False) -> DigestReport:
        """Compose and queue a digest: out of turn, or that of a slot that is due."""
        return await run_digest(self.rooms, subscriber, slot, in_turn=in_turn)

    async def serve(self, stop: asyncio.Event) -> None:
        """Tick by the clock until ``stop`` is set; then end within seconds, leaving nothing half-done."""
        schedule = Schedule(self.ticks)
        schedule.start()
        gc.freeze()  # what lives as long as the service, its rules above all, is not searched for garbage again and again
        counts = await self.rooms.store.read(registry.registered)
        sources_ = len(self.rooms.active.config.sources)
        log.info("ready", sources=sources_, rules=len(counts.rules), recipients=len(counts.recipients))
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")
        log.info("stopping")
        await schedule.stop(PATIENCE)
        await self.ticks.runner.close(PATIENCE)


async def preview(store: Store, config: Config, subscriber: Subscriber, slot: Slot) -> list[tuple[Letter, bytes]]:
    """The digests that a subscription would bring at ``slot``, as letters and messages: one, or several clippings.

    Reads only; works beside a running service.
    """
    active = await asyncio.to_thread(activate, store, config)
    drafts = await draft_digests(Readings(store), active, subscriber, slot)
    return [(draft.letter, seal_digest(config, subscriber, draft, "preview", slot.due_at).message) for draft in drafts]


@asynccontextmanager
async def open_errand(config: Config, *, clock: Clock | None = None, alone: bool = True) -> AsyncIterator[Rooms]:
    """The rooms for one errand, beside a running service or without one: nothing is applied, nothing ticks.

    ``alone``: one worker will do; else there are as many as the service has.
    """
    clock, transport = clock or SystemClock(), transport_for(config.settings.mail)
    store = await asyncio.to_thread(open_store, config)
    try:
        active = await asyncio.to_thread(activate, store, config)
        workers = replace(config.settings.workers, processes=1) if alone else config.settings.workers
        fetcher, cpu = Fetcher(config.settings.fetch, clock), CpuPool(workers, warm=not alone)
        try:
            robots = RobotsDesk(store, fetcher, cpu, clock, config.settings.fetch)
            yield Rooms(store, fetcher, cpu, transport, clock, active, robots)
        finally:
            await asyncio.to_thread(cpu.close)
            await fetcher.aclose()
            await transport.aclose()
    finally:
        await asyncio.to_thread(store.close)


@asynccontextmanager
async def open_app(config: Config, *, clock: Clock | None = None, network: Network | None = None) -> AsyncIterator[App]:
    """Build the product on a configuration and apply it. Raises Conflict when another process works on the same store.

    ``clock`` and ``network`` take the place of the real ones.

    Leases left by a process that died are void from the start: this one owns the store.
    """
    clock = clock or SystemClock()
    transport, store = transport_for(config.settings.mail), Store(config.settings.store.url)
    try:
        store.own()  # before the schema is touched: an older version may be at work on it
        await asyncio.to_thread(migrate.upgrade, config.settings.store.url)
        freed = await store.write(sources.free_leases)
        await store.write(registry.apply, config, clock.now(), key_of(config))
        active = await asyncio.to_thread(activate, store, config)
        await asyncio.to_thread(report_held, store, config)
        fetcher, cpu = Fetcher(config.settings.fetch, clock, network=network), CpuPool(config.settings.workers)
        robots = RobotsDesk(store, fetcher, cpu, clock, config.settings.fetch)
        rooms = Rooms(store, fetcher, cpu, transport, clock, active, robots)
        app = App(rooms, Ticks(rooms))
        if freed:
            log.info("leases.freed", count=freed)
        for block in config.settings.fetch.allow_networks:
            log.warning("guard.opened", network=block, hint="private addresses in this network may be fetched")
        try:
            yield app
        finally:
            await app.ticks.runner.close(0)
            await store.write(sources.free_leases)
            await asyncio.to_thread(cpu.close)
            await fetcher.aclose()
            await app.close_mail()
    finally:
        await asyncio.to_thread(store.close)
