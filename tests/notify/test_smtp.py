"""Every outcome of SMTP, against real servers on the loopback interface that run in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from aggregator.config.settings import MailMode, MailSecurity, MailSettings
from aggregator.errors import ConfigError
from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery
from aggregator.notify import SmtpTransport, transport_for
from tests.notify.relay import Certificate, Relay, StartRelay

MakeDelivery = Callable[..., Delivery]


StartScript = Callable[[list[str]], Awaitable[int]]


@pytest.fixture
async def start_script() -> AsyncIterator[StartScript]:
    """A server that knows only its lines: the greeting, then one answer for each line it hears, then it hangs up."""
    servers: list[asyncio.Server] = []

    async def serve(lines: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line.encode("utf-8", "surrogateescape") + b"\r\n")
            await reader.readline()
        writer.close()

    async def start(lines: list[str]) -> int:
        servers.append(await asyncio.start_server(partial(serve, lines), "127.0.0.1", 0))
        port: int = servers[-1].sockets[0].getsockname()[1]
        return port

    yield start
    for server in servers:
        server.close()


def settings(port: int, security: MailSecurity = MailSecurity.NONE, **more: Any) -> MailSettings:
    chosen = {"sender": "monitor@example.org", "host": "127.0.0.1", "timeout": 30.0, **more}
    return MailSettings(mode=MailMode.SMTP, port=port, security=security, **chosen)


Open = Callable[..., SmtpTransport]


@pytest.fixture
async def open_transport() -> AsyncIterator[Open]:
    """``open_transport(port, security, tls_context=, **settings)``, closed at the end."""
    opened: list[SmtpTransport] = []

    def make(
        port: int, security: MailSecurity = MailSecurity.NONE, *, tls_context: ssl.SSLContext | None = None, **more: Any
    ) -> SmtpTransport:
        opened.append(SmtpTransport(settings(port, security, **more), tls_context=tls_context))
        return opened[-1]

    yield make
    for transport in opened:
        await transport.aclose()


async def start_tls_relay(start: StartRelay, certificate: Certificate, security: MailSecurity) -> Relay:
    if security is MailSecurity.TLS:
        return await start(tls=certificate.server, auth_require_tls=False)
    return await start(tls_context=certificate.server, require_starttls=True)


async def test_a_mail_is_accepted(start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery) -> None:
    relay = await start_relay()
    attempt = await open_transport(relay.port).send(delivery())
    assert attempt == Attempt(AttemptOutcome.ACCEPTED, 250, "2.0.0 queued as 4711", "relay.example.org")
    (mail,) = relay.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("monitor@example.org", ["reader@example.org"])
    assert mail.original_content == delivery().message
    assert mail.mail_options == [f"SIZE={len(delivery().message)}"]


@pytest.mark.parametrize("answer", ["552 5.3.4 too big", "523 5.2.3 too big"])
async def test_a_message_that_is_too_big_at_mail_is_refused_and_breaks_nothing(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, answer: str
) -> None:
    relay = await start_relay(Relay(script={"MAIL": [answer]}))
    attempt = await open_transport(relay.port).send(delivery())
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.REFUSED, int(answer[:3]))


async def test_one_connection_serves_many_sends_at_once(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay()
    transport = open_transport(relay.port, connections=1)
    attempts = await asyncio.gather(*(transport.send(delivery(number)) for number in range(12)))
    assert {attempt.outcome for attempt in attempts} == {AttemptOutcome.ACCEPTED}
    assert [mail.original_content for mail in relay.mails] == [delivery(number).message for number in range(12)]
    assert len(relay.sessions) == 1


async def test_several_connections_are_open_at_a_time_and_no_more(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay()
    transport = open_transport(relay.port, connections=3)
    for _ in range(2):
        attempts = await asyncio.gather(*(transport.send(delivery(number)) for number in range(12)))
        assert {attempt.outcome for attempt in attempts} == {AttemptOutcome.ACCEPTED}
    assert len(relay.sessions) == 3
    one = await start_relay()
    transport = open_transport(one.port, connections=3)
    for number in range(5):
        await transport.send(delivery(number))
    assert len(one.sessions) == 1, "what comes one by one needs but one"


async def test_a_slow_recipient_does_not_hold_up_the_others(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay(Relay(script={"RCPT": ["say nothing"]}))
    transport = open_transport(relay.port, connections=2)
    slow = asyncio.create_task(transport.send(delivery(1)))
    await relay.heard.wait()
    for number in range(2, 9):
        assert (await transport.send(delivery(number))).outcome is AttemptOutcome.ACCEPTED
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_what_is_too_big_for_the_relay_is_not_even_offered(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay(data_size_limit=5000)
    transport = open_transport(relay.port)
    big = delivery(1).message + b"x" * 5000
    attempt = await transport.send(delivery(1, message=big))
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.REFUSED, 552)
    assert attempt.detail == f"the message has {len(big):,} bytes, and the relay takes 5,000 at most"
    assert relay.said == []
    assert (await transport.send(delivery(2))).outcome is AttemptOutcome.ACCEPTED


async def test_it_reconnects_when_the_connection_was_lost(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay()
    transport = open_transport(relay.port)
    await transport.send(delivery(1))
    relay.hang_up()
    assert (await transport.send(delivery(2))).outcome is AttemptOutcome.ACCEPTED
    await transport.aclose()
    assert (await transport.send(delivery(3))).outcome is AttemptOutcome.ACCEPTED
    assert len(relay.mails) == 3
    assert len(relay.sessions) == 3


async def test_it_reconnects_when_the_relay_has_had_enough(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay(Relay(script={"RSET": ["421 4.4.2 idle for too long"]}))
    transport = open_transport(relay.port)
    outcomes = [(await transport.send(delivery(number))).outcome for number in (1, 2)]
    assert outcomes == [AttemptOutcome.ACCEPTED] * 2
    assert len(relay.sessions) == 2


D, R, B, U = AttemptOutcome.DEFERRED, AttemptOutcome.REFUSED, AttemptOutcome.BROKEN, AttemptOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("command", "answer", "outcome"),
    [
        ("MAIL", "451 4.3.0 try later", D),
        ("MAIL", "452 4.3.1 no room", D),
        ("MAIL", "421 4.3.2 shutting down", D),
        ("MAIL", "550 5.7.1 sender not allowed", B),
        ("MAIL", "530 5.7.0 authentication required", B),
        ("MAIL", "552 5.3.4 message too big", R),
        ("RCPT", "450 4.2.0 greylisted, come back in 5 minutes", D),
        ("RCPT", "451 4.7.1 try later", D),
        ("RCPT", "452 4.2.2 mailbox full", D),
        ("RCPT", "550 5.1.1 no such user", R),
        ("RCPT", "554 5.7.1 relay access denied", R),
        ("RCPT", "530 5.7.0 authentication required", B),
        ("DATA", "451 4.3.0 try later", D),
        ("DATA", "452 4.3.1 no room", D),
        ("DATA", "421 4.3.2 shutting down", D),
        ("DATA", "550 5.7.1 looks like spam", R),
        ("DATA", "552 5.3.4 message too big", R),
        ("DATA", "554 5.6.0 transaction failed", R),
    ],
)
async def test_refusals_are_judged_by_their_class(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, command: str, answer: str, outcome: AttemptOutcome
) -> None:
    relay = await start_relay(Relay(script={command: [answer]}))
    transport = open_transport(relay.port)
    assert await transport.send(delivery(1)) == Attempt(outcome, int(answer[:3]), answer[4:], "relay.example.org")
    assert relay.mails == []
    # The next one, to somebody else, is not held back (and, greylisted, the same one gets through later).
    assert (await transport.send(delivery(2))).outcome is AttemptOutcome.ACCEPTED
    assert [mail.rcpt_tos for mail in relay.mails] == [["reader@example.org"]]


@pytest.mark.parametrize(("command", "outcome"), [("MAIL", D), ("RCPT", D), ("DATA", U)])
async def test_a_lost_connection(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, command: str, outcome: AttemptOutcome
) -> None:
    relay = await start_relay(Relay(script={command: ["hang up"]}))
    transport = open_transport(relay.port)
    attempt = await transport.send(delivery())
    assert (attempt.outcome, attempt.code) == (outcome, 0)
    assert attempt.detail
    assert len(relay.mails) == (command == "DATA")
    # It is tried again, and the relay can tell by the Message-ID that it is the same message.
    assert (await transport.send(delivery())).outcome is AttemptOutcome.ACCEPTED
    assert {mail.original_content for mail in relay.mails} == {delivery().message}


@pytest.mark.parametrize(("command", "outcome"), [("MAIL", D), ("DATA", U)])
async def test_silence(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, command: str, outcome: AttemptOutcome
) -> None:
    relay = await start_relay(Relay(script={command: ["say nothing"]}))
    transport = open_transport(relay.port, timeout=1.0)
    attempt = await transport.send(delivery())
    assert (attempt.outcome, attempt.code) == (outcome, 0)
    assert "Timed out" in attempt.detail
    assert len(relay.mails) == (command == "DATA")
    assert (await transport.send(delivery())).outcome is AttemptOutcome.ACCEPTED
    assert len(relay.sessions) == 2


async def test_a_cancelled_send_does_not_poison_the_next(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay(Relay(script={"DATA": ["say nothing"]}))
    transport = open_transport(relay.port)
    task = asyncio.create_task(transport.send(delivery(1)))
    await relay.heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await transport.send(delivery(2))).outcome is AttemptOutcome.ACCEPTED
    assert len(relay.sessions) == 2


@pytest.mark.parametrize(
    ("lines", "outcome", "code"),
    [
        (["554 5.7.1 you are on a list"], B, 554),
        (["421 4.3.2 too busy"], AttemptOutcome.DOWN, 421),
        (["this is not SMTP"], AttemptOutcome.DOWN, 0),
        ([], AttemptOutcome.DOWN, 0),
        (["220 hello", "502 5.5.1 what is EHLO?"], B, 502),
        (["220 hello", "250 hi", "250 ok", "what?"], D, 0),
        (["220 hello", "250 hi", "250 ok", "250 ok", "what?"], U, 0),
        (["220 hello", "250 hi", "250 ok", "250 ok", "250 no need to go on"], U, 250),  # instead of 354
        (["220 hello", "250 hi", "250 ok", "250 ok"], U, 0),  # then it hangs up
    ],
)
async def test_strange_relays(
    start_script: StartScript, open_transport: Open, delivery: MakeDelivery, lines: list[str], outcome: AttemptOutcome, code: int
) -> None:
    attempt = await open_transport(await start_script(lines)).send(delivery())
    assert (attempt.outcome, attempt.code) == (outcome, code)


async def test_the_detail_is_one_printable_line(start_script: StartScript, open_transport: Open, delivery: MakeDelivery) -> None:
    lines = ["220 hello", "250 hi", "550-5.7.1 \x1b[31mno\x00 \udcff" + "x" * 300 + "\r\n550 second line"]
    attempt = await open_transport(await start_script(lines)).send(delivery())
    assert attempt.detail.startswith("5.7.1 [31mno \ufffd")
    assert attempt.detail.isprintable()
    assert len(attempt.detail) == 200
    assert "second" not in attempt.detail


async def test_nobody_listens(open_transport: Open, delivery: MakeDelivery) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but not listening
        attempt = await open_transport(unused.getsockname()[1]).send(delivery())
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.DOWN, 0)
    assert "127.0.0.1" in attempt.detail


@pytest.mark.parametrize("host", ["relay..example.org", "x" * 70 + ".example.org"])
async def test_a_host_name_that_dns_cannot_even_be_asked_for(open_transport: Open, delivery: MakeDelivery, host: str) -> None:
    attempt = await open_transport(25, host=host).send(delivery())
    assert (attempt.outcome, attempt.code, bool(attempt.detail)) == (AttemptOutcome.BROKEN, 0, True)


@pytest.mark.parametrize("host", ["", "  ", "relé.example.org"])
def test_a_host_that_cannot_be(host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        transport_for(settings(25, host=host))
    assert (caught.value.key, bool(caught.value.hint)) == ("mail.host", True)


def test_a_sender_that_cannot_be() -> None:
    with pytest.raises(ConfigError) as caught:
        transport_for(settings(25, sender="Monitor <monitor@example.org>"))
    assert (caught.value.key, bool(caught.value.hint)) == ("mail.sender", True)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.c, x@y",
        "a@example.org,b@example.org",
        "a@example.org>\r\nRCPT TO:<b@example.org",
        "a@",
        "@x",
        "",
        "a@example.org SIZE=1",
    ],
)
async def test_a_list_of_recipients_does_not_become_its_first(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, address: str
) -> None:
    relay = await start_relay()
    attempt = await open_transport(relay.port).send(delivery(address=address))
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.REFUSED, 0)
    assert attempt.detail.isprintable()
    assert relay.said == []


async def test_dots_are_stuffed_and_nothing_is_smuggled(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay()
    body = "one\r\n.\r\ntwo\n.\nthree\r.\rfour\r\n..\r\n.five\r\nMAIL FROM:<evil@example.org>\r\n.\r\n"
    hostile = delivery().message + body.encode()
    assert (await open_transport(relay.port).send(delivery(message=hostile))).outcome is AttemptOutcome.ACCEPTED
    (mail,) = relay.mails
    lines = body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()
    assert mail.original_content == delivery().message + lines
    assert relay.said.count("MAIL") == 1


async def test_an_address_in_another_script(start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery) -> None:
    relay = await start_relay()
    transport = open_transport(relay.port)
    assert (await transport.send(delivery(address="خواننده@مثال.example"))).outcome is AttemptOutcome.ACCEPTED
    assert relay.mails[0].rcpt_tos == ["خواننده@xn--mgbh0fb.example"]
    assert "SMTPUTF8" in relay.mails[0].mail_options
    assert (await transport.send(delivery(address="leser@bücher.example"))).outcome is AttemptOutcome.ACCEPTED
    assert relay.mails[1].rcpt_tos == ["leser@xn--bcher-kva.example"]
    assert "SMTPUTF8" not in relay.mails[1].mail_options


async def test_an_address_that_the_relay_cannot_take(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay(enable_SMTPUTF8=False)
    transport = open_transport(relay.port)
    attempt = await transport.send(delivery(1, address="خواننده@example.org"))
    assert (attempt.outcome, "SMTPUTF8" in attempt.detail) == (AttemptOutcome.REFUSED, True)
    assert (await transport.send(delivery(2))).outcome is AttemptOutcome.ACCEPTED


async def test_starttls_that_is_not_offered_is_our_own_fault(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay()
    attempt = await open_transport(relay.port, MailSecurity.STARTTLS, username="monitor", password="گذرواژه").send(delivery())
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.BROKEN, 0)
    assert "STARTTLS" in attempt.detail
    assert (relay.said, relay.logins) == ([], [])


async def test_starttls_refused_for_now(start_script: StartScript, open_transport: Open, delivery: MakeDelivery) -> None:
    port = await start_script(["220 hello", "250-hi\r\n250 STARTTLS", "454 4.7.0 TLS not available now"])
    attempt = await open_transport(port, MailSecurity.STARTTLS).send(delivery())
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.DOWN, 454)


@pytest.mark.parametrize("security", [MailSecurity.TLS, MailSecurity.STARTTLS])
async def test_tls_with_login(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, certificate: Certificate, security: MailSecurity
) -> None:
    relay = await start_tls_relay(start_relay, certificate, security)
    transport = open_transport(relay.port, security, tls_context=certificate.trusting, username="monitor", password="گذرواژه")
    for number in (1, 2):
        assert (await transport.send(delivery(number))).outcome is AttemptOutcome.ACCEPTED
    assert len(relay.mails) == 2
    assert len(relay.sessions) == 1
    assert relay.logins == ["PLAIN"]


@pytest.mark.parametrize("security", [MailSecurity.TLS, MailSecurity.STARTTLS])
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, certificate: Certificate, security: MailSecurity
) -> None:
    relay = await start_tls_relay(start_relay, certificate, security)
    attempt = await open_transport(relay.port, security, username="monitor", password="گذرواژه").send(delivery())
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.BROKEN, 0)
    assert "certificate" in attempt.detail.lower()
    assert (relay.said, relay.logins) == ([], [])


async def test_a_certificate_for_another_host_is_refused(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, certificate: Certificate
) -> None:
    relay = await start_tls_relay(start_relay, certificate, MailSecurity.TLS)
    transport = open_transport(relay.port, MailSecurity.TLS, tls_context=certificate.trusting, host="localhost")
    attempt = await transport.send(delivery())
    assert attempt.outcome is AttemptOutcome.BROKEN
    assert relay.mails == []


async def test_tls_where_the_relay_speaks_plain(start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery) -> None:
    relay = await start_relay()
    attempt = await open_transport(relay.port, MailSecurity.TLS).send(delivery())
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.BROKEN, 0)


async def test_a_wrong_password_is_our_own_fault(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery, certificate: Certificate
) -> None:
    relay = await start_tls_relay(start_relay, certificate, MailSecurity.STARTTLS)
    transport = open_transport(
        relay.port, MailSecurity.STARTTLS, tls_context=certificate.trusting, username="monitor", password="wrong-Passw0rd"
    )
    attempt = await transport.send(delivery())
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.BROKEN, 535)
    assert "wrong-Passw0rd" not in attempt.detail + repr(settings(1, password="wrong-Passw0rd"))
    assert relay.mails == []


@pytest.mark.parametrize(
    ("lines", "outcome", "code"),
    [
        (["220 hello", "250 hi"], B, 0),  # no AUTH at all
        (["220 hello", "250-hi\r\n250 AUTH GSSAPI"], B, 0),  # none that we know
        (["220 hello", "250-hi\r\n250 AUTH PLAIN", "454 4.7.0 the directory is down"], AttemptOutcome.DOWN, 454),
        (["220 hello", "250-hi\r\n250 AUTH PLAIN LOGIN", "535 5.7.8 no"], B, 0),  # and hangs up
        (["220 hello", "250-hi\r\n250 AUTH PLAIN", "534 5.7.9 too weak"], B, 534),
    ],
)
async def test_login_troubles(
    start_script: StartScript, open_transport: Open, delivery: MakeDelivery, lines: list[str], outcome: AttemptOutcome, code: int
) -> None:
    attempt = await open_transport(await start_script(lines), username="monitor", password="secret").send(delivery())
    assert (attempt.outcome, attempt.code) == (outcome, code)


async def test_closing_is_calm_whatever_the_relay_does(
    start_relay: StartRelay, open_transport: Open, delivery: MakeDelivery
) -> None:
    relay = await start_relay(Relay(script={"QUIT": ["500 never"]}))
    transport = open_transport(relay.port)
    await transport.aclose()
    await transport.send(delivery())
    await transport.aclose()
    await transport.aclose()
    assert relay.said[-1] == "QUIT"


def test_the_settings_choose_the_transport() -> None:
    assert isinstance(transport_for(settings(587, MailSecurity.STARTTLS)), SmtpTransport)
