"""Subscriptions at hubs, from a feed that names a hub to the pushes that wait to be stored."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import Session, col, select

from aggregator.manners.websub import AFTER_DENIAL, CALM, PATIENCE, Intent, after_failure, intent_of, renewal_at
from aggregator.model.source import DueSource, History
from aggregator.model.websub import Push, Standing, Subscription
from aggregator.store.codec import HISTORY
from aggregator.store.sources import KeyedEntry, Stored, _due, store_entries
from aggregator.store.tables import PushRow, SourceRow, WebsubRow

WAITING = 8
"""Pushes of one source that may wait to be stored. A hub that sends faster is asked to come again later."""

TRIES = 3
"""A push that could not be stored so often is dropped: the daily poll finds what was in it."""


def _wanted() -> ColumnElement[bool]:
    """That the source of a subscription is still the feed that named its hub, and still polled."""
    return (
        (col(SourceRow.id) == WebsubRow.source_id)
        & col(SourceRow.enabled)
        & col(SourceRow.removed_at).is_(None)
        & col(SourceRow.merged_into).is_(None)
        & (col(SourceRow.url) == WebsubRow.source_url)
    )


def _load(row: WebsubRow, slug: str | None) -> Subscription:
    return Subscription(
        id=row.id or 0,
        source_id=row.source_id,
        slug=slug or "",
        hub=row.hub,
        topic=row.topic,
        token=row.token,
        secret=row.secret,
        standing=Standing(row.state),
        due_at=row.due_at,
        created_at=row.created_at,
        lease_until=row.lease_until,
        requested_at=row.requested_at,
        verified_at=row.verified_at,
        last_push_at=row.last_push_at,
        pushes=row.pushes,
        failures=row.failures,
        trusted=row.trusted,
        detail=row.detail,
    )


def note_hub(session: Session, source_id: int, hub: str | None, topic: str | None, now: datetime, new: int = 0) -> None:
    """Write down what a polled feed says of its hub (None: it names none), and that the poll found ``new`` new entries.

    New entries mean that the hub has not told us of them: it is no longer trusted. Another hub or topic ends the subscription
    and begins one, unless it is younger than a day.
    """
    row = session.exec(select(WebsubRow).where(WebsubRow.source_id == source_id)).one_or_none()
    if row is None and not hub:
        return
    url = session.exec(select(SourceRow.url).where(SourceRow.id == source_id)).one()
    if row is not None:
        if new:
            row.trusted = False
        settled = (row.hub, row.topic) == (hub, topic) or now - row.created_at < CALM
        if settled and row.source_url == url:
            session.add(row)
            return
        _release(session, row, now)
    if hub and topic:
        fresh = WebsubRow(
            source_id=source_id, source_url=url, hub=hub, topic=topic, token="", secret="", created_at=now, due_at=now
        )
        fresh.token, fresh.secret = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
        session.add(fresh)


def _release(session: Session, row: WebsubRow, now: datetime) -> None:
    """Nobody wants it any more. A hub that sends is told so; one that does not has nothing to be told."""
    row.source_id, row.trusted = None, False
    if row.lease_until is not None and row.lease_until > now:
        row.state, row.due_at, row.failures, row.detail = Standing.LEAVING, now, 0, ""
        session.add(row)
    else:
        session.delete(row)
    session.flush()  # before another one takes its source


def due(session: Session, base: str, now: datetime, most: int) -> list[Subscription]:
    """The subscriptions whose next step is due, those that wait longest first.

    Before that, what nobody wants any more is set free; and what a hub knows under another address than one that begins with
    ``base`` starts anew: we have moved, and hear nothing of it.
    """
    wanted = select(SourceRow.id).where(_wanted()).correlate(WebsubRow).exists()
    for row in session.exec(select(WebsubRow).where(col(WebsubRow.source_id).is_not(None), ~wanted)).all():
        _release(session, row, now)
    moved = (col(WebsubRow.callback) != "", func.substr(WebsubRow.callback, 1, len(base)) != base)
    session.execute(delete(WebsubRow).where(*moved, col(WebsubRow.source_id).is_(None)))
    anew = {"state": Standing.NEW, "callback": "", "lease_until": None, "trusted": False, "failures": 0, "due_at": now}
    session.execute(update(WebsubRow).where(*moved).values(**anew))
    rows = session.exec(
        select(WebsubRow, SourceRow.slug)
        .outerjoin(SourceRow, col(SourceRow.id) == WebsubRow.source_id)
        .where(WebsubRow.due_at <= now)
        .order_by(col(WebsubRow.due_at), col(WebsubRow.id))
        .limit(most)
    ).all()
    return [_load(row, slug) for row, slug in rows]


def requested(session: Session, subscription: Subscription, callback: str, now: datetime) -> bool:
    """The hub is about to be asked: it may check before it has answered. False when somebody else does it, or it is gone."""
    values = {"requested_at": now, "due_at": now + PATIENCE, "callback": callback}
    if subscription.standing is Standing.LEAVING:
        values["failures"] = subscription.failures + 1
    else:
        values["state"] = Standing.RENEWING if subscription.runs(now) else Standing.PENDING
    as_known = (col(WebsubRow.id) == subscription.id, col(WebsubRow.due_at) == subscription.due_at)
    done = session.execute(update(WebsubRow).where(*as_known, col(WebsubRow.state) == subscription.standing).values(**values))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def failed(
    session: Session, id_: int, requested_at: datetime | None, detail: str, now: datetime, retry_after: datetime | None = None
) -> bool:
    """The request of ``requested_at`` came to nothing. False when the hub has checked it all the same, or it is gone."""
    row = session.get(WebsubRow, id_)
    if row is None or row.requested_at != requested_at:
        return False
    if row.state == Standing.LEAVING:
        row.due_at = max(row.due_at, retry_after or now)
    elif row.state in (Standing.PENDING, Standing.RENEWING):
        row.state, row.due_at = after_failure(_load(row, _slug(session, row)), now, retry_after)
        row.failures += 1
    else:
        return False
    row.detail = detail
    session.add(row)
    return True


def _slug(session: Session, row: WebsubRow) -> str | None:
    return session.exec(select(SourceRow.slug).where(SourceRow.id == row.source_id)).one_or_none()


def postpone(session: Session, hub: str, now: datetime, until: datetime) -> None:
    """Leave a hub alone until then: one request that it could not take stands for all that are due."""
    waiting = (col(WebsubRow.hub) == hub, col(WebsubRow.due_at) <= now)
    session.execute(update(WebsubRow).where(*waiting).values(due_at=until))


def answered(session: Session, id_: int, mode: str, topic: str, lease: timedelta, reason: str, now: datetime) -> Intent:
    """Judge a hub's request to the callback of a subscription, and write down what follows from it.

    ``lease`` counts from ``now`` when the hub confirms, ``reason`` is its word when it denies.
    """
    row = session.get(WebsubRow, id_)
    if row is None:
        return Intent.REFUSED
    slug = _slug(session, row)
    intent = intent_of(_load(row, slug), mode, topic)
    match intent:
        case Intent.CONFIRMED:
            row.state, row.verified_at, row.lease_until = Standing.ACTIVE, now, now + lease
            row.due_at, row.failures, row.detail = renewal_at(slug or "", now, lease), 0, ""
            session.add(row)
        case Intent.DENIED:
            row.state, row.due_at, row.lease_until, row.trusted = Standing.DENIED, now + AFTER_DENIAL, None, False
            row.detail = reason
            session.add(row)
        case Intent.ENDED:
            session.delete(row)
        case Intent.REFUSED:
            pass
    return intent


def forget(session: Session, id_: int) -> None:
    """Drop a subscription: from now on its hub is told that it is gone."""
    session.execute(delete(WebsubRow).where(col(WebsubRow.id) == id_))


def by_token(session: Session, token: str) -> Subscription | None:
    """The subscription behind a callback's address, None when there is none, or its source is no longer wanted."""
    query = select(WebsubRow, SourceRow.slug).outerjoin(SourceRow, _wanted()).where(WebsubRow.token == token)
    found = session.exec(query).one_or_none()
    if found is None or (found[0].source_id is not None and found[1] is None):
        return None
    return _load(*found)


def of_source(session: Session, source_id: int) -> Subscription | None:
    """The subscription of a source, for its dossier."""
    query = select(WebsubRow, SourceRow.slug).join(SourceRow, col(SourceRow.id) == WebsubRow.source_id)
    found = session.exec(query.where(WebsubRow.source_id == source_id)).one_or_none()
    return None if found is None else _load(*found)


def subscribed(session: Session, ids: Sequence[int], now: datetime) -> dict[int, bool]:
    """The sources among ``ids`` that have a subscription, and whether their polls may rest.

    They may while the lease runs and the last new entry came from the hub. So a hub that has never sent anything slows nothing,
    nor does one whose silence a poll has found out.
    """
    rows = session.exec(select(WebsubRow).where(col(WebsubRow.source_id).in_(ids))).all()
    loaded = [_load(row, None) for row in rows]
    return {found.source_id: found.trusted and found.runs(now) for found in loaded if found.source_id is not None}


def pushed(session: Session, id_: int, body: bytes, content_type: str, now: datetime) -> bool:
    """Keep what a hub sent, signed. False when too much waits already for this source: the hub may come again."""
    row = session.get(WebsubRow, id_)
    if row is None or row.source_id is None:
        return True  # given up a moment ago: there is nobody to keep it for
    waiting = session.exec(select(func.count()).select_from(PushRow).where(PushRow.source_id == row.source_id)).one()
    if waiting >= WAITING:
        return False
    row.pushes, row.last_push_at = row.pushes + 1, now
    session.add(row)
    session.add(PushRow(source_id=row.source_id, received_at=now, content_type=content_type, body=body))
    return True


def next_push(session: Session, now: datetime, lease: timedelta) -> Push | None:
    """Lease the push that has waited longest, None when none waits. What has failed too often is dropped on the way."""
    free = col(PushRow.lease_until).is_(None) | (col(PushRow.lease_until) <= now)
    session.execute(delete(PushRow).where(free, col(PushRow.attempts) >= TRIES))
    query = select(PushRow, SourceRow.slug).join(SourceRow, col(SourceRow.id) == PushRow.source_id)
    found = session.exec(query.where(free).order_by(col(PushRow.id)).limit(1)).one_or_none()
    if found is None:
        return None
    row, slug = found
    row.attempts, row.lease_until = row.attempts + 1, now + lease
    session.add(row)
    return Push(row.id or 0, row.source_id, slug, row.body, row.content_type)


def taken(session: Session, push: Push, new: int) -> None:
    """A push is stored: the row goes. A hub that brought ``new`` entries before a poll found them is trusted."""
    session.execute(delete(PushRow).where(col(PushRow.id) == push.id))
    if new:
        session.execute(update(WebsubRow).where(col(WebsubRow.source_id) == push.source_id).values(trusted=True))


def push_target(session: Session, source_id: int) -> DueSource | None:
    """A source as a push for it needs it. None when it is not polled, or has no baseline yet: then all it has is old."""
    row = session.get(SourceRow, source_id)
    if row is None or not row.enabled or row.removed_at or row.merged_into or row.baseline_at is None:
        return None
    return _due(row, row.lease_token or "", pushed=True)


def store_push(
    session: Session,
    source: DueSource,
    entries: Sequence[KeyedEntry],
    kept: int,
    learn: Callable[[Stored], History],
    now: datetime,
) -> int:
    """Store the entries of a push, as those of a poll; it is a part of the feed (as a 226 of RFC 3229 is).

    Validators, the next poll and the source's health stay as they are; ``learn`` (pure) says what new entries tell of the
    source's ways, so that polls know its rhythm when the hub falls silent. Returns how many are new.
    """
    stored = store_entries(session, source, entries, kept, now)
    if stored.new:
        history = HISTORY.dump_text(learn(stored))
        session.execute(update(SourceRow).where(col(SourceRow.id) == source.id).values(history=history))
    return len(stored.new)
