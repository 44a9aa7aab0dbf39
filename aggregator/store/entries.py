"""Entries on their way to articles: claiming, giving back, trying again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from aggregator.dedupe import REPOST_WINDOW, entry_key
from aggregator.model.feed import FeedEntry
from aggregator.model.source import SourceSpec
from aggregator.store.codec import ENTRY, SOURCE
from aggregator.store.dialect import timed
from aggregator.store.tables import AddressRow, ArticleRow, EntryRow, SightingRow, SourceRow
from aggregator.text import terms

PER_HOST = 10
"""Entries of one host in one claim: their pages are fetched one after the other."""

WITHOUT_HOST = 200
"""Entries that need no page, in one claim."""

_CLAIM = timed(
    """
    UPDATE entry SET lease_until = :until, lease_token = :token WHERE id IN (
        SELECT id FROM (
            SELECT id, due_at, host, row_number() OVER (PARTITION BY host ORDER BY due_at, id) AS place FROM entry
            WHERE state = 'pending' AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
              AND host NOT IN (SELECT host FROM entry WHERE state = 'pending' AND lease_until > :now AND host <> '')
              AND host NOT IN (SELECT host FROM host WHERE throttled_until > :now)
        ) AS due WHERE place <= CASE WHEN host = '' THEN :without_host ELSE :per_host END ORDER BY place, due_at LIMIT :most
    ) RETURNING id, host
    """,
    "now",
    "until",
)


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """A leased entry, ready to become an article. ``known`` is the article that its address or its words already name, if any.

    ``own_page`` is False when its link leads to a page that it shares with others: that says nothing of the entry.
    """

    id: int
    source_id: int
    source: SourceSpec
    entry: FeedEntry
    version: int
    attempts: int
    baseline: bool
    first_seen_at: datetime
    lease_token: str
    known: int | None
    sighted: int | None
    own_page: bool = True
    text_key: str = ""


def claim_pending(session: Session, now: datetime, most: int, lease: timedelta) -> list[tuple[int, ...]]:
    """Lease up to ``most`` pending entries, fairly over hosts: one batch of ids per host, several for those that need no page."""
    values = {"now": now, "until": now + lease, "token": secrets.token_hex(8), "most": most}
    batches: dict[str, list[int]] = {}
    for id_, host in sorted(session.execute(_CLAIM, values | {"per_host": PER_HOST, "without_host": WITHOUT_HOST})):
        batches.setdefault(host or f"-{id_ % 4}", []).append(id_)
    return [tuple(ids) for ids in batches.values()]


def pending_entries(session: Session, ids: Sequence[int]) -> list[PendingEntry]:
    """The leased entries among ``ids``, oldest first, with what is known of them."""
    rows = session.exec(
        select(EntryRow, SourceRow, ArticleRow, SightingRow.article_id)
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
        .outerjoin(AddressRow, (col(AddressRow.url_key) == EntryRow.url_key) & (col(EntryRow.url_key) != ""))
        .outerjoin(ArticleRow, col(ArticleRow.id) == AddressRow.article_id)
        .outerjoin(SightingRow, col(SightingRow.entry_id) == EntryRow.id)
        .where(col(EntryRow.id).in_(ids), EntryRow.state == "pending", col(EntryRow.lease_token).is_not(None))
        .order_by(col(EntryRow.id))
    ).all()
    return [
        PendingEntry(
            id=row.id or 0,
            source_id=row.source_id,
            source=SOURCE.load(source.spec),
            entry=(entry := ENTRY.load_text(row.payload or "{}")),
            text_key=(said := entry_key(entry)),
            version=row.version,
            attempts=row.attempts,
            baseline=row.baseline,
            first_seen_at=row.first_seen_at,
            lease_token=row.lease_token or "",
            known=_known(row, entry, known) or _said_before(session, row, said),
            sighted=sighted,
            own_page=row.url_key != "",
        )
        for row, source, known, sighted in rows
    ]


def _known(row: EntryRow, entry: FeedEntry, found: ArticleRow | None) -> int | None:
    """The article that the address names. Inside one feed the title must agree, too: some feeds link all entries alike."""
    if found is None or (found.source_id == row.source_id and terms(entry.title) != terms(found.title)):
        return None
    return found.id


def _said_before(session: Session, row: EntryRow, said: str) -> int | None:
    """The article of an earlier entry of the same feed that said the same: its page need not be asked for again."""
    if not said:
        return None
    # By the index of what was said: that of sources would be read from end to end, which the sum keeps from being used.
    said_so = (EntryRow.text_key == said, col(EntryRow.text_key) != "")
    mine = (*said_so, col(EntryRow.source_id) + 0 == row.source_id, EntryRow.id != row.id)
    lately = col(EntryRow.first_seen_at) >= row.first_seen_at - REPOST_WINDOW
    found = select(SightingRow.article_id).join(EntryRow, col(EntryRow.id) == SightingRow.entry_id).where(*mine, lately)
    return session.exec(found.order_by(col(SightingRow.article_id)).limit(1)).first()


def release(session: Session, ids: Sequence[int]) -> None:
    """Give leases back without having done anything: the entries stay due."""
    session.execute(update(EntryRow).where(col(EntryRow.id).in_(ids)).values(lease_until=None, lease_token=None))


def finish(session: Session, entry: PendingEntry, error: str = "", retry_at: datetime | None = None) -> bool:
    """Give the entry back: done, or pending again at ``retry_at``. False when it was edited or taken over meanwhile."""
    values: dict[str, Any] = {"lease_until": None, "lease_token": None, "error": error[:300]}
    if retry_at is None:
        values |= {"state": "done", "payload": None, "text_key": entry.text_key}
    else:
        values |= {"due_at": retry_at, "attempts": entry.attempts + 1}
    mine = (col(EntryRow.id) == entry.id, col(EntryRow.lease_token) == entry.lease_token)
    done = session.execute(update(EntryRow).where(*mine, col(EntryRow.version) == entry.version).values(**values))
    if not done.rowcount:  # type: ignore[attr-defined]
        # Edited in the feed while its page was fetched: free it, so that the newer version has its turn.
        session.execute(update(EntryRow).where(*mine).values(lease_until=None, lease_token=None))
    return bool(done.rowcount)  # type: ignore[attr-defined]
