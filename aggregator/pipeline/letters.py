"""From a rendered letter to an outbox row: identity, headers, MIME."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from aggregator.config.settings import Settings
from aggregator.model.delivery import DeliveryKind, Letter, Recipient
from aggregator.notify import build_message, check_address, clean_header
from aggregator.store.outbox import NewDelivery


def seal(
    settings: Settings,
    letter: Letter,
    recipient: Recipient,
    recipient_id: int,
    *,
    kind: DeliveryKind,
    key: str,
    now: datetime,
) -> NewDelivery:
    """Make the message of a letter. The Message-ID follows from ``key`` alone, so that a retry is the same message."""
    sender = check_address(settings.mail.sender)
    domain = sender.rpartition("@")[2]
    message_id = f"<{key.replace(':', '.')}@{domain}>"
    message = build_message(
        replace(letter, subject=clean_header(letter.subject)),
        sender=sender,
        sender_name=clean_header(settings.mail.sender_name),
        recipient=recipient.address,
        recipient_name=clean_header(recipient.name),
        message_id=message_id,
        date=now,
        list_id=f"{kind}s.{domain}",
    )
    return NewDelivery(key, kind, recipient_id, recipient.address, letter.subject, message_id, message)
