"""POST: to hubs and webhooks, guarded like everything else, sent once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator import __version__
from aggregator.errors import ConfigError
from aggregator.fetch.fetcher import MAX_POST
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest, Posted, PostRequest

if TYPE_CHECKING:
    from tests.fetch.conftest import Clock, Loopback, MakeAnswer, MakeFetcher, Names

FORM = b"hub.mode=subscribe&hub.topic=https%3A%2F%2Fa.test%2Ffeed"


def form(url: str, *headers: tuple[str, str]) -> PostRequest:
    return PostRequest(url, FORM, "application/x-www-form-urlencoded", headers)


async def test_what_is_posted_and_what_comes_back(
    fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer
) -> None:
    server.script("/hub?x=1", answer(202, b"will\r\nverify", {"X-Hub": "1", "Retry-After": "60"}))
    client = fetcher(contact_url="https://news.example/bot")

    outcome = await client.post(form(server.url("/hub?x=1"), ("X-Signature", "sha256=ab"), ("X-Signature", "sha256=cd")))

    assert isinstance(outcome, Posted)
    assert (outcome.url, outcome.status, outcome.sample) == (server.url("/hub?x=1"), 202, "will verify")
    assert ("x-hub", "1") in outcome.headers
    assert (outcome.posted_at, outcome.retry_after) == (clock.now(), clock.now() + timedelta(seconds=60))
    sent = server.log[0]
    assert (sent.method, sent.target, sent.body) == ("POST", "/hub?x=1", FORM)
    assert sent.header("Host") == f"a.test:{server.port}"
    assert sent.header("User-Agent") == f"aggregator/{__version__} (+https://news.example/bot)"
    assert sent.header("Content-Type") == "application/x-www-form-urlencoded"
    assert sent.header("Content-Length") == str(len(FORM))
    assert [value for name, value in sent.headers if name == "X-Signature"] == ["sha256=ab", "sha256=cd"]


@pytest.mark.parametrize("status", [200, 204, 304, 400, 404, 410, 429, 500, 503])
async def test_every_status_is_an_answer(status: int, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(status))

    outcome = await fetcher().post(form(server.url()))

    assert isinstance(outcome, Posted)
    assert outcome.status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(status, headers={"Location": "/b"}))

    outcome = await fetcher().post(form(server.url()))

    assert isinstance(outcome, Posted)
    assert outcome.status == status
    assert ("location", "/b") in outcome.headers
    assert len(server.log) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{p}/", "http://a.test:{p}/", "file:///etc/passwd", "http://u:hunter2@a.test/"])
async def test_a_post_passes_the_guard(url: str, fetcher: MakeFetcher, server: Loopback) -> None:
    outcome = await fetcher(allow_networks=()).post(form(url.replace("{p}", str(server.port))))

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.BLOCKED
    assert "hunter2" not in outcome.detail
    assert server.connections == 0


async def test_a_post_has_permissions_of_its_own(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(204))
    client = fetcher(allow_networks=())

    outcome = await client.post(replace(form(server.url()), allow_networks=("127.0.0.0/8",)))

    assert isinstance(outcome, Posted)
    with pytest.raises(ConfigError, match="CIDR"):
        await client.post(replace(form(server.url()), allow_networks=("10.0.0.0/99",)))


async def test_a_post_is_never_sent_twice(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    """Not even where a GET would be: on a kept connection that the server ends as we ask."""

    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.close()

    server.script("/feed", answer(body=b"feed"))
    server.script("/hub", hang_up)
    client = fetcher(host_gap=0.0)

    fetched = await client.fetch(FetchRequest(server.url("/feed"), Accept.FEED))
    outcome = await client.post(form(server.url("/hub")))

    assert isinstance(fetched, Fetched)
    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.PROTOCOL, "server closed the connection without an answer")
    assert [(entry.method, entry.connection) for entry in server.log] == [("GET", 1), ("POST", 2)]


async def test_a_post_waits_for_its_host(fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer) -> None:
    server.script("/", answer(204))
    client = fetcher(host_gap=60.0)

    for _ in range(2):
        await client.post(form(server.url()))

    assert [round(seconds) for seconds in clock.slept] == [60]


async def test_a_post_has_a_deadline(fetcher: MakeFetcher, server: Loopback) -> None:
    async def hold(writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    server.script("/", hold)

    outcome = await fetcher(deadline=0.1).post(form(server.url()))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.TIMEOUT, "not done within 0.1 s")


async def test_of_a_long_answer_the_beginning_is_read(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, headers={"Transfer-Encoding": "chunked"}))
        while True:
            writer.write(b"1000\r\n" + b"y" * 4096 + b"\r\n")
            await writer.drain()

    server.script("/", endless)

    outcome = await fetcher().post(form(server.url()))

    assert isinstance(outcome, Posted)
    assert outcome.sample == "y" * 500


async def test_secrets_of_a_post_are_in_no_repr_and_no_log(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script("/", answer(204), answer(500), b"nonsense\r\n\r\n")
    request = PostRequest(server.url(), b"hub.secret=hunter2", "text/plain", (("Authorization", "Bearer hunter2"),))
    client = fetcher()

    told = [repr(request), *[repr(await client.post(request)) for _ in range(3)]]

    assert len(server.log) == 3
    assert "hunter2" not in "".join((*told, caplog.text))


async def test_what_is_too_long_is_not_sent(fetcher: MakeFetcher, server: Loopback) -> None:
    outcome = await fetcher().post(PostRequest(server.url(), bytes(MAX_POST + 1), "text/plain"))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, server.connections) == (FailureKind.TOO_BIG, 0)


async def test_nobody_answers(fetcher: MakeFetcher, server: Loopback, names: Names) -> None:
    outcome = await fetcher().post(form(server.url(host="missing.example")))

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.DNS


@pytest.mark.parametrize(
    "header",
    [
        ("X-A", "b\r\nX-Evil: 1"),
        ("X-A", "b\x00"),
        ("X-A\r\nX-Evil", "1"),
        ("X A", "b"),
        ("", "b"),
        ("X-A", "خبر"),
        ("Host", "evil.example"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
    ],
)
async def test_headers_that_are_none_or_would_contradict_ours(
    header: tuple[str, str], fetcher: MakeFetcher, server: Loopback
) -> None:
    outcome = await fetcher().post(form(server.url(), header))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.PROTOCOL, "request cannot be expressed in HTTP")
    assert server.log == []


async def test_who_asked_for_a_post_waits_for_no_other(
    fetcher: MakeFetcher, server: Loopback, clock: Clock, answer: MakeAnswer
) -> None:
    """Neither the pause before the next request to a host, nor one that hangs at the same host, holds it up."""

    async def hold(writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    server.script("/slow", hold)
    server.script("/quick", answer(204))
    client = fetcher(host_gap=60.0)

    slow = asyncio.create_task(client.post(replace(form(server.url("/slow")), awaited=True)))
    await server.until(lambda server: len(server.log) == 1)
    for _ in range(3):
        assert isinstance(await client.post(replace(form(server.url("/quick")), awaited=True)), Posted)

    assert clock.slept == []
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


async def test_a_post_may_have_a_deadline_of_its_own(fetcher: MakeFetcher, server: Loopback) -> None:
    async def hold(writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    server.script("/", hold)

    outcome = await fetcher(deadline=600.0).post(replace(form(server.url()), deadline=0.1))

    assert isinstance(outcome, FetchFailed)
    assert outcome.detail == "not done within 0.1 s"
