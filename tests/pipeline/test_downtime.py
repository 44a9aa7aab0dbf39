"""A clock that was set: what is planned goes with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from aggregator.app import open_app
from aggregator.config.settings import Config
from aggregator.pipeline.downtime import keep_time
from aggregator.pipeline.poll import LEASE, fetch_sources
from aggregator.store import entries, hosts, sources
from aggregator.store.tables import EntryRow, HostRow, SourceRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)


async def test_a_clock_that_is_set_back_makes_nothing_wait(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    site.publish("fire")
    async with open_app(desk(site.source()), clock=clock) as app:
        batches = await app.rooms.store.write(sources.claim_due, clock.at, 100, LEASE)
        await fetch_sources(app.rooms, [id_ for batch in batches for id_ in batch])
        await app.rooms.store.write(hosts.throttle, "elsewhere.test", clock.at + 2 * HOUR, 1)
        (before,), (entry,) = rows(app, SourceRow), rows(app, EntryRow)
        last, clock.at = clock.at, clock.at - 5 * HOUR
        assert await app.rooms.store.write(entries.claim_pending, clock.at, 10, LEASE) == []
        with capture_logs() as logs:
            await keep_time(app.rooms, last, clock.at)
        assert [line["event"] for line in logs] == ["clock.back"]
        (after,), (host,) = rows(app, SourceRow), rows(app, HostRow)
        assert abs(before.next_poll_at - after.next_poll_at - 5 * HOUR) < timedelta(seconds=1)
        assert abs(host.throttled_until - clock.at - 2 * HOUR) < timedelta(seconds=1)
        assert await app.rooms.store.write(entries.claim_pending, clock.at, 10, LEASE) == [(entry.id,)]


async def test_a_clock_that_is_only_disciplined_moves_nothing(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        (before,) = rows(app, SourceRow)
        await keep_time(app.rooms, clock.at, clock.at - timedelta(seconds=40))
        (after,) = rows(app, SourceRow)
        assert after.next_poll_at == before.next_poll_at
