"""When to poll next. The whole answer, in this order:

1. **Our own wait** (``own_wait``): the configured interval, or half the mean time between two entries, from ``floor`` to
   ``slowest``; an hour while nothing is known. Shorter, down to ``floor``, when the feed's window would otherwise run over:
   the chance that an entry scrolls out unseen stays below one in two hundred (``safe_wait``). Spread by ±10 %.
2. **What the publisher asks** (``asked_wait``): ``max-age`` or ``Expires``, ``ttl``, ``sy:updatePeriod``; a hub that tells
   us of news makes it a day. This only slows us, up to ``ceiling``.
3. **Hours and days to skip**, never for more than a day of silence.
4. **Retry-After**, which beats everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from aggregator.model.feed import FeedHints
from aggregator.model.source import History, Trust

ORDINARY = timedelta(hours=1)
"""The wait while nothing is known of a source, and the shortest one without working validators."""

BACKUP = timedelta(hours=24)
"""The wait while a hub tells us of news: its silence must not cost more than a day."""

JITTER = 0.1
"""The share of a wait by which polls are spread, so that sources with one interval drift apart."""

DEVIATIONS = 3.0
"""Standard deviations of room in the window. For arrivals by chance (Poisson) at the rate of the busiest hour the
chance of more arrivals than the window holds is then below 1/200, whatever the window's size."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(hours=24)
_MOST_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pace:
    """The bounds of a source's rhythm. ``interval`` is the operator's wish for this source, None without one."""

    floor: timedelta
    ceiling: timedelta
    slowest: timedelta
    backoff_max: timedelta
    interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The next poll, why then, and the earliest instant that the publisher allows (None: any)."""

    at: datetime
    reason: str
    allowed_at: datetime | None = None


def next_poll(
    slug: str, history: History, pace: Pace, now: datetime, *, pushed: bool = False, retry_after: datetime | None = None
) -> Plan:
    """Plan the poll after one that was answered at ``now``. The same arguments always give the same plan.

    It lies between ``floor`` and ``ceiling`` from now and not before anything that the publisher asks for; only a
    ``retry_after`` (an instant) can lie beyond the ceiling.
    """
    wait, reason = own_wait(history, pace)
    share = chance(f"{slug} {now.isoformat()}")
    floor = max(pace.floor, ORDINARY) if history.trust is Trust.LYING else pace.floor
    spread = wait * (1 + JITTER * (2 * share - 1))
    # The spread must not undo the bound: what is safe is the longest, whatever chance says.
    at = now + max(floor, min(spread, max(wait * (1 - JITTER), safe_wait(history.burst, history.window))))
    asked, why = asked_wait(history, pace.ceiling)
    allowed_at = now + asked if asked else None
    if pushed and asked < BACKUP:
        asked, why = min(BACKUP, pace.ceiling), "its hub tells us of news; this is the daily check"
    if at < now + asked:
        at, reason = now + asked + min(_MOST_LATE, asked * JITTER) * share, why
    at = min(at, now + pace.ceiling)
    later = unskipped(at, history.hints, now + min(_DAY, pace.ceiling))
    if later > at:
        at, reason = later, "the feed names hours or days to skip"
    if retry_after and (allowed_at is None or retry_after > allowed_at):
        allowed_at = retry_after
    if retry_after and at < retry_after:
        at, reason = retry_after + _MOST_LATE * share, "the server asked to be left alone until then (Retry-After)"
    return Plan(at, reason, allowed_at)


def own_wait(history: History, pace: Pace) -> tuple[timedelta, str]:
    """How long we would wait if the publisher asked for nothing, from ``floor`` to ``ceiling``, and why."""
    if pace.interval is not None:
        wait, reason = pace.interval, "the configured interval"
    elif history.rate is None:
        wait, reason = ORDINARY, "an hour, as nothing is known of its rhythm yet"
    else:
        half = timedelta(hours=min(0.5 / history.rate, 10_000)) if history.rate else pace.slowest
        wait, reason = min(half, pace.slowest), f"its rhythm: about {_per_day(history.rate)} new entries a day"
        if history.trust is Trust.IGNORED and wait < ORDINARY:
            wait, reason = ORDINARY, "an hour, as it sends the whole feed each time, changed or not"
    safe = safe_wait(history.burst, history.window)
    if safe < wait:
        wait, reason = safe, f"so that none of its {history.window} entries scrolls out unseen at its busiest"
    if history.trust is Trust.LYING and wait < ORDINARY:
        wait, reason = ORDINARY, "an hour, as its 304 cannot be trusted and the whole feed must be sent each time"
    return min(max(wait, pace.floor), pace.ceiling), reason


def safe_wait(burst: float, window: int) -> timedelta:
    """The longest wait in which ``window`` entries do not run over at ``burst`` entries an hour, three deviations included.

    Solves ``mean + 3 * sqrt(mean) = window`` for the mean number of arrivals. Without a rate or a window: no bound.
    """
    if burst <= 0 or window <= 0:
        return timedelta.max
    root = (math.sqrt(DEVIATIONS**2 + 4 * window) - DEVIATIONS) / 2
    hours = root * root / burst
    return timedelta(hours=hours) if hours < 1_000_000 else timedelta.max


def asked_wait(history: History, ceiling: timedelta) -> tuple[timedelta, str]:
    """The longest of what the publisher asks for, at most ``ceiling``, and its name; zero if it asks for nothing."""
    asks = [
        (history.cache, "the server asks to keep its answer so long (max-age, Expires)"),
        (history.hints.ttl, "the feed asks to be kept so long (ttl)"),
        (history.hints.update_every, "the feed says that it changes so often (sy:updatePeriod)"),
    ]
    wait, reason = max(((wait or timedelta(), reason) for wait, reason in asks), key=lambda ask: ask[0])
    return min(wait, ceiling), reason


def unskipped(at: datetime, hints: FeedHints, latest: datetime) -> datetime:
    """The first instant from ``at`` on outside the hours and days to skip (GMT), but not after ``latest`` for their sake."""
    moment = at
    while moment.hour in hints.skip_hours or moment.isoweekday() in hints.skip_days:
        moment += _HOUR  # its place within the hour stays, so that not all come at the hour's stroke
        if moment > latest:
            return max(at, latest)
    return moment


def phase(slug: str, spread: timedelta) -> timedelta:
    """A source's place in a stretch of time: always the same, and even over all sources. Spreads imports and restarts."""
    return spread * chance(slug)


def chance(seed: str) -> float:
    """A number from 0 to 1, always alike for the same seed."""
    return int.from_bytes(sha256(seed.encode("utf-8", "surrogatepass")).digest()[:4], "big") / 2**32


def _per_day(rate: float) -> str:
    daily = rate * 24
    return f"{daily:.0f}" if daily >= 10 else f"{daily:.1f}"
