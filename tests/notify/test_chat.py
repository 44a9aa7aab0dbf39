"""Chats through Apprise, against a real HTTP server: one try, success only, and no address anywhere."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from aggregator.model.channel import CHAT_SCHEMAS, Answer, ChannelAttempt, ChatStyle
from aggregator.notify import chat
from aggregator.notify.chat import send_chat, style_of
from tests.pipeline.receiver import CLOSE, HANG, Receiver

TOKEN = "hushhush1234567890hushhush123456789012"
OFFICIAL = {
    "tgram": f"tgram://123456789:{TOKEN[:35]}/12345",
    "slack": f"slack://T1JJ3T3L2/A1BRTD4JD/{TOKEN[:24]}/%23room",
    "discord": f"discord://4174216298/{TOKEN}",
    "zulip": f"zulip://bot@org/{TOKEN[:32]}/general",
    "pover": f"pover://{TOKEN[:30]}@{TOKEN[:30]}",
}
"""Addresses that lead to one company: their requests are sent to the test's own server instead."""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver(otherwise=200).listening() as receiver:
        yield receiver


@pytest.fixture
def own(receiver: Receiver) -> dict[str, str]:
    """Addresses of servers that anybody can run."""
    host = f"127.0.0.1:{receiver.port}"
    return {
        "ntfy": f"ntfy://user:{TOKEN}@{host}/topic",
        "gotify": f"gotify://{host}/{TOKEN}",
        "mmost": f"mmost://{host}/{TOKEN}",
        "rocket": f"rocket://{TOKEN}{TOKEN}/{TOKEN}@{host}/%23room",
    }


@pytest.fixture
def redirected(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever host is asked for, it is the receiver."""
    ask = requests.Session.request

    def asked(self: requests.Session, method: str, url: str, **values: Any) -> Any:
        return ask(self, method, f"http://127.0.0.1:{receiver.port}{urlsplit(url).path}", **values)

    monkeypatch.setattr(requests.Session, "request", asked)


Send = Callable[[str, str], Awaitable[ChannelAttempt]]


@pytest.mark.usefixtures("redirected")
@pytest.mark.parametrize("schema", [*OFFICIAL, "ntfy", "gotify", "mmost", "rocket"])
async def test_a_message_arrives_as_it_was_written(schema: str, receiver: Receiver, own: dict[str, str]) -> None:
    url = {**OFFICIAL, **own}[schema]
    text = (
        "[Desk]\n\\*Tunnel\\* &lt;closed&gt; تونل"
        if style_of(url) in (ChatStyle.HTML, ChatStyle.MARKDOWN)
        else "[Desk]\n<Tunnel> & تونل"
    )
    attempt = await send_chat(url, text)
    (got,) = receiver.got
    body = got.text()
    if schema == "slack":  # its answer must be the word "ok", which our receiver does not say
        assert attempt.answer is Answer.UNREACHABLE
        assert "&lt;Tunnel&gt; &amp; تونل" in body
    else:
        assert attempt == ChannelAttempt(Answer.TAKEN, 0, "taken")
        assert text in body


def test_every_schema_is_tested() -> None:
    tested = {*OFFICIAL, "ntfy", "gotify", "mmost", "rocket"}
    assert {schema.removesuffix("s") if schema.removesuffix("s") in tested else schema for schema in CHAT_SCHEMAS} == tested


@pytest.mark.parametrize("answer", [302, 400, 401, 404, 429, 500, 503, CLOSE], ids=str)
@pytest.mark.parametrize("schema", ["ntfy", "gotify", "mmost", "rocket"])
async def test_everything_but_success_is_a_failure_after_one_try_and_says_no_secret(
    schema: str, answer: int | str, receiver: Receiver, own: dict[str, str], capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    receiver.answers = [(302, {"Location": receiver.url("/elsewhere")}) if answer == 302 else answer]
    attempt = await send_chat(own[schema], "text")
    assert attempt.answer is Answer.UNREACHABLE
    assert attempt.detail
    assert len(receiver.got) == 1
    out = capfd.readouterr()
    assert "hush" not in f"{attempt.detail}{caplog.text}{out.out}{out.err}"


async def test_one_that_hangs_holds_nobody_up(receiver: Receiver, own: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "DEADLINE", 0.2)
    receiver.answers = [HANG]
    attempt = await send_chat(own["ntfy"], "text")
    assert (attempt.answer, attempt.detail) == (Answer.UNREACHABLE, "not done within 0.2 s")


@pytest.mark.parametrize(
    "url", ["dbus://", "syslog://", "json://127.0.0.1/", "mailto://a:b@c.example", "hush", "https://a.example/"]
)
async def test_what_is_no_chat_is_not_spoken_to(url: str) -> None:
    attempt = await send_chat(url, "text")
    assert (attempt.answer, attempt.detail) == (Answer.UNREACHABLE, "its address is of no chat that we speak")


async def test_an_address_that_apprise_does_not_take_and_one_with_two_targets(receiver: Receiver) -> None:
    assert (await send_chat("tgram://hushhush", "text")).answer is Answer.UNREACHABLE
    two = await send_chat(f"ntfy://127.0.0.1:{receiver.port}/hushone/hushtwo", "text")
    assert two.detail == "its address names 2 targets; write one [[chat]] for each"
    assert receiver.got == []
