"""Manners towards one host: one request at a time, a pause between two, feeds first; and a bound on all hosts together."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aggregator.model.clock import Clock


class _Host:
    __slots__ = ("busy", "started", "waiting")

    def __init__(self) -> None:
        self.busy = False
        self.started = float("-inf")
        self.waiting: list[tuple[bool, int, asyncio.Future[None]]] = []


class HostGate:
    """Hands out turns.

    ``gap`` is the least number of seconds between the starts of two requests to a host, ``concurrency`` the number of
    requests in flight over all hosts. A request that waits for its host holds none of those slots, so a crowd at one host
    keeps nobody else waiting. Memory is bounded by the hosts that are busy, awaited, or started within the last gap.
    """

    def __init__(self, clock: Clock, gap: float, concurrency: int) -> None:
        self._clock, self._gap = clock, gap
        self._slots = asyncio.Semaphore(concurrency)
        self._order = itertools.count()
        self._hosts: dict[str, _Host] = {}  # in the order of their last start

    def __len__(self) -> int:
        """The number of hosts remembered."""
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, host: str, *, page: bool = False) -> AsyncIterator[None]:
        """Wait for the turn of one request to ``host`` and hold it. Among those waiting for a host, pages come last."""
        state = await self._claim(host, page)
        try:
            pause = state.started + self._gap - asyncio.get_running_loop().time()
            if pause > 0:
                await self._clock.sleep(pause)
            async with self._slots:
                state.started = asyncio.get_running_loop().time()
                self._hosts[host] = self._hosts.pop(host)
                yield
        finally:
            self._leave(state)
            self._forget_idle()

    async def _claim(self, host: str, page: bool) -> _Host:
        state = self._hosts.setdefault(host, _Host())
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
        """Drop hosts from the one that started longest ago; a busy one at the front only puts this off."""
        horizon = asyncio.get_running_loop().time() - self._gap
        for host, state in list(itertools.islice(self._hosts.items(), 4)):
            if state.busy or state.started > horizon:
                return
            del self._hosts[host]
