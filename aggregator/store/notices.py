"""Notices: the mails of alerts as they are listed, acknowledged, and handed on to the next reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from aggregator.errors import Conflict, NotFound
from aggregator.model.alert import AlertState, Why
from aggregator.store.alerts import NewNotice, check_unchanged, is_open, record_notice
from aggregator.store.dialect import upsert
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    DeliveryRow,
    MatchRow,
    NoticeRow,
    RecipientRow,
    RuleRow,
    SourceRow,
)


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice in a list. ``told`` matches stand in it in full, ``counted`` only as a number. ``rule`` if it wants an answer."""

    id: int
    kind: str
    recipient: str
    created_at: datetime
    priority: str
    rule: str
    subject: str
    delivery_id: int | None
    delivery: str
    told: int
    counted: int
    escalate_at: datetime | None
    escalated_at: datetime | None
    escalated: str
    acknowledged_at: datetime | None
    acknowledged_by: str


@dataclass(frozen=True, slots=True)
class AlertLine:
    """A match on its way to a reader, as it is listed."""

    id: int
    recipient: str
    rule: str
    article_id: int
    story_id: int
    title: str
    outlet: str
    state: str
    why: str
    detail: str
    created_at: datetime
    due_at: datetime
    notice_id: int | None


@dataclass(frozen=True, slots=True)
class Linked:
    """The notice behind a link, and its reader with his language and zone."""

    notice_id: int
    recipient: str
    subject: str
    language: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A notice that nobody acknowledged in time, with its matches. ``step`` readers of the rule's chain had their turn."""

    id: int
    recipient: str
    rule: str
    step: int
    match_ids: tuple[int, ...]


def listing(session: Session, most: int, recipient: str = "") -> list[NoticeLine]:
    """The newest notices, newest first; of one reader (slug), if so asked."""
    statement = _lines().order_by(col(NoticeRow.id).desc()).limit(most)
    if recipient:
        statement = statement.where(col(RecipientRow.slug) == recipient)
    return [_line(session, *row) for row in session.execute(statement)]


def show(session: Session, notice_id: int) -> tuple[NoticeLine, list[AlertLine]]:
    """A notice and every match that it tells of, or counts. Raises NotFound."""
    return _noticed(session, notice_id), _alerts(session, col(AlertRow.notice_id) == notice_id)


def _noticed(session: Session, notice_id: int) -> NoticeLine:
    row = session.execute(_lines().where(col(NoticeRow.id) == notice_id)).first()
    if row is None:
        raise NotFound(f"there is no alert {notice_id}; see `aggregator alert list`")
    return _line(session, *row)


def waiting(session: Session, most: int, recipient: str = "") -> list[AlertLine]:
    """What waits or is held, what comes next first."""
    return _alerts(session, is_open(), *([col(RecipientRow.slug) == recipient] if recipient else []), most=most)


def acknowledge(session: Session, notice_id: int, by: str, now: datetime) -> NoticeLine:
    """Note that somebody has seen to a notice; it escalates no more. Again changes nothing. Raises NotFound."""
    row = session.get(NoticeRow, notice_id)
    if row is not None and row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = now, by[:200]
        session.add(row)
        session.flush()
    return _noticed(session, notice_id)


def linked(session: Session, number: int) -> Linked | None:
    """What a link's number leads to: the notice whose delivery bears it; None if there is none."""
    statement = (
        columns(col(NoticeRow.id), col(DeliveryRow.subject), RecipientRow)
        .join(DeliveryRow, col(DeliveryRow.id) == NoticeRow.delivery_id)
        .join(RecipientRow, col(RecipientRow.id) == NoticeRow.recipient_id)
        .where(col(DeliveryRow.number) == number)
    )
    row = session.execute(statement).first()
    if row is None:
        return None
    id_, subject, reader = row
    return Linked(id_, reader.slug, subject, reader.spec.get("language", "en"), reader.spec.get("timezone", "UTC"))


def unanswered(session: Session, now: datetime) -> list[Unanswered]:
    """The notices whose time is over. A match counts as acknowledged when any reader's notice that tells of it is."""
    due = (col(NoticeRow.escalate_at) <= now, col(NoticeRow.escalated_at).is_(None), col(NoticeRow.acknowledged_at).is_(None))
    rows = session.exec(
        select(NoticeRow, RecipientRow.slug, RuleRow.slug)
        .join(RecipientRow, col(RecipientRow.id) == NoticeRow.recipient_id)
        .join(RuleRow, col(RuleRow.id) == NoticeRow.rule_id)
        .where(*due)
        .order_by(col(NoticeRow.escalate_at), col(NoticeRow.id))
    ).all()
    return [Unanswered(row.id or 0, reader, rule, row.step, _open_matches(session, row)) for row, reader, rule in rows]


def _open_matches(session: Session, notice: NoticeRow) -> tuple[int, ...]:
    other = aliased(AlertRow)
    seen = (
        select(other.id)
        .join(NoticeRow, col(NoticeRow.id) == other.notice_id)
        .where(other.match_id == AlertRow.match_id, col(NoticeRow.acknowledged_at).is_not(None))
        .where(NoticeRow.rule_id == notice.rule_id)
        .correlate(AlertRow)
    )
    mine = (AlertRow.notice_id == notice.id, AlertRow.state == AlertState.SENT, ~seen.exists())
    return tuple(session.exec(select(AlertRow.match_id).where(*mine).order_by(col(AlertRow.match_id))).all())


def told_of(session: Session, recipient: str, match_ids: tuple[int, ...]) -> tuple[str, ...]:
    """By which kinds of notices a reader knows of all of these matches; empty if there is one that he does not know of."""
    rows = session.exec(
        select(AlertRow.match_id, NoticeRow.kind)
        .join(NoticeRow, col(NoticeRow.id) == AlertRow.notice_id)
        .join(RecipientRow, col(RecipientRow.id) == AlertRow.recipient_id)
        .where(RecipientRow.slug == recipient, AlertRow.state == AlertState.SENT, col(AlertRow.match_id).in_(match_ids))
    ).all()
    return tuple(sorted({kind for _, kind in rows})) if {id_ for id_, _ in rows} == set(match_ids) else ()


def place(session: Session, recipient: str) -> tuple[int, int, str] | None:
    """A reader's id, how many notices he had, and why mail to him rests; None if he is not there."""
    row = session.exec(select(RecipientRow).where(RecipientRow.slug == recipient, col(RecipientRow.removed_at).is_(None))).first()
    if row is None or row.id is None:
        return None
    number = session.exec(select(func.max(NoticeRow.number)).where(NoticeRow.recipient_id == row.id)).one()
    return row.id, number or 0, row.suppressed or row.alerts_stopped


def close(session: Session, notice_id: int, to: str, now: datetime) -> None:
    """Note that a notice has escalated, to a reader or, "", to nobody. Raises Conflict if it was seen to meanwhile."""
    mine = (col(NoticeRow.id) == notice_id, col(NoticeRow.escalated_at).is_(None), col(NoticeRow.acknowledged_at).is_(None))
    done = session.execute(update(NoticeRow).where(*mine).values(escalated_at=now, escalated=to))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"alert {notice_id} was acknowledged, or handed on by somebody else")


def hand_on(
    session: Session,
    late: Unanswered,
    to: str,
    recipient_id: int,
    number: int,
    step: int,
    mails: Sequence[NewNotice],
    now: datetime,
) -> None:
    """Give an unanswered notice's matches (``told``, by their ids) to the next reader, after ``number`` others that he had.

    It is one transaction with his mails. Raises Conflict when it was acknowledged, or handed on by somebody else, or the next
    reader gets no mail any more.
    """
    check_unchanged(session, recipient_id)
    close(session, late.id, to, now)
    for place, notice in enumerate(mails, number + 1):
        id_ = record_notice(session, recipient_id, place, notice, now, origin_id=late.id, step=step)
        _tell(session, recipient_id, id_, notice, now)


def _tell(session: Session, recipient_id: int, id_: int, notice: NewNotice, now: datetime) -> None:
    for match_id in notice.told:
        story = session.exec(
            select(ArticleRow.story_id).join(MatchRow, col(MatchRow.article_id) == ArticleRow.id).where(MatchRow.id == match_id)
        ).one()
        told = {"state": AlertState.SENT.value, "why": Why.NONE.value, "detail": "", "decided_at": now, "notice_id": id_}
        told |= {"story_id": story}
        values = told | {"recipient_id": recipient_id, "match_id": match_id, "created_at": now, "due_at": now}
        values |= {"lane": "now", "priority": notice.priority.value}
        session.execute(
            upsert(AlertRow).values(**values).on_conflict_do_update(index_elements=["recipient_id", "match_id"], set_=told)
        )


def _lines() -> Select[NoticeRow, str, str | None, str | None, str | None]:
    return (
        columns(NoticeRow, col(RecipientRow.slug), col(RuleRow.slug), col(DeliveryRow.subject), col(DeliveryRow.state))
        .join(RecipientRow, col(RecipientRow.id) == NoticeRow.recipient_id)
        .join(RuleRow, col(RuleRow.id) == NoticeRow.rule_id, isouter=True)
        .join(DeliveryRow, col(DeliveryRow.id) == NoticeRow.delivery_id, isouter=True)
    )


def _line(
    session: Session, row: NoticeRow, recipient: str, rule: str | None, subject: str | None, delivery: str | None
) -> NoticeLine:
    counts = dict(
        session.exec(select(AlertRow.state, func.count()).where(AlertRow.notice_id == row.id).group_by(col(AlertRow.state))).all()
    )
    return NoticeLine(
        row.id or 0, row.kind, recipient, row.created_at, row.priority, rule or "", subject or "", row.delivery_id,
        delivery or "", counts.get("sent", 0), counts.get("suppressed", 0), row.escalate_at, row.escalated_at, row.escalated,
        row.acknowledged_at, row.acknowledged_by,
    )  # fmt: skip


def _alerts(session: Session, *where: object, most: int = 1000) -> list[AlertLine]:
    statement = (
        columns(AlertRow, col(RecipientRow.slug), col(RuleRow.slug), ArticleRow, col(SourceRow.name))
        .join(RecipientRow, col(RecipientRow.id) == AlertRow.recipient_id)
        .join(MatchRow, col(MatchRow.id) == AlertRow.match_id)
        .join(RuleRow, col(RuleRow.id) == MatchRow.rule_id)
        .join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
        .join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
        .where(*where)  # type: ignore[arg-type]
        .order_by(col(AlertRow.due_at), col(AlertRow.id))
        .limit(most)
    )
    return [
        AlertLine(
            row.id or 0, recipient, rule, article.id or 0, article.story_id, article.title, outlet, row.state, row.why,
            row.detail, row.created_at, row.due_at, row.notice_id,
        )
        for row, recipient, rule, article, outlet in session.execute(statement)
    ]  # fmt: skip
