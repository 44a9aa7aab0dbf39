"""Is it them, or is it us? When most hosts fail at once, our own line is down, and nobody earns a strike for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOSTS = 10
"""Fewer hosts than these prove nothing."""

TOGETHER = timedelta(minutes=1)
LOOK_BACK = timedelta(minutes=30)
"""A small service polls ten hosts in that time, not in a minute."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a host was found: ``failed`` means that no answer at all came."""

    host: str
    at: datetime
    failed: bool


def is_ours(attempts: Sequence[Attempt], now: datetime) -> bool:
    """Whether at least half of the hosts tried lately could not be reached.

    Of each host the last attempt counts; the hosts are all of the last minute, and at least the ten tried last, none longer
    ago than half an hour. ``attempts`` are in the order of time.
    """
    latest: dict[str, Attempt] = {}
    for attempt in reversed(attempts):
        if now - attempt.at > LOOK_BACK or (now - attempt.at > TOGETHER and len(latest) >= HOSTS):
            break
        latest.setdefault(attempt.host, attempt)
    failed = sum(attempt.failed for attempt in latest.values())
    return len(latest) >= HOSTS and 2 * failed >= len(latest)
