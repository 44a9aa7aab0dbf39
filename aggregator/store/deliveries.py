"""What became of messages: the lists and the attempts that people look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from aggregator.errors import NotFound
from aggregator.model.delivery import AttemptOutcome
from aggregator.store.outbox import WAITING, WITHOUT_MESSAGE, is_waiting
from aggregator.store.tables import AttemptRow, BounceRow, DeliveryRow


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A row of ``aggregator delivery list``. ``detail`` is the last answer, ``due_at`` the next try, if there is to be one."""

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


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One try: ``server`` is the relay by its own name, ``detail`` the first line of its answer."""

    at: datetime
    outcome: str
    code: int
    server: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A report that the message came back, or that its reader complains. ``kind``: hard, soft, complaint."""

    at: datetime
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One message with all that was tried, and what came back of it. ``message`` is empty when it is no longer kept."""

    line: DeliveryLine
    message_id: str
    message: bytes
    attempts: tuple[AttemptLine, ...]
    returned: tuple[ReturnLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Sending rests, for the relay does not take our mail at all: since when, why, and when it is asked again."""

    since: datetime
    detail: str
    until: datetime | None
    waiting: int


_NO_WAY = (AttemptOutcome.BROKEN.value, AttemptOutcome.DOWN.value)


def listing(session: Session, most: int, state: str = "") -> list[DeliveryLine]:
    """The newest deliveries, newest first; with ``state`` only those that stand so."""
    wanted = [DeliveryRow.state == state] if state else []
    newest = select(DeliveryRow).options(WITHOUT_MESSAGE).where(*wanted).order_by(col(DeliveryRow.id).desc()).limit(most)
    return [_line(row) for row in session.exec(newest).all()]


def record(session: Session, delivery_id: int) -> DeliveryRecord:
    """A message and its attempts, oldest first. Raises NotFound."""
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id}; see `aggregator delivery list`")
    tries = session.exec(select(AttemptRow).where(AttemptRow.delivery_id == delivery_id).order_by(col(AttemptRow.id))).all()
    back = session.exec(select(BounceRow).where(BounceRow.delivery_id == delivery_id).order_by(col(BounceRow.id))).all()
    return DeliveryRecord(
        _line(row),
        row.message_id,
        row.message,
        tuple(AttemptLine(each.at, each.outcome, each.code, each.server, each.detail) for each in tries),
        tuple(ReturnLine(each.at, each.kind, each.detail) for each in back),
    )


def pause(session: Session) -> Pause | None:
    """Whether sending rests at present: the last attempt found the relay itself, or our way to it, broken."""
    last = session.exec(select(AttemptRow).order_by(col(AttemptRow.id).desc()).limit(1)).first()
    if last is None or last.outcome not in _NO_WAY:
        return None
    well = select(func.coalesce(func.max(AttemptRow.id), 0)).where(col(AttemptRow.outcome).not_in(_NO_WAY))
    since = session.exec(select(func.min(AttemptRow.at)).where(col(AttemptRow.id) > well.scalar_subquery())).one()
    waiting = session.exec(select(func.count()).where(is_waiting())).one()
    # What has entered since is due at once, but waits all the same.
    old = (is_waiting(), col(DeliveryRow.created_at) <= last.at)
    until = session.exec(select(func.min(DeliveryRow.due_at)).where(*old)).one()
    return Pause(since, last.detail, until, waiting) if waiting else None


def _line(row: DeliveryRow) -> DeliveryLine:
    return DeliveryLine(
        id=row.id or 0,
        kind=row.kind,
        address=row.address,
        subject=row.subject,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at if row.state in WAITING else None,
        sent_at=row.sent_at,
        detail=row.detail,
    )
