"""Our own presence: when sources were looked at, so that a reader can tell silence from blindness."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from sqlmodel import Session, col, select

from aggregator.store.dialect import upsert
from aggregator.store.tables import PresenceRow

AWAY = timedelta(minutes=10)
"""Who looks away for less is only restarted."""


def note(session: Session, now: datetime, *, going_on: bool) -> None:
    """We are here. ``going_on``: we have been since we last said so; else only a short time away is overlooked."""
    last = session.exec(select(PresenceRow).order_by(col(PresenceRow.began_at).desc()).limit(1)).first()
    if last is not None and (going_on or now - last.seen_at <= AWAY):
        last.seen_at = max(last.seen_at, now)
        session.add(last)
    else:
        session.execute(upsert(PresenceRow).values(began_at=now, seen_at=now).on_conflict_do_nothing())


def absences(session: Session, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The times from ``start`` to ``end`` in which nobody looked, oldest first. Nothing is known of before the first note."""
    rows = session.exec(select(PresenceRow).where(PresenceRow.began_at < end).order_by(col(PresenceRow.began_at))).all()
    gaps = [(before.seen_at, after.began_at) for before, after in pairwise(rows)]
    gaps += [(rows[-1].seen_at, end)] if rows else []
    cut = ((max(since, start), min(until, end)) for since, until in gaps if until - since > AWAY)
    return [(since, until) for since, until in cut if since < until]
