"""Alerting: due events in, mails in the outbox out."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.pipeline.letters import alert_mails
from aggregator.pipeline.linking import links_of
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
    ids = [alert_id for alert_id, _ in due]
    links = await links_of(rooms.store, config.settings, now)
    mails = alert_mails(config, known, items, f"alert:{ids[0]}", now, links)
    queued = await rooms.store.write(alerts.dispatch, ids, mails, now)
    return AlertReport(len(ids), queued)
