"""The outbox: messages wait here until somebody has taken them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from aggregator.errors import NotFound
from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery, DeliveryKind, DeliveryState
from aggregator.store.dialect import timed, upsert
from aggregator.store.tables import AttemptRow, DeliveryRow, DigestEditRow, DigestItemRow, DigestRow, RecipientRow

_CLAIM = timed(
    """
    UPDATE delivery SET lease_until = :until, lease_token = :token WHERE id = (
        SELECT id FROM delivery
        WHERE state IN ('due', 'unknown') AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
        ORDER BY due_at, id LIMIT 1
    ) RETURNING id
    """,
    "now",
    "until",
)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A finished message, about to enter the outbox. ``key`` makes it unique: the same alert or digest never enters twice.

    ``number`` stands for it in links.
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


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A row of ``aggregator delivery list``."""

    id: int
    kind: str
    address: str
    subject: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    detail: str


def enqueue(session: Session, mail: NewDelivery, now: datetime) -> int | None:
    """Put a message into the outbox. Returns its id, None when its key is there already."""
    values = {name: getattr(mail, name) for name in NewDelivery.__slots__}
    statement = upsert(DeliveryRow).values(**values, created_at=now, due_at=now).on_conflict_do_nothing()
    id_: int | None = session.execute(statement.returning(col(DeliveryRow.id))).scalar_one_or_none()
    return id_


def claim(session: Session, now: datetime, lease: timedelta) -> Delivery | None:
    """Lease the next due message, if there is one."""
    values = {"now": now, "until": now + lease, "token": secrets.token_hex(8)}
    id_ = session.execute(_CLAIM, values).scalar_one_or_none()
    if id_ is None:
        return None
    row = session.get_one(DeliveryRow, id_)
    recipient = session.get_one(RecipientRow, row.recipient_id)
    return Delivery(
        id=id_,
        kind=DeliveryKind(row.kind),
        recipient=recipient.slug,
        address=row.address,
        message_id=row.message_id,
        message=row.message,
        attempts=row.attempts,
        created_at=row.created_at,
        lease_token=row.lease_token or "",
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
) -> None:
    """Note an attempt and where the message stands now. A digest that failed for good gives its items back: they stay owed.

    ``rest``: mail to this address rests from now on. After a ``BROKEN`` attempt, which is no strike, everything waits until
    ``due_at``: the next message would fare no better.
    """
    broken = attempt.outcome is AttemptOutcome.BROKEN
    values: dict[str, object] = {"lease_until": None, "lease_token": None, "state": state.value, "detail": attempt.detail[:300]}
    values |= {"attempts": delivery.attempts + (not broken)}
    if state is DeliveryState.SENT:
        values["sent_at"] = now
    if due_at is not None:
        values["due_at"] = due_at
    session.execute(update(DeliveryRow).where(col(DeliveryRow.id) == delivery.id).values(**values))
    log = {"outcome": attempt.outcome.value, "code": attempt.code, "detail": attempt.detail[:300]}
    session.execute(insert(AttemptRow).values(delivery_id=delivery.id, at=now, **log))
    if broken and due_at is not None:
        waiting = (col(DeliveryRow.state).in_(("due", "unknown")), col(DeliveryRow.due_at) < due_at)
        session.execute(update(DeliveryRow).where(*waiting).values(due_at=due_at))
    if state is DeliveryState.FAILED:
        _give_back(session, delivery.id)
    if rest and _still_his(session, delivery):
        suppress(session, delivery.recipient, f"{attempt.code} {attempt.detail}")


def _still_his(session: Session, delivery: Delivery) -> bool:
    """Whether the message went to the address that its reader has now: a refusal of an old one says nothing of the new."""
    spec = session.exec(select(RecipientRow.spec).where(col(RecipientRow.slug) == delivery.recipient)).one()
    return bool(spec["address"] == delivery.address)


def _give_back(session: Session, delivery_id: int) -> None:
    digest_id = session.get_one(DeliveryRow, delivery_id).digest_id
    if digest_id is not None:
        session.execute(update(DigestItemRow).where(col(DigestItemRow.digest_id) == digest_id).values(digest_id=None))
        session.execute(update(DigestEditRow).where(col(DigestEditRow.digest_id) == digest_id).values(digest_id=None))
        session.execute(update(DigestRow).where(col(DigestRow.id) == digest_id).values(state="failed"))


def suppress(session: Session, recipient: str, reason: str) -> None:
    """Let mail to a recipient rest: the relay refused the address for good."""
    session.execute(update(RecipientRow).where(col(RecipientRow.slug) == recipient).values(suppressed=reason[:300]))


def retry(session: Session, delivery_id: int, now: datetime) -> None:
    """Send a failed alert again, or lift a recipient's rest so that the next digest goes out. Raises NotFound."""
    row = session.get(DeliveryRow, delivery_id)
    if row is None or row.state == DeliveryState.SENT:
        raise NotFound(f"there is no unsent delivery {delivery_id}; see `aggregator delivery list`")
    session.execute(update(RecipientRow).where(col(RecipientRow.id) == row.recipient_id).values(suppressed=""))
    if row.digest_id is not None and row.state == DeliveryState.FAILED:
        return  # its items went back to the ledger: the next digest carries them, and nothing stands twice
    row.state, row.attempts, row.due_at, row.lease_token, row.lease_until = "due", 0, now, None, None
    session.add(row)


def listing(session: Session, most: int) -> list[DeliveryLine]:
    """The newest deliveries, newest first."""
    rows = session.exec(select(DeliveryRow).order_by(col(DeliveryRow.id).desc()).limit(most)).all()
    return [
        DeliveryLine(
            row.id or 0, row.kind, row.address, row.subject, row.state, row.attempts, row.created_at,
            row.due_at if row.state in ("due", "unknown") else None, row.sent_at, row.detail,
        )
        for row in rows
    ]  # fmt: skip
