"""What else webhooks are told: digests that went out, owed with the note that they did, and sources that fail for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from aggregator.model.channel import EventType
from aggregator.model.delivery import Attempt, Delivery, DeliveryKind, DeliveryState
from aggregator.store import outbox
from aggregator.store.channels import active_channels, owe
from aggregator.store.tables import DeliveryRow, SourceRow
from aggregator.syndication.events import digest_sent, source_failing

LASTING = timedelta(hours=1)
"""A source that fails so long is told of: most failures are over by then."""


def settle(
    session: Session,
    delivery: Delivery,
    attempt: Attempt,
    state: DeliveryState,
    now: datetime,
    due_at: datetime | None = None,
    *,
    rest: bool = False,
    hold: datetime | None = None,
) -> None:
    """As ``outbox.settle``; and owe webhooks the word of a digest that went out for the first time, in the same transaction."""
    first = outbox.settle(session, delivery, attempt, state, now, due_at, rest=rest, hold=hold)
    if not first or delivery.kind is not DeliveryKind.DIGEST:
        return
    digest_id, subject = session.exec(
        select(DeliveryRow.digest_id, DeliveryRow.subject).where(DeliveryRow.id == delivery.id)
    ).one()
    if digest_id is not None:
        body = digest_sent(digest_id, delivery.recipient, subject, now)
        _owe(session, EventType.DIGEST_SENT, f"digest:{digest_id}", body, now)


def lasting_failures(session: Session, now: datetime) -> Sequence[int]:
    """The ids of the sources that fail for so long that it is to be told, and was not told yet."""
    found = session.exec(select(SourceRow.id).where(*_to_be_told(now)).order_by(col(SourceRow.id)))
    return [id_ for id_ in found if id_ is not None]


def owe_failures(session: Session, source_ids: Sequence[int], now: datetime) -> int:
    """Owe webhooks the word of these sources: once for each time that one fails. Returns how many events are new."""
    new = 0
    for row in session.exec(select(SourceRow).where(*_to_be_told(now), col(SourceRow.id).in_(source_ids))):
        since = row.failing_since
        assert since is not None
        body = source_failing(row.slug, row.name, row.failure_kind, row.failure_detail, since, now)
        new += _owe(session, EventType.SOURCE_FAILING, f"source:{row.slug}:{since.isoformat()}", body, now)
        row.told_failing_since = since
        session.add(row)
    return new


def _to_be_told(now: datetime) -> tuple[Any, ...]:
    since, told = col(SourceRow.failing_since), col(SourceRow.told_failing_since)
    there = (col(SourceRow.removed_at).is_(None), col(SourceRow.enabled), col(SourceRow.merged_into).is_(None))
    return (*there, since <= now - LASTING, told.is_(None) | (told != since))


def _owe(session: Session, type_: EventType, key: str, body: str, now: datetime) -> int:
    told = [each for each in active_channels(session) if each.channel.wants(type_)]
    return sum(owe(session, each.id, key, type_, body, now, now) for each in told)
