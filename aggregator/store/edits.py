"""Edits that rules watch for: which are to be mailed, and turning them into outbox rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from aggregator.errors import Conflict
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import EditRow


@dataclass(frozen=True, slots=True)
class DueEdit:
    """An edit to be told: of which match, and in which words."""

    id: int
    match_id: int
    what: str


def due_edits(session: Session) -> list[DueEdit]:
    """Every edit that waits to be mailed."""
    rows = session.exec(select(EditRow).where(EditRow.state == "pending").order_by(col(EditRow.id))).all()
    return [DueEdit(row.id or 0, row.match_id, row.what) for row in rows]


def dispatch_edits(session: Session, ids: Sequence[int], mails: Sequence[NewDelivery], now: datetime) -> int:
    """Mark edits as sent and put their mails into the outbox, in one transaction. Conflict when one was sent meanwhile."""
    mine = (col(EditRow.id).in_(ids), col(EditRow.state) == "pending")
    done = session.execute(update(EditRow).where(*mine).values(state="sent"))
    if done.rowcount != len(ids):  # type: ignore[attr-defined]
        raise Conflict("an edit was dispatched by somebody else")
    return sum(enqueue(session, mail, now) is not None for mail in mails)
