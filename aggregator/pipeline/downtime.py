"""Time that did not pass as planned: the service was down, the machine asleep, the clock set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from aggregator.manners import ORDINARY, phase
from aggregator.pipeline.rooms import Rooms
from aggregator.store import maintenance, presence, sources

log: structlog.stdlib.BoundLogger = structlog.get_logger("poll")

AWAY = timedelta(minutes=10)
"""Without a look for so long, we were away."""

BACK = timedelta(minutes=1)
"""A clock that goes back by less is only being disciplined."""

BEAT = timedelta(minutes=1)
"""How often we note that we are here."""

FEW = 20
"""So many overdue sources are polled at once; more are spread."""


async def keep_time(rooms: Rooms, last: datetime | None, now: datetime) -> None:
    """Look at the clock before polling. ``last`` is when it was looked at before, None at the start.

    After an absence each overdue source is polled once, at its own place in the time to come (an hour at most, less for those
    that are polled more often). When the clock was set back, all that is planned goes back with it.
    """
    if last is not None and now < last - BACK:
        await rooms.store.write(maintenance.shift, now - last)
        log.warning("clock.back", by=str(last - now))
    elif last is None or now - last > AWAY:
        await spread(rooms, now, AWAY)


@dataclass(frozen=True, slots=True)
class Look:
    """When we last noted that we are here, by both clocks: the one that is set, and the one that only ticks while we run."""

    at: datetime
    ticking: float


async def note_presence(rooms: Rooms, last: Look | None) -> Look | None:
    """Note once a minute that we look at sources; not while we are offline. A machine that slept was not here."""
    if rooms.line.down:
        return None
    now = Look(rooms.clock.now(), rooms.clock.monotonic())
    if last is not None and timedelta() <= now.at - last.at < BEAT:
        return last
    slept = last is None or abs(now.at - last.at - timedelta(seconds=now.ticking - last.ticking)) > AWAY
    await rooms.store.write(presence.note, now.at, going_on=not slept)
    return now


async def spread(rooms: Rooms, now: datetime, overdue: timedelta = timedelta()) -> None:
    """Give each source that is due for longer than ``overdue`` its own place in the time to come, unless they are few."""
    moved = await rooms.store.write(sources.spread_overdue, now, overdue, FEW, _place)
    if moved:
        log.info("poll.spread", sources=moved, detail="they were due while nobody polled; each has its turn within the hour")


def _place(slug: str, wait: timedelta | None) -> timedelta:
    return phase(slug, min(wait or ORDINARY, ORDINARY))
