"""One connection to a server, through the guard: TLS or not, one request at a time, HTTP/1.1."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from typing import cast

from aggregator.fetch.answer import Incoming
from aggregator.fetch.failure import FetchError
from aggregator.fetch.guard import Networks, Resolver, connect
from aggregator.fetch.tls import Tls
from aggregator.model.page import FailureKind

_MOST_WAITING = 262_144
"""Bytes of a body that nobody has taken yet; more stay with the server."""


class UnansweredError(FetchError):
    """The connection ended before the first byte of an answer. On a kept one, the request may have come too late for it."""


class Connection(asyncio.Protocol):
    """Opened with ``open``; then ``exchange`` and ``body`` in turn, as long as it is ``reusable``; in the end, ``abort``.

    ``lost`` is called when it has ended, from whichever side.
    """

    def __init__(self) -> None:
        self.lost: Callable[[Connection], None] = _nobody_cares
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._tls: Tls | None = None
        self._answer: Incoming | None = None
        self._error: FetchError | None = None
        self._change: asyncio.Future[None] | None = None
        self._paused = False

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        context: ssl.SSLContext | None,
        resolver: Resolver,
        allowed: Networks,
        timeout: float | None,
    ) -> Connection:
        """Connect to an address of ``host`` that the guard has passed; with a ``context``, speak TLS with it.

        ``timeout`` (seconds) bounds lookup, connection and TLS handshake, each.

        Raises:
            FetchError: of kind BLOCKED, DNS, CONNECT, TIMEOUT or TLS.
        """
        sock = await connect(host, port, resolver, allowed, timeout)
        try:
            _, connection = await asyncio.get_running_loop().create_connection(cls, sock=sock)
        except BaseException:
            sock.close()
            raise
        if context is not None:
            await connection.shake_hands(Tls(context, host), timeout)
        return connection

    @property
    def reusable(self) -> bool:
        """Whether another request may be made: the last answer was complete, and nothing came after it."""
        answer = self._answer
        return self._error is None and (answer is None or (answer.ended and answer.keep_alive and not answer.surplus))

    async def shake_hands(self, tls: Tls, timeout: float | None) -> None:
        """From now on, speak TLS. ``timeout`` bounds the handshake, in seconds.

        Raises:
            FetchError: of kind TLS or TIMEOUT.
        """
        self._tls = tls
        try:
            async with asyncio.timeout(timeout):
                tls.receive(b"")
                self._flush()
                while not tls.established:
                    await self._changed()
        except TimeoutError as error:
            self.abort()
            raise FetchError(FailureKind.TIMEOUT, "TLS handshake took too long") from error
        except BaseException:
            self.abort()
            raise

    async def exchange(self, request: bytes) -> Incoming:
        """Send a request and wait for the head of its answer.

        Raises:
            FetchError: of kind PROTOCOL; an ``UnansweredError`` when there was no answer at all.
        """
        if self._error is not None:
            raise self._error
        answer = self._answer = Incoming()
        self._send(request)
        while not answer.headed:
            await self._changed()
        return answer

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The body of the answer, piece by piece as it comes.

        Raises:
            FetchError: of kind TRUNCATED or PROTOCOL.
        """
        answer = self._answer
        assert answer is not None
        while True:
            if answer.waiting:
                data = answer.take()
                self._resume()
                yield data
            elif answer.ended:
                break
            else:
                await self._changed()
        if answer.surplus and answer.sized:
            raise FetchError(FailureKind.TRUNCATED, "body is longer than its Content-Length")

    def rest(self) -> None:
        """Between two answers: what still comes ends the connection."""
        self._answer = None
        self._resume()

    def abort(self) -> None:
        """End it, at once."""
        if self._error is None:
            self._error = FetchError(FailureKind.PROTOCOL, "connection was given up")
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        try:
            if self._tls is not None:
                data = self._decrypted(data)
            if data:
                self._take(data)
        except FetchError as error:
            self._break_off(error)
        if self._tls is not None and self._tls.closed and self._transport is not None:
            self._transport.close()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended."""
        if self._error is None:
            self._error = self._ending(error)
        self._transport = None
        self._wake()
        self.lost(self)

    def _take(self, data: bytes) -> None:
        if self._answer is None:
            raise FetchError(FailureKind.PROTOCOL, "server spoke before it was asked")
        self._answer.feed(data)
        if self._answer.waiting > _MOST_WAITING and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _ending(self, error: Exception | None) -> FetchError:
        """What the end of the connection means for whoever waits."""
        answer = self._answer
        if self._tls is not None and not self._tls.established:
            return FetchError(FailureKind.TLS, "TLS: connection closed in the handshake")
        broken = FetchError(FailureKind.PROTOCOL, "connection was broken off")
        if answer is None or answer.ended:
            return broken
        if error is not None:
            broken.kind = FailureKind.TRUNCATED if answer.headed else FailureKind.PROTOCOL
        else:
            try:
                answer.end()
            except FetchError as ended:
                broken = ended
        return UnansweredError(broken.kind, broken.detail) if answer.silent else broken

    def _break_off(self, error: FetchError) -> None:
        if self._error is None:
            self._error = error
        if self._transport is not None:
            self._transport.abort()

    def _decrypted(self, data: bytes) -> bytes:
        assert self._tls is not None
        try:
            return self._tls.receive(data)
        finally:
            self._flush()  # also the alert that says why a handshake failed

    def _send(self, data: bytes) -> None:
        assert self._transport is not None
        if self._tls is None:
            self._transport.write(data)
        else:
            self._tls.send(data)
            self._flush()

    def _flush(self) -> None:
        assert self._tls is not None
        data = self._tls.outgoing()
        if data and self._transport is not None:
            self._transport.write(data)

    def _resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    async def _changed(self) -> None:
        """Wait until something has happened; raise what ended the connection."""
        if self._error is not None:
            raise self._error
        self._change = self._loop.create_future()
        await self._change

    def _wake(self) -> None:
        if self._change is not None and not self._change.done():
            self._change.set_result(None)


def _nobody_cares(_: Connection) -> None:
    pass
