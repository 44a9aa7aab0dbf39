"""What ``doctor mail`` sees: a relay and a DNS server of our own, both on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from aggregator.config.settings import MailMode, MailSecurity, MailSettings
from aggregator.errors import ConfigError
from aggregator.notify.diagnosis import Record, check_relay, judge_record, look_up, wanted_records
from aggregator.notify.signing import Signer
from tests.notify.relay import Certificate, StartRelay

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
SETTINGS = MailSettings(
    mode=MailMode.SMTP, host="mx.example.org", sender="desk@example.org", bounce_address="bounce@example.org", dkim_selector="m"
)


class Names(asyncio.DatagramProtocol):
    """A DNS server with TXT records."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.refuse = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        name = question.name.to_text().rstrip(".")
        self.asked.append(name)
        answer = dns.message.make_response(query)
        texts = self.texts.get(name)
        if self.refuse:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            quoted = [" ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)) for text in texts]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *quoted))
        self.transport.sendto(answer.to_wire(), address)


@pytest.fixture
async def names() -> AsyncIterator[tuple[Names, str]]:
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    yield made, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    transport.close()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    (tmp_path / "seed").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    return Signer("example.org", "m", tmp_path / "seed")


def test_the_records_that_should_be(signer: Signer) -> None:
    spf, dkim, dmarc = wanted_records(SETTINGS, signer)
    assert (spf.name, spf.wanted) == ("example.org", "v=spf1 a:mx.example.org ~all")
    assert (dkim.name, dkim.wanted[:24]) == ("m._domainkey.example.org", "v=DKIM1; k=ed25519; p=A6")
    assert (dmarc.name, dmarc.wanted) == ("_dmarc.example.org", "v=DMARC1; p=none; rua=mailto:bounce@example.org")
    assert [record.kind for record in wanted_records(SETTINGS, None)] == ["SPF", "DMARC"]


async def test_what_the_dns_has_is_compared_with_what_it_should_have(names: tuple[Names, str], signer: Signer) -> None:
    server, where = names
    wanted = wanted_records(SETTINGS, signer)
    findings = [judge_record(each) for each in await look_up(wanted, where)]
    assert [(each.well, each.detail) for each in findings] == [(False, "there is none")] * 3
    assert [each.hint for each in findings] == [each.wanted for each in wanted]
    server.texts = {
        "example.org": ["something=else", "v=spf1 include:_spf.relay.example " + "ip4:192.0.2.1 " * 20 + "-all"],
        "m._domainkey.example.org": [signer.record],
        "_dmarc.example.org": ["v=DMARC1; p=reject"],
    }
    found = await look_up(wanted, where)
    assert [judge_record(each).well for each in found] == [True] * 3
    assert found[0].found is not None
    assert any(text.endswith("-all") for text in found[0].found), "a long text comes in pieces"
    assert sorted(set(server.asked)) == ["_dmarc.example.org", "example.org", "m._domainkey.example.org"]


@pytest.mark.parametrize(
    ("kind", "texts", "detail"),
    [
        ("SPF", ["v=spf1 +all"], "v=spf1 +all"),
        ("SPF", ["v=spf1 -all", "v=spf1 ~all"], "there are 2"),
        ("DKIM", ["v=DKIM1; p="], "another key"),
        ("DKIM", ["k=rsa; p=AAAA"], "another key"),
        ("DMARC", ["v=DMARC1"], "v=DMARC1"),
        ("DMARC", ["v=spf1 -all"], "there is none"),
    ],
)
def test_records_that_do_harm(kind: str, texts: list[str], detail: str) -> None:
    finding = judge_record(Record(kind, "example.org", "v=DKIM1; k=rsa; p=BBBB", tuple(texts)))
    assert (finding.well, detail in finding.detail, bool(finding.hint)) == (False, True, True)


async def test_without_an_answer_nothing_is_claimed(names: tuple[Names, str]) -> None:
    server, where = names
    server.refuse = True
    for each in await look_up(wanted_records(SETTINGS, None), where):
        finding = judge_record(each)
        assert (finding.well, finding.hint) == (None, each.wanted)
        assert finding.detail.startswith("not looked up: ")
        assert finding.detail.isprintable()


async def test_a_relay_is_described(start_relay: StartRelay) -> None:
    relay = await start_relay(data_size_limit=3_000_000)
    settings = replace(SETTINGS, host="127.0.0.1", port=relay.port, security=MailSecurity.NONE)
    found = {each.what: each for each in await check_relay(settings, NOW)}
    assert (found["relay"].well, "answers as relay.example.org" in found["relay"].detail) == (True, True)
    assert (found["TLS"].well, found["TLS"].detail) == (None, "the connection is not encrypted")
    assert (found["size"].well, found["size"].detail) == (True, "3,000,000 bytes at most")
    assert found["SMTPUTF8"].well is True
    assert relay.mails == []
    (failed,) = await check_relay(replace(settings, security=MailSecurity.STARTTLS), NOW)
    assert (failed.well, "465" in failed.hint) == (False, True)


async def test_encryption_and_login_are_described(start_relay: StartRelay, certificate: Certificate) -> None:
    relay = await start_relay(tls_context=certificate.server, require_starttls=True)
    settings = replace(
        SETTINGS, host="127.0.0.1", port=relay.port, security=MailSecurity.STARTTLS, username="monitor", password="گذرواژه"
    )
    found = {each.what: each for each in await check_relay(settings, datetime.now(UTC), tls_context=certificate.trusting)}
    assert (found["TLS"].well, "the certificate is good until" in found["TLS"].detail) == (None, True), "for two days"
    assert found["TLS"].detail.startswith("TLSv1.")
    assert found["login"].well is True
    (failed,) = await check_relay(settings, NOW)
    assert (failed.well, "certificate" in failed.detail.lower(), "bears" in failed.hint) == (False, True, True)
    (failed,) = await check_relay(replace(settings, password="wrong"), NOW, tls_context=certificate.trusting)
    assert (failed.well, "535" in failed.detail) == (False, True)


@pytest.mark.parametrize(
    "where", ["foo", "127.0.0.1:abc", "127.0.0.1:0", "127.0.0.1:70000", "::1:x", ":53", "dns.example.org:53"]
)
async def test_a_resolver_that_is_no_address_is_told_of(where: str) -> None:
    with pytest.raises(ConfigError, match="is not the address of a DNS server") as caught:
        await look_up([], where)
    assert where in str(caught.value)


async def test_a_resolver_may_have_an_address_of_either_kind() -> None:
    for where in ("192.0.2.53", "192.0.2.53:5353", "::1", "[::1]", "[::1]:5353"):
        assert await look_up([], where) == []
