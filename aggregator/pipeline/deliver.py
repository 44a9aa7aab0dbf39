"""Delivery: outbox rows in, attempts and outcomes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from aggregator.config.settings import MailMode, MailSettings
from aggregator.model.clock import Clock
from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery, DeliveryKind, DeliveryState
from aggregator.notify import GIVE_UP_AFTER, Transport, retry_delay
from aggregator.notify.links import bounce_sender
from aggregator.notify.smtp import TOO_BIG
from aggregator.pipeline.linking import secret_of
from aggregator.pipeline.mishap import in_words, survived
from aggregator.store import Store, happenings, outbox

log: structlog.stdlib.BoundLogger = structlog.get_logger("delivery")

PAUSE = timedelta(minutes=5)
"""How long sending rests when the relay refuses us altogether."""

BREATHER = timedelta(minutes=1)
"""How long it rests when the relay cannot be reached, which often ends by itself."""

ROUNDS = 15
"""More than the commands of one delivery, each of which may take the time-out: a lease outlasts them all."""

MOMENT = 2.0
"""Seconds that the first message after a pause goes alone: when the relay is still broken, one question is enough."""

LEAST_TRIES = 4
"""What is old before its first try (we were down, or the relay was broken) gets so many all the same."""

ABOUT_THE_MESSAGE = TOO_BIG | {0}
"""Refusals that speak of the message (its size; what this relay cannot carry), not of the recipient, who goes on getting mail."""


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What one delivery came to."""

    id: int
    kind: str
    recipient: str
    outcome: str
    code: int
    detail: str


@dataclass(slots=True)
class Sender:
    """Hands over what is due, several messages at a time. ``tell`` hears of each; ``well``: the relay takes our mail.

    Nothing is tried before ``rests_until``, also not what is new: a relay that is broken is asked once in a ``PAUSE``.
    ``busy`` counts the workers that have a message or ask for one; the others wait until ``bell`` rings.
    """

    store: Store
    transport: Transport
    clock: Clock
    mail: MailSettings
    tell: Callable[[DeliverReport], None]
    well: bool = False
    stopped: bool = False
    running: bool = False
    failed: bool = False
    rests_until: datetime | None = None
    busy: int = 0
    secret: bytes = b""
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def lease(self) -> timedelta:
        """Longer than any transaction takes."""
        return timedelta(seconds=ROUNDS * self.mail.timeout)

    def stop(self) -> None:
        """Claim nothing any more; the transactions in hand go on to their end."""
        self.stopped = True

    async def deliver_due(self) -> int:
        """Send until nothing is due, or the relay refuses us altogether. Returns how many messages were tried.

        Called again while it runs, it only wakes the workers that have nothing to do: what is new need not wait for what is slow.
        While the relay is not known to be well, one message goes before the others; but not long, for it may be its own address
        that is slow.
        """
        if self.running:
            self._ring()
            return 0
        self.running, self.failed = True, False
        try:
            delivery = await self._claim()
            return await self._deliver(delivery) if delivery else 0
        finally:
            self.running = False

    async def _deliver(self, delivery: Delivery) -> int:
        tried = asyncio.Event()
        self.busy = 1
        tasks = [asyncio.create_task(self._work(delivery, tried))]
        try:
            if not self.well:
                with suppress(TimeoutError):
                    async with asyncio.timeout(MOMENT):
                        await tried.wait()
            if self.well or not tried.is_set():
                others = self.mail.connections - 1 if self.mail.mode is MailMode.SMTP else 0
                self.busy += others
                tasks += [asyncio.create_task(self._work(None, tried)) for _ in range(others)]
            # An error of one ends none of the others in the middle of a message: they would be sent a second time.
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for task in tasks:
                task.cancel()
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return sum(end for end in ends if isinstance(end, int))

    async def _work(self, delivery: Delivery | None, tried: asyncio.Event) -> int:
        """Send one message after the other, ``delivery`` first; stop when the relay refuses us altogether."""
        done = 0
        try:
            while delivery := delivery or await self._next():
                try:
                    report = await self._hand_over(delivery)
                finally:
                    tried.set()
                self.tell(report)
                done, delivery = done + 1, None
                if report.outcome in (AttemptOutcome.BROKEN, AttemptOutcome.DOWN):
                    break
        except BaseException:
            self.failed = True
            raise
        finally:
            self.busy -= 1
            if not self.busy:
                self._ring()
        return done

    async def _next(self) -> Delivery | None:
        """The next message. When there is none, wait for the bell; None when nobody is at work any more."""
        while True:
            bell = self.bell
            if delivery := await self._claim():
                return delivery
            self.busy -= 1
            try:
                if self.busy:
                    await bell.wait()
                if not self.busy:
                    return None
            finally:
                self.busy += 1  # until the worker itself has ended

    def _ring(self) -> None:
        """Wake whoever waits now."""
        self.bell.set()
        self.bell = asyncio.Event()

    async def _claim(self) -> Delivery | None:
        now, most = self.clock.now(), max(1, self.mail.connections // 2)
        if self.stopped or self.failed or (self.rests_until is not None and now < self.rests_until):
            return None
        delivery = await self.store.write(outbox.claim, now, self.lease, most)
        if delivery is None or not self.mail.bounce_address:
            return delivery
        self.secret = self.secret or await secret_of(self.store, now)
        return replace(delivery, sender=bounce_sender(self.mail.bounce_address, self.secret, delivery.id))

    async def _hand_over(self, delivery: Delivery) -> DeliverReport:
        """Hand over a message that is leased to us, and record what came of it."""
        attempt = await survived(self.transport.send(delivery))
        if isinstance(attempt, Exception):  # a bug that one message has: the others go on, and nobody knows whether it went out
            log.error("delivery.error", id=delivery.id, exc_info=attempt)
            attempt = Attempt(AttemptOutcome.UNKNOWN, 0, in_words(attempt))
        now = self.clock.now()
        state, due_at = judge(delivery, attempt, now)
        hold = self._judge_relay(attempt.outcome, now)
        rest = attempt.outcome is AttemptOutcome.REFUSED and attempt.code not in ABOUT_THE_MESSAGE
        await self.store.write_durably(happenings.settle, delivery, attempt, state, now, due_at, rest=rest, hold=hold)
        return DeliverReport(
            delivery.id, delivery.kind.value, delivery.recipient, attempt.outcome.value, attempt.code, attempt.detail
        )

    def _judge_relay(self, outcome: AttemptOutcome, now: datetime) -> datetime | None:
        """Until when all mail waits after an attempt, if it does. While others have a line, one that gets none proves nothing:
        some relays take so many connections and no more."""
        if outcome not in (AttemptOutcome.BROKEN, AttemptOutcome.DOWN):
            self.well = True
        elif outcome is AttemptOutcome.BROKEN or self.busy == 1:
            self.well, self.rests_until = False, now + (PAUSE if outcome is AttemptOutcome.BROKEN else BREATHER)
            return self.rests_until
        return None


def judge(delivery: Delivery, attempt: Attempt, now: datetime) -> tuple[DeliveryState, datetime | None]:
    """Where a message stands after an attempt, and when it is tried again.

    A message that could not be handed over for a day is given up: a digest's items then go into the next digest. While the relay
    is down or broken, what is no digest waits for as long as it takes.
    """
    match attempt.outcome:
        case AttemptOutcome.ACCEPTED:
            return DeliveryState.SENT, None
        case AttemptOutcome.REFUSED:
            return DeliveryState.FAILED, None
        case AttemptOutcome.BROKEN:
            return DeliveryState.DUE, now + PAUSE
        case AttemptOutcome.DOWN:
            if delivery.kind is DeliveryKind.DIGEST and now >= delivery.created_at + GIVE_UP_AFTER:
                return DeliveryState.FAILED, None
            return DeliveryState.DUE, now + BREATHER
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
