"""Backup, figures and pruning."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, text, update
from sqlmodel import Session, SQLModel, col, select

from aggregator.errors import StoreError
from aggregator.model.delivery import SubscriptionState
from aggregator.store.dialect import moved
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    AttemptRow,
    ChannelEventRow,
    DeliveryRow,
    DigestRow,
    EntryRow,
    FetchRow,
    GapRow,
    HostRow,
    MatchRow,
    PageBodyRow,
    PageRow,
    PresenceRow,
    RecheckRow,
    RecipientRow,
    RevisionRow,
    RuleRow,
    SightingRow,
    SourceRow,
    StoryRow,
    SubscriptionRow,
)

_PLANNED = (
    ("source", "next_poll_at allowed_at lease_until", "removed_at IS NULL"),
    ("host", "throttled_until", "throttled_until IS NOT NULL"),
    ("entry", "due_at lease_until", "state = 'pending'"),
    ("alert", "due_at", "state IN ('waiting', 'held')"),
    ("notice", "escalate_at", "escalate_at IS NOT NULL AND escalated_at IS NULL"),
    ("delivery", "due_at lease_until", "state IN ('due', 'unknown')"),
    ("websub", "due_at lease_until", "source_id IS NOT NULL"),
    ("push", "lease_until", "lease_until IS NOT NULL"),
    ("recheck", "due_at lease_until", "due_at IS NOT NULL"),
    ("channel", "paused_until lease_until", "removed_at IS NULL"),
    ("channel_event", "due_at", "state = 'due'"),
)
"""Where instants stand that are yet to come: table, columns, and which rows still wait."""


def shift(session: Session, by: timedelta) -> None:
    """The clock was set: move every planned instant with it, so that nothing waits for hours that have passed already."""
    for table, columns, waiting in _PLANNED:
        later = ", ".join(f"{name} = {moved(session, name)}" for name in columns.split())
        session.execute(text(f"UPDATE {table} SET {later} WHERE {waiting}"), {"by": f"{by.total_seconds():+.3f} seconds"})  # noqa: S608


@dataclass(frozen=True, slots=True)
class Stats:
    """How much there is of everything, and what waits.

    ``missed`` is about how many entries scrolled out of feeds unseen, in ``gaps`` gaps; ``moved`` sources are polled at another
    address than the configured one, or rest because another is; ``throttled`` hosts asked us to come less often, and have not
    answered well since. ``pages`` are kept as they came, in ``page_bytes`` of store; ``rechecks`` pages will be asked for again,
    ``withdrawn`` articles have a page no more; ``unmatched`` ones wait for the rules. ``unmade`` subscriptions are owed a mail
    that cannot be made.
    """

    sources: int
    failing: int
    moved: int
    throttled: int
    gaps: int
    missed: int
    entries: int
    pending: int
    articles: int
    sightings: int
    revisions: int
    withdrawn: int
    pages: int
    page_bytes: int
    rechecks: int
    stories: int
    rules: int
    matches: int
    alerts: int
    recipients: int
    digests: int
    deliveries: int
    undelivered: int
    unmade: int
    unmatched: int


def stats(session: Session) -> Stats:
    """Count everything."""
    active = col(SourceRow.removed_at).is_(None)
    wanted = (col(SubscriptionRow.removed_at).is_(None), SubscriptionRow.state != SubscriptionState.STOPPED)

    def count(table: type[SQLModel], *where: Any) -> int:
        return session.exec(select(func.count()).select_from(table).where(*where)).one()

    return Stats(
        sources=count(SourceRow, active),
        failing=count(SourceRow, active, col(SourceRow.failing_since).is_not(None)),
        moved=count(SourceRow, active, col(SourceRow.moved_to).is_not(None) | col(SourceRow.merged_into).is_not(None)),
        throttled=count(HostRow, col(HostRow.throttled_until).is_not(None)),
        gaps=count(GapRow),
        missed=session.exec(select(func.coalesce(func.sum(GapRow.estimate), 0))).one(),
        entries=count(EntryRow),
        pending=count(EntryRow, EntryRow.state == "pending"),
        articles=count(ArticleRow),
        sightings=count(SightingRow),
        revisions=count(RevisionRow),
        withdrawn=count(ArticleRow, col(ArticleRow.withdrawn_at).is_not(None)),
        pages=count(PageRow),
        page_bytes=session.exec(select(func.coalesce(func.sum(PageBodyRow.stored), 0))).one(),
        rechecks=count(RecheckRow, col(RecheckRow.due_at).is_not(None)),
        stories=count(StoryRow),
        rules=count(RuleRow, col(RuleRow.removed_at).is_(None)),
        matches=count(MatchRow),
        alerts=count(AlertRow, AlertRow.state == "sent"),
        recipients=count(RecipientRow, col(RecipientRow.removed_at).is_(None)),
        digests=count(DigestRow, DigestRow.state == "queued"),
        deliveries=count(DeliveryRow, DeliveryRow.state == "sent"),
        undelivered=count(DeliveryRow, DeliveryRow.state != "sent"),
        unmatched=count(ArticleRow, col(ArticleRow.match_due).is_(True)),
        unmade=count(SubscriptionRow, *wanted, col(SubscriptionRow.failing_since).is_not(None)),
    )


def backup(path: Path, target: Path) -> int:
    """Copy a live store into a new file, consistently, beside running writers. Returns its size in bytes.

    ``VACUUM INTO`` reads in one transaction; a stepped ``.backup()`` would start anew with every write.
    Raises StoreError when the target exists.
    """
    if target.exists():
        raise StoreError(f"{target} exists already: name a file that does not, so that no backup is overwritten.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    return target.stat().st_size


def prune(session: Session, fetches_before: datetime, messages_before: datetime) -> tuple[int, int]:
    """Drop the log of old fetches, old events of channels, and the bodies of messages that were sent, or given up, long ago.

    The rows of messages stay: they are the accounting.
    """
    session.execute(delete(PresenceRow).where(col(PresenceRow.seen_at) < fetches_before))
    fetches = session.execute(delete(FetchRow).where(col(FetchRow.at) < fetches_before)).rowcount  # type: ignore[attr-defined]
    done = func.coalesce(DeliveryRow.sent_at, DeliveryRow.created_at)
    old = (col(DeliveryRow.state).in_(("sent", "failed")), done < messages_before, func.length(DeliveryRow.message) > 0)
    messages = session.execute(update(DeliveryRow).where(*old).values(message=b"")).rowcount  # type: ignore[attr-defined]
    session.execute(delete(AttemptRow).where(col(AttemptRow.at) < messages_before))
    session.execute(delete(ChannelEventRow).where(col(ChannelEventRow.created_at) < messages_before))
    return fetches, messages


def answers(session: Session) -> bool:
    """Whether the store can be read: anything else raises."""
    return bool(session.execute(text("SELECT 1")).scalar_one())
