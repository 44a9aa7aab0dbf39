"""Readers and what they get, as the links of their mails know them: by the number of a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from aggregator.errors import NotFound
from aggregator.store.tables import DeliveryRow, RecipientRow, SubscriptionRow


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link speaks of. ``what`` is its name, "" for alerts; ``language`` its reader's; ``asked_at``: he was asked for his
    yes then.
    """

    id: int
    language: str
    what: str
    state: str = ""
    asked_at: datetime | None = None


def linked_subscription(session: Session, subscription_id: int) -> Linked | None:
    """A subscription; None for one that is not there any more."""
    row = session.get(SubscriptionRow, subscription_id)
    if row is None or row.removed_at is not None:
        return None
    return Linked(subscription_id, row.spec.get("language", "en"), row.slug, row.state, row.invited_at)


def linked_reader(session: Session, recipient_id: int) -> Linked | None:
    """A reader; None for one who is not there any more."""
    row = session.get(RecipientRow, recipient_id)
    if row is None or row.removed_at is not None:
        return None
    return Linked(recipient_id, row.spec.get("language", "en"), "")


def stop_alerts(session: Session, recipient_id: int, reason: str) -> None:
    """Send a reader no alerts any more. What he is told in digests is not touched."""
    row = session.get_one(RecipientRow, recipient_id)
    row.alerts_stopped = row.alerts_stopped or reason[:300]
    session.add(row)


def resume_alerts(session: Session, slug: str) -> bool:
    """Send a reader alerts again, who had stopped them. False if he had not. Raises NotFound for one who is not there."""
    row = session.exec(select(RecipientRow).where(RecipientRow.slug == slug, col(RecipientRow.removed_at).is_(None))).first()
    if row is None:
        raise NotFound(f"there is no recipient {slug!r} in the store; see recipients.toml")
    stopped, row.alerts_stopped = bool(row.alerts_stopped), ""
    session.add(row)
    return stopped


def mailed(session: Session, number: int) -> bytes | None:
    """A message by the number that its link has: its bytes, empty when it is no longer kept; None when there never was one."""
    return session.exec(select(DeliveryRow.message).where(col(DeliveryRow.number) == number)).first()
