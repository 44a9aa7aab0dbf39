"""Subscriptions that wait for their reader: asked once, for so long, and then never again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from aggregator.model.delivery import Recipient, Subscription, SubscriptionState
from aggregator.store.codec import RECIPIENT, SUBSCRIPTION
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import RecipientRow, SubscriptionRow

HOLDS = timedelta(days=7)
"""How long an invitation can be accepted."""

LAPSED = "its reader did not confirm it within 7 days"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A subscription of which its reader was not asked yet."""

    id: int
    recipient_id: int
    recipient: Recipient
    subscription: Subscription


def unasked(session: Session) -> list[Invitation]:
    """Every one whose reader can be asked."""
    rows = session.exec(
        select(SubscriptionRow, RecipientRow)
        .join(RecipientRow, col(RecipientRow.id) == SubscriptionRow.recipient_id)
        .where(
            SubscriptionRow.state == SubscriptionState.PENDING.value,
            col(SubscriptionRow.invited_at).is_(None),
            col(SubscriptionRow.removed_at).is_(None),
            col(RecipientRow.removed_at).is_(None),
            RecipientRow.suppressed == "",
        )
        .order_by(col(SubscriptionRow.id))
    ).all()
    return [
        Invitation(row.id or 0, row.recipient_id, RECIPIENT.load(person.spec), SUBSCRIPTION.load(row.spec))
        for row, person in rows
    ]


def key_of(subscription_id: int) -> str:
    """The key of the mail that asks: there is one for each subscription."""
    return f"confirm:{subscription_id}"


def invited(key: str) -> int | None:
    """The subscription that a mail with this key asks about; None for any other mail."""
    kind, _, number = key.partition(":")
    return int(number) if kind == "confirm" and number.isdecimal() else None


def ask(session: Session, subscription_id: int, mail: NewDelivery, now: datetime) -> None:
    """Put the mail into the outbox that asks, and note when: in one transaction, so that there is one mail and no other."""
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.state == SubscriptionState.PENDING and row.invited_at is None:
        row.invited_at, row.failing_since, row.failure = now, None, ""
        session.add(row)
        enqueue(session, mail, now)


def lapse(session: Session, now: datetime) -> list[str]:
    """End what nobody confirmed in time. Returns the slugs."""
    rows = session.exec(
        select(SubscriptionRow).where(
            SubscriptionRow.state == SubscriptionState.PENDING.value, col(SubscriptionRow.invited_at) <= now - HOLDS
        )
    ).all()
    for row in rows:
        row.state, row.stopped_at, row.stop_reason = SubscriptionState.STOPPED.value, now, LAPSED
        session.add(row)
    return [row.slug for row in rows]
