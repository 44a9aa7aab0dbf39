"""The only notion of time that the product has. The real one is built in ``app.py``; tests step their own."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits. Whoever needs either is handed one."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment, never going back, whatever is done to the wall clock: for pauses, not for dates."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass (at once for a clock that is stepped by hand)."""
        ...
