"""Digests: what is owed to a subscription, and freezing it into an issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from aggregator.errors import Conflict, NotFound
from aggregator.model.delivery import DigestIssue, MatchedArticle, Slot, SubscriptionState
from aggregator.store.matches import matched_articles
from aggregator.store.outbox import NewDelivery, enqueue, requeue
from aggregator.store.tables import (
    ArticleRow,
    DeliveryRow,
    DigestEditRow,
    DigestItemRow,
    DigestRow,
    MatchRow,
    RecipientRow,
    RuleRow,
    SourceRow,
    SubscriptionRow,
)


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


def owed_count(session: Session, subscription_id: int) -> int:
    """How many matches are owed to a subscription."""
    mine = (DigestItemRow.subscription_id == subscription_id, col(DigestItemRow.digest_id).is_(None))
    return session.exec(select(func.count()).select_from(DigestItemRow).where(*mine)).one()


def previous_stories(session: Session, subscription_id: int, before: datetime) -> frozenset[int] | None:
    """The ids of the stories that stood in the last digest with a mail that was due before ``before``; None if there was none.

    Of clippings it is those of all rules at that slot. Stories that were put together since count as what they are now.
    """
    mine = (DigestRow.subscription_id == subscription_id, DigestRow.state == "queued")
    last = session.exec(select(func.max(DigestRow.due_at)).where(*mine, col(DigestRow.due_at) < before)).one()
    if last is None:
        return None
    found = session.exec(
        select(ArticleRow.story_id)
        .distinct()
        .join(MatchRow, col(MatchRow.article_id) == ArticleRow.id)
        .join(DigestItemRow, col(DigestItemRow.match_id) == MatchRow.id)
        .join(DigestRow, col(DigestRow.id) == DigestItemRow.digest_id)
        .where(*mine, DigestRow.due_at == last)
    )
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class DigestLine:
    """A digest as it went out, or did not. ``delivery_id`` is None for one without a mail; ``sent_at`` until it is sent."""

    id: int
    subscription: str
    address: str
    day: date
    at: time
    rule: str
    state: str
    window: tuple[datetime, datetime]
    matches: int
    articles: int
    stories: int
    delivery_id: int | None
    delivery_state: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class FrozenDigest:
    """A digest with what stood in it. ``message`` is the mail as it went out; empty without one, or when it is no longer kept."""

    line: DigestLine
    items: tuple[MatchedArticle, ...]
    edits: int
    message: bytes


def history(session: Session, most: int, subscription: str = "", slot: Slot | None = None) -> list[DigestLine]:
    """The newest digests, newest first: of all subscriptions or of one (its slug), and of one slot of it."""
    where = [SubscriptionRow.slug == subscription] if subscription else []
    where += [DigestRow.slot_day == slot.day, DigestRow.slot_time == slot.at] if slot else []
    return [_line(*row) for row in session.execute(_lines().where(*where).limit(most)).all()]


def frozen(session: Session, digest_id: int) -> FrozenDigest:
    """A digest as it was frozen. Raises NotFound."""
    row = session.execute(_lines().where(DigestRow.id == digest_id)).first()
    if row is None:
        raise NotFound(f"there is no digest {digest_id}; see `aggregator digest list`")
    line = _line(*row)
    ids = session.exec(select(DigestItemRow.match_id).where(DigestItemRow.digest_id == digest_id)).all()
    edits = session.exec(select(func.count()).select_from(DigestEditRow).where(DigestEditRow.digest_id == digest_id)).one()
    message = b"" if line.delivery_id is None else session.get_one(DeliveryRow, line.delivery_id).message
    return FrozenDigest(line, tuple(matched_articles(session, ids)), edits, message)


def _lines() -> Any:
    return (
        select(  # type: ignore[call-overload]
            DigestRow, SubscriptionRow.slug, RecipientRow.spec, DeliveryRow.id, DeliveryRow.state, DeliveryRow.sent_at
        )
        .join(SubscriptionRow, col(SubscriptionRow.id) == DigestRow.subscription_id)
        .join(RecipientRow, col(RecipientRow.id) == SubscriptionRow.recipient_id)
        .outerjoin(DeliveryRow, col(DeliveryRow.digest_id) == DigestRow.id)
        .order_by(col(DigestRow.due_at).desc(), col(DigestRow.id).desc())
    )


def _line(
    row: DigestRow, slug: str, reader: dict[str, Any], delivery_id: int | None, state: str | None, sent_at: datetime | None
) -> DigestLine:
    return DigestLine(
        row.id or 0, slug, reader["address"], row.slot_day, row.slot_time, row.rule, row.state,
        (row.window_start, row.window_end), row.matches, row.articles, row.stories, delivery_id, state or "", sent_at,
    )  # fmt: skip


def send_again(session: Session, digest_id: int, now: datetime) -> int:
    """Put the mail of a digest into the outbox again: the same message, with the same Message-ID. Returns the delivery's id.

    Raises Conflict for one without a mail, one that gave its items back, one whose mail is no longer kept or in hand just now.
    """
    line = frozen(session, digest_id).line
    if line.delivery_id is None:
        raise Conflict(f"digest {digest_id} had nothing to tell, and has no mail")
    row = session.get_one(DeliveryRow, line.delivery_id)
    if line.state == "failed":
        raise Conflict(f"digest {digest_id} could not be delivered, and its items went to the next one")
    if not row.message:
        raise Conflict(f"the mail of digest {digest_id} is no longer kept: see [retention] in aggregator.toml")
    requeue(session, row, now)
    return line.delivery_id


def matches_between(
    session: Session, bounds: Sequence[tuple[datetime, datetime]], groups: Sequence[str] = ()
) -> dict[str, tuple[int, ...]]:
    """How many matches each rule had in each of the half-open spans, of articles by sources of these groups (none: of all)."""
    counts: dict[str, list[int]] = {}
    for place, (start, end) in enumerate(bounds):
        counted = (
            select(RuleRow.slug, func.count())
            .join(MatchRow, col(MatchRow.rule_id) == RuleRow.id)
            .where(col(MatchRow.matched_at) >= start, col(MatchRow.matched_at) < end, col(MatchRow.suppressed) == "")
            .group_by(col(RuleRow.slug))
        )
        if groups:
            counted = counted.join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id).join(
                SourceRow, (col(SourceRow.id) == ArticleRow.source_id) & col(SourceRow.outlet_group).in_(groups)
            )
        for slug, count in session.exec(counted):
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
    subscription is not active (any more).
    """
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.state != SubscriptionState.ACTIVE or row.removed_at is not None:
        raise Conflict(f"subscription {row.slug!r} is {'removed' if row.removed_at else row.state}: no digest goes out")
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
    if mail is not None and enqueue(session, replace(mail, digest_id=digest_id), now) is None:
        raise Conflict(f"a digest of {slot.day} {slot.at:%H:%M:%S} is in the outbox already")
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
