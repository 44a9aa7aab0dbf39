"""What a failure means, how much it weighs, and how long we stay away. Never for ever: "active feeds do return 404 and come
back to life" (Media Cloud, who have watched a million of them).

==============  ======  ==================================================================
trouble         weight  the next poll
==============  ======  ==================================================================
unreachable     1/2     the source's own wait, doubled with each full strike, up to ``backoff_max``
server_error    1/2     the same
missing         1       the same; its site is asked for another address of the feed
unreadable      1       the same
guarded         1       the same
throttled       0       when Retry-After says; else an hour, doubled each time, up to seven days
refused         1       once more after an ordinary wait, to be sure; then once a day
challenged      1       the same
web_page        1       the same
leaving         1       once a day, until it has said 410 on three days
gone            1       once in thirty days
==============  ======  ==================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.manners.timing import JITTER, ORDINARY, Pace, Plan, asked_wait, chance, own_wait
from aggregator.model.page import FailureKind, FetchFailed
from aggregator.model.source import History, Trouble

DAILY = timedelta(hours=24)
MONTHLY = timedelta(days=30)
LONGEST_THROTTLE = timedelta(days=7)
GONE_DAYS = 3
BURST = 5
"""So many refusals of one host within a minute are a throttle: some hosts say 403 for "too many"."""

_MINUTE = timedelta(minutes=1)
_SPREAD = timedelta(minutes=10)
_REFUSALS = frozenset((401, 403, 451))
_SOFT = frozenset((Trouble.UNREACHABLE, Trouble.SERVER_ERROR))
_CLOSED = frozenset((Trouble.REFUSED, Trouble.CHALLENGED, Trouble.WEB_PAGE))

NETWORK = frozenset((FailureKind.DNS, FailureKind.CONNECT, FailureKind.TLS, FailureKind.TIMEOUT))
"""Failures that our own line can cause."""

WORDS = {
    Trouble.NONE: "fine",
    Trouble.UNREACHABLE: "it cannot be reached",
    Trouble.SERVER_ERROR: "its server is in trouble",
    Trouble.THROTTLED: "it is busy (429 or 503), and we come less often",
    Trouble.MISSING: "there is no feed at this address",
    Trouble.LEAVING: "it says that the feed is gone; after three days of that we believe it",
    Trouble.GONE: "the feed is gone for good; take it out, or give it a new address",
    Trouble.REFUSED: "it does not let us in: ask the outlet, or set authorization_env if it wants a login",
    Trouble.CHALLENGED: "a bot check stands before the feed: ask the outlet to let our User-Agent through",
    Trouble.WEB_PAGE: "a web page stands where the feed should be: look at the address",
    Trouble.UNREADABLE: "what it sends cannot be read as a feed",
    Trouble.GUARDED: "our own guard refuses the address: it is private, or not a web address",
}
"""A plain word for the operator."""


def trouble_of(failed: FetchFailed) -> Trouble:
    """Say what a failure means."""
    match failed.kind:
        case FailureKind.HTTP:
            return _by_status(failed.status or 0)
        case FailureKind.CHALLENGE:
            return Trouble.CHALLENGED
        case FailureKind.BLOCKED:
            return Trouble.GUARDED
        case FailureKind.ROBOTS:
            return Trouble.REFUSED
        case FailureKind.DNS | FailureKind.CONNECT | FailureKind.TLS | FailureKind.TIMEOUT | FailureKind.PROTOCOL:
            return Trouble.UNREACHABLE
        case FailureKind.TRUNCATED:
            return Trouble.UNREACHABLE
        case FailureKind.NOT_A_FEED:
            return Trouble.WEB_PAGE if "HTML page" in failed.detail else Trouble.UNREADABLE
        case _:
            return Trouble.UNREADABLE


def _by_status(status: int) -> Trouble:
    if status in (429, 503):
        return Trouble.THROTTLED
    if status in _REFUSALS:
        return Trouble.REFUSED
    if status == 410:
        return Trouble.LEAVING
    return Trouble.SERVER_ERROR if status >= 500 or status in (408, 425) else Trouble.MISSING


def after_failure(slug: str, history: History, failed: FetchFailed, pace: Pace, now: datetime) -> tuple[History, Plan]:
    """The history after a failed poll at ``now``, and the next one: from ``floor`` on, not before ``retry_after``.

    The latest is the longest of ``backoff_max``, the source's own wait and a day, with a tenth of spread; a source that is gone
    waits thirty days, and ``retry_after`` may ask for more.
    """
    trouble = trouble_of(failed)
    days = history.gone_days
    if trouble is Trouble.LEAVING:
        days = tuple(dict.fromkeys((*days, now.date())))[:GONE_DAYS]
        trouble = Trouble.GONE if len(days) >= GONE_DAYS else trouble
    same = trouble is history.trouble or (trouble is Trouble.GONE and history.trouble is Trouble.LEAVING)
    after = replace(
        history,
        trouble=trouble,
        strikes=history.strikes + (0.0 if trouble is Trouble.THROTTLED else 0.5 if trouble in _SOFT else 1.0),
        repeats=history.repeats + 1 if same else 1,
        gone_days=days,
        sample=failed.sample,
    )
    wait = _wait(after, pace)
    share = chance(f"{slug} {now.isoformat()}")
    upwards = trouble in _CLOSED or trouble in (Trouble.LEAVING, Trouble.GONE, Trouble.THROTTLED)
    at = now + max(pace.floor, wait * (1 + JITTER * (share if upwards else 2 * share - 1)))
    if failed.retry_after:
        asked = failed.retry_after + _SPREAD * share
        at = max(now + pace.floor, asked) if trouble is Trouble.THROTTLED else max(at, asked)
    return after, Plan(at, WORDS[trouble], failed.retry_after)


def _wait(history: History, pace: Pace) -> timedelta:
    usual = max(own_wait(history, pace)[0], asked_wait(history, pace.ceiling)[0])
    match history.trouble:
        case Trouble.THROTTLED:
            return throttle(history.repeats)
        case Trouble.GONE:
            return MONTHLY
        case Trouble.LEAVING:
            return DAILY
        case Trouble.REFUSED | Trouble.CHALLENGED | Trouble.WEB_PAGE:
            return max(usual, ORDINARY) if history.repeats == 1 else DAILY
        case _:
            times: float = 2.0 ** min(max(0.0, history.strikes - 1), 16)
            return min(usual * times, max(pace.backoff_max, usual))


def throttle(repeats: int) -> timedelta:
    """How long to leave a host alone that said "too many" without saying for how long, ``repeats`` times in a row (from 1)."""
    return min(ORDINARY * 2.0 ** min(repeats - 1, 16), LONGEST_THROTTLE)


def is_throttle(refusals: Sequence[datetime], now: datetime) -> bool:
    """Whether refusals (401, 403, 451) of one host that used to answer, at these instants, are a throttle in truth."""
    return sum(now - at <= _MINUTE for at in refusals) >= BURST
