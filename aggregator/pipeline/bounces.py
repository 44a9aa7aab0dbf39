"""What comes back by mail, believed only with proof, and never answered."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from aggregator.config.settings import Settings
from aggregator.notify.bounces import Report, ReportKind, read_report
from aggregator.notify.links import Links, Purpose, bounced_delivery
from aggregator.notify.mailbox import Mailbox
from aggregator.pipeline.linking import BY_MAIL, secret_of
from aggregator.store import Store, bounces, readers, subscriptions, told_plainly


@dataclass(frozen=True, slots=True)
class BounceReport:
    """One mail: what it is, what it says, and what was done about it ("" for nothing)."""

    kind: str
    detail: str
    done: str = ""


async def take_bounce(store: Store, settings: Settings, raw: bytes, now: datetime, recipient: str = "") -> BounceReport:
    """Read a mail that came back, and do what follows from it. Doing it twice changes nothing.

    Raises StoreError when that cannot be written down; the mail is then to be kept.
    """
    report = await asyncio.to_thread(read_report, raw, recipient)
    if report.kind is ReportKind.NOTHING:
        return BounceReport(report.kind, report.detail, "nothing is to be done")
    with told_plainly():
        return await _judge(store, settings, raw, report, now)


async def _judge(store: Store, settings: Settings, raw: bytes, report: Report, now: datetime) -> BounceReport:
    secret = await secret_of(store, now)
    links = Links(settings.public_base_url or "", secret)
    if report.kind is ReportKind.UNSUBSCRIBE:
        return BounceReport(report.kind, report.detail, await _unsubscribe(store, links, report, now))
    delivery_id = await _delivery(store, settings, links, secret, report)
    if delivery_id is None:
        return BounceReport(report.kind, report.detail, "it does not prove that it is about a mail of ours: ignored")
    fingerprint = hashlib.sha256(raw).hexdigest()
    done = await store.write_durably(bounces.note, delivery_id, report.kind.value, report.status, report.detail, fingerprint, now)
    return BounceReport(report.kind, report.detail, f"delivery {delivery_id}: {done}")


async def _unsubscribe(store: Store, links: Links, report: Report, now: datetime) -> str:
    for letter, token in report.links:
        number = links.read(Purpose.UNSUBSCRIBE, token) if letter == Purpose.UNSUBSCRIBE else None
        if number is not None and await store.read(readers.linked_subscription, number) is not None:
            await store.write_durably(subscriptions.stop, number, BY_MAIL, now)
            return f"subscription {number} is stopped"
        number = links.read(Purpose.NO_ALERTS, token) if letter == Purpose.NO_ALERTS else None
        if number is not None and await store.read(readers.linked_reader, number) is not None:
            await store.write_durably(readers.stop_alerts, number, BY_MAIL)
            return f"reader {number} gets no alerts any more"
    return "its token is not ours: ignored"


async def _delivery(store: Store, settings: Settings, links: Links, secret: bytes, report: Report) -> int | None:
    """The delivery that a report proves to be about: by the sender of its envelope, else by the link to its web view."""
    if settings.mail.bounce_address:
        for address in report.senders:
            found = bounced_delivery(settings.mail.bounce_address, secret, address)
            if found is not None:
                return found
    for letter, token in report.links:
        number = links.read(Purpose.VIEW, token) if letter == Purpose.VIEW else None
        if number is not None:
            return await store.read(bounces.delivery_of, number)
    return None


async def read_mailbox(store: Store, settings: Settings, now: datetime) -> AsyncIterator[BounceReport]:
    """Read what is new in the mailbox of the settings; each mail is marked as read once it is dealt with.

    Raises ConfigError when it cannot be read.
    """
    async with Mailbox(settings.mail) as mailbox:
        async for key, raw in mailbox.unread():
            yield await take_bounce(store, settings, raw, now)
            await mailbox.mark_read(key)
