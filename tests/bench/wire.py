"""The way out: CPU of one exchange, ours beside the transports it could have been built on.

A pass sends one GET to each of many loopback hosts, 32 at a time: ``kept`` (304 on connections kept from the pass before),
``body`` (the same, 26 kB), ``fresh`` (304, a new connection each) and ``tls`` (the same behind TLS). CPU is that of the
contestant's process alone, the best of several passes; ``left_mb`` is what 2,000 hosts polled once leave behind in ours. Ours
goes through the guard, the others are as they come. Usage: ``make bench NAME=wire [ARGS=--passes=9]``; the last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import multiprocessing
import resource
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aggregator.fetch.fetcher import MOST_IDLE
from tests.certificates import self_signed

HOSTS, MANY, AT_ONCE = 200, 2000, 32
PATIENCE = 600.0  # seconds for which connections are kept between the passes of one contestant
CHUNK = 65_536
BODY = b"<rss>" + b"harbour council " * 1625 + b"</rss>"
COMMON = (
    b"Date: Mon, 02 Mar 2026 12:00:00 GMT\r\nServer: nginx\r\nContent-Type: application/rss+xml\r\nVary: Accept-Encoding\r\n"
    b'ETag: "0123456789abcdef"\r\nLast-Modified: Mon, 02 Mar 2026 11:00:00 GMT\r\nCache-Control: max-age=300\r\n'
)
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n" + COMMON + b"\r\n"
CHANGED = b"HTTP/1.1 200 OK\r\n" + COMMON + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
HEADERS = {
    "User-Agent": "aggregator/1 (+https://news.example/bot; 1 subscribers; feed-id=daily)",
    "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1",
    "Accept-Encoding": "gzip, deflate",
    "If-Modified-Since": "Mon, 02 Mar 2026 11:00:00 GMT",
    "A-IM": "feed",
}

Get = Callable[[str], Awaitable[int]]
Close = Callable[[], Awaitable[None]]


def host(number: int) -> str:
    """Every feed has a host of its own."""
    return f"127.1.{number // 250}.{1 + number % 250}"


class Answering(asyncio.Protocol):
    """The outside world: a body where the path says so, else 304."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing to say yet."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.head = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer when the head is complete."""
        self.head += data
        if self.head.endswith(b"\r\n\r\n"):
            self.transport.write(CHANGED if self.head.startswith(b"GET /body") else UNCHANGED)
            self.head = b""


def serve(port: int, certificate: str, ready: Connection) -> None:
    """Plain on ``port``, with TLS on the next."""
    asyncio.run(_serve(port, certificate, ready))


async def _serve(port: int, certificate: str, ready: Connection) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_server(Answering, "0.0.0.0", port, backlog=1024)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        await loop.create_server(Answering, "0.0.0.0", port + 1, backlog=1024, ssl=context)
    ready.send("ready")
    await loop.run_in_executor(None, ready.recv)


# The contestants: each gives a function that fetches a URL and counts the bytes of the body, and one that closes everything.


def ours(*, idle: int, authority: str) -> tuple[Get, Close]:
    """The product's own, guard included."""
    import certifi

    if authority:
        certifi.where = lambda: authority  # what httpx's TLS defaults trust

    from aggregator.fetch import wire as product
    from aggregator.fetch.address import parse_url
    from aggregator.fetch.guard import networks

    product.KEEP_ALIVE = PATIENCE

    async def names(host: str, port: int) -> list[str]:
        return [host]

    wire, allowed = product.Wire(names, connect_timeout=10, most_idle=idle), networks(("127.0.0.0/8",))
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def get(url: str) -> int:
        async with await wire.get(parse_url(url), headers, allowed) as answer:
            return sum([len(chunk) async for chunk in answer.chunks()])

    return get, wire.aclose


def httpx_alone(*, idle: int, authority: str) -> tuple[Get, Close]:
    """httpx's transport on httpcore, as it is."""
    import httpx

    # Of the idle connections that its pool closes, some have just been handed out; so it keeps all of them, or none.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None if idle else 0, keepalive_expiry=None)
    transport = httpx.AsyncHTTPTransport(verify=_context(authority), limits=limits, trust_env=False)
    return _over(transport), transport.aclose


def httpcore_alone(*, idle: int, authority: str) -> tuple[Get, Close]:
    """httpcore without httpx in front of it."""
    import httpcore

    most = None if idle else 0
    pool = httpcore.AsyncConnectionPool(_context(authority), max_connections=None, max_keepalive_connections=most)
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def get(url: str) -> int:
        async with pool.stream("GET", url, headers=headers) as response:
            return sum([len(chunk) async for chunk in response.aiter_stream()])

    return get, pool.aclose


def aiohttp_alone(*, idle: int, authority: str) -> tuple[Get, Close]:
    """aiohttp without decoding, cookies and environment."""
    session = _aiohttp_session(idle, authority)

    async def get(url: str) -> int:
        async with session.get(url, headers=HEADERS, allow_redirects=False) as response:
            return sum([len(chunk) async for chunk in response.content.iter_any()])

    return get, session.close


def httpx_on_aiohttp(*, idle: int, authority: str) -> tuple[Get, Close]:
    """httpx's requests and responses over aiohttp."""
    import httpx_aiohttp

    transport = httpx_aiohttp.AiohttpTransport(client=_aiohttp_session(idle, authority))
    return _over(transport), transport.aclose


def _aiohttp_session(idle: int, authority: str) -> Any:
    import aiohttp

    keep: dict[str, Any] = {"keepalive_timeout": PATIENCE} if idle else {"force_close": True}
    connector = aiohttp.TCPConnector(limit=0, use_dns_cache=False, ssl=_context(authority), **keep)
    jar = aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(connector=connector, cookie_jar=jar, auto_decompress=False, trust_env=False)


def _over(transport: Any) -> Get:
    import httpx

    async def get(url: str) -> int:
        response = await transport.handle_async_request(httpx.Request("GET", url, headers=HEADERS))
        size = sum([len(chunk) async for chunk in response.stream])
        await response.aclose()
        return size

    return get


def _context(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority or None)


CONTESTANTS = {
    "aggregator": ("httptools", ours),
    "httpx": ("httpx", httpx_alone),
    "httpcore": ("httpcore", httpcore_alone),
    "aiohttp": ("aiohttp", aiohttp_alone),
    "httpx_aiohttp": ("httpx_aiohttp", httpx_on_aiohttp),
}


@dataclass(frozen=True, slots=True)
class Course:
    """A pass: how many hosts, where, and how many connections may stay open."""

    hosts: int
    url: str
    idle: int
    size: int = 0


def courses(port: int, *, tls: bool) -> dict[str, Course]:
    """By name."""
    plain, secret = f"http://{{}}:{port}/", f"https://{{}}:{port + 1}/"
    found = {
        "kept": Course(HOSTS, plain + "feed", HOSTS),
        "body": Course(HOSTS, plain + "body", HOSTS, len(BODY)),
        "fresh": Course(HOSTS, plain + "feed", 0),
    }
    return found | ({"tls": Course(HOSTS // 4, secret + "feed", 0)} if tls else {})


async def perform(name: str, port: int, authority: str, desk: Connection) -> None:
    """Run the passes that are asked for, one after the other: the name of a course in, microseconds of CPU per request out."""
    loop, make = asyncio.get_running_loop(), CONTESTANTS[name][1]
    found, current, get, close = courses(port, tls=bool(authority)), "", None, None
    while title := await loop.run_in_executor(None, desk.recv):
        if title == "left":
            desk.send(await _left(port))
            continue
        course = found[title]
        if title != current:
            if close is not None:
                await close()
            get, close = make(idle=course.idle, authority=authority)
            current = title
        assert get is not None
        cpu = time.process_time()
        await _all(get, course.url, course.hosts, course.size)
        desk.send((time.process_time() - cpu) / course.hosts * 1e6)
    if close is not None:
        await close()


async def _left(port: int) -> float:
    """Megabytes that ``MANY`` hosts polled once leave behind."""
    get, close = ours(idle=MOST_IDLE, authority="")
    await _all(get, f"http://{{}}:{port}/feed", HOSTS, 0)
    gc.collect()
    before = _resident_mb()
    await _all(get, f"http://{{}}:{port}/feed", MANY, 0)
    left = _resident_mb() - before
    await close()
    return left


async def _all(get: Get, url: str, hosts: int, size: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            got = await get(url.format(host(number)))
        if got != size:
            raise SystemExit(f"{got} bytes instead of {size}")

    await asyncio.gather(*map(one, range(hosts)))


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def contestant(name: str, port: int, authority: str, desk: Connection) -> None:
    """Run in a fresh process."""
    asyncio.run(perform(name, port, authority, desk))


def _certificate(folder: str) -> str:
    """A certificate for the hosts with its key, in one file; "" without openssl."""
    made = self_signed(Path(folder), [f"IP:{host(number)}" for number in range(HOSTS // 4)], "bench")
    if made is None:
        return ""
    cert, key = made
    with cert.open("a") as both:
        both.write(key.read_text())
    return str(cert)


def main() -> None:
    """Run all who are installed and print the figures; ratios are ours over theirs, below 1 is better."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=7)
    parser.add_argument("--port", type=int, default=8940)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 3 * MANY)), hard))
    context = multiprocessing.get_context("spawn")
    desk, world = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        certificate = _certificate(folder)
        server = context.Process(target=serve, args=(options.port, certificate, world), daemon=True)
        server.start()
        desk.recv()
        desks: dict[str, Connection] = {}
        for name, (module, _) in CONTESTANTS.items():
            if importlib.util.find_spec(module) is not None:
                desks[name], theirs = context.Pipe()
                context.Process(target=contestant, args=(name, options.port, certificate, theirs), daemon=True).start()
                theirs.close()  # so that a contestant who dies is noticed
        results: dict[str, dict[str, float]] = {name: {} for name in desks}
        for course in courses(options.port, tls=bool(certificate)):
            # In turn, so that a busy machine is so for all; the first pass warms up, and opens what is kept.
            passes = [{name: _ask(desks[name], course) for name in desks} for _ in range(options.passes + 1)]
            for name, figures in results.items():
                figures[course] = round(min(one[name] for one in passes))
            print(course, json.dumps({name: figures[course] for name, figures in results.items()}))
        left = round(_ask(desks["aggregator"], "left"), 1)
        for other in (*desks.values(), desk):
            other.send("")
        server.join(5)
    mine = results["aggregator"]
    ratios = {
        name: {course: round(mine[course] / figure, 2) for course, figure in figures.items()}
        for name, figures in results.items()
        if name != "aggregator"
    }
    print(json.dumps({"bench": "wire", "unit": "us of CPU per request", "left_mb": left, "ratios": ratios, **results}))


def _ask(desk: Connection, course: str) -> float:
    desk.send(course)
    figure: float = desk.recv()
    return figure


if __name__ == "__main__":
    main()
