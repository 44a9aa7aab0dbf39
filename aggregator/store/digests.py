"""Digests: what is owed to a reader, and freezing it into an issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from aggregator.errors import Conflict, NotFound
from aggregator.model.delivery import DigestIssue, MatchedArticle, Slot
from aggregator.store.matches import matched_articles
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import DigestEditRow, DigestItemRow, DigestRow, MatchRow, RecipientRow, RuleRow


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a reader's digests stand: the last slot that is decided on, and the instant up to which digests account.

    The two differ when the last ones were given up, or skipped after an outage: what they would have told is still owed.
    """

    recipient_id: int
    last: Slot | None
    covered_until: datetime
    suppressed: str


def standing(session: Session, recipient: str) -> Standing:
    """Where a reader's digests stand. Raises NotFound for somebody who is not applied yet."""
    row = session.exec(select(RecipientRow).where(RecipientRow.slug == recipient, col(RecipientRow.removed_at).is_(None))).first()
    if row is None or row.id is None:
        raise NotFound(f"there is no recipient {recipient!r} in the store; run `aggregator apply` first")
    mine = select(DigestRow).where(DigestRow.recipient_id == row.id).order_by(col(DigestRow.window_end).desc()).limit(1)
    newest = session.exec(mine).first()
    told = session.exec(mine.where(col(DigestRow.state).in_(("queued", "empty")))).first()
    last = Slot(newest.slot_day, newest.slot_time, newest.window_end) if newest else None
    # Who was taken away and came back begins anew.
    covered = max(told.window_end, row.created_at) if told else row.created_at
    return Standing(row.id, last, covered, row.suppressed)


def owed(session: Session, recipient_id: int, until: datetime) -> list[MatchedArticle]:
    """Every match that no digest has given to this reader yet, found before ``until``."""
    ids = session.exec(
        select(MatchRow.id)
        .join(DigestItemRow, col(DigestItemRow.match_id) == MatchRow.id)
        .where(
            DigestItemRow.recipient_id == recipient_id, col(DigestItemRow.digest_id).is_(None), col(MatchRow.matched_at) < until
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
    recipient_id: int,
    slot: Slot,
    window: tuple[datetime, datetime],
    issue: DigestIssue,
    mail: NewDelivery | None,
    now: datetime,
    *,
    skip: bool = False,
) -> int:
    """Record a digest, tie its items to it and put its mail into the outbox, in one transaction. Returns the digest's id.

    Without a mail the slot is recorded as empty; or as skipped (``skip``), so that the next one accounts for its time, too.
    Raises Conflict when the slot has its digest, or an item was given meanwhile.
    """
    state = "queued" if mail else "skipped" if skip else "empty"
    values = {"recipient_id": recipient_id, "slot_day": slot.day, "slot_time": slot.at, "window_start": window[0]}
    values |= {"window_end": window[1], "state": state, "matches": len(issue.match_ids)}
    values |= {"articles": issue.articles, "stories": issue.stories}
    try:
        digest_id: int = session.execute(insert(DigestRow).values(**values).returning(col(DigestRow.id))).scalar_one()
    except IntegrityError:
        raise Conflict(f"the digest of {slot.day} {slot.at:%H:%M} exists already") from None
    _give(session, DigestItemRow, col(DigestItemRow.match_id), issue.match_ids, recipient_id, digest_id)
    _give(session, DigestEditRow, col(DigestEditRow.edit_id), issue.edit_ids, recipient_id, digest_id)
    if mail is not None:
        enqueue(
            session, NewDelivery(**{name: getattr(mail, name) for name in NewDelivery.__slots__} | {"digest_id": digest_id}), now
        )
    return digest_id


def _give(
    session: Session, ledger: type[DigestItemRow | DigestEditRow], key: Any, ids: Sequence[int], recipient_id: int, digest_id: int
) -> None:
    """Tie what is owed to its digest. Raises Conflict when part of it was given meanwhile."""
    given = 0
    for start in range(0, len(ids), 500):
        owed = (
            col(ledger.recipient_id) == recipient_id,
            key.in_(ids[start : start + 500]),
            col(ledger.digest_id).is_(None),
        )
        given += session.execute(update(ledger).where(*owed).values(digest_id=digest_id)).rowcount  # type: ignore[attr-defined]
    if given != len(ids):
        raise Conflict("a part of this digest was given to the reader meanwhile")
