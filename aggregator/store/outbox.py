"""The outbox: messages wait here until somebody has taken them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, insert, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from aggregator.errors import Conflict, NotFound
from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery, DeliveryKind, DeliveryState
from aggregator.store.dialect import one_of, upsert
from aggregator.store.tables import AttemptRow, DeliveryRow, DigestEditRow, DigestItemRow, DigestRow, RecipientRow

WAITING = (DeliveryState.DUE.value, DeliveryState.UNKNOWN.value)
"""The states of what is still to be sent."""

WITHOUT_MESSAGE = defer(DeliveryRow.message)  # type: ignore[arg-type]
"""An option for those who look at a delivery and not at its bytes."""


def is_waiting() -> ColumnElement[bool]:
    """That a message is still to be sent."""
    return one_of(DeliveryRow.state, WAITING)


ABANDONED = "whoever was sending it ended in the middle of it: the relay may have it"


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A finished message, about to enter the outbox. ``key`` makes it unique: the same alert or digest never enters twice.

    ``number`` stands for it in links. It is not tried before ``not_before``.
    """

    key: str
    kind: DeliveryKind
    recipient_id: int
    address: str
    subject: str
    message_id: str
    message: bytes
    digest_id: int | None = None
    number: int | None = None
    not_before: datetime | None = None


def enqueue(session: Session, mail: NewDelivery, now: datetime) -> int | None:
    """Put a message into the outbox. Returns its id, None when its key is there already."""
    values = {name: getattr(mail, name) for name in NewDelivery.__slots__ if name != "not_before"}
    values |= {"lane": mail.address.rpartition("@")[2].lower(), "bulk": mail.kind is DeliveryKind.DIGEST}
    values["due_at"] = mail.not_before or now
    statement = upsert(DeliveryRow).values(**values, created_at=now).on_conflict_do_nothing()
    id_: int | None = session.execute(statement.returning(col(DeliveryRow.id))).scalar_one_or_none()
    return id_


def claim(session: Session, now: datetime, lease: timedelta, most: int = 1) -> Delivery | None:
    """Lease the next due message, if there is one: what is urgent first, then by when it was due.

    ``most`` leases are given at a time within one lane (the domain of the address): one that is slow leaves the others room.
    A message whose holder never said how it ended may have been sent: that is written down as an attempt.
    """
    busy = select(DeliveryRow.lane).where(col(DeliveryRow.lease_until) > now).group_by(col(DeliveryRow.lane))
    row = session.exec(
        select(DeliveryRow)
        .where(
            is_waiting(),
            DeliveryRow.due_at <= now,
            col(DeliveryRow.lease_until).is_(None) | (col(DeliveryRow.lease_until) <= now),
            col(DeliveryRow.lane).not_in(busy.having(func.count() >= most)),
        )
        .order_by(col(DeliveryRow.bulk), col(DeliveryRow.due_at), col(DeliveryRow.id))
        .limit(1)
        .with_for_update(skip_locked=True)  # on PostgreSQL two may ask at once; on SQLite one waits for the other
    ).first()
    if row is None or row.id is None:
        return None
    if row.lease_token is not None:
        _note(session, row.id, now, Attempt(AttemptOutcome.UNKNOWN, 0, ABANDONED))
        row.state, row.detail = DeliveryState.UNKNOWN, ABANDONED
    row.lease_until, row.lease_token = now + lease, secrets.token_hex(8)
    session.add(row)
    recipient = session.get_one(RecipientRow, row.recipient_id)
    return Delivery(
        id=row.id,
        kind=DeliveryKind(row.kind),
        recipient=recipient.slug,
        address=row.address,
        message_id=row.message_id,
        message=row.message,
        attempts=row.attempts,
        created_at=row.created_at,
        lease_token=row.lease_token,
    )


def settle(
    session: Session,
    delivery: Delivery,
    attempt: Attempt,
    state: DeliveryState,
    now: datetime,
    due_at: datetime | None = None,
    *,
    rest: bool = False,
    hold: datetime | None = None,
) -> bool:
    """Note an attempt and where the message stands now. A digest that failed for good gives its items back: they stay owed.
    Returns whether it went out by this attempt, for the first time.

    ``rest``: mail to this address rests from now on. ``hold``: everything waits until then: the next message would fare no
    better. A ``BROKEN`` or ``DOWN`` attempt is no strike. When the lease has run out and somebody else has it, the attempt
    is noted and no more, but for an acceptance: that is the truth whoever hears it.
    """
    _note(session, delivery.id, now, attempt)
    row = session.get_one(DeliveryRow, delivery.id, options=[WITHOUT_MESSAGE], with_for_update=True)
    if row.lease_token != delivery.lease_token and state is not DeliveryState.SENT:
        return False
    first = state is DeliveryState.SENT and row.sent_at is None
    strike = attempt.outcome not in (AttemptOutcome.BROKEN, AttemptOutcome.DOWN)
    row.lease_until, row.lease_token, row.state, row.detail = None, None, state, attempt.detail[:300]
    row.attempts = delivery.attempts + strike
    if state is DeliveryState.SENT:
        row.sent_at = now
    if due_at is not None:
        row.due_at = due_at
    session.add(row)
    session.flush()
    if hold is not None:
        waiting = (is_waiting(), col(DeliveryRow.due_at) < hold)
        session.execute(update(DeliveryRow).where(*waiting).values(due_at=hold))
    if state is DeliveryState.FAILED and row.sent_at is None:  # what went out once is told, whatever became of a second time
        _give_back(session, row.digest_id)
    if rest and _still_his(session, delivery):
        suppress(session, delivery.recipient, f"{attempt.code} {attempt.detail}")
    return first


def _note(session: Session, delivery_id: int, now: datetime, attempt: Attempt) -> None:
    log = {"outcome": attempt.outcome.value, "code": attempt.code, "detail": attempt.detail[:300], "server": attempt.server[:100]}
    session.execute(insert(AttemptRow).values(delivery_id=delivery_id, at=now, **log))


def _still_his(session: Session, delivery: Delivery) -> bool:
    """Whether the message went to the address that its reader has now: a refusal of an old one says nothing of the new."""
    spec = session.exec(select(RecipientRow.spec).where(col(RecipientRow.slug) == delivery.recipient)).one()
    return bool(spec["address"] == delivery.address)


def _give_back(session: Session, digest_id: int | None) -> None:
    if digest_id is not None:
        session.execute(update(DigestItemRow).where(col(DigestItemRow.digest_id) == digest_id).values(digest_id=None))
        session.execute(update(DigestEditRow).where(col(DigestEditRow.digest_id) == digest_id).values(digest_id=None))
        session.execute(update(DigestRow).where(col(DigestRow.id) == digest_id).values(state="failed"))


def suppress(session: Session, recipient: str, reason: str) -> None:
    """Let mail to a recipient rest: the relay refused the address for good."""
    session.execute(update(RecipientRow).where(col(RecipientRow.slug) == recipient).values(suppressed=reason[:300]))


def retry(session: Session, delivery_id: int, now: datetime) -> str:
    """Send an unsent message again, or lift a recipient's rest so that the next digest goes out. Returns what happens, in words.

    Raises NotFound when there is no such message, or nothing left of it to send; Conflict when it is in hand.
    """
    row = session.get(DeliveryRow, delivery_id, with_for_update=True)
    rests = row is not None and session.get_one(RecipientRow, row.recipient_id).suppressed
    if row is None or (row.state == DeliveryState.SENT and not rests):
        raise NotFound(f"there is no unsent delivery {delivery_id}; see `aggregator delivery list`")
    _check_idle(row, now)
    session.execute(update(RecipientRow).where(col(RecipientRow.id) == row.recipient_id).values(suppressed=""))
    if row.state == DeliveryState.SENT:  # it came back after the relay had taken it
        return "it was sent, and is not sent again; mail to its recipient goes out again"
    if row.digest_id is not None and row.state == DeliveryState.FAILED:
        # Its items went back to the ledger: the next digest carries them, and nothing stands twice.
        return "what the digest told comes with the next one"
    if not row.message:
        raise NotFound(f"delivery {delivery_id} is too old: its message is no longer kept")
    requeue(session, row, now)
    return "the service tries it again now, as the same message"


def requeue(session: Session, row: DeliveryRow, now: datetime) -> None:
    """Let a message be sent again, as the same message. Raises Conflict when it is in hand."""
    _check_idle(row, now)
    row.state, row.attempts, row.due_at, row.lease_token, row.lease_until = "due", 0, now, None, None
    session.add(row)


def _check_idle(row: DeliveryRow, now: datetime) -> None:
    if row.lease_until is not None and row.lease_until > now:
        raise Conflict(f"delivery {row.id} is being sent just now; nothing was changed")


def failed(session: Session) -> Sequence[int]:
    """The messages that were given up, oldest first: the dead letters."""
    rows = session.exec(
        select(DeliveryRow.id).where(DeliveryRow.state == DeliveryState.FAILED.value).order_by(col(DeliveryRow.id))
    ).all()
    return [id_ for id_ in rows if id_ is not None]
