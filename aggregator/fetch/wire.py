"""One exchange over HTTP/1.1, through the guard. The only module of the product that imports httpx.

httpx's own client is left out: it would keep cookies, parse every ``Location`` before we have judged it, and log URLs. Its
requests, responses, URLs and TLS defaults are used as they are, with a transport behind them that is ours: httpx's own cannot be
told which addresses it may connect to, and costs several times as much (``docs/decisions/0005``).
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from functools import lru_cache, partial
from types import TracebackType
from typing import Self, TypeAlias

import httpx

from aggregator.fetch.address import Address
from aggregator.fetch.connection import Connection, UnansweredError
from aggregator.fetch.failure import FetchError
from aggregator.fetch.guard import Networks, Resolver
from aggregator.fetch.headers import Headers, RawHeaders, decoded
from aggregator.model.page import FailureKind

KEEP_ALIVE = 15.0
"""Seconds an idle connection is kept: longer than the pause between two requests to a host, shorter than servers keep it."""

_SAMPLE_SECONDS = 1.0
_REPEATABLE = frozenset(("GET", "HEAD"))
_LINE_ENDS = re.compile(rb"\r\n|[\x00\r\n]")  # or what somebody might take for one

Network: TypeAlias = httpx.AsyncBaseTransport
"""What carries requests to servers and answers back: the real network, or one that a test has made."""

_Key = tuple[str, str, int, Networks]


class GuardedTransport(httpx.AsyncBaseTransport):
    """A transport for httpx on connections that the guard has opened.

    The extension ``networks`` of a request says what it may reach besides public addresses, by default nothing; ``timeout`` is
    httpx's, of which ``connect`` counts. A connection that was opened under some ``networks`` serves only requests with the same
    ones: a source without the permission can never find itself on a connection that another's permission opened. Misfortunes
    are ``FetchError``.
    """

    def __init__(self, resolver: Resolver, *, most_idle: int) -> None:
        self._context = httpx.create_ssl_context(trust_env=False)
        self._context.set_alpn_protocols(["http/1.1"])
        self._resolver, self._most_idle = resolver, most_idle
        self._idle: OrderedDict[_Key, tuple[Connection, float]] = OrderedDict()  # since when, in the loop's seconds
        self._sweeper: asyncio.TimerHandle | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on the idle connection of its origin, or on a new one."""
        message = _message(request, await request.aread())
        url = request.url
        if url.scheme not in ("http", "https"):
            raise FetchError(FailureKind.BLOCKED, "URL does not begin with http:// or https://")
        port = url.port or (443 if url.scheme == "https" else 80)
        key = (url.scheme, url.raw_host.decode("ascii"), port, request.extensions.get("networks", ()))
        # A POST must not be sent twice, so it does not go where nobody knows whether the server still listens.
        connection = self._take(key) if request.method in _REPEATABLE else None
        timeout = request.extensions.get("timeout", {}).get("connect")
        try:
            incoming = None
            if connection is not None:
                # The server may have closed it while we asked: RFC 9112 §9.3.1 allows such a request to be sent again.
                with suppress(UnansweredError):
                    incoming = await connection.exchange(message)
            if connection is None or incoming is None:
                connection = await self._open(key, timeout)
                incoming = await connection.exchange(message)
        except BaseException:  # cancellation, too: no connection may stay behind in use by nobody
            if connection is not None:
                connection.abort()
            raise
        return httpx.Response(incoming.status, headers=incoming.headers, stream=_Body(self, key, connection))

    async def aclose(self) -> None:
        """Close the idle connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        while self._idle:
            self._end_oldest()
        await asyncio.sleep(0)  # the loop closes their sockets in its next round

    def __len__(self) -> int:
        """The number of idle connections."""
        return len(self._idle)

    def keep(self, key: _Key, connection: Connection) -> None:
        """Take back a connection after use, for the next request; or end it."""
        if not connection.reusable or key in self._idle:
            connection.abort()
            return
        connection.rest()
        connection.lost = partial(self._forget, key)
        loop = asyncio.get_running_loop()
        self._idle[key] = connection, loop.time()
        if len(self._idle) > self._most_idle:
            self._end_oldest()
        if self._sweeper is None:
            self._sweeper = loop.call_later(KEEP_ALIVE, self._sweep)

    def _take(self, key: _Key) -> Connection | None:
        connection, _ = self._idle.pop(key, (None, 0.0))
        return connection if connection is not None and connection.reusable else None

    def _forget(self, key: _Key, connection: Connection) -> None:
        """The server has ended an idle connection, or one that is in use again."""
        if self._idle.get(key, (None, 0.0))[0] is connection:
            del self._idle[key]

    def _end_oldest(self) -> None:
        _, (connection, _) = self._idle.popitem(last=False)
        connection.abort()

    def _sweep(self) -> None:
        """End what has been idle for too long; come back when the next one will have been."""
        loop, self._sweeper = asyncio.get_running_loop(), None
        while self._idle:
            _, since = next(iter(self._idle.values()))
            if since + KEEP_ALIVE > loop.time():
                self._sweeper = loop.call_at(since + KEEP_ALIVE, self._sweep)
                return
            self._end_oldest()

    async def _open(self, key: _Key, timeout: float | None) -> Connection:
        scheme, host, port, networks = key
        context = self._context if scheme == "https" else None
        return await Connection.open(host, port, context=context, resolver=self._resolver, allowed=networks, timeout=timeout)


class _Body(httpx.AsyncByteStream):
    """The body as it comes off the connection, still encoded: httpx would inflate it without a bound."""

    def __init__(self, transport: GuardedTransport, key: _Key, connection: Connection) -> None:
        self._transport, self._key, self._connection = transport, key, connection

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        return self._connection.body()

    async def aclose(self) -> None:
        """Free the connection: for the next request, if the answer was read to its end and nothing came after it."""
        self._transport.keep(self._key, self._connection)


class Answer:
    """A response whose headers have arrived; a context manager that frees its connection."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Headers = decoded(response.headers.raw)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._response.aclose()

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes off the wire, still encoded.

        Raises:
            FetchError: of kind TRUNCATED or PROTOCOL.
        """
        assert isinstance(self._response.stream, httpx.AsyncByteStream)
        chunks = aiter(self._response.stream)
        assert isinstance(chunks, AsyncGenerator)
        return chunks

    async def beginning(self, most: int) -> bytes:
        """The first bytes of a body that nobody wants, still encoded, ``most`` of them or fewer.

        A second is as long as we wait for them. A body that ends by then leaves the connection to the next request. Failures
        do not matter here.
        """
        read = b""
        if self.status in (204, 304):  # they have none
            return read
        with suppress(FetchError, TimeoutError):
            async with asyncio.timeout(_SAMPLE_SECONDS), aclosing(self.chunks()) as chunks:
                async for chunk in chunks:
                    read += chunk
                    if len(read) > most:
                        break
        return read[:most]


class Wire:
    """Sends requests. ``connect_timeout`` (seconds) bounds lookup, connection and TLS handshake, each.

    A ``network`` takes the place of the real one: then no guard stands before it.
    """

    def __init__(self, resolver: Resolver, *, connect_timeout: float, most_idle: int, network: Network | None = None) -> None:
        self._timeout = {"connect": connect_timeout}
        self._transport = network or GuardedTransport(resolver, most_idle=most_idle)

    def __len__(self) -> int:
        """The number of idle connections."""
        return len(self._transport) if isinstance(self._transport, GuardedTransport) else 0

    async def get(self, address: Address, headers: RawHeaders, networks: Networks) -> Answer:
        """Send a GET and hand over the answer; no redirects, no cookies.

        Raises:
            FetchError: there is no answer.
        """
        return await self._send("GET", address, headers, networks)

    async def post(self, address: Address, headers: RawHeaders, networks: Networks, content: bytes) -> Answer:
        """Send a POST, once, and hand over the answer.

        Raises:
            FetchError: there is no answer.
        """
        return await self._send("POST", address, headers, networks, content)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _send(
        self, method: str, address: Address, headers: RawHeaders, networks: Networks, content: bytes | None = None
    ) -> Answer:
        try:
            request = httpx.Request(
                method,
                _url(address.url),
                headers=[(b"Host", address.netloc.encode("ascii")), *headers],
                content=content,
                extensions={"timeout": self._timeout, "networks": networks},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchError(FailureKind.BLOCKED, "URL is not valid") from error
        return Answer(await self._transport.handle_async_request(request))


@lru_cache(maxsize=1024)
def _url(url: str) -> httpx.URL:
    return httpx.URL(url)


def _message(request: httpx.Request, content: bytes) -> bytes:
    """The request as it goes over the wire (RFC 9112 §3). No value can end its line, or the head, before its end."""
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    head = b"\r\n".join(lines)
    if len(_LINE_ENDS.findall(head)) != len(lines) - 1 or b" " in request.url.raw_path:
        raise FetchError(FailureKind.PROTOCOL, "request cannot be expressed in HTTP")
    return b"%b\r\n\r\n%b" % (head, content)
