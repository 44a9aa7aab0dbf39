"""From a rendered letter to an outbox row: identity, headers, MIME."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.alerts import plan_alerts, quiet_until, render_alert
from aggregator.config.settings import Config, Settings
from aggregator.model.delivery import AlertIntent, DeliveryKind, Letter, MatchedArticle, Recipient
from aggregator.model.rule import Priority
from aggregator.notify import Links, Purpose, build_message, check_address, clean_header, list_headers, number_of
from aggregator.pipeline.linking import alert_links
from aggregator.store.outbox import NewDelivery
from aggregator.store.registry import Registered


def seal(
    settings: Settings,
    letter: Letter,
    recipient: Recipient,
    recipient_id: int,
    *,
    kind: DeliveryKind,
    key: str,
    now: datetime,
    links: Links | None = None,
    subscription: tuple[int, str] | None = None,
) -> NewDelivery:
    """Make the message of a letter. The Message-ID follows from ``key`` alone, so that a retry is the same message.

    ``links`` give it its list headers. ``subscription`` is the id and slug of the one that it belongs to, by which readers'
    filters know it (List-Id); without one it is among the alerts of its reader.
    """
    sender = check_address(settings.mail.sender)
    domain = sender.rpartition("@")[2]
    message_id = f"<{key.replace(':', '.')}@{domain}>"
    number, stop = number_of(key), (Purpose.UNSUBSCRIBE, subscription[0]) if subscription else (Purpose.NO_ALERTS, recipient_id)
    name = f"{subscription[1]}.digests" if subscription else "alerts"
    headers = dict(list_headers(links, stop=stop, number=number, mailbox=settings.mail.bounce_address))
    if settings.mail.thread:
        headers |= dict.fromkeys(("In-Reply-To", "References"), f"<{name}@{domain}>")
    message = build_message(
        replace(letter, subject=clean_header(letter.subject)),
        sender=sender,
        sender_name=clean_header(settings.mail.sender_name),
        recipient=recipient.address,
        recipient_name=clean_header(recipient.name),
        message_id=message_id,
        date=now,
        list_id=f"{name}.{domain}",
        headers=headers,
    )
    return NewDelivery(key, kind, recipient_id, recipient.address, letter.subject, message_id, message, number=number)


def notice_key(recipient_id: int, number: int) -> str:
    """What a notice's mail is known by. Alerts of older versions were known by ``alert:``, and are in the outbox still."""
    return f"notice:{recipient_id}:{number}"


def seal_notice(
    config: Config, intent: AlertIntent, recipient_id: int, number: int, links: Links | None, now: datetime, *, answer: bool
) -> tuple[NewDelivery, frozenset[int]]:
    """The mail of a reader's notice of that ``number``, whose stories a link keeps quiet; ``answer``: another acknowledges it.

    With it the matches that had no room in it.
    """
    key = notice_key(recipient_id, number)
    if links is not None:
        urls = {purpose: links.url(purpose, number_of(key)) for purpose in (Purpose.ACKNOWLEDGE, Purpose.SNOOZE)}
        acknowledge = urls[Purpose.ACKNOWLEDGE] if answer else ""
        intent = replace(intent, acknowledge_url=acknowledge, snooze_url=urls[Purpose.SNOOZE])
    return seal_alert(config, intent, recipient_id, key, links, now)


def seal_alert(
    config: Config, intent: AlertIntent, recipient_id: int, key: str, links: Links | None, now: datetime
) -> tuple[NewDelivery, frozenset[int]]:
    """The mail of an alert, in its reader's words, with the mail's own links; and the matches that had no room in it."""
    intent = replace(intent, links=alert_links(links, recipient_id, key))
    letter = render_alert(intent, instance=config.settings.instance, now=now, names=config.rule_names)
    kind = DeliveryKind.ALERT
    return seal(config.settings, letter, intent.recipient, recipient_id, kind=kind, key=key, now=now, links=links), letter.left


def alert_mails(
    config: Config, known: Registered, items: Sequence[MatchedArticle], key: str, now: datetime, links: Links | None
) -> list[NewDelivery]:
    """One mail with ``items`` for each reader who is to have them, after his quiet hours unless a rule has high priority.

    They stand nowhere else, so what has no room comes in a second mail, and so on. ``key`` (``edit:7``) and the reader's id make
    each unique.
    """
    people = [person for person in config.recipients if person.slug in known.recipients and person.slug not in known.unalerted]
    high = {rule.slug for rule in config.rules if rule.priority is Priority.HIGH}
    mails = []
    for intent in plan_alerts(items, people):
        reader, id_ = intent.recipient, known.recipients[intent.recipient.slug]
        not_before = None if any(item.rule in high for item in intent.items) else quiet_until(reader, now)
        left, part = frozenset(item.match_id for item in intent.items), 1
        while left:
            rest = replace(intent, items=tuple(item for item in intent.items if item.match_id in left), alone=left)
            mail, left = seal_alert(config, rest, id_, f"{key}:{id_}" + (f":{part}" if part > 1 else ""), links, now)
            mails.append(replace(mail, not_before=not_before))
            part += 1
    return mails
