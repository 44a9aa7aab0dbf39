"""Alerts: which events are due, turning them into outbox rows, and what becomes of them when articles change their text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from aggregator.errors import Conflict
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import AlertRow, MatchRow


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


def hand_on(session: Session, article_ids: Sequence[int], old: int, new: int, *, emptied: bool) -> None:
    """Articles went from one text to another: all that it had (``emptied``), or these. What was told counts there as well.

    A text alerts once per rule. What was sent stays on record: with the text that it was sent for, if the other has an alert of
    its own. Of what waits for both, one goes out.
    """
    if emptied:
        told = select(AlertRow).where(AlertRow.group_id == old)
    else:
        own = col(MatchRow.article_id).in_(article_ids)
        told = select(AlertRow).join(MatchRow, col(MatchRow.id) == AlertRow.match_id).where(own, AlertRow.group_id != new)
    there = {alert.rule_id: alert for alert in session.exec(select(AlertRow).where(AlertRow.group_id == new))}
    for alert in session.exec(told.order_by(col(AlertRow.id))).all():
        known = there.get(alert.rule_id)
        if known is None and emptied:
            there[alert.rule_id], alert.group_id = alert, new
        elif known is None:
            quiet = {"id": None, "group_id": new, "state": "suppressed", "reason": f"told with text {alert.group_id}"}
            there[alert.rule_id] = AlertRow(**alert.model_dump() | quiet | {"sent_at": None})
            session.add(there[alert.rule_id])
        elif emptied and alert.state == "pending":
            alert.state, alert.reason = "suppressed", f"told with text {new}"
        elif known.state == "pending" and alert.state in ("pending", "sent"):
            known.state, known.reason = "suppressed", f"told with text {alert.group_id}"
    session.flush()
