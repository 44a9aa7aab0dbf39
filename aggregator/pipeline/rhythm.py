"""When to poll next: a pure function of the source's interval, its failures and what the server asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from aggregator.config.settings import PollSettings

JITTER = 0.1
"""The share of the interval by which polls are spread, so that sources with one interval drift apart."""

RETRY_PAGE = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""When a page that could not be had is asked for again. The article stands with the feed's text meanwhile."""


def spread(interval: timedelta, seed: str) -> timedelta:
    """The interval, shifted by up to ±10 %, always alike for the same seed."""
    share = int.from_bytes(sha256(seed.encode()).digest()[:4], "big") / 2**32
    return interval * (1 + JITTER * (2 * share - 1))


def after_success(slug: str, interval: timedelta, now: datetime, settings: PollSettings) -> datetime:
    """The next poll of a source that answered: its interval from now, spread, and never under the floor."""
    return now + max(settings.floor, spread(interval, f"{slug} {now.isoformat()}"))


def after_failure(
    slug: str, interval: timedelta, failures: int, retry_after: datetime | None, now: datetime, settings: PollSettings
) -> datetime:
    """The next poll after the ``failures``-th failure in a row: doubling up to ``backoff_max``, never for ever.

    Not before ``retry_after``, where the server named an instant.
    """
    longest = max(settings.backoff_max, interval)
    wait = min(longest, interval * 2 ** min(failures - 1, 16)) if failures > 1 else interval
    at = now + max(settings.floor, spread(wait, f"{slug} {now.isoformat()}"))
    return max(at, retry_after) if retry_after else at
