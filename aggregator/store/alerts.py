"""Alerts: which events are due, and turning them into outbox rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from aggregator.errors import Conflict
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import AlertRow


def due_alerts(session: Session, now: datetime) -> list[tuple[int, int]]:
    """(alert id, match id) of every pending event, once the first of them has waited long enough; else nothing.

    All of them go together: who gets a mail anyway gets the news that came a second ago with it.
    """
    pending = session.exec(select(AlertRow.id, AlertRow.match_id, AlertRow.due_at).where(AlertRow.state == "pending")).all()
    if not any(due_at <= now for _, _, due_at in pending):
        return []
    return sorted((id_ or 0, match_id) for id_, match_id, _ in pending)


def dispatch(session: Session, alert_ids: Sequence[int], mails: Sequence[NewDelivery], now: datetime) -> int:
    """Mark events as sent and put their mails into the outbox, in one transaction. Conflict when one was sent meanwhile."""
    done = 0
    for start in range(0, len(alert_ids), 500):
        mine = (col(AlertRow.id).in_(alert_ids[start : start + 500]), col(AlertRow.state) == "pending")
        done += session.execute(update(AlertRow).where(*mine).values(state="sent", sent_at=now)).rowcount  # type: ignore[attr-defined]
    if done != len(alert_ids):
        raise Conflict("an alert was dispatched by somebody else")
    return sum(enqueue(session, mail, now) is not None for mail in mails)
