"""Channels and the events that they are owed: written with what causes them, leased by the channel, settled after each try."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, update
from sqlmodel import Session, col, select

from aggregator.errors import Conflict, NotFound
from aggregator.model.article import Article
from aggregator.model.channel import (
    Answer,
    Channel,
    ChannelAttempt,
    ChannelHealth,
    ChannelKind,
    Claimed,
    EventState,
    EventType,
    OwedEvent,
    Settled,
)
from aggregator.model.rule import Lane, Match, RuleSpec
from aggregator.store.codec import CHANNEL
from aggregator.store.dialect import upsert
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import ChannelEventRow, ChannelRow
from aggregator.syndication.events import matched

_DETAIL = 300


@dataclass(frozen=True, slots=True)
class ActiveChannel:
    """A channel that is owed events, with its id. One that was switched off is, too: it may be switched on again."""

    id: int
    channel: Channel
    since: datetime


def put_channel(session: Session, channel: Channel, now: datetime) -> None:
    """Make the store's channel this one. Another address, or a return, begins with a clean slate, as of now."""
    row = session.exec(select(ChannelRow).where(ChannelRow.slug == channel.slug)).one_or_none()
    if row is None:
        row = ChannelRow(slug=channel.slug, spec={}, created_at=now)
    elif row.removed_at is not None or CHANNEL.load(row.spec).url != channel.url:
        _restore(row)
    if row.removed_at is not None:
        row.created_at = now
    row.spec, row.removed_at = CHANNEL.dump(channel), None
    session.add(row)


def _restore(row: ChannelRow) -> None:
    row.failing_since = row.paused_until = row.disabled_at = row.lease_until = row.lease_token = None
    row.disabled = ""


def active_channels(session: Session) -> list[ActiveChannel]:
    """Every channel of the configuration in force that is enabled there."""
    rows = session.exec(select(ChannelRow).where(col(ChannelRow.removed_at).is_(None)).order_by(col(ChannelRow.id)))
    channels = [ActiveChannel(row.id or 0, CHANNEL.load(row.spec), row.created_at) for row in rows]
    return [each for each in channels if each.channel.enabled]


def owe_match(
    session: Session,
    channels: Sequence[ActiveChannel],
    article: Article,
    match: Match,
    match_id: int,
    rule: RuleSpec,
    chat_at: datetime,
    now: datetime,
) -> None:
    """Owe a match to the webhooks that follow its rule; and to chats, if the rule alerts at once, one message for a text.

    What stood in a source before its first poll is no news.
    """
    if article.baseline:
        return
    body = ""
    for each in channels:
        chat = each.channel.kind is ChannelKind.CHAT
        if not (each.channel.wants(EventType.ARTICLE_MATCHED) and each.channel.follows(match.rule)):
            continue
        if chat and rule.lane is not Lane.NOW:
            continue
        body = body or matched(article, match, match_id, rule.name or rule.slug, now)
        key = f"text:{rule.slug}:{article.group_id}" if chat else f"match:{match_id}"
        owe(session, each.id, key, EventType.ARTICLE_MATCHED, body, now, chat_at if chat else now)


def owe(session: Session, channel_id: int, key: str, type_: EventType, body: str, now: datetime, due_at: datetime) -> bool:
    """Put an event into the outbox. False when its key is there already."""
    values = {"channel_id": channel_id, "key": key, "type": type_.value, "body": body, "created_at": now, "due_at": due_at}
    statement = upsert(ChannelEventRow).values(**values, event_id=f"evt_{secrets.token_hex(12)}").on_conflict_do_nothing()
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def _open(now: datetime) -> ColumnElement[bool]:
    """That a channel may be talked to now."""
    return (
        col(ChannelRow.removed_at).is_(None)
        & col(ChannelRow.disabled_at).is_(None)
        & (col(ChannelRow.paused_until).is_(None) | (col(ChannelRow.paused_until) <= now))
        & (col(ChannelRow.lease_until).is_(None) | (col(ChannelRow.lease_until) <= now))
    )


def waiting(session: Session, now: datetime) -> list[int]:
    """The ids of the channels that have something due and may be talked to."""
    due = (ChannelEventRow.state == EventState.DUE, col(ChannelEventRow.due_at) <= now)
    ready = select(ChannelEventRow.id).where(ChannelEventRow.channel_id == ChannelRow.id, *due).correlate(ChannelRow).exists()
    rows = session.exec(select(ChannelRow).where(_open(now), ready).order_by(col(ChannelRow.id)))
    return [row.id or 0 for row in rows if CHANNEL.load(row.spec).enabled]


def claim(session: Session, channel_id: int, now: datetime, lease: timedelta, most: int) -> Claimed | None:
    """Lease a channel with its next event; a chat, once one is due, with all that wait, at most ``most``. None if none is due."""
    row = session.exec(select(ChannelRow).where(ChannelRow.id == channel_id, _open(now))).one_or_none()
    if row is None:
        return None
    channel = CHANNEL.load(row.spec)
    chat = channel.kind is ChannelKind.CHAT
    mine = (ChannelEventRow.channel_id == channel_id, ChannelEventRow.state == EventState.DUE)
    # The oldest first: while nobody answers, it alone is tried, again and again, and the others wait behind it.
    statement = select(ChannelEventRow).where(*mine).order_by(col(ChannelEventRow.id))
    first = session.exec(statement.where(col(ChannelEventRow.due_at) <= now).limit(1)).first()
    if first is None or not channel.enabled:
        return None
    # A chat is written to anyway: what came a second ago goes with it.
    events = session.exec(statement.limit(most)).all() if chat else [first]
    row.lease_until, row.lease_token = now + lease, secrets.token_hex(8)
    session.add(row)
    owed = tuple(OwedEvent(each.id or 0, each.event_id, each.type, each.body, each.attempts, each.created_at) for each in events)
    return Claimed(channel_id, channel, owed, row.failing_since, row.lease_token)


def settle(
    session: Session, claimed: Claimed, attempt: ChannelAttempt, settled: Settled, now: datetime, notice: NewDelivery | None
) -> bool:
    """Note a try and what follows from it, with the mail that tells of it. False when the lease was lost: somebody else tries."""
    row = session.exec(select(ChannelRow).where(ChannelRow.id == claimed.channel_id)).one()
    if row.lease_token != claimed.lease_token:
        return False
    row.lease_until = row.lease_token = None
    taken = attempt.answer is Answer.TAKEN
    row.failing_since = None if taken else row.failing_since or now
    row.last_sent_at = now if taken else row.last_sent_at
    row.paused_until = settled.paused_until
    if settled.disabled:
        row.disabled_at, row.disabled = now, settled.disabled[:_DETAIL]
        if notice is not None:
            enqueue(session, notice, now)
    session.add(row)
    tried: dict[str, object] = {"code": attempt.code, "detail": attempt.detail[:_DETAIL]}
    tried |= {"attempts": col(ChannelEventRow.attempts) + 1}
    values = tried | {"state": settled.state.value}
    if settled.due_at is not None:
        values["due_at"] = settled.due_at
    if taken:
        values["sent_at"] = now
    others = [event.id for event in claimed.events if event.id not in settled.given_up]
    for ids, what in ((settled.given_up, tried | {"state": EventState.FAILED.value}), (others, values)):
        session.execute(update(ChannelEventRow).where(col(ChannelEventRow.id).in_(ids)).values(**what))
    return True


def _row(session: Session, slug: str) -> ChannelRow:
    row = session.exec(select(ChannelRow).where(ChannelRow.slug == slug)).one_or_none()
    if row is None:
        raise NotFound(f"there is no channel {slug!r} in the store; `aggregator channel list` names them")
    return row


def enable(session: Session, slug: str, now: datetime, *, from_now: bool) -> int:
    """Switch a channel on again; ``from_now`` leaves out what waits. Returns how many events will be sent.

    Raises NotFound, and Conflict while it is being told something.
    """
    row = _row(session, slug)
    if row.lease_until is not None and row.lease_until > now:
        raise Conflict(f"channel {slug!r} is switched on, and is being told something just now; nothing was changed")
    _restore(row)
    session.add(row)
    mine = (col(ChannelEventRow.channel_id) == row.id, col(ChannelEventRow.state) == EventState.DUE)
    fresh = {"state": EventState.SKIPPED.value} if from_now else {"due_at": now, "attempts": 0}
    done: int = session.execute(update(ChannelEventRow).where(*mine).values(**fresh)).rowcount  # type: ignore[attr-defined]
    return 0 if from_now else done


def replay(session: Session, slug: str, since: datetime, now: datetime, *, sent: bool) -> int:
    """Send again what was given up or skipped since then, and with ``sent`` also what was taken. Ids stay. Raises NotFound."""
    states = [EventState.FAILED, EventState.SKIPPED, *([EventState.SENT] if sent else [])]
    mine = (col(ChannelEventRow.channel_id) == _row(session, slug).id, col(ChannelEventRow.state).in_(states))
    again = update(ChannelEventRow).where(*mine, col(ChannelEventRow.created_at) >= since)
    done: int = session.execute(again.values(state=EventState.DUE.value, due_at=now, attempts=0)).rowcount  # type: ignore[attr-defined]
    return done


def listing(session: Session) -> list[ChannelHealth]:
    """Every channel that ever was, in the order in which they came, those that were taken away last."""

    def counted(state: EventState) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((ChannelEventRow.state == state, 1), else_=0)), 0)  # type: ignore[arg-type]

    statement = (
        select(ChannelRow, *(counted(state) for state in (EventState.DUE, EventState.SENT, EventState.FAILED)))
        .join(ChannelEventRow, col(ChannelEventRow.channel_id) == ChannelRow.id, isouter=True)
        .group_by(col(ChannelRow.id))
        .order_by(col(ChannelRow.removed_at).is_not(None), col(ChannelRow.id))
    )
    return [_health(session, *found) for found in session.exec(statement).all()]


def _health(session: Session, row: ChannelRow, due: int, sent: int, failed: int) -> ChannelHealth:
    mine = (ChannelEventRow.channel_id == row.id, ChannelEventRow.detail != "")
    last = session.exec(select(ChannelEventRow.detail).where(*mine).order_by(col(ChannelEventRow.id).desc()).limit(1)).first()
    due_only = (ChannelEventRow.channel_id == row.id, ChannelEventRow.state == EventState.DUE)
    next_due: datetime | None = session.exec(select(func.min(ChannelEventRow.due_at)).where(*due_only)).one()
    return ChannelHealth(
        channel=CHANNEL.load(row.spec),
        removed=row.removed_at is not None,
        waiting=due,
        sent=sent,
        failed=failed,
        failing_since=row.failing_since,
        last_sent_at=row.last_sent_at,
        next_try_at=next_due and max(next_due, row.paused_until or next_due),
        disabled_at=row.disabled_at,
        disabled=row.disabled,
        detail=last or "",
    )
