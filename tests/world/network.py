"""The network of the small internet: a transport for httpx that hands requests to outlets, under the world's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise

import httpx

from aggregator.fetch.failure import FetchError
from aggregator.model.page import FailureKind
from tests.world.clock import SteppedClock
from tests.world.outlet import Answer, Outlet

LATENCY = 0.2
_BROKEN = {"dns": FailureKind.DNS, "timeout": FailureKind.TIMEOUT, "connect": FailureKind.CONNECT}


class _Body(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._body:
            yield self._body


class World(httpx.AsyncBaseTransport):
    """Outlets by host and path. In the times ``unplugged`` nobody can be reached. ``starts`` notes when a host was asked."""

    def __init__(self, clock: SteppedClock, outlets: list[Outlet]) -> None:
        self.clock = clock
        self.outlets = outlets
        self.unplugged: list[tuple[datetime, datetime]] = []
        self.starts: dict[str, list[datetime]] = {}
        self.redirects: dict[str, tuple[Outlet, int, str]] = {}
        """By URL: whose it is, with what status it leads where. An outlet answers at that address, too."""
        self._places = {(outlet.host, outlet.path): outlet for outlet in outlets}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        scheme, host, path = request.url.scheme, request.url.host, request.url.path
        self.starts.setdefault(host, []).append(self.clock.true())
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers.raw}
        answer = self._answer(scheme, host, path, headers)
        if answer.broken:
            await self.clock.sleep(10.0 if answer.broken == "timeout" else LATENCY)
            raise FetchError(_BROKEN[answer.broken], answer.broken)
        await self.clock.sleep(LATENCY)
        return httpx.Response(answer.status, headers=list(answer.headers), stream=_Body(answer.body))

    def _answer(self, scheme: str, host: str, path: str, headers: dict[str, str]) -> Answer:
        now = self.clock.true()
        if any(start <= now < end for start, end in self.unplugged):
            return Answer(broken="dns")
        if redirect := self.redirects.get(f"{scheme}://{host}{path}"):
            outlet, status, target = redirect
            return outlet.redirect(path, now, status, target)
        found = self._places.get((host, path))
        return found.answer(path, now, headers) if found else Answer(404)

    def lead(self, outlet: Outlet, status: int, target: str) -> None:
        """From now on an outlet's address leads to ``target``, where it answers."""
        self.redirects[outlet.url] = (outlet, status, target)
        url = httpx.URL(target)
        self._places[url.host, url.path] = outlet

    def shortest_gap(self, host: str) -> timedelta:
        """Between the starts of two requests to a host."""
        return min((later - earlier for earlier, later in pairwise(sorted(self.starts[host]))), default=timedelta.max)
