"""How fast a source publishes, learned from what its polls bring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.model.source import History

MEMORY = timedelta(hours=3)
"""How far back the rate remembers: newsrooms sleep, and wake up with a story that breaks."""

USUAL_MEMORY = timedelta(days=7)
"""How far back the usual rate remembers."""

BURST_MEMORY = timedelta(days=5)
"""How far back a busy hour is remembered."""

FEW = 3
"""Fewer entries than these make no rate: one entry in a quarter of an hour is no four an hour."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a feed document showed: ``total`` entries, of which ``new`` were never seen and ``known`` were.

    ``dates`` are the publication instants of the new ones that have one with a time of day, ``oldest_at`` and ``newest_at`` the
    bounds of all dates at hand. ``partial``: it was a part of the feed (226, or pushed), which proves nothing about the rest.
    """

    total: int
    new: int
    known: int
    dates: tuple[datetime, ...] = ()
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    partial: bool = False


def after_news(history: History, seen: Seen, now: datetime) -> History:
    """The history after a document that was stored at ``now``. The first one's dates tell the rate of what was there before."""
    dates = sorted(at for at in seen.dates if at <= now)
    newest = max((at for at in (history.newest_at, seen.newest_at) if at and at <= now), default=None)
    if history.polled_at is None:
        rate = len(dates) / _hours(now - dates[0]) if len(dates) >= FEW else None
        burst = busiest_hour(dates)
    else:
        rate, burst = _learned(history, seen, dates, now)
    return replace(
        history,
        polled_at=now,
        body_at=history.body_at if seen.partial else now,
        news_at=now if seen.new else history.news_at,
        rate=rate,
        usual_rate=_usual(history, seen, rate, now),
        burst=max(burst, rate or 0.0),
        window=history.window if seen.partial else seen.total,
        newest_at=newest,
    )


def after_silence(history: History, now: datetime) -> History:
    """The history after a poll that brought nothing new."""
    if history.polled_at is None:
        return replace(history, polled_at=now)
    passed = max(now - history.polled_at, timedelta())
    rate = None if history.rate is None else history.rate * _left(passed, MEMORY)
    return replace(history, polled_at=now, rate=rate, burst=max(history.burst * _left(passed, BURST_MEMORY), rate or 0.0))


def _learned(history: History, seen: Seen, dates: Sequence[datetime], now: datetime) -> tuple[float | None, float]:
    assert history.polled_at is not None
    passed = max(now - history.polled_at, timedelta(minutes=1))
    measured = seen.new / _hours(passed)
    burst = history.burst * _left(passed, BURST_MEMORY)
    if seen.new >= FEW:
        # Their dates tell whether they came at once or evenly; where there are none, they came between the polls.
        burst = max(burst, busiest_hour(dates) if len(dates) >= FEW else 0.0, measured)
    if seen.known == 0 and not seen.partial and seen.new:
        return max(history.rate or 0.0, measured), burst  # it ran over: at least so many
    if history.rate is None:
        return (measured if seen.new else None), burst
    if history.wait is not None and passed > 3 * history.wait:
        return history.rate, burst  # long away: what stands in the window now tells little of the time between
    left = _left(passed, MEMORY)
    return history.rate * left + measured * (1 - left), burst


def _usual(history: History, seen: Seen, rate: float | None, now: datetime) -> float | None:
    """Learned from one time with news to the next, so that silence does not become usual while it lasts."""
    if not seen.new or history.news_at is None or history.usual_rate is None:
        return history.usual_rate if history.usual_rate is not None else rate
    passed = now - history.news_at
    left = _left(passed, USUAL_MEMORY)
    return history.usual_rate * left + seen.new / _hours(passed) * (1 - left)


def busiest_hour(dates: Sequence[datetime]) -> float:
    """The most of ``dates`` (ascending) that lie within one hour; zero for fewer than three dates."""
    if len(dates) < FEW:
        return 0.0
    most = start = 0
    for end, at in enumerate(dates):
        while at - dates[start] > _HOUR:
            start += 1
        most = max(most, end - start + 1)
    return float(most)


def _left(passed: timedelta, memory: timedelta) -> float:
    return math.exp(-passed / memory)


def _hours(length: timedelta) -> float:
    return max(length, timedelta(minutes=1)) / _HOUR
