"""The storm breaker: when a rule or a source has so much more than usual that single alerts would only tire."""

from __future__ import annotations

from datetime import timedelta

WINDOW = timedelta(minutes=10)
"""A storm is looked for in so much time, and is over when so much has passed without one."""

LOOK_BACK = timedelta(days=14)
"""How far back the usual is looked for."""

FEED_LEAST = 10
"""So many matches at least came from a feed that has lost its memory: a few are alerted as ever."""


def is_storm(count: int, usual: float, *, factor: int, least: int) -> bool:
    """Whether ``count`` stories within ten minutes are a storm, ``usual`` being the average of such a time."""
    return count > least and count > factor * usual


def usual_in_window(count: int, span: timedelta) -> float:
    """The average within ten minutes, of ``count`` in a longer span; a span of less than a day counts as a day."""
    return count / (max(span, timedelta(days=1)) / WINDOW)
