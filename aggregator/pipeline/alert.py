"""Alerting: due events in, mails in the outbox out."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.alerts import plan_alerts, render_alert
from aggregator.model.delivery import DeliveryKind
from aggregator.pipeline.letters import seal
from aggregator.pipeline.rooms import Rooms
from aggregator.store import alerts
from aggregator.store.matches import matched_articles
from aggregator.store.registry import registered


@dataclass(frozen=True, slots=True)
class AlertReport:
    """How many events went out, in how many mails."""

    events: int = 0
    mails: int = 0


async def send_alerts(rooms: Rooms) -> AlertReport:
    """Coalesce what is due into one mail for each reader, and put the mails into the outbox."""
    now = rooms.clock.now()
    due = await rooms.store.read(alerts.due_alerts, now)
    if not due:
        return AlertReport()
    config, known = rooms.active.config, await rooms.store.read(registered)
    items = await rooms.store.read(matched_articles, [match_id for _, match_id in due])
    people = [person for person in config.recipients if person.slug in known.recipients and person.slug not in known.suppressed]
    names = {rule.slug: rule.name for rule in config.rules}
    ids = [alert_id for alert_id, _ in due]
    mails = [
        seal(
            config.settings,
            render_alert(intent, instance=config.settings.instance, now=now, names=names),
            intent.recipient,
            known.recipients[intent.recipient.slug],
            kind=DeliveryKind.ALERT,
            key=f"alert:{ids[0]}:{known.recipients[intent.recipient.slug]}",
            now=now,
        )
        for intent in plan_alerts(items, people)
    ]
    queued = await rooms.store.write(alerts.dispatch, ids, mails, now)
    return AlertReport(len(ids), queued)
