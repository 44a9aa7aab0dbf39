"""WebSub (W3C Recommendation of 23 January 2018; section numbers are its): what a subscriber decides.

A subscription's way, with when its next step is due:

=========  ====================================  ==================================================================
standing   next step                             then
=========  ====================================  ==================================================================
new        ask the hub, at once                  pending
pending    wait an hour for the hub's check      active when it comes, else failed
active     ask again at 80 % of the lease        renewing
renewing   as pending; the old lease still runs  active
denied     ask again after a week                pending
failed     ask again: 1 h, 2 h, 4 h … 7 days     pending
leaving    tell the hub, three times at most     forgotten when it checks, or when the lease has ended
=========  ====================================  ==================================================================
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urljoin

from aggregator.model.websub import Standing, Subscription

ASKED = timedelta(days=10)
"""The lease that we ask for."""

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=30)
"""What we make of leases that are absurd: a hub is not asked more often than every four minutes, nor forgotten for a year."""

PATIENCE = timedelta(hours=1)
"""How long a hub may take to check that it was us who asked (section 5.3: "as soon as possible")."""

AFTER_DENIAL = timedelta(days=7)
CALM = timedelta(days=1)
"""The age below which a subscription is not exchanged for another: some feeds name a new hub or topic in each answer."""

FAREWELLS = 3
MAX_ADDRESS = 2000

_RENEW = 0.8
_SPREAD = 0.05
_FIRST_WAIT, _LONGEST_WAIT = timedelta(hours=1), timedelta(days=7)

_METHODS = ("sha256", "sha384", "sha512", "sha1")
"""In the order of preference. SHA-1 is last, and good enough: HMAC does not need a hash without collisions (RFC 6151), and the
recommendation itself notes that "most hubs sign with SHA-1" (section 7.1.1)."""


def announced(hub: str | None, self_url: str | None, url: str) -> tuple[str, str] | None:
    """The hub of a feed that came from ``url``, and the topic to ask it for; None when there is no hub that we would use.

    ``hub`` and ``self_url`` are what the answer names (section 4). A feed without ``self`` is asked for under ``url``. A hub
    without TLS for a feed with it is not used: whoever sits on the line to the hub would learn the secret, and could forge news
    that the feed's own address protects.
    """
    topic = self_url or url
    if not hub or max(len(hub), len(topic)) > MAX_ADDRESS or (_is_secure(url) and not _is_secure(hub)):
        return None
    return hub, topic


def moved_hub(hub: str, location: str) -> str | None:
    """Where a hub sends us with a 307 or 308 (section 5.1.2). None for what is no address, or would tell the secret in clear."""
    try:
        target = urljoin(hub, location)
    except ValueError:
        return None
    return None if _is_secure(hub) and not _is_secure(target) else target


def _is_secure(url: str) -> bool:
    return url[:6].lower() == "https:"


def is_signed(secret: str, signatures: Iterable[str], body: bytes) -> bool:
    """Whether ``body`` carries the right signature: ``X-Hub-Signature: sha256=<hexadecimal digits>`` (section 7.1).

    ``signatures`` are the values of that header. If there are several, the best method alone decides: a wrong SHA-256 is not
    made good by a right SHA-1.
    """
    given: dict[str, str] = {}
    for value in signatures:
        for part in value.split(","):
            method, _, digest = part.strip().partition("=")
            given.setdefault(method.strip().lower(), digest.strip().lower())
    best = next((name for name in _METHODS if name in given), None)
    if best is None:
        return False
    right = hmac.new(secret.encode(), body, best).hexdigest()
    return hmac.compare_digest(right.encode(), given[best].encode("utf-8", "replace"))


def lease_of(seconds: str | None) -> timedelta:
    """The lease that a hub states (``hub.lease_seconds``). What is no number counts as the lease that we asked for."""
    digits = (seconds or "").strip()
    if not (digits.isascii() and digits.isdigit()):
        return ASKED
    return min(max(timedelta(seconds=int(digits.lstrip("0")[:9] or 0)), SHORTEST), LONGEST)


def renewal_at(slug: str, verified_at: datetime, lease: timedelta) -> datetime:
    """When to ask again: at 80 % of the lease, or up to a twentieth earlier, so that not all subscriptions come at once."""
    return verified_at + lease * _RENEW * (1 - _SPREAD * _chance(f"{slug} {verified_at.isoformat()}"))


def after_failure(subscription: Subscription, now: datetime, retry_after: datetime | None = None) -> tuple[Standing, datetime]:
    """Where a subscription stands after one more request came to nothing, and when to ask again: later each time, up to a week.

    Not before ``retry_after``. While the old lease runs, it stays active.
    """
    wait = min(_FIRST_WAIT * 2 ** min(subscription.failures, 16), _LONGEST_WAIT)
    wait *= 1 + _SPREAD * _chance(f"{subscription.slug} {now.isoformat()}")
    standing = Standing.ACTIVE if subscription.runs(now) else Standing.FAILED
    return standing, max(now + wait, retry_after or now)


def _chance(seed: str) -> float:
    """A number from 0 to 1, always alike for the same seed."""
    return int.from_bytes(sha256(seed.encode()).digest()[:4], "big") / 2**32


class Step(StrEnum):
    """What to do about a subscription."""

    WAIT = "wait"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    MISS = "miss"  # the hub's check has not come: the request came to nothing
    FORGET = "forget"


def next_step(subscription: Subscription, now: datetime) -> Step:
    """What to do at ``now``."""
    if subscription.due_at > now:
        return Step.WAIT
    match subscription.standing:
        case Standing.LEAVING:
            told = subscription.failures >= FAREWELLS or not subscription.runs(now)
            return Step.FORGET if told else Step.UNSUBSCRIBE
        case Standing.PENDING | Standing.RENEWING:
            return Step.MISS
        case Standing.NEW | Standing.ACTIVE | Standing.DENIED | Standing.FAILED:
            return Step.SUBSCRIBE


class Intent(StrEnum):
    """What a hub's request to our callback means for a subscription (sections 5.2 and 5.3)."""

    CONFIRMED = "confirmed"  # it may send
    ENDED = "ended"  # it will send nothing more
    DENIED = "denied"
    REFUSED = "refused"  # we did not ask for this


_WISHED = frozenset((Standing.PENDING, Standing.RENEWING, Standing.ACTIVE, Standing.FAILED))
"""Standings in which we wish to be subscribed, and have said so. A hub may check again later (section 5: it "periodically
reconfirms"), so an active one is among them; and so is one whose check comes after we stopped waiting for it."""


def intent_of(subscription: Subscription, mode: str, topic: str) -> Intent:
    """Judge a request with ``hub.mode`` and ``hub.topic`` that came to the subscription's own callback."""
    if topic != subscription.topic:
        return Intent.REFUSED
    leaving = subscription.standing is Standing.LEAVING
    match mode:
        case "subscribe" if subscription.standing in _WISHED:
            return Intent.CONFIRMED
        case "unsubscribe" if leaving:
            return Intent.ENDED
        case "denied" if leaving:
            return Intent.ENDED
        case "denied" if subscription.standing in _WISHED:
            return Intent.DENIED
        case _:
            return Intent.REFUSED
