"""Bodies that lie about themselves. The numbers are those of the project's list of hostile inputs."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING

import pytest

from aggregator.fetch import fetcher as fetching
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchOutcome, FetchRequest, NotModified, Validators

if TYPE_CHECKING:
    from tests.fetch.conftest import Loopback, MakeAnswer, MakeFetcher

FEED = b"<rss version='2.0'>" + b"<item/>" * 500 + b"</rss>"


def raw_deflate(data: bytes) -> bytes:
    compress = zlib.compressobj(wbits=-15)
    return compress.compress(data) + compress.flush()


async def measured(fetch: Awaitable[FetchOutcome]) -> tuple[FetchOutcome, int]:
    """The outcome, and the most memory that was in use on the way, in bytes."""
    tracemalloc.start()
    try:
        return await fetch, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def failure(outcome: FetchOutcome) -> tuple[FailureKind, str]:
    assert isinstance(outcome, FetchFailed), outcome
    return outcome.kind, outcome.detail


ENCODED = {
    "gzip": ("gzip", gzip.compress(FEED)),
    "gzip in capitals": ("GZip", gzip.compress(FEED)),
    "x-gzip": ("x-gzip", gzip.compress(FEED)),
    "zlib": ("deflate", zlib.compress(FEED)),
    "bare deflate": ("deflate", raw_deflate(FEED)),
    "gzip under the name of deflate": ("deflate", gzip.compress(FEED)),
    "identity": ("identity", FEED),
    "an empty header": ("", FEED),
    "a file that is gzip itself": ("", gzip.compress(FEED)),
}


@pytest.mark.parametrize(("encoding", "body"), ENCODED.values(), ids=ENCODED)
async def test_what_is_offered_is_decoded(
    encoding: str, body: bytes, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(body=body, headers={"Content-Encoding": encoding}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert outcome.body == FEED


async def test_a_compressed_body_in_tiny_chunks(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    body = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in raw_deflate(b"a" * 100_000)) + b"0\r\n\r\n"
    server.script("/", answer(body=body, headers={"Content-Encoding": "deflate", "Transfer-Encoding": "chunked"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert outcome.body == b"a" * 100_000


@pytest.mark.parametrize("encoding", ["gzip", ""])
async def test_41_gzip_bomb(encoding: str, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    compress = zlib.compressobj(level=1, wbits=31)
    zeros = bytes(1_000_000)
    bomb = b"".join(compress.compress(zeros) for _ in range(300)) + compress.flush()
    server.script("/", answer(body=bomb, headers={"Content-Encoding": encoding}))
    client = fetcher()

    outcome, peak = await measured(client.fetch(FetchRequest(server.url(), Accept.FEED)))

    assert failure(outcome)[0] is FailureKind.TOO_BIG
    assert peak < 40_000_000


async def test_a_body_of_just_the_limit_is_no_bomb(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=gzip.compress(FEED), headers={"Content-Encoding": "gzip"}))

    exact = await fetcher(max_body_bytes=len(FEED)).fetch(FetchRequest(server.url(), Accept.FEED))
    over = await fetcher(max_body_bytes=len(FEED) - 1).fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(exact, Fetched)
    assert failure(over)[0] is FailureKind.TOO_BIG


async def test_an_empty_compressed_body(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=raw_deflate(b""), headers={"Content-Encoding": "deflate"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert outcome.body == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip, identity", "nonsense", "none"])
async def test_42_encodings_not_offered(encoding: str, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=gzip.compress(FEED), headers={"Content-Encoding": encoding}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome) == (FailureKind.ENCODING, "a content encoding that was not offered")


async def test_42_encodings_stacked_in_two_headers(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=FEED, headers={"Content-Encoding": "gzip", "content-encoding": "gzip"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome)[0] is FailureKind.ENCODING


async def test_42_what_is_called_gzip_and_is_none(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=b"\x1f\x8b" + FEED, headers={"Content-Encoding": "gzip"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome) == (FailureKind.ENCODING, "compressed body is corrupt")


async def test_43_a_body_that_never_ends_meets_the_deadline(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(headers={"Transfer-Encoding": "chunked"}))
        while True:
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    server.script("/", drip)

    outcome = await fetcher(deadline=0.2).fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome) == (FailureKind.TIMEOUT, "not done within 0.2 s")


async def test_43_a_server_that_never_answers_meets_the_deadline(fetcher: MakeFetcher, server: Loopback) -> None:
    async def hold(writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    server.script("/", hold)

    outcome = await fetcher(deadline=0.1).fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome)[0] is FailureKind.TIMEOUT


async def test_43_redirects_share_one_deadline(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    async def dawdle(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.06)
        writer.write(answer(302, headers={"Location": "/"}))

    server.script("/", dawdle)

    outcome = await fetcher(deadline=0.2).fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome)[0] is FailureKind.TIMEOUT


@pytest.mark.parametrize(
    ("length", "detail"),
    [(len(FEED) + 5, "body ends before its announced length"), (len(FEED) - 5, "body is longer than its Content-Length")],
)
async def test_44_content_length_lies(
    length: int, detail: str, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(body=FEED, headers={"Content-Length": str(length), "Connection": "close"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome) == (FailureKind.TRUNCATED, detail)


async def test_44_what_follows_an_answer_is_not_the_next_one(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    """Bytes after a 304 would be read as the answer to the next request on the connection."""
    smuggled = answer(body=b"smuggled")
    server.script("/", answer(304, headers={"ETag": '"a"'}) + smuggled, answer(body=b"honest"))
    client = fetcher()

    first = await client.fetch(FetchRequest(server.url(), Accept.FEED, Validators(etag='"a"')))
    second = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(first, NotModified)
    assert isinstance(second, Fetched)
    assert second.body == b"honest"
    assert server.connections == 2


async def test_44_a_chunked_body_cut_short(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    framing = {"Transfer-Encoding": "chunked", "Connection": "close"}
    server.script("/", answer(body=b"400\r\nfirst half", headers=framing))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome)[0] is FailureKind.TRUNCATED


async def test_44_a_gzip_stream_cut_before_its_trailer(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=gzip.compress(FEED)[:-8], headers={"Content-Encoding": "gzip"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome) == (FailureKind.TRUNCATED, "compressed body ends too early")


async def test_45_a_million_headers(fetcher: MakeFetcher, server: Loopback) -> None:
    async def headers(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            writer.write(b"X-Header: value\r\n" * 1000)
            await writer.drain()

    server.script("/", headers)

    outcome, peak = await measured(fetcher().fetch(FetchRequest(server.url(), Accept.FEED)))

    assert failure(outcome) == (FailureKind.PROTOCOL, "headers are over the limit")
    assert peak < 4_000_000


async def test_46_an_endless_body(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(headers={"Transfer-Encoding": "chunked"}))
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    server.script("/", endless)

    outcome, peak = await measured(fetcher().fetch(FetchRequest(server.url(), Accept.FEED)))

    assert failure(outcome) == (FailureKind.TOO_BIG, "more than 5000000 bytes on the wire")
    assert peak < 16_000_000


async def test_46_a_server_that_is_faster_than_we_are_waits(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes the body is held up for a while: what comes meanwhile stays with the server."""
    sent, hold = 0, asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(answer(headers={"Content-Length": "100000000"}))
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async def held_up(chunks: AsyncIterator[bytes], *_: object, **__: object) -> bytes:
        await anext(chunks)
        await hold.wait()
        return b""

    monkeypatch.setattr(fetching, "read_body", held_up)
    server.script("/", endless)

    fetch = asyncio.ensure_future(fetcher(max_wire_bytes=100_000_000).fetch(FetchRequest(server.url(), Accept.FEED)))
    before = -1
    while sent != before or not sent:  # until the sockets on the way are full
        before = sent
        for _ in range(1000):
            await asyncio.sleep(0)
    hold.set()
    await fetch

    assert sent < 30_000_000


async def test_46_an_announced_length_over_the_limit_is_not_read(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(headers={"Content-Length": "9" * 18}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome)[0] is FailureKind.TOO_BIG


async def test_46_pages_have_a_limit_of_their_own(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=FEED))
    client = fetcher(max_page_bytes=1000)

    page = await client.fetch(FetchRequest(server.url(), Accept.PAGE))
    feed = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(page)[0] is FailureKind.TOO_BIG
    assert isinstance(feed, Fetched)


@pytest.mark.parametrize(
    "garbage", [b"garbage", gzip.compress(b"second member"), b"\0" * 300_000], ids=["garbage", "second member", "padding"]
)
async def test_47_only_the_first_gzip_member_counts(
    garbage: bytes, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(body=gzip.compress(FEED) + garbage, headers={"Content-Encoding": "gzip"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert outcome.body == FEED


async def test_48_a_304_that_nobody_asked_for(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(304))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert failure(outcome) == (FailureKind.PROTOCOL, "304 to an unconditional request")


async def test_49_html_comes_back_as_it_is(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    """Whether a body is a feed is for the parser to say."""
    server.script("/", answer(body=b"<html>", headers={"Content-Type": 'Text/HTML; boundary=x; Charset="UTF-8"'}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert (outcome.media_type, outcome.charset, outcome.body) == ("text/html", "UTF-8", b"<html>")
