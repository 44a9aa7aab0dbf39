"""Webhooks (Standard Webhooks 1.0): what is sent, what an answer means, and when the next try is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator.model.channel import Answer, Channel, ChannelAttempt, OwedEvent
from aggregator.model.page import FailureKind, FetchFailed, Posted, PostRequest
from aggregator.notify.retry import jittered
from aggregator.syndication.signing import signatures

DEADLINE = 20.0
"""Seconds for one try: the specification advises 15 to 30."""

SCHEDULE = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
"""The waits between tries: ten tries over three days."""

GIVEN_UP = timedelta(days=2.5)
"""A channel at which nothing succeeded for so long is switched off when it misses another event for good."""

LONGEST_PAUSE = timedelta(days=1)
_THROTTLED = frozenset({429, 502, 503, 504})
_WORDS = 120


def webhook_request(channel: Channel, secrets: Sequence[str], event: OwedEvent, now: datetime) -> PostRequest:
    """The POST of one try: the same id and body every time, the time of this try, a signature for each key."""
    body, seconds = event.body.encode(), int(now.timestamp())
    headers = (
        ("webhook-id", event.event_id),
        ("webhook-timestamp", str(seconds)),
        ("webhook-signature", signatures(secrets, event.event_id, seconds, body)),
    )
    return PostRequest(
        channel.url, body, "application/json", headers, channel.allow_networks, awaited=True, deadline=DEADLINE
    )  # fmt: skip


def read_answer(outcome: Posted | FetchFailed) -> ChannelAttempt:
    """What a receiver's answer means. A redirect is a failure: following it would turn the POST into a GET."""
    if isinstance(outcome, FetchFailed):
        hint = "; allow_networks of the webhook may open it" if outcome.kind is FailureKind.BLOCKED else ""
        return ChannelAttempt(Answer.UNREACHABLE, 0, f"{outcome.kind}: {outcome.detail}{hint}", outcome.retry_after)
    status = outcome.status
    if 200 <= status < 300:
        return ChannelAttempt(Answer.TAKEN, status, str(status))
    if 300 <= status < 400:
        return ChannelAttempt(Answer.REFUSED, status, f"{status}: redirects are not followed; write the address that it names")
    said = " ".join(f"{status} {outcome.sample}".split())[:_WORDS]
    if status == 410:
        return ChannelAttempt(Answer.GONE, status, said)
    answer = Answer.UNREACHABLE if status in _THROTTLED else Answer.REFUSED
    return ChannelAttempt(answer, status, said, outcome.retry_after)


def wait_after(attempts: int, key: str) -> timedelta | None:
    """How long to wait after the ``attempts``-th failed try (counted from 1); None when it was the last.

    A jitter of up to ±10 % derived from ``key`` spreads what failed together; the same input gives the same wait.
    """
    if attempts > len(SCHEDULE):
        return None
    return jittered(SCHEDULE[attempts - 1], key, attempts)
