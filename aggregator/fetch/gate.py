"""Manners towards one host: one request at a time, a pause between two, feeds first; and a bound on all hosts together."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aggregator.model.clock import Clock

REMEMBERED = 300.0
"""Seconds for which the last start at a host is known, so that a crawl delay of up to that holds after a feed, too."""

_LOOKED_AT = 4


class _Host:
    __slots__ = ("busy", "gap", "started", "waiting")

    def __init__(self) -> None:
        self.busy = False
        self.started = float("-inf")
        self.gap = 0.0
        self.waiting: list[tuple[bool, int, asyncio.Future[None]]] = []


class HostGate:
    """Hands out turns.

    ``gap`` is the least number of seconds between the starts of two requests to a host, ``concurrency`` the number of
    requests in flight over all hosts. A request that waits for its host holds none of those slots, so a crowd at one host
    keeps nobody else waiting. Pauses go by the clock's even seconds: whatever happens to the wall clock, none gets shorter.
    Memory is bounded by the hosts that are busy, awaited, or started within ``REMEMBERED`` or the longest gap asked for them.
    """

    def __init__(self, clock: Clock, gap: float, concurrency: int) -> None:
        self._clock, self._gap = clock, gap
        self._slots = asyncio.Semaphore(concurrency)
        self._order = itertools.count()
        self._hosts: dict[str, _Host] = {}

    def __len__(self) -> int:
        """The number of hosts remembered."""
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, host: str, *, page: bool = False, gap: float = 0.0, at_once: bool = False) -> AsyncIterator[None]:
        """Wait for the turn of one request to ``host`` and hold it. Among those waiting for a host, pages come last.

        ``gap`` widens the pause before this start, in seconds (a crawl delay); ``at_once`` leaves it out.
        """
        state = await self._claim(host, page)
        try:
            state.gap = max(state.gap, gap)
            pause = state.started + max(self._gap, gap) - self._clock.monotonic()
            if pause > 0 and not at_once:
                await self._clock.sleep(pause)
            async with self._slots:
                state.started = self._clock.monotonic()
                yield
        finally:
            self._leave(state)
            self._forget_idle()

    async def _claim(self, host: str, page: bool) -> _Host:
        state = self._hosts.get(host)
        if state is None:
            state = self._hosts[host] = _Host()
        if state.busy:
            ready = asyncio.get_running_loop().create_future()
            heapq.heappush(state.waiting, (page, next(self._order), ready))
            try:
                await ready
            except asyncio.CancelledError:
                if not ready.cancelled():  # the turn had come already: pass it on
                    self._leave(state)
                raise
        state.busy = True
        return state

    def _leave(self, state: _Host) -> None:
        """Pass the turn to the next in line, who finds ``busy`` still set; clear it when there is none."""
        while state.waiting:
            *_, ready = heapq.heappop(state.waiting)
            if not ready.done():
                ready.set_result(None)
                return
        state.busy = False

    def _forget_idle(self) -> None:
        """Look at a few hosts, in turn, and drop those whose last start no longer matters."""
        now = self._clock.monotonic()
        for host, state in list(itertools.islice(self._hosts.items(), _LOOKED_AT)):
            del self._hosts[host]
            if state.busy or now < state.started + max(REMEMBERED, state.gap, self._gap):
                self._hosts[host] = state
