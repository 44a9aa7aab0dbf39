"""What came instead of what was wanted: kept for the operator's eyes, and recognised where it is a challenge."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.fetch import sample, wire
from aggregator.fetch.body import decoded_beginning
from aggregator.fetch.sample import as_text
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest

if TYPE_CHECKING:
    from tests.fetch.conftest import Clock, Loopback, MakeAnswer, MakeFetcher

PAGE = "<html>\r\n<title>Verboten – خبر</title>\n" + "x" * 20_000


PAGES = {
    "plain": ("", PAGE.encode()),
    "gzip": ("gzip", gzip.compress(PAGE.encode())),
    "deflate": ("deflate", zlib.compress(PAGE.encode())),
    "torn": ("gzip", gzip.compress(PAGE.encode())[:-20]),
    "followed by garbage": ("gzip", gzip.compress(PAGE.encode()) + b"garbage"),
}


@pytest.mark.parametrize(("encoding", "body"), PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("status", [206, 404, 500, 799])
async def test_the_beginning_of_an_error_page_is_kept(
    encoding: str, body: bytes, status: int, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(status, body, {"Content-Encoding": encoding} if encoding else {}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert outcome.sample.startswith("<html> <title>Verboten – خبر</title> xxx")
    assert len(outcome.sample) == 500
    assert outcome.status == status


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "gzip"])
async def test_what_cannot_be_decoded_is_not_shown(
    encoding: str, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(404, b"\x1f\x8b\x08garbage", {"Content-Encoding": encoding}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status, outcome.sample) == (FailureKind.HTTP, 404, "")


async def test_of_a_long_error_page_only_the_beginning_is_read(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(answer(500, headers={"Transfer-Encoding": "chunked"}))
        while True:
            writer.write(b"1000\r\n" + b"y" * 4096 + b"\r\n")
            await writer.drain()
            sent += 4096

    server.script("/", endless)

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.sample) == (FailureKind.HTTP, "y" * 500)
    assert sent < 20_000_000  # what the sockets on the way hold


def test_an_error_page_that_bursts_is_decoded_within_bounds() -> None:
    """16 kB on the wire could be 16 MB."""
    raw = gzip.compress(b"z" * 10_000_000)

    assert len(raw) < sample.READ
    assert decoded_beginning(raw, "gzip", sample.READ) == b"z" * sample.READ


async def test_a_slow_error_page_does_not_keep_its_host(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come by then is kept."""

    async def stall(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(500, headers={"Content-Length": "9"}) + b"half")
        await writer.wait_closed()

    monkeypatch.setattr(wire, "_SAMPLE_SECONDS", 0.05)
    server.script("/", stall)

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status, outcome.sample) == (FailureKind.HTTP, 500, "half")


async def test_of_a_body_that_fails_the_beginning_is_kept(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/big", answer(body=b"<rss>big" + b"a" * 2000))
    server.script("/torn", answer(body=b"<rss>torn", headers={"Content-Length": "99", "Connection": "close"}))
    server.script("/gzip", answer(body=gzip.compress(b"<rss>" + b"b" * 2000)[:-8], headers={"Content-Encoding": "gzip"}))
    client = fetcher(max_page_bytes=1000, host_gap=0.0)

    outcomes = [await client.fetch(FetchRequest(server.url(target), Accept.PAGE)) for target in ("/big", "/torn", "/gzip")]

    assert [outcome.sample[:9] for outcome in outcomes if isinstance(outcome, FetchFailed)] == [
        "<rss>biga",
        "<rss>torn",
        "<rss>bbbb",
    ]


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("a\x00b\x1b[31mred\x85c\r\n\td".encode(), None, "a b [31mred c d"),
        ("a\u202eb\u2028c\ufeff".encode(), None, "a b c"),
        ("می\u200cخواهم".encode(), None, "می\u200cخواهم"),
        ("Übung".encode("latin-1"), "iso-8859-1", "Übung"),
        ("Übung".encode("latin-1"), None, "\ufffdbung"),
        (b"plain", "no-such-charset", "plain"),
        (b"plain", "hex", "plain"),
        (b"plain", "a\x00b", "plain"),
        (b"plain", "idna", "plain"),
        (b"\xff\xfe", "utf-16", ""),
        (b"  ", None, ""),
    ],
)
def test_as_text(body: bytes, charset: str | None, text: str) -> None:
    assert as_text(body, charset) == text


CHALLENGES = {
    "Cloudflare, by header": (403, {"cf-mitigated": "challenge"}, b""),
    "Cloudflare, an older 503": (503, {"CF-Mitigated": "Challenge"}, b"<html>"),
    "Vercel": (429, {"x-vercel-mitigated": "challenge"}, b""),
    "AWS, which calls it accepted": (202, {"x-amzn-waf-action": "challenge"}, b""),
    "AWS, a captcha": (405, {"x-amzn-waf-action": "captcha"}, b""),
    "Cloudflare, by body": (403, {}, b"<script>window._cf_chl_opt={cvId:'3'}</script>"),
    "DataDome": (403, {}, b"<script src='https://ct.captcha-delivery.com/c.js'></script>"),
    "Imperva": (403, {}, b"<iframe src='/_Incapsula_Resource?SWUDNSAI=31'></iframe>"),
    "Human": (403, {}, b"<div id='px-captcha'></div>"),
    "an unspecific 429": (429, {}, b"<script src='/.well-known/ddos-guard/check'></script>"),
    "Anubis": (503, {}, b"<script id='anubis_challenge' type='application/json'>"),
}


@pytest.mark.parametrize(("status", "headers", "body"), CHALLENGES.values(), ids=CHALLENGES)
async def test_s8_a_challenge_is_a_kind_of_its_own(
    status: int, headers: dict[str, str], body: bytes, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(status, gzip.compress(body), headers | {"Content-Encoding": "gzip"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status) == (FailureKind.CHALLENGE, status)
    assert outcome.detail.startswith(str(status))
    assert outcome.detail.endswith(" (challenge page)")
    assert outcome.sample == body.decode()


NO_CHALLENGES = {
    "a plain 403": (403, {}, b"<h1>Forbidden</h1>"),
    "another mitigation": (403, {"cf-mitigated": "block"}, b""),
    "a script that Cloudflare puts into any page": (403, {}, b"<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'>"),
    "a story about captchas": (404, {}, b"<p>px-captcha</p>"),
    "a throttle in seconds": (429, {"Retry-After": "90", "cf-mitigated": "challenge"}, b"_cf_chl_opt"),
    "a throttle with a date": (503, {"Retry-After": "Tue, 24 Nov 2026 12:05:00 GMT"}, b"_cf_chl_opt"),
}


@pytest.mark.parametrize(("status", "headers", "body"), NO_CHALLENGES.values(), ids=NO_CHALLENGES)
async def test_s8_what_is_no_challenge_stays_a_status(
    status: int, headers: dict[str, str], body: bytes, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(status, body, headers))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status) == (FailureKind.HTTP, status)
    assert (outcome.retry_after is None) == ("Retry-After" not in headers)


async def test_s8_a_challenge_that_says_when_to_come_back_is_waited_for(
    fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer
) -> None:
    server.script("/", answer(403, headers={"cf-mitigated": "challenge", "Retry-After": "90"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.retry_after) == (FailureKind.CHALLENGE, clock.now() + timedelta(seconds=90))


async def test_an_error_page_leaves_the_connection_to_the_next_request(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(404, b"<h1>gone"), answer(body=b"feed"))
    client = fetcher(host_gap=0.0)

    failed = await client.fetch(FetchRequest(server.url(), Accept.FEED))
    fetched = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(failed, FetchFailed)
    assert isinstance(fetched, Fetched)
    assert (failed.sample, server.connections) == ("<h1>gone", 1)
