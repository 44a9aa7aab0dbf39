"""What an answer, or none, says of its host and of our own line. Polls, pages and searches for feeds all learn here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from aggregator.fetch import is_private_host
from aggregator.manners import NETWORK, phase, throttle
from aggregator.model.page import FailureKind, FetchFailed, FetchOutcome
from aggregator.model.source import DueSource
from aggregator.pipeline.downtime import spread
from aggregator.pipeline.rooms import Rooms
from aggregator.store import hosts, sources

log: structlog.stdlib.BoundLogger = structlog.get_logger("poll")

AGAIN = timedelta(minutes=10)
"""The time over which sources are spread that failed through no fault of their own."""

_NOTHING_SENT = frozenset((FailureKind.BLOCKED, FailureKind.ROBOTS))


async def heard(rooms: Rooms, host: str, outcome: FetchOutcome) -> None:
    """Learn from what came back for something else than a poll."""
    await heard_of_line(rooms, host, outcome)
    if isinstance(outcome, FetchFailed) and wants_rest(host, outcome):
        await leave_alone(rooms, host, outcome.retry_after)


async def heard_of_line(rooms: Rooms, host: str, outcome: FetchOutcome) -> None:
    """Learn whether we are online: whoever answers, whatever he says, ends an outage; too many silent hosts begin one."""
    now = rooms.clock.now()
    if isinstance(outcome, FetchFailed) and outcome.kind in NETWORK:
        found = rooms.line.silent(host, now)
        if not rooms.line.down:
            return
        # Also when another has found it out meanwhile: his list did not have our failure yet.
        wronged = rooms.line.wronged()
        await rooms.store.write(sources.forgive, wronged, lambda each: now + phase(each.spec.slug, AGAIN))
        if found:
            told = "most hosts cannot be reached: it is us; polls rest until one answers"
            log.error("line.down", detail=told, forgiven=len(wronged))
    elif (not isinstance(outcome, FetchFailed) or outcome.kind not in _NOTHING_SENT) and rooms.line.answered(host, now):
        log.warning("line.up")
        await spread(rooms, now)


def wants_rest(host: str, failed: FetchFailed) -> bool:
    """Whether a host asked for rest as a whole: a 429 speaks for it, unless it is one of our own network."""
    return failed.status == 429 and not is_private_host(host)


async def leave_alone(rooms: Rooms, host: str, until: datetime | None, wronged: Sequence[DueSource] = ()) -> None:
    """Ask a host for nothing until then, or for longer each time that it does not say. ``wronged`` sources are forgiven."""
    now, store = rooms.clock.now(), rooms.store
    repeats = 1 + await store.read(hosts.throttles, host)
    until = until or now + throttle(repeats) + phase(host, AGAIN)
    await store.write(hosts.throttle, host, until, repeats)
    if wronged:
        await store.write(sources.forgive, wronged, lambda each: until + phase(each.spec.slug, AGAIN))
    log.warning("host.throttled", host=host, until=until, forgiven=len(wronged))
