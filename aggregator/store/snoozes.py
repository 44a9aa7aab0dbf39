"""Snoozes: stories of which nobody, or somebody, is not to hear for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from aggregator.errors import Conflict, NotFound
from aggregator.model.alert import AlertState, Snooze
from aggregator.store.tables import AlertRow, ArticleRow, MatchRow, RecipientRow, RuleRow, SnoozeRow, StoryRow


@dataclass(frozen=True, slots=True)
class SnoozeLine:
    """A snooze as it is listed. ``story`` is where the story stands now."""

    id: int
    story: int
    rule: str
    recipient: str
    created_at: datetime
    until: datetime
    by: str


def snooze(
    session: Session, story: int, until: datetime, now: datetime, *, rule: str = "", recipient: str = "", by: str = ""
) -> SnoozeLine:
    """Keep a story quiet until then. One that is there for the same story, rule and recipient gets the new end.

    Raises NotFound, and Conflict for an end that has passed.
    """
    if until <= now:
        raise Conflict(f"a snooze until {until:%Y-%m-%d %H:%M} UTC would be over already")
    there = _now_of(session, story)
    _must_be(session, rule, recipient)
    same = (SnoozeRow.story_id == there, SnoozeRow.rule == rule, SnoozeRow.recipient == recipient)
    row = session.exec(select(SnoozeRow).where(*same, *_in_force(now))).first()
    if row is None:
        row = SnoozeRow(story_id=there, rule=rule, recipient=recipient, created_at=now, until=until, by=by)
    row.until, row.by = until, by or row.by
    session.add(row)
    session.flush()
    return _line(session, row)


def snooze_notice(session: Session, notice_id: int, recipient: str, until: datetime, now: datetime) -> int:
    """Keep every story that a notice told of quiet for one reader. Returns how many they are."""
    stories = session.exec(
        select(ArticleRow.story_id)
        .join(MatchRow, col(MatchRow.article_id) == ArticleRow.id)
        .join(AlertRow, col(AlertRow.match_id) == MatchRow.id)
        .where(AlertRow.notice_id == notice_id, AlertRow.state == AlertState.SENT)
        .distinct()
    ).all()
    for story in stories:
        snooze(session, story, until, now, recipient=recipient, by=recipient)
    return len(stories)


def undo(session: Session, snooze_id: int, now: datetime) -> SnoozeLine:
    """End a snooze. What it kept quiet stays in the digest. Raises NotFound."""
    row = session.get(SnoozeRow, snooze_id)
    if row is None or row.undone_at is not None or row.until <= now:
        raise NotFound(f"there is no snooze {snooze_id} in force; see `aggregator alert snoozes`")
    row.undone_at = now
    session.add(row)
    session.flush()
    return _line(session, row)


def listing(session: Session, now: datetime) -> list[SnoozeLine]:
    """Every snooze in force, the one that ends first at the top."""
    rows = session.exec(select(SnoozeRow).where(*_in_force(now)).order_by(col(SnoozeRow.until), col(SnoozeRow.id)))
    return [_line(session, row) for row in rows]


def in_force(session: Session, now: datetime) -> tuple[Snooze, ...]:
    """The same, for deciding."""
    return tuple(Snooze(line.id, line.story, line.rule, line.recipient, line.until) for line in listing(session, now))


def _in_force(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(SnoozeRow.until) > now, col(SnoozeRow.undone_at).is_(None)


def _line(session: Session, row: SnoozeRow) -> SnoozeLine:
    return SnoozeLine(row.id or 0, _now_of(session, row.story_id), row.rule, row.recipient, row.created_at, row.until, row.by)


def _now_of(session: Session, story: int) -> int:
    """Where a story leads that was merged away."""
    row = session.get(StoryRow, story)
    if row is None:
        raise NotFound(f"there is no story {story}; see `aggregator story list`")
    while row.merged_into is not None:
        row = session.get_one(StoryRow, row.merged_into)
    return row.id or 0


def _must_be(session: Session, rule: str, recipient: str) -> None:
    if rule and session.exec(select(RuleRow.id).where(RuleRow.slug == rule)).first() is None:
        raise NotFound(f"there is no rule {rule!r} in the store; see `aggregator rule list`")
    if recipient and session.exec(select(RecipientRow.id).where(RecipientRow.slug == recipient)).first() is None:
        raise NotFound(f"there is no recipient {recipient!r} in the store; run `aggregator apply` first")
