"""A subscription at a hub: who tells us of a source's news, and how far we are with asking for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """Where a subscription stands. Whether it runs is a matter of its lease, not of this."""

    NEW = "new"  # a feed names a hub; nothing was asked yet
    PENDING = "pending"  # asked for; the hub has not checked yet that it was us
    ACTIVE = "active"  # the hub has checked, and sends what the feed publishes
    RENEWING = "renewing"  # asked for again before the lease ends
    DENIED = "denied"  # the hub does not want to
    FAILED = "failed"  # the hub could not be asked, or never checked
    LEAVING = "leaving"  # no longer wanted; the hub is being told


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic at one hub, for one source.

    ``token`` is the random end of its callback's address, ``secret`` signs what the hub sends. ``due_at`` is when its next step
    is due, ``lease_until`` when the hub stops sending. ``failures`` counts requests in a row that came to nothing, ``detail``
    says why the last one did. ``trusted``: the last new entry of the source came from the hub, and not from a poll, so that
    polls may rest. A subscription that nobody wants any more has no source: ``source_id`` is None and ``slug`` empty.
    """

    id: int
    source_id: int | None
    slug: str
    hub: str
    topic: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    standing: Standing
    due_at: datetime
    created_at: datetime
    lease_until: datetime | None = None
    requested_at: datetime | None = None
    verified_at: datetime | None = None
    last_push_at: datetime | None = None
    pushes: int = 0
    failures: int = 0
    trusted: bool = False
    detail: str = ""

    def runs(self, now: datetime) -> bool:
        """Whether the hub sends what is published at ``now``."""
        return self.lease_until is not None and self.lease_until > now


@dataclass(frozen=True, slots=True)
class Push:
    """What a hub sent for a source, signed, and not yet stored as entries. ``content_type`` is the header as it came."""

    id: int
    source_id: int
    slug: str
    body: bytes
    content_type: str
