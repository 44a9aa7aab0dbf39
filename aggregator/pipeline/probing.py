"""A test mail, past the outbox."""

from __future__ import annotations

import secrets
from datetime import datetime
from html import escape

from aggregator.config.settings import Settings
from aggregator.model.delivery import Attempt, Delivery, DeliveryKind, Letter
from aggregator.notify import build_message, check_address, clean_header, transport_for


async def send_test(settings: Settings, address: str, now: datetime) -> Attempt:
    """Send one test mail to ``address``, as every mail is sent: with our headers, and signed if we sign."""
    sender = check_address(settings.mail.sender)
    message_id = f"<test.{secrets.token_hex(8)}@{sender.rpartition('@')[2]}>"
    said = f"This is a test of {settings.instance}. If it is here, the relay takes our mail and hands it on."
    message = build_message(
        Letter(f"{clean_header(settings.instance)}: a test", f"{said}\n", f"<!doctype html>\n<p>{escape(said)}</p>\n"),
        sender=sender,
        sender_name=clean_header(settings.mail.sender_name),
        recipient=address,
        recipient_name="",
        message_id=message_id,
        date=now,
        list_id=None,
    )
    transport = transport_for(settings.mail)
    try:
        return await transport.send(Delivery(0, DeliveryKind.ALERT, "", address, message_id, message, 0, now, ""))
    finally:
        await transport.aclose()
