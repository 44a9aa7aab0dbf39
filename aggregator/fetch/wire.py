"""One exchange over HTTP/1.1, through the guard. The only module of the product that imports httpx and httpcore.

httpx's own client is left out: it would keep cookies, parse every ``Location`` before we have judged it, and log URLs. Its
transport is used as it is, with another pool behind it, for two reasons: connections must pass the guard, and httpx's pool
looks at every idle connection (two calls into the kernel each) twice in each request.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from ipaddress import ip_address
from os import strerror
from typing import TypeAlias

import httpcore
import httpx

from aggregator.fetch.address import Address
from aggregator.fetch.failure import FetchError
from aggregator.fetch.guard import Networks, Resolver, vetted
from aggregator.fetch.headers import Headers, RawHeaders, decoded
from aggregator.model.page import FailureKind

KEEP_ALIVE = 15.0
"""Seconds an idle connection is kept: longer than the pause between two requests to a host, shorter than servers keep it."""

_DRAIN_BYTES = 16_384
_DRAIN_SECONDS = 1.0

# Everything that httpx, httpcore, anyio and the socket layer are known to raise for somebody else's misfortune. The last
# three: port 99999 is an OverflowError inside anyio's ExceptionGroup, names that no codec takes are ValueErrors.
_MISFORTUNES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.ConnectionNotAvailable,
    OSError,
    OverflowError,
    ValueError,
    ExceptionGroup,
)

_CERTIFICATE = {
    10: "certificate has expired",
    18: "certificate is self-signed",
    19: "certificate is self-signed",
    20: "certificate has an unknown issuer",
    62: "certificate is for another host",
    64: "certificate is for another address",
}


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that the guard has passed, and to nothing else."""

    def __init__(self, resolver: Resolver, networks: Networks) -> None:
        self._resolver, self._networks = resolver, networks
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look up, judge, connect to a literal, and compare it with the peer that the kernel reports."""
        try:
            async with asyncio.timeout(timeout):
                literals = await vetted(host, port, self._resolver, self._networks)
        except TimeoutError as error:
            raise FetchError(FailureKind.DNS, "name lookup took too long") from error
        share = None if timeout is None else timeout / len(literals)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for literal in literals:
            try:
                stream = await self._plain.connect_tcp(literal, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            peer = stream.get_extra_info("server_addr")
            if peer is None or ip_address(peer[0]) != ip_address(literal):
                await stream.aclose()
                raise FetchError(FailureKind.BLOCKED, "connected to another address than the one asked for")
            return stream
        assert failure is not None  # vetted() returns at least one literal
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse."""
        raise FetchError(FailureKind.BLOCKED, "unix sockets are not for the web")

    async def sleep(self, seconds: float) -> None:
        """Refuse: httpcore sleeps only between retries, which we do not ask it for."""
        raise NotImplementedError


Network: TypeAlias = httpx.AsyncBaseTransport
"""What carries requests to servers and answers back: the real network, or one that a test has made."""

_Key = tuple[bytes, bytes, int, Networks, int]


class _Connections(httpcore.AsyncConnectionPool):
    """Keeps one connection per origin and permission.

    A connection is opened under the ``networks`` of a request (its extension) and serves only requests with the same ones:
    a source without the permission can never find itself on a connection that another's permission opened.
    """

    def __init__(self, ssl_context: ssl.SSLContext, resolver: Resolver, most_idle: int) -> None:
        super().__init__(ssl_context=ssl_context)
        self._tls, self._resolver, self._most_idle = ssl_context, resolver, most_idle
        self._kept: OrderedDict[_Key, httpcore.AsyncHTTPConnection] = OrderedDict()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send on the kept connection of the origin, or on a new one."""
        key, connection = await self._pick(request.url.origin, request.extensions["networks"])
        reused = connection is not None
        try:
            if connection is None:
                connection = self._open(key, request.url.origin)
            try:
                response = await connection.handle_async_request(request)
            except (httpcore.RemoteProtocolError, httpcore.ReadError):
                if not reused:
                    raise
                # The server closed the idle connection while we asked: RFC 9112 §9.3.1 allows a GET to be sent again.
                connection = self._open(key, request.url.origin)
                response = await connection.handle_async_request(request)
            await self._close_idle()
        except BaseException:  # cancellation, too: no connection may stay behind in use by nobody
            self._kept.pop(key, None)
            if connection is not None:
                await connection.aclose()
            raise
        response.extensions["connection"] = connection
        return response

    async def aclose(self) -> None:
        """Close everything."""
        while self._kept:
            await self._kept.popitem()[1].aclose()

    def _open(self, key: _Key, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        connection = self._kept[key] = httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._tls,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=_GuardedBackend(self._resolver, key[3]),
        )
        return connection

    async def _pick(self, origin: httpcore.Origin, networks: Networks) -> tuple[_Key, httpcore.AsyncHTTPConnection | None]:
        """The place of a connection that is free and alive, or of one that is to be opened.

        The gate lets one request at a time to a host, so that the first place is practically always the one.
        """
        for place in itertools.count():
            key = (origin.scheme, origin.host, origin.port, networks, place)
            connection = self._kept.get(key)
            if connection is None:
                return key, None
            if connection.is_closed() or (connection.is_idle() and connection.has_expired()):
                del self._kept[key]
                await connection.aclose()
                return key, None
            if connection.is_available():
                self._kept.move_to_end(key)
                return key, connection
        raise AssertionError  # pragma: no cover - count() does not end

    async def _close_idle(self) -> None:
        """Close from the one used longest ago, as long as it is of no more use or one too many."""
        while self._kept:
            key, connection = next(iter(self._kept.items()))
            crowded = len(self._kept) > self._most_idle and connection.is_idle()
            if not (crowded or connection.is_closed() or connection.has_expired()):
                return
            del self._kept[key]
            await connection.aclose()


class Answer:
    """A response whose headers have arrived."""

    def __init__(self, response: httpx.Response) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)  # the raw stream: httpx would inflate without a bound
        self._response, self._body = response, response.stream
        self.status = response.status_code
        self.headers: Headers = decoded(response.headers.raw)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes off the wire, still encoded.

        Raises:
            FetchError: of kind TRUNCATED or PROTOCOL.
        """
        try:
            async for chunk in self._body:
                yield chunk
        except _MISFORTUNES as error:
            raise _classified(error, in_body=True) from error
        if self._surplus().strip() and "content-length" in self._response.headers:
            raise FetchError(FailureKind.TRUNCATED, "body is longer than its Content-Length")

    async def drain(self) -> None:
        """Read a small body that nobody wants, so that the connection can be used again. Failures do not matter here."""
        read = 0
        with suppress(*_MISFORTUNES):  # TimeoutError is an OSError
            async with asyncio.timeout(None if self.status == 304 else _DRAIN_SECONDS):
                async for chunk in self._body:
                    read += len(chunk)
                    if read > _DRAIN_BYTES:
                        break

    async def aclose(self) -> None:
        """Free the connection: for the next request if the answer was read to its end and nothing came after it."""
        await self._response.aclose()
        if self._surplus():
            await self._response.extensions["connection"].aclose()

    def _surplus(self) -> bytes:
        """What the server sent after the end of its answer; the next answer on the connection would begin with it.

        h11 says so in public (``Connection.trailing_data``); httpcore keeps h11's object to itself.
        """
        if "connection" not in self._response.extensions:  # of a network that is not ours
            return b""
        surplus: bytes = self._response.extensions["connection"]._connection._h11_state.trailing_data[0]  # noqa: SLF001
        return surplus


class Wire:
    """Sends requests. ``connect_timeout`` (seconds) bounds lookup, connection and TLS handshake, each.

    A ``network`` takes the place of the real one; nothing stands guard before it.
    """

    def __init__(
        self, resolver: Resolver, *, connect_timeout: float, most_idle: int, network: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._timeout = {"connect": connect_timeout}
        self._transport = network or _guarded(resolver, most_idle)

    @asynccontextmanager
    async def get(
        self, address: Address, headers: RawHeaders, networks: Networks, body: bytes | None = None
    ) -> AsyncIterator[Answer]:
        """Send a request (a POST, if it has a body) and hand over the answer; no redirects, no cookies.

        Raises:
            FetchError: there is no answer.
        """
        try:
            request = httpx.Request(
                "GET" if body is None else "POST",
                _url(address.url),
                headers=[(b"Host", address.netloc.encode("ascii")), *headers],
                content=body,
                extensions={"timeout": self._timeout, "networks": networks},
            )
            response = await self._transport.handle_async_request(request)
        except _MISFORTUNES as error:
            raise _classified(error) from error
        answer = Answer(response)
        try:
            yield answer
        finally:
            await answer.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def _guarded(resolver: Resolver, most_idle: int) -> httpx.AsyncHTTPTransport:
    tls = httpx.create_ssl_context(trust_env=False)
    transport = httpx.AsyncHTTPTransport(verify=tls, trust_env=False)
    transport._pool = _Connections(tls, resolver, most_idle)  # noqa: SLF001 - no public way in
    return transport


@lru_cache(maxsize=1024)
def _url(url: str) -> httpx.URL:
    return httpx.URL(url)


def _classified(error: BaseException, *, in_body: bool = False) -> FetchError:
    """What a foreign exception means, without a word of the other side's text."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case FetchError():
            return error
        case httpx.ConnectTimeout() | httpx.PoolTimeout() | TimeoutError():
            return FetchError(FailureKind.TIMEOUT, "connecting took too long")
        case httpx.TimeoutException():
            return FetchError(FailureKind.TIMEOUT, "the server took too long")
        case httpx.ConnectError():
            return _not_connected(error)
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return FetchError(FailureKind.BLOCKED, "URL is not valid")
        case httpx.RemoteProtocolError():
            return _not_http(str(error), in_body=in_body)
        case httpx.LocalProtocolError():
            return FetchError(FailureKind.PROTOCOL, "request cannot be expressed in HTTP")
        case httpx.NetworkError() | OSError():
            kind = FailureKind.TRUNCATED if in_body else FailureKind.PROTOCOL
            return FetchError(kind, "connection was broken off")
        case _:
            return FetchError(FailureKind.PROTOCOL, f"unexpected {type(error).__name__}")


def _not_connected(error: BaseException) -> FetchError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(FailureKind.TLS, _CERTIFICATE.get(cause.verify_code, "certificate is not valid"))
        if isinstance(cause, ssl.SSLError):
            return FetchError(FailureKind.TLS, f"TLS: {(cause.reason or 'handshake failed').replace('_', ' ').lower()}")
        if isinstance(cause, OSError) and cause.errno is not None:
            return FetchError(FailureKind.CONNECT, strerror(cause.errno).lower())
    return FetchError(FailureKind.CONNECT, "connection failed")


def _causes(error: BaseException) -> Iterable[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _not_http(message: str, *, in_body: bool) -> FetchError:
    """h11 tells its errors apart by text only; the ones that matter are matched, the rest is one thing."""
    if in_body and message.startswith("peer closed connection"):
        return FetchError(FailureKind.TRUNCATED, "body ends before its announced length")
    if message.startswith("Receive buffer too long"):
        return FetchError(FailureKind.PROTOCOL, "headers are over the limit")
    if message.startswith("Server disconnected"):
        return FetchError(FailureKind.PROTOCOL, "server closed the connection without an answer")
    return FetchError(FailureKind.PROTOCOL, "answer is not valid HTTP")
