"""A small HTTP/1.1 server: one thread, one event loop, any number of loopback addresses with one port."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus

_HEAD_LIMIT = 65_536
_DRIP_BYTES, _DRIP_SECONDS = 16, 0.05
_PORT_TRIES = 20


class Manner(Enum):
    """How a response travels."""

    WHOLE = auto()
    HALF = auto()  # the connection ends in the middle of the body
    DRIP = auto()  # 16 bytes every 50 ms
    SILENCE = auto()  # nothing, until either side closes


@dataclass(frozen=True, slots=True)
class Request:
    """A request without body. ``host`` is the local address it came in on; header names are lower-case."""

    method: str
    path: str
    host: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``Content-Length`` is added on the way."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    manner: Manner = Manner.WHOLE


Handler = Callable[[Request], Response]


class Server:
    """Serves what ``handler`` answers, which is called in the server's own thread. ``start`` and ``close`` once each."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="newsroom", daemon=True)
        self._listeners: Sequence[socket.socket] = ()
        self._connections: set[_Connection] = set()
        self._accepting: set[asyncio.Task[object]] = set()

    def start(self, listeners: Sequence[socket.socket]) -> None:
        """Answer on these bound sockets, which the server owns from now on."""
        self._listeners = listeners
        for listener in listeners:
            listener.settimeout(0)
            self._loop.add_reader(listener, self._accept, listener)
        self._thread.start()

    def close(self) -> None:
        """Drop every connection, stop the thread and wait for its end."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _accept(self, listener: socket.socket) -> None:
        """Take one connection. (asyncio's own server leaks those that it accepts in the turn in which it is closed.)"""
        try:
            peer, _ = listener.accept()
        except (BlockingIOError, ConnectionError):  # gone again
            return
        connected = self._loop.connect_accepted_socket(lambda: _Connection(self._handler, self._connections), peer)
        task: asyncio.Task[object] = self._loop.create_task(connected)
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    async def _drop(self) -> None:
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()
        if self._accepting:
            await asyncio.wait(self._accepting)
        while self._connections:
            for connection in tuple(self._connections):
                connection.abort()
            await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    """One keep-alive connection; requests are answered in order."""

    def __init__(self, handler: Handler, register: set[_Connection]) -> None:
        self._handler, self._register = handler, register
        self._buffer = b""
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self._host = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._host = transport, transport.get_extra_info("sockname")[0]
        self._register.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._register.discard(self)
        if self._timer:
            self._timer.cancel()

    def abort(self) -> None:
        """Close now, whatever is still unsent."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        while not self._busy and b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            request = _read(head, self._host)
            if request is None:
                return self._refuse(400)
            if request.method not in ("GET", "HEAD"):
                return self._refuse(405)
            self._send(request, self._handler(request))
        if len(self._buffer) > _HEAD_LIMIT:
            self._refuse(431)
        return None

    def _refuse(self, status: int) -> None:
        self._buffer, self._busy = b"", True
        self._transport.write(_head(Response(status, {"Connection": "close"})))
        self._transport.close()

    def _send(self, request: Request, response: Response) -> None:
        if response.manner is Manner.SILENCE:
            self._busy = True
            return
        last = request.headers.get("connection", "").lower() == "close" or response.manner is not Manner.WHOLE
        self._transport.write(_head(response))
        body = b"" if request.method == "HEAD" or response.status == HTTPStatus.NOT_MODIFIED else response.body
        if response.manner is Manner.DRIP and body:
            self._busy = True
            self._drip(body)
            return
        self._transport.write(body[: len(body) // 2] if response.manner is Manner.HALF else body)
        if last:
            self._busy = True
            self._transport.close()

    def _drip(self, body: bytes) -> None:
        self._transport.write(body[:_DRIP_BYTES])
        rest = body[_DRIP_BYTES:]
        if rest:
            self._timer = asyncio.get_running_loop().call_later(_DRIP_SECONDS, self._drip, rest)
        else:
            self._transport.close()


def _read(head: bytes, host: str) -> Request | None:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if words[2] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Request(words[0], words[1], host, headers)


def _head(response: Response) -> bytes:
    phrase = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in response.headers.items())]
    if response.status != HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def routed(host: str) -> bool:
    """True if this machine answers on that loopback address (Linux: all of 127.0.0.0/8; macOS: only 127.0.0.1)."""
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def bind(hosts: Sequence[str], port: int) -> tuple[list[socket.socket], int]:
    """Listening sockets on each address with one port. ``port=0`` picks one that is free on all of them.

    Raises OSError if the port is taken.
    """
    for attempt in range(_PORT_TRIES):
        sockets: list[socket.socket] = []
        chosen = port
        try:
            for host in hosts:
                listener = socket.socket()
                sockets.append(listener)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((host, chosen))
                listener.listen(128)
                chosen = listener.getsockname()[1]
        except OSError as error:
            for listener in sockets:
                listener.close()
            if port or error.errno != errno.EADDRINUSE or attempt == _PORT_TRIES - 1:
                raise
        else:
            return sockets, chosen
    raise AssertionError("unreachable: the last attempt returns or raises")
