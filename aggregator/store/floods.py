"""Floods: polls in which a feed gave what it had published before as new."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, func
from sqlalchemy import select as columns
from sqlmodel import Session, col

from aggregator.model.dossier import Flood
from aggregator.store.tables import ArticleRow, EntryRow, SightingRow

FLOOD = 5
"""So many known articles among the new entries of one poll, and at least half of them, are no coincidence."""


def floods(session: Session, source_id: int, since: datetime) -> list[Flood]:
    """The polls since then in which a source gave known articles as new ones, newest first."""
    at, entries = col(EntryRow.first_seen_at), func.count()
    before = (col(ArticleRow.source_id) == EntryRow.source_id) & (col(ArticleRow.first_seen_at) < at)
    known, pending = func.sum(case((before, 1), else_=0)), func.sum(case((col(EntryRow.state) == "pending", 1), else_=0))
    statement = (
        columns(at, entries, known, pending)
        .select_from(EntryRow)
        .outerjoin(SightingRow, col(SightingRow.entry_id) == EntryRow.id)
        .outerjoin(ArticleRow, col(ArticleRow.id) == SightingRow.article_id)
        .where(col(EntryRow.source_id) == source_id, at >= since)
        .group_by(at)
        .having(known >= FLOOD, 2 * known >= entries)
        .order_by(at.desc())
    )
    return [Flood(*row) for row in session.execute(statement)]
