"""Digests: what is owed to a subscription, and freezing it into an issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from aggregator.errors import Conflict
from aggregator.model.delivery import DigestIssue, MatchedArticle, Slot, SubscriptionState
from aggregator.store.matches import matched_articles
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import DigestEditRow, DigestItemRow, DigestRow, MatchRow, RuleRow, SubscriptionRow


@dataclass(frozen=True, slots=True)
class Run:
    """One digest of a slot with its mail, None when nothing is sent. ``rule`` is a clipping's rule, "" for a digest of all."""

    issue: DigestIssue
    mail: NewDelivery | None
    rule: str = ""


def owed(session: Session, subscription_id: int, until: datetime) -> list[MatchedArticle]:
    """Every match that no digest has given to this subscription yet, found before ``until``."""
    ids = session.exec(
        select(MatchRow.id)
        .join(DigestItemRow, col(DigestItemRow.match_id) == MatchRow.id)
        .where(
            DigestItemRow.subscription_id == subscription_id,
            col(DigestItemRow.digest_id).is_(None),
            col(MatchRow.matched_at) < until,
        )
    ).all()
    return matched_articles(session, [id_ for id_ in ids if id_ is not None])


def matches_between(session: Session, bounds: Sequence[tuple[datetime, datetime]]) -> dict[str, tuple[int, ...]]:
    """How many matches each rule had in each of the half-open spans."""
    counts: dict[str, list[int]] = {}
    for place, (start, end) in enumerate(bounds):
        found = session.exec(
            select(RuleRow.slug, func.count())
            .join(MatchRow, col(MatchRow.rule_id) == RuleRow.id)
            .where(col(MatchRow.matched_at) >= start, col(MatchRow.matched_at) < end, col(MatchRow.suppressed) == "")
            .group_by(col(RuleRow.slug))
        )
        for slug, count in found:
            counts.setdefault(slug, [0] * len(bounds))[place] = count
    return {slug: tuple(row) for slug, row in counts.items()}


def freeze(
    session: Session,
    subscription_id: int,
    slot: Slot,
    window: tuple[datetime, datetime],
    runs: Sequence[Run],
    now: datetime,
) -> list[int]:
    """Record what a slot came to, tie the items to it and put the mails into the outbox, all in one transaction. Returns the ids.

    A run without a mail is recorded as empty. Raises Conflict when the slot has its digest, an item was given meanwhile, or the
    subscription ended meanwhile.
    """
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.state != SubscriptionState.ACTIVE or row.removed_at is not None:
        raise Conflict(f"subscription {row.slug!r} ended meanwhile: no digest goes out")
    return [_freeze(session, subscription_id, slot, window, run, now) for run in runs]


def _freeze(
    session: Session, subscription_id: int, slot: Slot, window: tuple[datetime, datetime], run: Run, now: datetime
) -> int:
    issue, mail = run.issue, run.mail
    values = {"subscription_id": subscription_id, "slot_day": slot.day, "slot_time": slot.at, "rule": run.rule}
    values |= {"due_at": slot.due_at, "window_start": window[0], "window_end": window[1], "matches": len(issue.match_ids)}
    values |= {"state": "queued" if mail else "empty", "articles": issue.articles, "stories": issue.stories}
    try:
        digest_id: int = session.execute(insert(DigestRow).values(**values).returning(col(DigestRow.id))).scalar_one()
    except IntegrityError:
        raise Conflict(f"the digest of {slot.day} {slot.at:%H:%M} exists already") from None
    _give(session, DigestItemRow, col(DigestItemRow.match_id), issue.match_ids, subscription_id, digest_id)
    _give(session, DigestEditRow, col(DigestEditRow.edit_id), issue.edit_ids, subscription_id, digest_id)
    if mail is not None:
        enqueue(session, replace(mail, digest_id=digest_id), now)
    return digest_id


def _give(
    session: Session,
    ledger: type[DigestItemRow | DigestEditRow],
    key: Any,
    ids: Sequence[int],
    subscription_id: int,
    digest_id: int,
) -> None:
    """Tie what is owed to its digest. Raises Conflict when part of it was given meanwhile."""
    given = 0
    for start in range(0, len(ids), 500):
        owed = (
            col(ledger.subscription_id) == subscription_id,
            key.in_(ids[start : start + 500]),
            col(ledger.digest_id).is_(None),
        )
        given += session.execute(update(ledger).where(*owed).values(digest_id=digest_id)).rowcount  # type: ignore[attr-defined]
    if given != len(ids):
        raise Conflict("a part of this digest was given to the reader meanwhile")
