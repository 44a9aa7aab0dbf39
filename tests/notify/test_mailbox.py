"""Bounces over IMAP: from a server of our own, with TLS, on the loopback interface."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from aggregator.config.settings import MailSettings
from aggregator.errors import ConfigError
from aggregator.notify.mailbox import Mailbox
from tests.notify.relay import Certificate


@dataclass
class Imap:
    """Knows as much of RFC 9051 as reading a folder takes."""

    mails: dict[int, bytes]
    seen: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    port: int = 0
    refuses: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            self.said.append(command)
            ending = "OK done"
            match command.upper().split():
                case ["UID", verb, *_] if verb == self.refuses:
                    ending = "NO [NOPERM] not for you"
                case ["CAPABILITY"]:
                    writer.write(b"* CAPABILITY IMAP4rev1\r\n")
                case ["LOGIN", name, password]:
                    ending = "OK in" if (name, password) == ("BOUNCE", '"HUSH"') else "NO [AUTHENTICATIONFAILED] no"
                case ["SELECT", *_]:
                    writer.write(b"* %d EXISTS\r\n" % len(self.mails))
                case ["UID", "SEARCH", *_]:
                    unseen = " ".join(str(uid) for uid in self.mails if uid not in self.seen)
                    writer.write(f"* SEARCH {unseen}".rstrip().encode() + b"\r\n")
                case ["UID", "FETCH", uid, *_]:
                    raw = self.mails[int(uid)]
                    writer.write(b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n%s)\r\n" % (uid.encode(), len(raw), raw))
                case ["UID", "STORE", uid, *_]:
                    self.seen.add(int(uid))
                case ["LOGOUT"]:
                    writer.write(b"* BYE\r\n")
                case _:
                    ending = "BAD what?"
            writer.write(f"{tag} {ending}\r\n".encode())
            await writer.drain()
        writer.close()


@pytest.fixture
async def imap(certificate: Certificate) -> AsyncIterator[Imap]:
    made = Imap({7: b"Subject: one\r\n\r\nfirst\r\n", 9: b"Subject: two\r\n\r\nsecond\r\n"})
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=certificate.server)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


def settings(imap: Imap) -> MailSettings:
    where = f"imaps://bounce@127.0.0.1:{imap.port}/Mail/Bounces%20here"
    return MailSettings(bounce_mailbox=where, bounce_password="hush", timeout=20.0)


async def test_what_is_unread_is_read_once_and_marked_one_by_one(imap: Imap, certificate: Certificate) -> None:
    async with Mailbox(settings(imap), tls_context=certificate.trusting) as mailbox:
        found = []
        async for key, raw in mailbox.unread():
            found.append(raw)
            if len(found) == 1:
                await mailbox.mark_read(key)
    assert found == [b"Subject: one\r\n\r\nfirst\r\n", b"Subject: two\r\n\r\nsecond\r\n"]
    assert imap.seen == {7}, "who dies in the middle leaves the rest unread"
    assert 'SELECT "Mail/Bounces here"' in imap.said
    assert all("BODY.PEEK[]" in each for each in imap.said if "FETCH" in each)
    async with Mailbox(settings(imap), tls_context=certificate.trusting) as mailbox:
        assert [key async for key, _ in mailbox.unread()] == ["9"]
    assert not [each for each in imap.said if re.search("expunge|delete", each, re.IGNORECASE)]


async def test_what_keeps_us_out_is_an_error_of_the_configuration(imap: Imap, certificate: Certificate) -> None:
    own = settings(imap)
    for changed, trusted in ((replace(own, bounce_password="wrong-Passw0rd"), certificate.trusting), (own, None)):
        with pytest.raises(ConfigError) as caught:
            async with Mailbox(changed, tls_context=trusted):
                pass
        assert caught.value.key == "mail.bounce_mailbox"
        assert "wrong-Passw0rd" not in str(caught.value)
    assert imap.seen == set()


@pytest.mark.parametrize("verb", ["SEARCH", "FETCH", "STORE"])
async def test_so_is_what_the_server_refuses_later(imap: Imap, certificate: Certificate, verb: str) -> None:
    imap.refuses = verb

    async def read() -> None:
        async with Mailbox(settings(imap), tls_context=certificate.trusting) as mailbox:
            async for key, _ in mailbox.unread():
                await mailbox.mark_read(key)

    with pytest.raises(ConfigError, match="the server answers NO") as caught:
        await read()
    assert caught.value.key == "mail.bounce_mailbox"
