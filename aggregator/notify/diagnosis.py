"""What a relay offers, and whether the sender's domain says that we may: the checks of ``aggregator doctor mail``."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver

from aggregator.config.settings import MailSecurity, MailSettings
from aggregator.errors import ConfigError
from aggregator.notify.finding import Finding
from aggregator.notify.signing import Signer
from aggregator.notify.smtp import Line

SOON = timedelta(days=14)
"""A certificate that ends within this time is worth a word."""

PATIENCE = 5.0
"""Seconds for one look-up."""


@dataclass(frozen=True, slots=True)
class Record:
    """A TXT record that there should be, and its text. ``found`` are the texts that there are; None: nobody could say."""

    kind: str
    name: str
    wanted: str
    found: tuple[str, ...] | None = None
    trouble: str = ""


async def check_relay(settings: MailSettings, now: datetime, *, tls_context: ssl.SSLContext | None = None) -> list[Finding]:
    """Connect, say EHLO, encrypt and log in as for a mail, and report what was met; nothing is sent."""
    line = Line(settings, tls_context)
    where = f"{settings.host}, port {settings.port}"
    try:
        failed = await line.connect()
        if failed is not None:
            code = f"{failed.code} " if failed.code else ""
            return [Finding("relay", well=False, detail=f"{where}: {code}{failed.detail}", hint=_hint(settings, failed.detail))]
        found = [Finding("relay", well=True, detail=f"{where} answers as {line.server}")]
        found.append(_encryption(settings, line.tls, now))
        if settings.username:
            found.append(Finding("login", well=True, detail=f"as {settings.username}"))
        size = line.offers.get("size", "")
        detail = f"{int(size[:18]):,} bytes at most" if size.isdecimal() and int(size[:18]) else "no limit is told"
        found.append(Finding("size", well=not size.isdecimal() or not 0 < int(size[:18]) < 200_000, detail=detail))
        utf8 = "offered" if "smtputf8" in line.offers else "not offered: addresses in other scripts cannot be reached"
        found.append(Finding("SMTPUTF8", well=True if "smtputf8" in line.offers else None, detail=utf8))
        return found
    finally:
        await line.quit()


def _hint(settings: MailSettings, detail: str) -> str:
    if "certificate" in detail.lower():
        return "mail.host must be the name that the certificate bears, and somebody known must vouch for it"
    if "STARTTLS" in detail:
        return 'the relay offers no STARTTLS at this port: try port = 465 with security = "tls"'
    return f'see [mail] host, port and security = "{settings.security}"'


def _encryption(settings: MailSettings, tls: ssl.SSLObject | None, now: datetime) -> Finding:
    if tls is None:
        loopback = settings.security is MailSecurity.NONE
        return Finding("TLS", well=None if loopback else False, detail="the connection is not encrypted")
    certificate = tls.getpeercert() or {}
    ends = certificate.get("notAfter")
    told = f"{tls.version()}, {(tls.cipher() or ('?',))[0]}"
    if not isinstance(ends, str):
        return Finding("TLS", well=True, detail=told)
    ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    well = True if ends_at - now > SOON else None
    return Finding("TLS", well=well, detail=f"{told}; the certificate is good until {ends_at:%Y-%m-%d}")


def wanted_records(settings: MailSettings, signer: Signer | None) -> list[Record]:
    """The records that the sender's domain should have."""
    domain = settings.sender.rpartition("@")[2]
    reports = settings.bounce_address or settings.sender
    records = [Record("SPF", domain, f"v=spf1 a:{settings.host or 'mail.example.org'} ~all")]
    if signer is not None:
        records.append(Record("DKIM", f"{settings.dkim_selector}._domainkey.{domain}", signer.record))
    records.append(Record("DMARC", f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:{reports}"))
    return records


async def look_up(records: Sequence[Record], resolver: str = "") -> list[Record]:
    """What the DNS has under those names. ``resolver`` instead of the system's own: an address, with or without a port
    (``127.0.0.1:5353``, ``[::1]:5353``). Raises ConfigError for what is none.
    """
    asking = _resolver(resolver)
    return [await _found(asking, record) for record in records]


def _resolver(where: str) -> dns.asyncresolver.Resolver | str:
    server = _server(where) if where else None
    try:
        made = dns.asyncresolver.Resolver(configure=server is None)
    except (OSError, dns.exception.DNSException) as error:
        return f"there is no resolver: {error}"
    if server is not None:
        made.nameservers, made.port = [server[0]], server[1]
    made.lifetime = PATIENCE
    return made


def _server(where: str) -> tuple[str, int]:
    """The address and port of a DNS server. A name will not do: who would look it up?"""
    host, _, port = where.rpartition(":") if where.count(":") == 1 or "]:" in where else (where, "", "53")
    try:
        address, number = ip_address(host.removeprefix("[").removesuffix("]")), int(port)
    except ValueError:
        address, number = None, 0
    if address is None or not 0 < number < 1 << 16:
        hint = "--resolver 192.0.2.53, --resolver 127.0.0.1:5353 or --resolver [::1]:5353"
        raise ConfigError(f"{where!r} is not the address of a DNS server", hint=hint)
    return str(address), number


async def _found(resolver: dns.asyncresolver.Resolver | str, record: Record) -> Record:
    if isinstance(resolver, str):
        return Record(record.kind, record.name, record.wanted, trouble=resolver)
    try:
        answer = await resolver.resolve(dns.name.from_text(record.name), "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Record(record.kind, record.name, record.wanted, ())
    except (dns.exception.DNSException, OSError) as error:
        told = " ".join(str(error).split())[:200] or type(error).__name__
        return Record(record.kind, record.name, record.wanted, trouble=told)
    texts = tuple(b"".join(each.strings).decode("utf-8", "replace") for each in answer)
    return Record(record.kind, record.name, record.wanted, texts)


def judge_record(record: Record) -> Finding:
    """Whether what the DNS has will do: exactly one record of the kind, that does not say the opposite."""
    what = f"{record.kind} {record.name}"
    if record.found is None:
        return Finding(what, well=None, detail=f"not looked up: {record.trouble}", hint=record.wanted)
    prefix = {"SPF": "v=spf1", "DKIM": "v=dkim1", "DMARC": "v=dmarc1"}[record.kind]
    mine = [text for text in record.found if text.lower().startswith(prefix)]
    if record.kind == "DKIM":  # its version may be left out
        mine = [text for text in record.found if _tag(text, "p") is not None]
    if not mine:
        return Finding(what, well=False, detail="there is none", hint=record.wanted)
    if len(mine) > 1:
        return Finding(what, well=False, detail=f"there are {len(mine)}, and receivers then believe none", hint="keep one")
    text = mine[0]
    match record.kind:
        case "SPF":
            open_ = text.lower().split()[-1] in ("+all", "all")
            return Finding(
                what, well=not open_, detail=text, hint="it lets everybody send as you: end it with ~all" if open_ else ""
            )
        case "DKIM":
            same = _tag(text, "p") == _tag(record.wanted, "p")
            return Finding(what, well=same, detail=text if same else "it holds another key", hint="" if same else record.wanted)
        case _:
            has = (_tag(text, "p") or "") in ("none", "quarantine", "reject")
            return Finding(what, well=has, detail=text, hint="" if has else record.wanted)


def _tag(text: str, name: str) -> str | None:
    """The value of a tag in a list of tags (RFC 6376 §3.2), without blanks."""
    for part in text.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip() == name:
            return "".join(value.split())
    return None
