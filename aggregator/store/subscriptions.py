"""Subscriptions: who follows what, where each one's digests stand, and what readers and operators do to them.

What stands in the files comes here with ``registry.apply``; what a reader does (confirm, stop, pause) happens here, and the files
do not undo it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from aggregator.config.settings import Config
from aggregator.errors import Conflict, NotFound
from aggregator.model.delivery import Recipient, Slot, Subscription, SubscriptionState
from aggregator.store.codec import RECIPIENT, SUBSCRIPTION
from aggregator.store.tables import DigestRow, RecipientRow, SubscriptionRow


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription with its reader, and where its digests stand.

    ``last`` is the last slot that is decided on; digests account for everything before ``covered_until``. The two differ by the
    cutoff, and when the last digests were given up: what they would have told is still owed. ``mailed_at`` is the instant of the
    last slot that had a mail; ``suppressed`` the relay's word when mail to the address rests. ``failing_since``: its mail cannot
    be made, for the reason in ``failure``. Before ``redated_at`` it had other weekdays.
    """

    id: int
    subscription: Subscription
    recipient_id: int
    recipient: Recipient
    suppressed: str
    state: SubscriptionState
    created_by: str
    begun_at: datetime
    redated_at: datetime | None
    paused_until: datetime | None
    stopped_at: datetime | None
    stop_reason: str
    failing_since: datetime | None
    failure: str
    last: Slot | None
    covered_until: datetime
    mailed_at: datetime | None

    def receives(self, now: datetime) -> bool:
        """Whether mail goes out to it at present."""
        awake = self.paused_until is None or self.paused_until <= now
        return self.state is SubscriptionState.ACTIVE and self.subscription.enabled and awake and not self.suppressed


@dataclass(frozen=True, slots=True)
class Follower:
    """A subscription to which matches are owed, and its reader. ``alerted``: he gets mails at once of the rules he follows."""

    id: int
    subscription: Subscription
    reader: Recipient
    alerted: bool

    def is_alerted(self, rule: str) -> bool:
        """Whether its reader gets mails at once of this rule."""
        return self.alerted and self.reader.follows(rule)


def followers(session: Session) -> tuple[Follower, ...]:
    """Every subscription to which matches are owed: active ones, paused or not, of readers who are there."""
    rows = session.execute(
        select(SubscriptionRow.id, SubscriptionRow.spec, RecipientRow)
        .join(RecipientRow, col(RecipientRow.id) == SubscriptionRow.recipient_id)
        .where(
            SubscriptionRow.state == SubscriptionState.ACTIVE,
            col(SubscriptionRow.removed_at).is_(None),
            col(RecipientRow.removed_at).is_(None),
        )
        .order_by(col(SubscriptionRow.id))
    ).all()
    found = (_follower(id_ or 0, SUBSCRIPTION.load(spec), person) for id_, spec, person in rows)
    return tuple(each for each in found if each.subscription.enabled)


def _follower(id_: int, subscription: Subscription, row: RecipientRow) -> Follower:
    reader = RECIPIENT.load(row.spec)
    return Follower(id_, subscription, reader, reader.enabled and reader.alerts and not row.suppressed and not row.alerts_stopped)


def listing(session: Session) -> list[Subscriber]:
    """Every subscription that is there, whatever its state, by slug."""
    return _subscribers(session)


def subscriber(session: Session, slug: str) -> Subscriber:
    """The subscription of that slug. Raises NotFound for one that is not there (any more)."""
    found = _subscribers(session, SubscriptionRow.slug == slug)
    if not found:
        raise NotFound(f"there is no subscription {slug!r} in the store; run `aggregator apply` first")
    return found[0]


def _subscribers(session: Session, *where: Any) -> list[Subscriber]:
    newest, other = aliased(DigestRow), aliased(DigestRow)
    of_it = other.subscription_id == SubscriptionRow.id

    def latest(what: Any, *states: str) -> Any:
        """Of the latest digest; windows end in the order in which digests are due."""
        found = select(what).where(of_it, *([col(other.state).in_(states)] if states else []))
        return found.order_by(col(other.due_at).desc()).limit(1).correlate(SubscriptionRow).scalar_subquery()

    rows = session.execute(
        select(  # type: ignore[call-overload]
            SubscriptionRow,
            RecipientRow,
            newest,
            latest(other.window_end, "queued", "empty"),
            latest(other.due_at, "queued"),
        )
        .join(RecipientRow, col(RecipientRow.id) == SubscriptionRow.recipient_id)
        .outerjoin(newest, newest.id == latest(other.id))
        .where(col(SubscriptionRow.removed_at).is_(None), col(RecipientRow.removed_at).is_(None), *where)
        .order_by(col(SubscriptionRow.slug))
    ).all()
    return [_subscriber(*row) for row in rows]


def _subscriber(
    row: SubscriptionRow, reader: RecipientRow, newest: DigestRow | None, told: datetime | None, mailed: datetime | None
) -> Subscriber:
    last = Slot(newest.slot_day, newest.slot_time, newest.due_at, newest.due_at - newest.window_end) if newest else None
    return Subscriber(
        id=row.id or 0,
        subscription=SUBSCRIPTION.load(row.spec),
        recipient_id=row.recipient_id,
        recipient=RECIPIENT.load(reader.spec),
        suppressed=reader.suppressed,
        state=SubscriptionState(row.state),
        created_by=row.created_by,
        begun_at=row.begun_at,
        redated_at=row.redated_at,
        paused_until=row.paused_until,
        stopped_at=row.stopped_at,
        stop_reason=row.stop_reason,
        failing_since=row.failing_since,
        failure=row.failure,
        last=last,
        # Who was taken away and came back begins anew.
        covered_until=max(told, row.begun_at) if told else row.begun_at,
        mailed_at=mailed,
    )


def note_failure(session: Session, subscription_id: int, failure: str, now: datetime) -> None:
    """Note why the mail of a subscription cannot be made, and since when; "" says that it can."""
    row = session.get_one(SubscriptionRow, subscription_id)
    row.failing_since, row.failure = (row.failing_since or now) if failure else None, failure
    session.add(row)


def stop(session: Session, subscription_id: int, reason: str, now: datetime) -> None:
    """End a subscription: nothing is owed to it from now on. ``reason`` says who wanted it. A stopped one stays as it is."""
    row = _row(session, subscription_id)
    if row.state != SubscriptionState.STOPPED:
        row.state, row.stopped_at, row.stop_reason = SubscriptionState.STOPPED, now, reason[:300]
        row.paused_until = None
        session.add(row)


def confirm(session: Session, subscription_id: int, now: datetime) -> None:
    """Its reader wants it: it counts from now on. One that is active stays as it is. Raises Conflict for one that is stopped."""
    row = _row(session, subscription_id)
    if row.state == SubscriptionState.STOPPED:
        raise Conflict(f"subscription {row.slug!r} was stopped; `aggregator subscription resume {row.slug}` takes it up again")
    if row.state == SubscriptionState.PENDING:
        row.state, row.begun_at = SubscriptionState.ACTIVE, now
        session.add(row)


def pause_until(session: Session, subscription_id: int, until: datetime) -> None:
    """Send nothing before ``until``; what is found meanwhile is owed, and stands in the first digest after it.

    Raises Conflict for one that is not active.
    """
    row = _row(session, subscription_id)
    if row.state != SubscriptionState.ACTIVE:
        raise Conflict(f"subscription {row.slug!r} is {row.state}: only an active one can be paused")
    row.paused_until = until
    session.add(row)


def resume(session: Session, subscription_id: int, now: datetime) -> None:
    """Take up a subscription that was paused or stopped; after a stop it counts from now on.

    Raises Conflict for one that its reader has not confirmed, whether it waits for him still or not.
    """
    row = _row(session, subscription_id)
    if row.state == SubscriptionState.PENDING:
        raise Conflict(f"subscription {row.slug!r} waits for its reader, who has not confirmed it")
    if row.created_by and row.begun_at == row.created_at:
        raise Conflict(f"subscription {row.slug!r} was never confirmed by its reader; invite him again")
    if row.state == SubscriptionState.STOPPED:
        row.state, row.begun_at, row.stopped_at, row.stop_reason = SubscriptionState.ACTIVE, now, None, ""
    row.paused_until = None
    session.add(row)


def invite(session: Session, recipient: Recipient, subscription: Subscription, now: datetime, created_by: str) -> int:
    """Make a subscription that waits for its reader: until he confirms it, nothing is owed to it. Returns its id.

    It goes to the reader who has that address already, else to ``recipient``, who is added beside the files. Slugs that are taken
    get a number. ``created_by`` says who invites; it is not empty.
    """
    people = session.exec(select(RecipientRow)).all()
    reader = next((row for row in people if row.removed_at is None and _same(row.spec["address"], recipient.address)), None)
    if reader is None:
        slug = _free(recipient.slug, {row.slug for row in people})
        recipient = replace(recipient, slug=slug)
        reader = RecipientRow(slug=slug, spec=RECIPIENT.dump(recipient), created_at=now, created_by=created_by)
        session.add(reader)
        session.flush()
    taken = {row.slug for row in people} | {row.slug for row in session.exec(select(SubscriptionRow)).all()}
    spec = replace(subscription, slug=_free(subscription.slug, taken), recipient=reader.slug)
    row = SubscriptionRow(
        recipient_id=reader.id or 0,
        slug=spec.slug,
        spec=SUBSCRIPTION.dump(spec),
        created_at=now,
        created_by=created_by,
        begun_at=now,
        state=SubscriptionState.PENDING,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _free(slug: str, taken: Collection[str]) -> str:
    """``slug``, with a number behind it if it is taken."""
    return next(each for number in count(1) if (each := slug if number == 1 else f"{slug}-{number}") not in taken)


def _row(session: Session, subscription_id: int) -> SubscriptionRow:
    row = session.get(SubscriptionRow, subscription_id)
    if row is None or row.removed_at is not None:
        raise NotFound(f"there is no subscription {subscription_id}; see `aggregator subscription list`")
    return row


def written(session: Session) -> list[SubscriptionRow]:
    """The rows that the files answer for, beside the readers' own ones, which are a part of their readers."""
    rows = session.exec(select(SubscriptionRow).where(SubscriptionRow.created_by == "")).all()
    return [row for row in rows if row.spec["recipient"] != row.slug]


def put_subscriptions(session: Session, config: Config, now: datetime) -> None:
    """Make the subscriptions agree with the files. One that was stopped stays so; one made elsewhere is left alone.

    What is added, or comes back, counts from now on; what is still owed to it stays owed.
    """
    readers = {row.slug: row.id for row in session.exec(select(RecipientRow)).all()}
    rows = {row.slug: row for row in session.exec(select(SubscriptionRow)).all()}
    wanted = {each.slug: each for each in config.all_subscriptions}
    for slug, spec in wanted.items():
        reader, dumped = readers[spec.recipient] or 0, SUBSCRIPTION.dump(spec)
        row = rows.get(slug)
        if row is None:
            row = SubscriptionRow(recipient_id=reader, slug=slug, spec=dumped, created_at=now, begun_at=now)
        elif row.removed_at is not None or row.state == SubscriptionState.PENDING or (spec.enabled > row.spec["enabled"]):
            row.begun_at = now
        if row.spec["weekdays"] != dumped["weekdays"]:
            row.redated_at = now
        if row.state == SubscriptionState.PENDING:
            row.state = SubscriptionState.ACTIVE  # whom the operator writes down need not confirm
        if row.spec != dumped or row.removed_at is not None or row.created_by or row.recipient_id != reader or row.id is None:
            row.spec, row.recipient_id, row.removed_at, row.created_by = dumped, reader, None, ""
            session.add(row)
    for slug, row in rows.items():
        if slug not in wanted and not row.created_by and row.removed_at is None:
            row.removed_at = now
            session.add(row)
    session.flush()


def stopped_by_readers(session: Session, config: Config) -> tuple[str, ...]:
    """What the files ask for and a stop keeps from happening, in words: subscriptions, and readers' alerts."""
    rows = session.exec(
        select(SubscriptionRow).where(SubscriptionRow.state == SubscriptionState.STOPPED).order_by(col(SubscriptionRow.slug))
    ).all()
    wanted = {each.slug for each in config.all_subscriptions}
    people = session.exec(
        select(RecipientRow).where(col(RecipientRow.removed_at).is_(None)).order_by(col(RecipientRow.slug))
    ).all()
    alerted = {each.slug for each in config.recipients if each.alerts}
    return tuple(
        f"the alerts of {row.slug} were stopped ({row.alerts_stopped}) and stay so;"
        f" `aggregator alert resume {row.slug}` takes them up again"
        for row in people
        if row.slug in alerted and row.alerts_stopped
    ) + tuple(
        f"subscription {row.slug} was stopped on {row.stopped_at:%Y-%m-%d} ({row.stop_reason}) and stays so;"
        f" `aggregator subscription resume {row.slug}` takes it up again"
        for row in rows
        if row.slug in wanted and row.stopped_at is not None
    )
