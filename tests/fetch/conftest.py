"""A loopback HTTP server with scripted answers and a log; names that lead to it; a clock that does not wait."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

import pytest

from aggregator.config.settings import FetchSettings
from aggregator.fetch import Fetcher
from tests.certificates import ABSENT, self_signed

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

Script: TypeAlias = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Logged:
    """One request as it came: the connection's number, the target, the headers in order, names as spelt, and the body."""

    connection: int
    target: str
    headers: tuple[tuple[str, str], ...]
    method: str = "GET"
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Loopback:
    """Answers per target from a script; the last answer repeats. ``connections`` counts, whether or not a request followed.

    A ``greeting`` is sent without waiting for a request, and nothing else.
    """

    port: int = 0
    connections: int = 0
    greeting: bytes = b""
    log: list[Logged] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    scripts: dict[str, list[Script]] = field(default_factory=dict)
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def open(self) -> int:
        """Connections that have not ended."""
        return sum(not talk.done() for talk in self.talks)

    async def until(self, there: Callable[[Loopback], bool]) -> None:
        """Let the loop run until something is so here; a test that waits in vain fails for that."""
        for _ in range(100_000):
            if there(self):
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came to that")

    def script(self, target: str, *answers: Script) -> None:
        self.scripts[target] = list(answers)

    def url(self, target: str = "/", host: str = "a.test", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{target}"

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
        async with await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=tls) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            for talk in self.talks:
                talk.cancel()
            await asyncio.gather(*self.talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = asyncio.ensure_future(self._answer(self.connections, reader, writer))
        self.talks.add(talk)
        with suppress(asyncio.CancelledError):  # it may be cancelled before it has begun
            await talk
        writer.close()

    async def _answer(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.write(self.greeting)
            while not self.greeting and await self._answer_one(number, reader, writer):
                pass
        writer.close()
        with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await writer.wait_closed()

    async def _answer_one(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in head[1:-2]))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        self.log.append(Logged(number, target, headers, method, await reader.readexactly(length)))
        answers = self.scripts[target]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not isinstance(answer, bytes):
            await answer(writer)
            return False
        writer.write(answer)
        await writer.drain()
        return b"connection: close" not in answer.lower()


class Clock:
    """Stands still at noon and notes how long it was asked to wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Names:
    """A resolver: every ``*.test`` name leads to 127.0.0.1, others as told; it counts the questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, list[Sequence[str]]] = {}
        self.silent: set[str] = set()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host in self.silent:
            await asyncio.Event().wait()
        if host in self.answers:
            answers = self.answers[host]
            return answers.pop(0) if len(answers) > 1 else answers[0]
        if host.endswith(".test"):
            return ["127.0.0.1"]
        raise OSError("no such name")


class MakeFetcher(Protocol):
    """Builds a fetcher that may reach loopback; keywords are those of ``FetchSettings``."""

    def __call__(self, **settings: object) -> Fetcher: ...


class MakeAnswer(Protocol):
    """A response in bytes, with a ``Content-Length`` unless ``headers`` bring their own framing."""

    def __call__(self, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes: ...


@pytest.fixture
def answer() -> MakeAnswer:
    def make(status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        framed = {name.lower() for name in headers or {}} & {"content-length", "transfer-encoding"}
        if not framed and status not in (204, 304):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    return make


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def server(stack: AsyncExitStack) -> Loopback:
    return await stack.enter_async_context(Loopback().listening())


@pytest.fixture
async def neighbour(stack: AsyncExitStack) -> Loopback:
    """Another one, on another port."""
    return await stack.enter_async_context(Loopback().listening())


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Certificate and key for ``other.test``, as files. Nobody trusts it."""
    made = self_signed(tmp_path_factory.mktemp("tls"), ["DNS:other.test"], "other.test")
    if made is None:
        pytest.skip(ABSENT)
    cert, key = made
    return str(cert), str(key)


@pytest.fixture
def trusted(certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """That certificate's maker is an authority, by certifi's own switch for the file that it names."""
    import certifi

    monkeypatch.setattr(certifi, "where", lambda: certificate[0])


@pytest.fixture
async def tls_server(stack: AsyncExitStack, certificate: tuple[str, str]) -> Loopback:
    """The same behind TLS, with a certificate for ``other.test`` that nobody trusts; it notes the server names it is told."""
    loopback = Loopback()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def note(_: ssl.SSLObject | ssl.SSLSocket, name: str | None, __: ssl.SSLContext) -> None:
        loopback.names.append(name)

    context.sni_callback = note
    return await stack.enter_async_context(loopback.listening(context))


@pytest.fixture
def fetcher(stack: AsyncExitStack, server: Loopback, clock: Clock, names: Names) -> MakeFetcher:
    # ``server`` is asked for so that it is closed after the fetcher, which is on the stack above it.
    def make(**settings: object) -> Fetcher:
        chosen = {"allow_networks": ("127.0.0.0/8",), "deadline": 20.0, "connect_timeout": 20.0, **settings}
        made = Fetcher(FetchSettings(**chosen), clock, resolver=names)  # type: ignore[arg-type]
        stack.push_async_callback(made.aclose)
        return made

    return make
