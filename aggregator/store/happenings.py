"""What else channels are told: digests that were sent, and sources that fail. Found in the tables, and owed once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from aggregator.model.channel import EventType
from aggregator.model.delivery import DeliveryKind, DeliveryState
from aggregator.store.channels import ActiveChannel, active_channels, owe
from aggregator.store.sources import troubled
from aggregator.store.tables import DeliveryRow, RecipientRow
from aggregator.syndication.events import digest_sent, source_failing

LOOKED_BACK = timedelta(days=2)
"""How far back what was sent is looked for, and owed to those who do not know it yet: longer than we are ever down unnoticed."""

LASTING = timedelta(hours=1)
"""A source that fails so long is told of: most failures are over by then."""


def owe_happenings(session: Session, now: datetime) -> int:
    """Owe webhooks what happened since they were set up. Returns how many events are new."""
    channels = active_channels(session)
    digests = [each for each in channels if each.channel.wants(EventType.DIGEST_SENT)]
    sources = [each for each in channels if each.channel.wants(EventType.SOURCE_FAILING)]
    return (_digests(session, digests, now) if digests else 0) + (_sources(session, sources, now) if sources else 0)


def _digests(session: Session, channels: list[ActiveChannel], now: datetime) -> int:
    sent = (DeliveryRow.kind == DeliveryKind.DIGEST, DeliveryRow.state == DeliveryState.SENT)
    statement = (
        select(DeliveryRow.digest_id, RecipientRow.slug, DeliveryRow.subject, DeliveryRow.sent_at)
        .join(RecipientRow, col(RecipientRow.id) == DeliveryRow.recipient_id)
        .where(*sent, col(DeliveryRow.sent_at) >= now - LOOKED_BACK)
        .order_by(col(DeliveryRow.id))
    )
    new = 0
    for id_, recipient, subject, at in session.exec(statement).all():
        assert id_ is not None
        assert at is not None
        body = digest_sent(id_, recipient, subject, at)
        told = [each for each in channels if each.since <= at]
        new += sum(owe(session, each.id, f"digest:{id_}", EventType.DIGEST_SENT, body, now, now) for each in told)
    return new


def _sources(session: Session, channels: list[ActiveChannel], now: datetime) -> int:
    new = 0
    for source in troubled(session):
        since = source.failing_since
        if since is None or now - since < LASTING:
            continue
        body = source_failing(source.slug, source.title, source.kind, source.detail, since, now)
        key = f"source:{source.slug}:{since.isoformat()}"
        new += sum(owe(session, each.id, key, EventType.SOURCE_FAILING, body, now, now) for each in channels)
    return new
