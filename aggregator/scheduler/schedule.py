"""The schedule: the ticks, turned by the clock until somebody stops them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from aggregator.errors import AggregatorError
from aggregator.scheduler.systemd import notify, watchdog_interval
from aggregator.scheduler.ticks import Tick, Ticks

log: structlog.stdlib.BoundLogger = structlog.get_logger("service")


class Schedule:
    """Turns the ticks by the clock (APScheduler), until stopped."""

    def __init__(self, ticks: Ticks) -> None:
        # The scheduler itself lives in UTC and knows intervals only: digest hours are computed from the tables, because
        # cron triggers fire twice, or not at all, on days when the clocks change. A tick that comes late still counts
        # (misfire_grace_time), several late ones count once (coalesce), and no tick overtakes itself (max_instances);
        # but for delivery, which is told so that there may be new mail while a relay is slow with some other.
        self._ticks = ticks
        self._running: set[asyncio.Task[Any]] = set()
        late = {"misfire_grace_time": None, "coalesce": True}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=late)
        every: list[tuple[Tick, float]] = [
            (ticks.poll, 1), (ticks.extract, 1), (ticks.match, 1), (ticks.alert, 1), (ticks.digest, 10), (ticks.deliver, 1),
            (ticks.tell, 2), (ticks.confirm, 5), (ticks.bounces, 300), (ticks.volumes, 30), (ticks.websub, 30),
            (ticks.recheck, 30), (ticks.happenings, 60), (ticks.prune, 86400),
        ]  # fmt: skip
        for tick, seconds in every:
            self._add(self._guarded(tick), tick.__name__, seconds, 2 if tick == ticks.deliver else 1)
        if heartbeat := watchdog_interval():
            self._add(_heartbeat, "watchdog", heartbeat)

    def _add(self, job: Callable[[], Awaitable[Any]], name: str, seconds: float, at_once: int = 1) -> None:
        first = datetime.now(UTC) + timedelta(milliseconds=10)
        trigger = IntervalTrigger(seconds=seconds, timezone=UTC)
        self._scheduler.add_job(job, trigger, id=name, next_run_time=first, max_instances=at_once)

    def _guarded(self, tick: Tick) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None
            self._running.add(task)
            try:
                await tick()
            except AggregatorError as error:
                log.error("tick.failed", tick=tick.__name__, error=str(error))  # noqa: TRY400 - our own words suffice
            finally:
                self._running.discard(task)

        return run

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    async def stop(self, patience: float) -> None:
        """Claim nothing any more, and let the ticks in hand end: APScheduler's own shutdown would cancel them in mid-mail."""
        self._ticks.stop()
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=patience)
        self._scheduler.shutdown(wait=False)


async def _heartbeat() -> None:
    notify("WATCHDOG=1")
