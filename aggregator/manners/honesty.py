"""What a server's conditional answers are worth. Some send everything each time; some say 304 while there is news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.model.source import History, Trust

PROBE_EVERY = timedelta(hours=24)
PATIENCE = 3
"""Silence for so many times the usual pause between entries puts a 304 to the test."""

_UNKNOWN_RATE = 1 / 24
_CLOCKS = timedelta(minutes=15)
"""How far the clocks of an outlet and ours may be apart."""


def wants_probe(history: History, now: datetime) -> bool:
    """Whether the next request should be unconditional, because 304 was the only answer for suspiciously long.

    That is three times the pause that is usual for this source, and at most one request a day.
    """
    since = max(filter(None, (history.body_at, history.probed_at)), default=None)
    if since is None or history.trust is Trust.LYING or now - since < PROBE_EVERY:
        return False
    silent = now - max(filter(None, (history.news_at, history.body_at)))
    return silent > PATIENCE * timedelta(hours=min(1 / (history.usual_rate or _UNKNOWN_RATE), 10_000))


def after_not_modified(history: History) -> History:
    """The server has answered 304."""
    return replace(history, trust=Trust.HONEST) if history.trust in (Trust.UNKNOWN, Trust.IGNORED) else history


def after_same_body(history: History, now: datetime, *, conditional: bool) -> History:
    """The server has sent the body that we have; ``conditional``: although we had said so."""
    trust = Trust.IGNORED if conditional and history.trust is not Trust.LYING else history.trust
    return replace(history, trust=trust, body_at=now, probed_at=history.probed_at if conditional else now)


def after_probe(history: History, dates: Sequence[datetime | None], now: datetime) -> History:
    """An unconditional request brought entries that are new, with these publication dates.

    One that was there already when the server last said 304 convicts it; one without a date does, too.
    """
    said_at = history.polled_at
    lied = said_at is not None and any(at is None or at < said_at - _CLOCKS for at in dates)
    return replace(history, probed_at=now, trust=Trust.LYING if lied else history.trust)
