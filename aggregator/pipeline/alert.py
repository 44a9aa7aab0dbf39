"""Alerting: what waits for each reader in; mails in the outbox, and a reason for everything that is in none, out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.alerts import decide, render_volumes
from aggregator.errors import Conflict
from aggregator.model.alert import AlertMail, Limits, RuleLimits, SpikeMail
from aggregator.model.delivery import AlertIntent, DeliveryKind, Recipient
from aggregator.model.rule import Priority, RuleSpec
from aggregator.notify import Links
from aggregator.pipeline.letters import notice_key, seal, seal_notice
from aggregator.pipeline.linking import links_of
from aggregator.pipeline.mishap import survived
from aggregator.pipeline.rooms import Rooms
from aggregator.store import alerts, snoozes, storms
from aggregator.store.alerts import NewNotice, Reader
from aggregator.store.matches import matched_articles


@dataclass(frozen=True, slots=True)
class AlertReport:
    """How many matches were decided on, how many mails tell of them; for whom (slug) nothing could be decided, and why."""

    decided: int = 0
    mails: int = 0
    failed: tuple[tuple[str, Exception], ...] = ()


async def send_alerts(rooms: Rooms) -> AlertReport:
    """Decide on everything that is due, reader by reader: each plan is one transaction with its mails.

    A reader for whom somebody else decides at the same moment is left to him. What goes wrong for one holds up no other.
    """
    now, config, store = rooms.clock.now(), rooms.active.config, rooms.store
    due = await store.read(alerts.due_readers, now)
    if not due:
        return AlertReport()
    settings = config.settings.alerts
    await store.write(storms.watch, now, settings.storm_factor, settings.storm_least, as_volumes=settings.volumes)
    links = await links_of(store, config.settings, now)
    limits = Limits(
        group_interval=settings.group_interval,
        growth=settings.growth,
        rules={rule.slug: _limits(rule) for rule in config.rules},
        snoozes=await store.read(snoozes.in_force, now),
    )
    decided, mails, failed = 0, 0, list[tuple[str, Exception]]()
    for reader in due:
        report = await survived(_decide(rooms, reader, limits, links, now))
        if isinstance(report, AlertReport):
            decided, mails = decided + report.decided, mails + report.mails
        elif not isinstance(report, Conflict):
            failed.append((reader.slug, report))
    return AlertReport(decided, mails, tuple(failed))


async def _decide(rooms: Rooms, reader: Reader, limits: Limits, links: Links | None, now: datetime) -> AlertReport:
    store = rooms.store
    pending = await store.read(alerts.pending, reader.id, now)
    past = await store.read(alerts.past, reader.id, {row.story for row in pending}, now)
    oldest = min((row.matched_at for row in pending), default=now)
    his = replace(limits, storms=await store.read(storms.met, reader.id, min(oldest, now)), rests=reader.rests)
    person = _person(rooms.active.config.recipients, reader)
    plan = decide(person, pending, past, his, now)
    notices = list[NewNotice]()
    for mail in plan.mails:
        notices.append(await _alert(rooms, person, reader, mail, reader.number + len(notices) + 1, links, now))
    if plan.spike is not None:
        notices.append(await _spike(rooms, person, reader, plan.spike, reader.number + len(notices) + 1, links, now))
    await store.write(alerts.dispatch, reader, plan.rulings, notices, now)
    told = sum(len(notice.told) + len(notice.rulings) for notice in notices)
    return AlertReport(told + len(plan.rulings), len(notices))


def _limits(rule: RuleSpec) -> RuleLimits:
    return RuleLimits(rule.alerts_per_hour, acknowledged=bool(rule.escalate))


def _person(recipients: tuple[Recipient, ...], reader: Reader) -> Recipient:
    """The reader as configured; somebody who gets nothing any more, if he was taken away."""
    for person in recipients:
        if person.slug == reader.slug and not reader.removed:
            return person
    return Recipient(reader.slug, "", enabled=False)


async def _alert(
    rooms: Rooms, person: Recipient, reader: Reader, mail: AlertMail, number: int, links: Links | None, now: datetime
) -> NewNotice:
    config = rooms.active.config
    items = {item.match_id: item for item in await rooms.store.read(matched_articles, mail.shown)}
    intent = AlertIntent(
        recipient=person,
        items=tuple(items[match_id] for match_id in mail.shown),
        grown=mail.grown,
        more=mail.more,
        alone=frozenset(mail.alone),
        urgent=mail.priority is Priority.HIGH,
    )
    sealed, left = seal_notice(config, intent, reader.id, number, links, now, answer=bool(mail.rule))
    rule = next((rule for rule in config.rules if rule.slug == mail.rule), None)
    waiting = {mail.alone[match_id] for match_id in left}
    return NewNotice(
        "alert",
        mail.priority,
        sealed,
        tuple(id_ for id_ in mail.ids if id_ not in waiting),
        mail.over,
        rule=mail.rule,
        escalate_at=now + rule.escalate_after if rule else None,
    )


async def _spike(
    rooms: Rooms, person: Recipient, reader: Reader, spike: SpikeMail, number: int, links: Links | None, now: datetime
) -> NewNotice:
    settings = rooms.active.config.settings
    found = await rooms.store.read(storms.as_anomalies, spike.storms, now)
    letter = render_volumes(found, person, instance=settings.instance, now=now, in_digest=spike.in_digest)
    key, kind = notice_key(reader.id, number), DeliveryKind.ALERT
    sealed = seal(settings, letter, person, reader.id, kind=kind, key=key, now=now, links=links)
    return NewNotice("storm", Priority.NORMAL, sealed, rulings=spike.rulings, storms=spike.storms)
