"""What goes over the wire, and what each answer becomes."""

from __future__ import annotations

import asyncio
import re
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator import __version__
from aggregator.errors import ConfigError
from aggregator.fetch import Permission, wire
from aggregator.fetch.fetcher import MOST_IDLE
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest, NotModified, Validators

if TYPE_CHECKING:
    from tests.fetch.conftest import Clock, Loopback, MakeAnswer, MakeFetcher, Names

ODD = Validators('W/"a b"', "Tuesday, 24-Nov-26 12:00:00 GMT")


async def test_a_plain_feed(fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer) -> None:
    server.script(
        "/feed?b=2&a=1",
        answer(
            body="<rss>خبر</rss>".encode(),
            headers={
                "ETag": 'W/"a b"',
                "Last-Modified": "odd date",
                "Content-Type": "application/rss+xml; charset=utf-8",
                "X-A": "1",
            },
        ),
    )
    url = server.url("/feed?b=2&a=1")

    outcome = await fetcher().fetch(FetchRequest(url, Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert (outcome.url, outcome.final_url, outcome.status) == (url, url, 200)
    assert outcome.body.decode() == "<rss>خبر</rss>"
    assert (outcome.media_type, outcome.charset) == ("application/rss+xml", "utf-8")
    assert outcome.validators == Validators('W/"a b"', "odd date")
    assert outcome.headers[:2] == (("etag", 'W/"a b"'), ("last-modified", "odd date"))
    assert outcome.fetched_at == clock.now()


AGENT = re.compile(
    rf"aggregator/{re.escape(__version__)} \(\+https://news\.example/bot(; [0-9]+ subscribers(; feed-id=[!-~]+)?)?\)"
)


async def test_r1_nothing_is_made_up_where_there_is_no_validator(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    """Not from the ``Date``, nor from an entry."""
    body = b"<rss><channel><item><pubDate>Tue, 24 Nov 2026 11:00:00 GMT</pubDate></item></channel></rss>"
    server.script("/", answer(body=body, headers={"Date": "Tue, 24 Nov 2026 12:00:00 GMT", "Expires": "0"}))
    client = fetcher()

    first = await client.fetch(FetchRequest(server.url(), Accept.FEED))
    assert isinstance(first, Fetched)
    await client.fetch(FetchRequest(server.url(), Accept.FEED, first.validators))

    assert first.validators == Validators()
    for name in ("If-None-Match", "If-Modified-Since", "A-IM"):
        assert [entry.header(name) for entry in server.log] == [None, None]


@pytest.mark.parametrize("validators", [Validators(etag='"a"'), Validators(last_modified="Tue, 24 Nov 2026 12:00:00 GMT"), ODD])
async def test_r1_what_exists_is_sent_and_nothing_else(
    validators: Validators, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(304))

    await fetcher().fetch(FetchRequest(server.url(), Accept.FEED, validators))

    sent = server.log[0]
    assert (sent.header("If-None-Match"), sent.header("If-Modified-Since")) == (validators.etag, validators.last_modified)
    assert sent.header("A-IM") == "feed"


async def test_r2_an_articles_request_carries_nothing_of_the_feeds(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    """The fetcher keeps no validators: what the feed was asked with is forgotten by the next request, of the same URL even."""
    server.script("/feed", answer(body=b"feed", headers={"ETag": '"a"', "Last-Modified": "then"}), answer(304), answer(304))
    server.script("/article", answer(body=b"page"))
    client = fetcher()

    await client.fetch(FetchRequest(server.url("/feed"), Accept.FEED))
    await client.fetch(FetchRequest(server.url("/feed"), Accept.FEED, ODD, feed_id="daily", subscribers=3))
    await client.fetch(FetchRequest(server.url("/article"), Accept.PAGE))
    await client.fetch(FetchRequest(server.url("/feed"), Accept.FEED))

    conditional = [{"If-None-Match", "If-Modified-Since", "A-IM"} & {name for name, _ in entry.headers} for entry in server.log]
    assert [len(names) for names in conditional] == [0, 3, 0, 0]
    assert "feed-id" not in (server.log[2].header("User-Agent") or "")


async def test_r5_r6_over_a_whole_log(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    """Whatever the answers are: one form of User-Agent, no cookie, no Referer, no body, the target as configured."""
    cookie = {"Set-Cookie": "id=secret; Path=/"}
    target = "/feed?format=rss&x=%7Ea%2f&&y=a+b;c"
    server.script(
        target,
        answer(body=b"feed", headers=cookie),
        answer(304, headers=cookie),
        answer(302, headers=cookie | {"Location": "/moved?a=%41"}),
        answer(403, b"no", headers=cookie),
        answer(500, headers=cookie),
    )
    server.script("/moved?a=%41", answer(body=b"feed", headers=cookie))
    client = fetcher(contact_url="https://news.example/bot")

    for number, accept in enumerate((Accept.FEED, Accept.FEED, Accept.FEED, Accept.PAGE, Accept.FEED)):
        await client.fetch(FetchRequest(server.url(target), accept, ODD, feed_id=f"feed-{number}", subscribers=number))

    assert [entry.target for entry in server.log] == [target, target, target, "/moved?a=%41", target, target]
    for entry in server.log:
        assert AGENT.fullmatch(entry.header("User-Agent") or "")
        assert not re.search("mozilla|chrome|safari|firefox", entry.header("User-Agent") or "", re.IGNORECASE)
        assert (entry.method, entry.body) == ("GET", b"")
        for name in ("Cookie", "Referer", "Content-Length", "Cache-Control", "Pragma"):
            assert entry.header(name) is None
    first_wishes = [(entry.header("Accept") or "").partition(",")[0] for entry in server.log]
    assert first_wishes == ["application/atom+xml"] * 4 + ["text/html", "application/atom+xml"]


async def test_r4_r5_r6_feed_request_headers(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer())
    client = fetcher(contact_url="https://news.example/bot")

    await client.fetch(FetchRequest(server.url(), Accept.FEED, feed_id="daily", subscribers=3))

    sent = server.log[0]
    assert sent.header("Host") == f"a.test:{server.port}"
    assert sent.header("User-Agent") == f"aggregator/{__version__} (+https://news.example/bot; 3 subscribers; feed-id=daily)"
    assert sent.header("Accept-Encoding") == "gzip, deflate"
    assert (sent.header("Accept") or "").startswith("application/atom+xml, application/rss+xml")
    assert [name for name, _ in sent.headers] == ["Host", "User-Agent", "Accept", "Accept-Encoding"]


async def test_r5_page_request_headers(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer())
    client = fetcher(contact_url="https://news.example/bot")

    await client.fetch(FetchRequest(server.url(), Accept.PAGE, feed_id="daily", subscribers=3))

    sent = server.log[0]
    assert sent.header("User-Agent") == f"aggregator/{__version__} (+https://news.example/bot)"
    assert (sent.header("Accept") or "").startswith("text/html")


async def test_r5_without_a_contact_the_user_agent_is_still_honest(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer())
    client = fetcher()

    await client.fetch(FetchRequest(server.url(), Accept.FEED, feed_id="daily", subscribers=1))
    await client.fetch(FetchRequest(server.url(), Accept.PAGE))

    agents = [entry.header("User-Agent") for entry in server.log]
    assert agents == [f"aggregator/{__version__} (1 subscribers; feed-id=daily)", f"aggregator/{__version__}"]


async def test_a_contact_that_would_break_the_header_is_refused(fetcher: MakeFetcher) -> None:
    with pytest.raises(ConfigError, match="contact_url"):
        fetcher(contact_url="https://news.example/\r\nX-Evil: 1")


@pytest.mark.parametrize("etag", ['W/"a b"', '"a"', "unquoted", '"caf\u00e9"', '"\u00e2\u0082\u00ac"', '""'])
async def test_r1_validators_go_back_byte_for_byte(etag: str, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    date = "Tuesday, 24-Nov-26 12:00:00 GMT"
    server.script("/", answer(headers={"ETag": etag, "Last-Modified": date}), answer(304))
    client = fetcher()

    first = await client.fetch(FetchRequest(server.url(), Accept.FEED))
    assert isinstance(first, Fetched)
    second = await client.fetch(FetchRequest(server.url(), Accept.FEED, first.validators))

    assert isinstance(second, NotModified)
    assert (
        server.log[0].header("If-None-Match") is server.log[0].header("If-Modified-Since") is server.log[0].header("A-IM") is None
    )
    assert server.log[1].header("If-None-Match") == etag
    assert server.log[1].header("If-Modified-Since") == date
    assert server.log[1].header("A-IM") == "feed"


async def test_r7_pages_ask_for_no_delta(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(304))

    await fetcher().fetch(FetchRequest(server.url(), Accept.PAGE, ODD))

    assert server.log[0].header("A-IM") is None


async def test_s1_a_304_replaces_the_validators_that_it_brings(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(304, headers={"ETag": '"new"', "Cache-Control": "max-age=7200"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED, ODD))

    assert isinstance(outcome, NotModified)
    assert outcome.validators == Validators('"new"', ODD.last_modified)
    assert ("cache-control", "max-age=7200") in outcome.headers
    assert outcome.final_url == server.url()


async def test_r7_226_is_an_answer(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(226, b"<rss/>", {"IM": "feed", "ETag": '"b"'}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED, ODD))

    assert isinstance(outcome, Fetched)
    assert (outcome.status, outcome.body, outcome.validators) == (226, b"<rss/>", Validators('"b"'))


@pytest.mark.parametrize("status", [201, 204, 206, 300, 305])
async def test_statuses_that_are_no_answer(status: int, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(status))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status) == (FailureKind.PROTOCOL, status)


@pytest.mark.parametrize(
    ("status", "detail"), [(404, "404 Not Found"), (410, "410 Gone"), (503, "503 Service Unavailable"), (799, "799")]
)
async def test_errors(status: int, detail: str, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(status, b"<h1>secret stack trace</h1>"))

    outcome = await fetcher().fetch(FetchRequest(server.url("/"), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status, outcome.detail, outcome.retry_after) == (FailureKind.HTTP, status, detail, None)


@pytest.mark.parametrize("status", [301, 403, 429, 503])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "99999999999999999999"}, 7 * 86400),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Date": "Tue, 24 Nov 2026 11:50:00 GMT", "Retry-After": "Tue, 24 Nov 2026 11:55:00 GMT"}, 300),
        ({"Retry-After": "Tue, 24 Nov 2026 12:05:00 GMT"}, 300),
        ({"Date": "Tue, 24 Nov 2026 12:10:00 GMT", "Retry-After": "Tue, 24 Nov 2026 12:05:00 GMT"}, None),
        ({"Date": "Tue, 24 Nov 2026 12:10:00 GMT", "Retry-After": "Tue, 24 Nov 2026 12:15:00 GMT"}, 300),
        ({"Date": "Tue, 24 Nov 2026 12:10:00 GMT", "Retry-After": "120"}, 120),
        ({"Retry-After": "Tuesday, 24-Nov-26 12:05:00 GMT"}, 300),
        ({"Retry-After": "Tue Nov 24 12:05:00 2026"}, 300),
        ({"Date": "nonsense", "Retry-After": "Tue, 24 Nov 2026 12:05:00 -0000"}, 300),
        ({"Retry-After": "Tue, 24 Nov 2099 12:05:00 GMT"}, 7 * 86400),
        ({}, None),
    ],
)
async def test_s4_s5_retry_after(
    status: int,
    headers: dict[str, str],
    seconds: int | None,
    fetcher: MakeFetcher,
    server: Loopback,
    clock: Clock,
    answer: MakeAnswer,
) -> None:
    server.script("/", answer(status, headers=headers | ({"Location": "/b"} if status == 301 else {})))
    server.script("/b", answer(500))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert outcome.retry_after == (None if seconds is None else clock.now() + timedelta(seconds=seconds))


async def test_s5_retry_after_of_a_redirect_reaches_the_caller(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(301, headers={"Location": "/b", "Retry-After": "90"}))
    server.script("/b", answer(302, headers={"Location": "/c"}))
    server.script("/c", answer(body=b"feed"), answer(body=b"feed", headers={"Retry-After": "5"}))
    client = fetcher()

    silent = await client.fetch(FetchRequest(server.url(), Accept.FEED))
    spoken = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(silent, Fetched)
    assert isinstance(spoken, Fetched)
    assert silent.headers[0] == ("retry-after", "90")
    assert [value for name, value in spoken.headers if name == "retry-after"] == ["5"]


async def test_five_redirects_are_followed_with_the_validators(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/0", answer(301, headers={"Location": "1?x=1#part"}))
    server.script("/1?x=1", answer(302, headers={"Location": "/2"}))
    server.script("/2", answer(303, headers={"Location": server.url("/3", host="b.test")}))
    server.script("/3", answer(307, headers={"Location": f"//c.test:{server.port}/4"}))
    server.script("/4", answer(308, headers={"Location": "/5"}))
    server.script("/5", answer(304))

    outcome = await fetcher().fetch(FetchRequest(server.url("/0"), Accept.FEED, ODD))

    assert isinstance(outcome, NotModified)
    assert outcome.url == server.url("/0")
    assert outcome.final_url == server.url("/5", host="c.test")
    assert [entry.target for entry in server.log] == ["/0", "/1?x=1", "/2", "/3", "/4", "/5"]
    assert {entry.header("If-None-Match") for entry in server.log} == {ODD.etag}


CHAINS = {
    "none": ([], None),
    "301": ([301], "/1"),
    "308": ([308], "/1"),
    "301 302": ([301, 302], "/1"),
    "301 308 307": ([301, 308, 307], "/2"),
    "301 302 301": ([301, 302, 301], "/1"),
    "302": ([302], None),
    "302 301": ([302, 301], None),
    "303": ([303], None),
    "307 308": ([307, 308], None),
}


@pytest.mark.parametrize("end", [200, 304])
@pytest.mark.parametrize(("statuses", "moved_to"), CHAINS.values(), ids=CHAINS)
async def test_s6_only_permanent_redirects_at_the_beginning_say_where_a_feed_has_moved(
    statuses: list[int], moved_to: str | None, end: int, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    for hop, status in enumerate(statuses):
        server.script(f"/{hop}", answer(status, headers={"Location": f"/{hop + 1}#top"}))
    server.script(f"/{len(statuses)}", answer(end))

    outcome = await fetcher().fetch(FetchRequest(server.url("/0"), Accept.FEED, ODD))

    assert isinstance(outcome, Fetched if end == 200 else NotModified)
    assert outcome.moved_to == (moved_to and server.url(moved_to))


async def test_a_location_in_utf8(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    location = "/خبر".encode().decode("latin-1")
    server.script("/", answer(302, headers={"Location": location}))
    server.script("/%D8%AE%D8%A8%D8%B1", answer(body=b"feed"))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert outcome.final_url == server.url("/خبر")


async def test_a_redirect_without_location(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(302))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.PROTOCOL, "302 without a Location")


async def test_r8_one_connection_serves_ten_polls(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(304), answer(404, b"gone"), answer(302, b"<p>moved", {"Location": "/b"}), answer(body=b"feed"))
    server.script("/b", answer(body=b"feed"))
    client = fetcher()

    for _ in range(10):
        await client.fetch(FetchRequest(server.url(), Accept.FEED, ODD))

    assert len(server.log) == 11
    assert server.connections == 1


async def test_a_connection_closed_while_idle_is_replaced(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(body=b"1", headers={"Connection": "close"}), answer(body=b"2"))
    client = fetcher()

    first = await client.fetch(FetchRequest(server.url(), Accept.FEED))
    second = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(first, Fetched)
    assert isinstance(second, Fetched)
    assert server.connections == 2


async def test_a_connection_closed_just_as_we_ask_is_replaced(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.close()

    server.script("/", answer(body=b"1"), hang_up, answer(body=b"2"))
    client = fetcher()

    await client.fetch(FetchRequest(server.url(), Accept.FEED))
    second = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(second, Fetched)
    assert (second.body, server.connections) == (b"2", 2)


async def test_a_fresh_connection_that_is_closed_is_not_asked_again(fetcher: MakeFetcher, server: Loopback) -> None:
    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.close()

    server.script("/", hang_up)

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.PROTOCOL, "server closed the connection without an answer")
    assert len(server.log) == 1


async def test_idle_connections_are_bounded(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(304))
    client = fetcher()

    for number in range(400):
        await client.fetch(FetchRequest(server.url(host=f"h{number}.test"), Accept.FEED, ODD))

    assert len(client._wire) == MOST_IDLE
    await server.until(lambda here: here.open == MOST_IDLE)
    assert len(client._gate) <= 400


async def test_a_connection_that_is_idle_for_too_long_is_closed(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another request that would be the occasion."""
    monkeypatch.setattr(wire, "KEEP_ALIVE", 0.01)
    server.script("/", answer(304))
    client = fetcher()

    for host in ("a.test", "b.test"):
        await client.fetch(FetchRequest(server.url(host=host), Accept.FEED, ODD))
    await asyncio.gather(*server.talks)

    assert (server.connections, len(client._wire)) == (2, 0)


@pytest.mark.parametrize("word", [b"", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", b"x"])
async def test_a_server_that_ends_an_idle_connection_is_asked_on_a_new_one(
    word: bytes, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    """With or without a last word, which is no answer to anything."""
    end = asyncio.Event()

    async def answer_and_end(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body=b"1"))
        await end.wait()
        writer.write(word)

    server.script("/", answer_and_end, answer(body=b"2"))
    client = fetcher()

    await client.fetch(FetchRequest(server.url(), Accept.FEED))
    kept = len(client._wire)
    end.set()
    await server.until(lambda here: not here.open)
    await server.until(lambda _: not len(client._wire))
    second = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(second, Fetched)
    assert (kept, second.body, server.connections) == (1, b"2", 2)


async def test_a_large_body_comes_whole_whether_or_not_anybody_is_in_a_hurry(
    trusted: None, fetcher: MakeFetcher, server: Loopback, tls_server: Loopback, answer: MakeAnswer
) -> None:
    body = bytes(range(256)) * 16_000
    client, outcomes = fetcher(host_gap=0.0), []
    for loopback, scheme in ((server, "http"), (tls_server, "https")):
        loopback.script("/", answer(body=body))
        request = FetchRequest(loopback.url(host="other.test", scheme=scheme), Accept.FEED)
        outcomes += [await client.fetch(request), await client.fetch(request)]

    assert all(isinstance(outcome, Fetched) and outcome.body == body for outcome in outcomes)
    assert (server.connections, tls_server.connections) == (1, 1)


async def test_a_server_that_never_ends_the_handshake(fetcher: MakeFetcher, server: Loopback) -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(nothing, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        outcome = await fetcher(connect_timeout=0.05).fetch(FetchRequest(f"https://a.test:{port}/", Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.TIMEOUT, "TLS handshake took too long")


async def test_a_server_that_breaks_off_the_handshake(fetcher: MakeFetcher, server: Loopback) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as rude:
        port = rude.sockets[0].getsockname()[1]
        outcome = await fetcher().fetch(FetchRequest(f"https://a.test:{port}/", Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.TLS, "TLS: connection closed in the handshake")


@pytest.mark.parametrize(
    "nonsense", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", b"\0" * 100]
)
async def test_what_is_not_http(nonsense: bytes, fetcher: MakeFetcher, server: Loopback) -> None:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(nonsense)

    server.script("/", say)

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.PROTOCOL
    assert re.fullmatch(r"[a-zA-Z ]+", outcome.detail)


async def test_no_such_name(fetcher: MakeFetcher, names: Names, server: Loopback) -> None:
    names.answers["empty.example"] = [[]]
    client = fetcher()

    outcomes = [
        await client.fetch(FetchRequest(server.url(host=host), Accept.FEED)) for host in ("missing.example", "empty.example")
    ]

    assert [outcome.kind for outcome in outcomes if isinstance(outcome, FetchFailed)] == [FailureKind.DNS, FailureKind.DNS]


async def test_a_name_server_that_does_not_answer(fetcher: MakeFetcher, names: Names, server: Loopback) -> None:
    names.silent.add("slow.example")

    outcome = await fetcher(connect_timeout=0.05).fetch(FetchRequest(server.url(host="slow.example"), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.DNS, "name lookup took too long")


async def test_nobody_listens(fetcher: MakeFetcher) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port either

        outcome = await fetcher().fetch(FetchRequest(f"http://a.test:{taken.getsockname()[1]}/?key=secret", Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.CONNECT, "connection refused")


async def test_a_cancelled_fetch_frees_its_host(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    asked = asyncio.Event()

    async def hold(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await writer.wait_closed()

    server.script("/", hold, answer(body=b"feed"))
    client = fetcher()

    first = asyncio.create_task(client.fetch(FetchRequest(server.url(), Accept.FEED)))
    await asked.wait()
    first.cancel()
    second = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert first.cancelled()
    assert isinstance(second, Fetched)


async def test_t5_every_hop_waits_for_its_host(fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer) -> None:
    server.script("/", answer(302, headers={"Location": server.url("/b", host="b.test")}))
    server.script("/b", answer(302, headers={"Location": "/c"}))
    server.script("/c", answer(body=b"feed"))
    client = fetcher(host_gap=60.0)

    await client.fetch(FetchRequest(server.url(host="b.test", target="/c"), Accept.FEED))
    await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert [round(seconds) for seconds in clock.slept] == [60, 60]  # for /b on b.test, then for /c


async def test_t5_every_hop_is_asked_for_and_the_refused_one_is_not_sent(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(302, headers={"Location": "/open"}))
    server.script("/open", answer(302, headers={"Location": "/closed"}))
    asked: list[str] = []

    async def permit(url: str) -> Permission:
        asked.append(url)
        return Permission("robots.txt disallows it" if url.endswith("/closed") else "")

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.PAGE), permit)

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.ROBOTS, "robots.txt disallows it")
    assert asked == [server.url(target) for target in ("/", "/open", "/closed")]
    assert [entry.target for entry in server.log] == ["/", "/open"]


async def test_t5_what_the_guard_refuses_is_not_asked_for(fetcher: MakeFetcher) -> None:
    async def permit(_: str) -> Permission:
        raise AssertionError

    outcome = await fetcher().fetch(FetchRequest("file:///etc/passwd", Accept.PAGE), permit)

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.BLOCKED


async def test_t5_a_permit_may_fetch_from_the_host_that_it_is_asked_about(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    """Two pages at once: were a permit asked with its host's turn taken, both would wait for ever."""
    server.script("/robots.txt", answer(404))
    server.script("/a", answer(body=b"a"))
    server.script("/b", answer(body=b"b"))
    client = fetcher(host_gap=0.0)

    async def permit(_: str) -> Permission:
        await client.fetch(FetchRequest(server.url("/robots.txt"), Accept.PAGE))
        return Permission()

    outcomes = await asyncio.gather(
        *(client.fetch(FetchRequest(server.url(target), Accept.PAGE), permit) for target in ("/a", "/b"))
    )

    assert [type(outcome) for outcome in outcomes] == [Fetched, Fetched]


async def test_t5_a_crawl_delay_is_a_pause_before_the_page(
    fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer
) -> None:
    server.script("/", answer(body=b"page"))
    client = fetcher()

    async def permit(_: str) -> Permission:
        return Permission(gap=30.0)

    await client.fetch(FetchRequest(server.url(), Accept.FEED))
    await client.fetch(FetchRequest(server.url(), Accept.PAGE), permit)

    assert [round(seconds) for seconds in clock.slept] == [30]


async def test_s11_hosts_of_one_site_share_its_pause(
    fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer
) -> None:
    server.script("/", answer(body=b"feed"))
    client = fetcher(sites=("blogs.test",), host_gap=60.0)

    for host in ("a.blogs.test", "b.blogs.test", "c.test"):
        await client.fetch(FetchRequest(server.url(host=host), Accept.FEED))

    assert [round(seconds) for seconds in clock.slept] == [60]
