"""Mails that came back: each counts once, and what follows from it is done in the same transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from aggregator.model.delivery import DeliveryKind
from aggregator.store import invitations, readers, subscriptions
from aggregator.store.dialect import upsert
from aggregator.store.tables import BounceRow, DeliveryRow, DigestRow, RecipientRow, SubscriptionRow

ENOUGH = 3
"""So many soft bounces …"""

WITHIN = timedelta(days=7)
"""… within this time, of different mails, make mail to a reader rest."""


def delivery_of(session: Session, number: int) -> int | None:
    """The id of the message by the number that its link has."""
    return session.exec(select(DeliveryRow.id).where(col(DeliveryRow.number) == number)).first()


def note(session: Session, delivery_id: int, kind: str, status: str, detail: str, fingerprint: str, now: datetime) -> str:
    """Write down what came back of a message, and do what follows: a hard bounce, or the third soft one in a week, makes mail
    to its reader rest; a complaint ends what he complains of. Returns that in words.

    The same report (``fingerprint``) counts once; one about an address that the reader has no more changes nothing.
    """
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        return "the message is not on record"
    values = {"delivery_id": delivery_id, "recipient_id": row.recipient_id, "at": now, "kind": kind, "fingerprint": fingerprint}
    new = upsert(BounceRow).values(**values, status=status, detail=detail[:300])
    if not session.execute(new.on_conflict_do_nothing()).rowcount:  # type: ignore[attr-defined]
        return "known already"
    reader = session.get_one(RecipientRow, row.recipient_id)
    if reader.spec["address"] != row.address:
        return "the reader has another address now"
    match kind:
        case "complaint":
            return _end(session, row, detail, now)
        case "hard":
            return _rest(session, reader, detail)
        case _:
            return _rest(session, reader, detail) if _soft(session, row, now) >= ENOUGH else "written down: it may be passing"


def _soft(session: Session, row: DeliveryRow, now: datetime) -> int:
    different = func.count(func.distinct(BounceRow.delivery_id))
    mine = (BounceRow.recipient_id == row.recipient_id, BounceRow.kind == "soft", col(BounceRow.at) > now - WITHIN)
    return session.exec(select(different).where(*mine)).one()


def _rest(session: Session, reader: RecipientRow, detail: str) -> str:
    reader.suppressed = reader.suppressed or f"bounced: {detail}"[:300]
    session.add(reader)
    return f"mail to {reader.slug} rests from now on"


def _end(session: Session, row: DeliveryRow, detail: str, now: datetime) -> str:
    """End what a mail belongs to: its subscription, the reader's alerts, or nothing (a notice is about our own affairs)."""
    match DeliveryKind(row.kind):
        case DeliveryKind.ALERT:
            readers.stop_alerts(session, row.recipient_id, detail)
            return "its reader gets no alerts any more"
        case DeliveryKind.NOTICE:
            return "written down: a notice is part of no subscription"
        case DeliveryKind.CONFIRMATION:
            subscription_id: int | None = invitations.invited(row.key)
        case DeliveryKind.DIGEST:
            digest = session.get(DigestRow, row.digest_id) if row.digest_id is not None else None
            subscription_id = digest.subscription_id if digest is not None else None
    if subscription_id is None or session.get(SubscriptionRow, subscription_id) is None:
        return "written down: its subscription is not there any more"
    subscriptions.stop(session, subscription_id, detail, now)
    return "the subscription is stopped"
