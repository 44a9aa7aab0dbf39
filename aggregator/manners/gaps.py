"""Gaps: a feed's window in which nothing is known any more has run over, and entries were missed."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.manners.rate import Seen
from aggregator.model.source import Gap, History

_HOUR = timedelta(hours=1)
_AT_ONCE = timedelta(minutes=5)
"""Entries that are all of one moment tell no more of their rate than this."""


def find_gap(history: History, seen: Seen, now: datetime) -> Gap | None:
    """Judge a document fetched at ``now`` against the ``history`` before it.

    None for a first poll, a part of a feed, an overlap with what is known, and a feed of one entry, which can never
    overlap. The bounds are the dates of the newest entry seen before and of the oldest now, or the instants of the two polls
    where the dates do not part.
    """
    if history.polled_at is None or seen.partial or seen.known or seen.new == 0 or seen.total < 2:
        return None
    after, before = history.newest_at or history.polled_at, seen.oldest_at or now
    rate = history.rate or 0.0
    if not after < before <= now:
        after, before = history.polled_at, now
    elif seen.oldest_at:
        rate = max(rate, seen.total / (max(now - before, _AT_ONCE) / _HOUR))
    return Gap(after, before, max(1, round(rate * ((before - after) / _HOUR))))
