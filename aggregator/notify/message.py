"""A letter becomes MIME: every byte that an SMTP relay will see is decided here (RFC 5322, 2045 to 2047, 2369, 2919, 3834).

The standard library's folding is not used for whole messages. It turns a long ``List-Unsubscribe`` URL into an encoded
word, which no mail program offers as a button, and damages one in ten subjects that mix Persian and Latin words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email import policy
from email.charset import SHORTEST, Charset
from email.header import Header
from email.parser import BytesParser
from email.utils import format_datetime

from aggregator.model.delivery import Letter
from aggregator.notify.address import check_address

_CRLF = "\r\n"
_WIDTH = 76
_HARD_LIMIT = 998
# What may end a line, or a header, for some mail program or other; and lone surrogates, which cannot be encoded at all.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_BLANKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_ATOMS = re.compile(r"[\w!#$%&'*+\-/^`{|}~]+(?: [\w!#$%&'*+\-/^`{|}~]+)*", re.ASCII)
_OURS = {
    *("auto-submitted", "bcc", "cc", "content-transfer-encoding", "content-type", "date", "from", "list-id", "message-id"),
    *("mime-version", "precedence", "resent-bcc", "sender", "subject", "to", "x-auto-response-suppress"),
}


def clean_header(text: str) -> str:
    """Make text from a feed fit for a header: runs of blanks and control characters become one space, lone surrogates U+FFFD."""
    return _BLANKS.sub(" ", _SURROGATES.sub("\ufffd", text)).strip()


def build_message(
    letter: Letter,
    *,
    sender: str,
    sender_name: str,
    recipient: str,
    recipient_name: str,
    message_id: str,
    date: datetime,
    list_id: str | None,
    headers: Mapping[str, str] = {},
) -> bytes:
    """Return ``letter`` as a multipart/alternative message, text first, with CRLF line ends; the same input gives the same bytes.

    ``sender`` and ``recipient`` are bare addresses, ``message_id`` has its angle brackets, ``date`` is aware, ``list_id`` is
    with or without brackets. ``headers`` (List-Unsubscribe…) are ASCII and folded at spaces only, never encoded. The bytes
    are 7-bit but for a header that holds an address with ``needs_smtputf8``.

    A letter without HTML has the text part alone.

    Raises ``ValueError`` for a value with a control character or line separator (``clean_header`` mends text), an address,
    message id or header name that is not valid, a naive date, or a header that we set ourselves.
    """
    if date.tzinfo is None:
        raise ValueError("date: an aware datetime is needed")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"message_id: {message_id!r} does not look like <left@right>")
    boundary = "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:24]  # "=_" occurs in no encoded body (RFC 2045 §6.7)
    fields = [
        _verbatim("Date", format_datetime(date)),
        _mailbox("From", sender_name, check_address(sender)),
        _mailbox("To", recipient_name, check_address(recipient)),
        _unstructured("Subject", letter.subject),
        _verbatim("Message-ID", message_id),
        *([_verbatim("List-Id", _list_id(list_id))] if list_id is not None else []),
        *_extra(headers),
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Precedence: bulk",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    head = (_CRLF.join(fields) + _CRLF * 2).encode()
    parts = (_part("plain", letter.text), *([_part("html", letter.html)] if letter.html else []))
    # The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1).
    return head + b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def _refuse_controls(name: str, value: str) -> None:
    if bad := _FORBIDDEN.search(value):
        raise ValueError(f"{name}: character U+{ord(bad.group()):04X} at {bad.start()} is not allowed in a header")


def _list_id(value: str) -> str:
    identifier = value if value.endswith(">") else f"<{value}>"
    if identifier.rpartition("<")[2].rpartition(".")[2] in {"localhost>", ">"}:
        raise ValueError(f"List-Id: {value!r} names no domain of ours")  # RFC 2919 §3: localhost is for lists without a name
    return identifier


def _extra(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if not _FIELD_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a header name")
        if name.lower() in _OURS:
            raise ValueError(f"{name}: this header is set by the post room itself")
        yield _verbatim(name, value)


def part_of(message: bytes, subtype: str) -> str | None:
    """The text of one part (``html``, ``plain``) of a message that we made, lines ending in ``\\n``; None without such a part."""
    body = BytesParser(policy=policy.default).parsebytes(message).get_body((subtype,))
    return None if body is None else str(body.get_content()).replace("\r\n", "\n")


def _verbatim(name: str, value: str) -> str:
    """Fold at spaces only; a word that is too long for a line stays whole (RFC 2047 §5 allows no encoded word here)."""
    _refuse_controls(name, value)
    if not value.isascii():
        raise ValueError(f"{name}: only ASCII is allowed here, not {value!r}")
    lines = [f"{name}:"]
    for index, word in enumerate(value.split(" ")):
        if index == 0 or not word or len(lines[-1]) + 1 + len(word) <= _WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    if max(map(len, lines)) > _HARD_LIMIT:
        raise ValueError(f"{name}: a word is longer than a line of mail may be ({_HARD_LIMIT} characters)")
    return _CRLF.join(lines)


def _plain(name: str, value: str) -> bool:
    """Short ASCII that nobody can take for an encoded word goes as it is."""
    return value.isascii() and "=?" not in value and value == value.strip() and len(name) + 2 + len(value) <= _WIDTH


def _unstructured(name: str, value: str) -> str:
    """All of the value, or none of it, becomes encoded words: a mixture is what loses the spaces between two scripts."""
    _refuse_controls(name, value)
    return f"{name}: {value if _plain(name, value) else _encoded(name, value)}"


def _charset() -> Charset:
    """UTF-8 in words of whichever encoding is shorter. It is said here, for other libraries change what is so for the process."""
    utf8 = Charset("utf-8")
    utf8.header_encoding = SHORTEST
    return utf8


def _encoded(name: str, value: str) -> str:
    return Header(value, _charset(), _WIDTH, name).encode(linesep=_CRLF)


def _mailbox(name: str, display: str, address: str) -> str:
    _refuse_controls(name, display)
    if not display.strip():
        return f"{name}: {address}"
    head = _unstructured(name, display)
    if _plain(name, display) and not _ATOMS.fullmatch(display):
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        quoted = f'{name}: "{escaped}"'
        head = quoted if len(quoted) <= _WIDTH else f"{name}: {_encoded(name, display)}"
    room = _WIDTH - len(head.rpartition(_CRLF)[2])
    return f"{head}{' ' if len(address) + 3 <= room else _CRLF + ' '}<{address}>"


def _part(subtype: str, body: str) -> bytes:
    """One text part. Base64 beats quoted-printable from one byte in six that is not ASCII; both are 7-bit and safe under DKIM."""
    data = (body.replace(_CRLF, "\n").replace("\r", "\n").rstrip("\n") + "\n").encode("utf-8", "replace")
    foreign = len(data.translate(None, delete=bytes(range(128))))
    if foreign * 6 > len(data):
        encoding, encoded = "base64", base64.encodebytes(data.replace(b"\n", b"\r\n")).rstrip()
    else:
        encoding, encoded = "quoted-printable", binascii.b2a_qp(data, istext=True)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + encoded.replace(b"\n", b"\r\n")
