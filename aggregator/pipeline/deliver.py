"""Delivery: outbox rows in, attempts and outcomes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery, DeliveryState
from aggregator.notify import GIVE_UP_AFTER, retry_delay
from aggregator.pipeline.rooms import Rooms
from aggregator.store import outbox

LEASE = timedelta(minutes=10)
PAUSE = timedelta(minutes=5)
"""How long sending rests when the relay refuses us altogether."""

LEAST_TRIES = 4
"""What is old before its first try (we were down, or the relay was broken) gets so many all the same."""

TOO_BIG = frozenset({0, 523, 552})
"""Refusals that speak of the message (its size; what this relay cannot carry), not of the recipient, who goes on getting mail."""


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What one delivery came to; ``outcome`` is empty when nothing was due."""

    id: int = 0
    kind: str = ""
    recipient: str = ""
    outcome: str = ""
    code: int = 0
    detail: str = ""


async def deliver_next(rooms: Rooms) -> DeliverReport:
    """Hand over the next due message and record what came of it."""
    delivery = await rooms.store.write(outbox.claim, rooms.clock.now(), LEASE)
    if delivery is None:
        return DeliverReport()
    attempt = await rooms.transport.send(delivery)
    now = rooms.clock.now()
    state, due_at = judge(delivery, attempt, now)
    rest = attempt.outcome is AttemptOutcome.REFUSED and attempt.code not in TOO_BIG
    await rooms.store.write_durably(outbox.settle, delivery, attempt, state, now, due_at, rest=rest)
    return DeliverReport(
        delivery.id, delivery.kind.value, delivery.recipient, attempt.outcome.value, attempt.code, attempt.detail
    )


def judge(delivery: Delivery, attempt: Attempt, now: datetime) -> tuple[DeliveryState, datetime | None]:
    """Where a message stands after an attempt, and when it is tried again.

    A message that could not be handed over for a day is given up: a digest's items then go into the next digest.
    """
    match attempt.outcome:
        case AttemptOutcome.ACCEPTED:
            return DeliveryState.SENT, None
        case AttemptOutcome.REFUSED:
            return DeliveryState.FAILED, None
        case AttemptOutcome.BROKEN:
            return DeliveryState.DUE, now + PAUSE
        case AttemptOutcome.DEFERRED | AttemptOutcome.UNKNOWN:
            tries, end = delivery.attempts + 1, delivery.created_at + GIVE_UP_AFTER
            wait = retry_delay(tries, delivery.message_id)
            if wait is None or (now >= end and tries >= LEAST_TRIES):
                return DeliveryState.FAILED, None
            unsure = attempt.outcome is AttemptOutcome.UNKNOWN
            state = DeliveryState.UNKNOWN if unsure else DeliveryState.DUE
            return state, min(now + wait, end) if now < end else now + wait
        case _:
            assert_never(attempt.outcome)
