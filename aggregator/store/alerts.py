"""Alerts: what waits for a reader with what he was told before, and a plan for him made true in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, update
from sqlalchemy import select as columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from aggregator.errors import Conflict
from aggregator.model.alert import AlertState, Earlier, Past, Pending, Ruling, Why
from aggregator.model.delivery import SubscriptionState
from aggregator.model.rule import Lane, Priority
from aggregator.store.dialect import one_of
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    DigestItemRow,
    MatchRow,
    NoticeRow,
    RecipientRow,
    RuleRow,
    SourceRow,
    StormNoticeRow,
    SubscriptionRow,
)

HOUR = timedelta(hours=1)
_OPEN = (AlertState.WAITING.value, AlertState.HELD.value)


def is_open() -> ColumnElement[bool]:
    """That a match is still to be decided on."""
    return one_of(AlertRow.state, _OPEN)


_BEFORE = (Why.FIRST_POLL.value, Why.BACK_FILL.value, Why.NEW_RULE.value)
_LEGACY = -1
"""The mail of what an older version told."""

_STORY = (
    select(ArticleRow.story_id)
    .join(MatchRow, col(MatchRow.article_id) == ArticleRow.id)
    .where(MatchRow.id == AlertRow.match_id)
    .correlate(AlertRow.__table__)  # type: ignore[attr-defined]
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of whom something waits. ``rests``: why mail to him rests; ``number``: how many notices he was sent."""

    id: int
    slug: str
    rests: str
    number: int
    removed: bool


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice about to be recorded: its mail, the alerts (ids) that it tells in full, and what it says of others.

    ``storms`` are those that it tells of; ``rule`` (slug) wants an answer until ``escalate_at``.
    """

    kind: str
    priority: Priority
    mail: NewDelivery
    told: tuple[int, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    storms: tuple[int, ...] = ()
    rule: str = ""
    escalate_at: datetime | None = None


def due_readers(session: Session, now: datetime) -> list[Reader]:
    """Everyone of whom something is to be decided at ``now``."""
    due = select(AlertRow.recipient_id).where(is_open(), col(AlertRow.due_at) <= now).distinct()
    number = select(func.max(NoticeRow.number)).where(NoticeRow.recipient_id == RecipientRow.id).scalar_subquery()
    statement = select(RecipientRow, number).where(col(RecipientRow.id).in_(due)).order_by(col(RecipientRow.id))
    return [
        Reader(row.id or 0, row.slug, row.suppressed or row.alerts_stopped, sent or 0, row.removed_at is not None)
        for row, sent in session.exec(statement)
    ]


def pending(session: Session, recipient_id: int, now: datetime) -> list[Pending]:
    """Everything that waits for a reader, with where its articles stand now; but for what is put off to later than ``now``."""
    fresh = (col(AlertRow.state) == AlertState.WAITING) & (col(AlertRow.why) == "")
    rows = session.execute(
        _placed(col(AlertRow.recipient_id) == recipient_id).where(is_open(), fresh | (col(AlertRow.due_at) <= now))
    ).all()
    owed = _owed(session, recipient_id, [row.match_id for row, *_ in rows])
    return [
        Pending(
            id=row.id or 0,
            match_id=row.match_id,
            rule=rule,
            story=story,
            text=text or 0,
            source=source,
            lane=Lane(row.lane),
            priority=Priority(row.priority),
            state=AlertState(row.state),
            why=Why(row.why),
            due_at=row.due_at,
            matched_at=matched_at,
            in_digest=row.match_id in owed,
            digest=owed.get(row.match_id, 0),
        )
        for row, rule, story, text, source, matched_at in rows
    ]


def _placed(mine: ColumnElement[bool]) -> Select[AlertRow, str, int, int | None, str, datetime]:
    """Alerts (``mine`` says whose), each with its rule, its story and text, its source, and when it matched."""
    return (
        columns(
            AlertRow, col(RuleRow.slug), col(ArticleRow.story_id), col(ArticleRow.group_id), col(SourceRow.slug),
            col(MatchRow.matched_at),
        )
        .join(MatchRow, col(MatchRow.id) == AlertRow.match_id)
        .join(RuleRow, col(RuleRow.id) == MatchRow.rule_id)
        .join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
        .join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
        .where(mine)
        .order_by(col(AlertRow.id))
    )  # fmt: skip


def _owed(session: Session, recipient_id: int, match_ids: Sequence[int]) -> dict[int, int]:
    """Those matches that a digest gives, or gave, to the reader: the last one that did (its id), or 0."""
    match, digest = col(DigestItemRow.match_id), col(DigestItemRow.digest_id)
    there = (col(SubscriptionRow.state) == SubscriptionState.ACTIVE) & col(SubscriptionRow.removed_at).is_(None)
    mine = (
        select(match, func.max(func.coalesce(digest, 0)))
        .join(SubscriptionRow, col(SubscriptionRow.id) == DigestItemRow.subscription_id)
        .where(SubscriptionRow.recipient_id == recipient_id, digest.is_not(None) | there)
        .group_by(match)
    )
    found: dict[int, int] = {}
    for start in range(0, len(match_ids), 500):
        found.update(session.exec(mine.where(match.in_(match_ids[start : start + 500]))).all())
    return found


def past(session: Session, recipient_id: int, stories: Collection[int], now: datetime) -> Past:
    """What a reader was sent within the hour, and what became of these stories' matches before."""
    recent = (NoticeRow.recipient_id == recipient_id, col(NoticeRow.created_at) > now - HOUR)
    mails = session.exec(select(NoticeRow.created_at).where(*recent)).all()
    told = session.exec(
        select(RuleRow.slug, ArticleRow.story_id, func.max(NoticeRow.created_at))
        .join(MatchRow, col(MatchRow.rule_id) == RuleRow.id)
        .join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
        .join(AlertRow, col(AlertRow.match_id) == MatchRow.id)
        .join(NoticeRow, col(NoticeRow.id) == AlertRow.notice_id)
        .where(*recent, AlertRow.state == AlertState.SENT, AlertRow.lane == Lane.NOW)
        .group_by(col(RuleRow.slug), col(ArticleRow.story_id))
    )
    within: defaultdict[str, list[datetime]] = defaultdict(list)
    for rule, _, at in told:
        within[rule].append(at)
    return Past(tuple(mails), {rule: tuple(times) for rule, times in within.items()}, _earlier(session, recipient_id, stories))


def _earlier(session: Session, recipient_id: int, stories: Collection[int]) -> tuple[Earlier, ...]:
    """What is in these stories now, and what was told as one of them and is elsewhere since."""
    # By the stories: the reader's rows are all that he was ever told, and without statistics SQLite would read them.
    statement = _placed(col(AlertRow.recipient_id) + 0 == recipient_id).where(~is_open())
    ids, found = sorted(stories), list[Earlier]()
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        for row, rule, story, text, source, _ in session.execute(statement.where(col(ArticleRow.story_id).in_(some))):
            found.append(_one_earlier(row, rule, story, text or 0, source))
        moved = (col(AlertRow.story_id).in_(some), col(AlertRow.story_id) != ArticleRow.story_id)
        for row, rule, _, text, source, _ in session.execute(statement.where(*moved)):
            found.append(_one_earlier(row, rule, row.story_id or 0, text or 0, source))
    return tuple(found)


def _one_earlier(row: AlertRow, rule: str, story: int, text: int, source: str) -> Earlier:
    full = row.state == AlertState.SENT
    notice = (row.notice_id or (_LEGACY if full else 0)) if full or row.why in (Why.STORM, Why.RENUMBERED) else 0
    at, before = row.decided_at or row.created_at, row.why in _BEFORE
    return Earlier(rule, story, text, source, row.match_id, notice, at, told=full, before=before)


def dispatch(
    session: Session, reader: Reader, rulings: Sequence[Ruling], notices: Sequence[NewNotice], now: datetime
) -> tuple[int, ...]:
    """Make a plan true: the notices with their mails in the outbox, and every ruling. Returns the notices' ids.

    Raises Conflict when somebody else has decided for this reader meanwhile, or mail to him rests since, or no more; then
    nothing is changed.
    """
    check_unchanged(session, reader.id, reader.rests, removed=reader.removed)
    ids = []
    for number, notice in enumerate(notices, reader.number + 1):
        notice_id = record_notice(session, reader.id, number, notice, now)
        ids.append(notice_id)
        _settle(session, notice.told, now, state=AlertState.SENT.value, why="", detail="", notice_id=notice_id, story_id=_STORY)
        _rule(session, notice.rulings, now, notice_id)
        for storm in notice.storms:
            session.execute(insert(StormNoticeRow).values(recipient_id=reader.id, storm_id=storm, notice_id=notice_id))
    _rule(session, rulings, now, None)
    return tuple(ids)


def check_unchanged(session: Session, recipient_id: int, rests: str = "", *, removed: bool = False) -> None:
    """Raises Conflict when a reader is not as he was when his mail was written: gone, or stopped, or back again."""
    row = session.get_one(RecipientRow, recipient_id)
    if (row.suppressed or row.alerts_stopped, row.removed_at is not None) != (rests, removed):
        raise Conflict(f"the reader {row.slug!r} was changed meanwhile")


def record_notice(session: Session, recipient_id: int, number: int, notice: NewNotice, now: datetime, **more: Any) -> int:
    """A notice and its mail. Raises Conflict when the reader has one of this number."""
    rule = session.exec(select(RuleRow.id).where(RuleRow.slug == notice.rule)).first() if notice.rule else None
    values = {"recipient_id": recipient_id, "number": number, "kind": notice.kind, "priority": notice.priority.value}
    values |= {"rule_id": rule, "created_at": now, "escalate_at": notice.escalate_at, "step": 0, "escalated": ""} | more
    values |= {"acknowledged_by": "", "delivery_id": enqueue(session, notice.mail, now)}
    if values["delivery_id"] is None:
        raise Conflict("an alert was queued by somebody else")
    try:
        id_: int = session.execute(insert(NoticeRow).values(**values).returning(col(NoticeRow.id))).scalar_one()
    except IntegrityError:
        raise Conflict("an alert was decided on by somebody else") from None
    return id_


def _rule(session: Session, rulings: Sequence[Ruling], now: datetime, notice_id: int | None) -> None:
    alike: defaultdict[Any, list[int]] = defaultdict(list)
    for ruling in rulings:
        alike[ruling.state, ruling.why, ruling.detail, ruling.due_at, ruling.notice or notice_id].append(ruling.id)
    for (state, why, detail, due_at, notice), ids in alike.items():
        final = state is AlertState.SUPPRESSED
        values = {"state": state.value, "why": why.value, "detail": detail, "notice_id": notice if final else None}
        _settle(session, ids, now if final else None, **values | ({"due_at": due_at} if due_at else {}))


def _settle(session: Session, ids: Sequence[int], at: datetime | None, **values: Any) -> None:
    done = 0
    for start in range(0, len(ids), 500):
        mine = (col(AlertRow.id).in_(ids[start : start + 500]), is_open())
        done += session.execute(update(AlertRow).where(*mine).values(decided_at=at, **values)).rowcount  # type: ignore[attr-defined]
    if done != len(ids):
        raise Conflict("an alert was decided on by somebody else")
