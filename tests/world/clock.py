"""Time that passes when it is told to, and for each poller on its own while it waits."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from datetime import datetime, timedelta

_WAITED: ContextVar[float] = ContextVar("waited", default=0.0)


class SteppedClock:
    """``at`` is the world's time. Whoever sleeps finds himself later by that much, and nobody else does: tasks that wait side
    by side do not add up. ``wrong`` is by how much the wall clock is off; pauses do not see it."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.wrong = timedelta()

    def now(self) -> datetime:
        return self.true() + self.wrong

    def true(self) -> datetime:
        """The world's own time, waits included."""
        return self.at + timedelta(seconds=_WAITED.get())

    def monotonic(self) -> float:
        return self.true().timestamp()

    async def sleep(self, seconds: float) -> None:
        _WAITED.set(_WAITED.get() + max(0.0, seconds))
        await asyncio.sleep(0)
