"""When what could not be handed over is tried again."""

from __future__ import annotations

import hashlib
from datetime import timedelta

GIVE_UP_AFTER = timedelta(hours=24)
"""A delivery older than this is not tried again; its items go into the next digest."""

_SCHEDULE = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
_JITTER = 0.1


def retry_delay(attempts: int, key: str) -> timedelta | None:
    """Return how long to wait after the ``attempts``-th failed try (counted from 1): 1 m, 5 m, 30 m, 2 h, then every 6 h.

    A jitter of up to ±10 % derived from ``key`` and ``attempts`` spreads deliveries that failed together; the same input
    gives the same delay. Giving up is a matter of age, ``GIVE_UP_AFTER``, which the caller compares; None says that so many
    tries fill that time even at the shortest delays.
    """
    done = max(1, attempts)
    nominal = [*_SCHEDULE, *[_SCHEDULE[-1]] * (done - len(_SCHEDULE))][:done]
    if sum(nominal, timedelta()) * (1 - _JITTER) > GIVE_UP_AFTER:
        return None
    return jittered(nominal[-1], key, done)


def jittered(wait: timedelta, key: str, attempts: int) -> timedelta:
    """``wait``, up to 10 % shorter or longer, by ``key`` and ``attempts``: the same input gives the same wait."""
    digest = hashlib.sha256(f"{key}\0{attempts}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64  # 0 to 1
    return wait * (1 - _JITTER + 2 * _JITTER * share)
