"""What comes back by mail: delivery reports (RFC 3464), complaints (RFC 5965), wishes to unsubscribe (RFC 2369), and the rest.

Anybody can send such mails. So they only count with proof that their sender had our message: the envelope's sender of one
delivery, or a link that stands in its headers (``Report.senders`` and ``links``; ``pipeline.bounces`` checks them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from enum import StrEnum
from itertools import islice

from aggregator.notify.listing import UNSUBSCRIBE
from aggregator.notify.message import clean_header

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b", re.ASCII)
_WISH = re.compile(rf"(?:re:\s*)?{UNSUBSCRIBE}\s+([a-z])/([\w-]+)\s*", re.IGNORECASE | re.ASCII)
# Whatever repeats has a bound here: these texts are anybody's, and time must not grow with their square.
_LINK = re.compile(r"<https?://[^<>\s]{0,500}/([a-z])/([\w-]{1,100})>", re.ASCII)
# The box is full, or the message too big: they speak of a day or a message, not of the address.
_PASSING = frozenset({"5.2.2", "5.2.3", "5.3.4"})
_ADDRESS = re.compile(r"[^\s<>,;:\"()@]{1,100}@[^\s<>,;:\"()@]{1,255}")
_MOST_PARTS = 50
# A level within another: email.parser takes each line through all of them.
_LEVEL = re.compile(rb"multipart/|message/", re.IGNORECASE)
_MOST_LEVELS = 20
MOST_BYTES = 256_000
"""Of a mail no more is read: a report, and the headers of what it returns, stand in front."""

# What email.parser and its messages raise for parameters and charsets that are broken: of no kind that it would promise.
_BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, MessageError, RuntimeError, TypeError, ValueError)


class _Cut(Compat32):
    """No header is longer than this: reading the parameters of one takes a time that grows with its square."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:2000]


_POLICY = _Cut()


class ReportKind(StrEnum):
    """What a mail reports. HARD: this address will not do; SOFT: it did not this time."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Report:
    """A mail that was read. ``detail`` says in words what it is, or what the other server said.

    ``senders`` are addresses to which it, or the message that it returns, was sent back; ``links`` those in the headers of that
    message, or in the wish itself: the letter of the purpose, and the token.
    """

    kind: ReportKind
    detail: str
    status: str = ""
    senders: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def read_report(raw: bytes, recipient: str = "") -> Report:
    """Read a mail of which we know nothing. ``recipient`` is the address that it was delivered to, if the mail system says so.

    It takes any bytes, of which ``MOST_BYTES`` are read; a mail that is broken is NOTHING, too.
    """
    raw = raw[:MOST_BYTES]
    if sum(1 for _ in islice(_LEVEL.finditer(raw), _MOST_LEVELS + 1)) > _MOST_LEVELS:
        return Report(ReportKind.NOTHING, "nested too deeply to be read")
    try:
        return _read(raw, recipient)
    except _BROKEN as error:
        return Report(ReportKind.NOTHING, f"cannot be read ({type(error).__name__})")


def _read(raw: bytes, recipient: str) -> Report:
    message = BytesParser(policy=_POLICY).parsebytes(raw)
    parts = list(islice(message.walk(), _MOST_PARTS))
    senders = [recipient] if recipient else []
    senders += [value for name in ("Delivered-To", "X-Original-To", "Envelope-To", "To") for value in _addresses(message, name)]
    subject = _line(message, "Subject")
    if wish := _WISH.fullmatch(subject):
        return Report(ReportKind.UNSUBSCRIBE, "asks to unsubscribe", links=((wish[1].lower(), wish[2]),))
    returned = [part for part in parts if part.get_content_type() in ("message/rfc822", "text/rfc822-headers")]
    links = tuple(link for part in returned for link in _links(part))
    senders += [value for part in returned for value in _addresses(_original(part), "Return-Path")]
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            fields = _original(part)
            senders += _addresses(fields, "Original-Mail-From")
            what = clean_header(_line(fields, "Feedback-Type")).lower() or "abuse"
            if what == "not-spam":
                return Report(ReportKind.NOTHING, "says that a mail is no spam")
            return Report(ReportKind.COMPLAINT, f"complaint: {what}"[:200], senders=tuple(senders), links=links)
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            return _delivery_status(part, tuple(senders), links)
    if _line(message, "Auto-Submitted").lower().startswith("auto-replied") or message["X-Autoreply"]:
        return Report(ReportKind.NOTHING, "an automatic reply")
    return Report(ReportKind.NOTHING, "no report of a mail system")


def _delivery_status(part: Message, senders: tuple[str, ...], links: tuple[tuple[str, str], ...]) -> Report:
    """The worst that is said of any recipient: a delivery of ours has but one."""
    blocks = part.get_payload()
    worst = Report(ReportKind.NOTHING, "a report without a recipient")
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, Message) or not block["Action"]:
            continue
        action, found = _line(block, "Action").lower(), _STATUS.search(_line(block, "Status"))
        status = found[1] if found else ""
        said = clean_header(_line(block, "Diagnostic-Code").partition(";")[2] or _line(block, "Diagnostic-Code"))
        detail = " ".join(filter(None, (status, said)))[:200] or "no reason given"
        if action != "failed":
            if worst.kind is ReportKind.NOTHING:
                worst = Report(ReportKind.NOTHING, f"{clean_header(action)[:20]}, not failed: {detail}")
        elif status.startswith("5") and status not in _PASSING:
            return Report(ReportKind.HARD, detail, status, senders, links)
        else:
            worst = Report(ReportKind.SOFT, detail, status, senders, links)
    return worst


def _line(message: Message, name: str) -> str:
    value = message[name]
    return " ".join(str(value).split()) if value is not None else ""


def _addresses(message: Message, name: str) -> list[str]:
    """Whatever looks like an address; which of them are ours is told by their tags, so they need no careful reading."""
    values = " ".join(str(value) for value in (message.get_all(name) or [])[:5])
    return [found[0] for found in islice(_ADDRESS.finditer(values), 20)]


def _original(part: Message) -> Message:
    """The headers of a message that stands within a part; none when they cannot be read."""
    try:
        payload = part.get_payload()
        if isinstance(payload, list) and payload and isinstance(payload[0], Message):
            return payload[0]
        return BytesParser(policy=_POLICY).parsebytes(part.get_payload(decode=True) or b"", headersonly=True)  # type: ignore[arg-type]
    except _BROKEN:
        return Message()  # the rest of the report may have a proof all the same


def _links(part: Message) -> list[tuple[str, str]]:
    original = _original(part)
    fields = " ".join(_line(original, name) for name in ("List-Archive", "List-Unsubscribe"))
    return [(found[1], found[2]) for found in _LINK.finditer(fields)]
