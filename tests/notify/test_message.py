"""The bytes of a message, read back with the standard library's parser."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email import charset, message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest

from aggregator.model.delivery import Letter
from aggregator.notify import build_message, clean_header

LETTER = Letter("Morning digest", "Two stories.\n", "<p>Two stories.</p>\n")
NOW = datetime(2026, 11, 24, 7, 0, 12, tzinfo=UTC)


def build(letter: Letter = LETTER, **changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "sender": "monitor@example.org",
        "sender_name": "Monitor",
        "recipient": "reader@example.org",
        "recipient_name": "Reader",
        "message_id": "<d.7.2026-11-24@monitor.example.org>",
        "date": NOW,
        "list_id": "digest.monitor.example.org",
    }
    return build_message(letter, **{**arguments, **changes})


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def head_of(raw: bytes) -> list[str]:
    return raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")


def text_of(part: Any) -> str:
    """A part's text with the line ends of this system: in transit they are CRLF."""
    return str(part.get_content()).replace("\r\n", "\n")


def unfolded(raw: bytes, name: str) -> str:
    head = raw.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    (value,) = [line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith(name.lower() + ":")]
    return value


def test_the_header_checklist() -> None:
    raw = build(headers={"List-Unsubscribe": "<mailto:monitor@example.org?subject=stop>", "X-Kind": "digest"})
    assert head_of(raw)[:-1] == [
        "Date: Tue, 24 Nov 2026 07:00:12 +0000",
        "From: Monitor <monitor@example.org>",
        "To: Reader <reader@example.org>",
        "Subject: Morning digest",
        "Message-ID: <d.7.2026-11-24@monitor.example.org>",
        "List-Id: <digest.monitor.example.org>",
        "List-Unsubscribe: <mailto:monitor@example.org?subject=stop>",
        "X-Kind: digest",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Precedence: bulk",
        "MIME-Version: 1.0",
    ]
    message = read(raw)
    assert message.defects == []
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_the_same_input_gives_the_same_bytes_and_all_is_seven_bit_with_crlf() -> None:
    letter = Letter("Ünïcode سلام", "متن\rmixed\nline\r\nends", "<p>café</p>")
    raw = build(letter, sender_name="پایشگر", recipient_name="Zoë")
    assert raw == build(letter, sender_name="پایشگر", recipient_name="Zoë")
    assert raw.isascii()
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert text_of(read(raw).get_body(("plain",))) == "متن\nmixed\nline\nends\n"


def test_without_a_list_there_is_no_list_id() -> None:
    assert "List-Id" not in read(build(list_id=None))
    assert read(build(list_id="<rule-a.example.org>"))["List-Id"] == "<rule-a.example.org>"


@pytest.mark.parametrize("list_id", ["localhost", "digest.localhost", "<digest.localhost>", ""])
def test_a_list_id_without_a_domain_is_refused(list_id: str) -> None:
    with pytest.raises(ValueError, match="List-Id"):
        build(list_id=list_id)


SYLLABLES = (
    "Iran",
    "MEK",
    "UN",
    "a",
    "of",
    "Q3",
    "+37%",
    "—",
    "«گفت",
    "تهران»",
    "سازمان",
    "می‌خواهم",
    "۱۲۳",
    "و",
    "ك",
    "📰",
    "中文",
    "é",
    "  ",
    "\u200f",
)
SEPARATORS = (" ", " ", " ", "  ", "، ", ": ", "", "\u00a0", "\u200c")


def subject(rng: random.Random) -> str:
    words = "".join(rng.choice(SYLLABLES) + rng.choice(SEPARATORS) for _ in range(rng.randint(1, 40)))
    return words if rng.random() < 0.3 else words.strip(" ")


def test_subjects_of_two_scripts_survive() -> None:
    """``FUZZ_SUBJECTS=30000`` asks for more of them."""
    rng = random.Random(2026)
    for number in range(int(os.environ.get("FUZZ_SUBJECTS", "300"))):
        text = subject(rng)
        raw = build(Letter(text, "x", "x"))
        assert max(map(len, head_of(raw))) <= 76, number
        legacy = str(make_header(decode_header(message_from_bytes(raw)["Subject"].replace("\r\n", ""))))
        assert (str(read(raw)["Subject"]), legacy) == (text, text), number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 3000,
        "word " * 300,
        "=?utf-8?q?not_an_encoded_word?=",
        "a =?utf-8?b?xxx?= b",
        "tail ",
        " head",
        "سازمان" * 200,
        "👩‍👩‍👧‍👦" * 30,
    ],
)
def test_awkward_subjects_survive(text: str) -> None:
    raw = build(Letter(text, "x", "x"))
    assert str(read(raw)["Subject"]) == text
    assert max(map(len, head_of(raw))) <= 76


FORBIDDEN = [
    "\r",
    "\n",
    "\r\nBcc: x@example.org",
    "\x0b",
    "\x0c",
    "\x00",
    "\t",
    "\x1b",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\ud800",
]


@pytest.mark.parametrize("bad", FORBIDDEN, ids=ascii)
@pytest.mark.parametrize(
    "place",
    [
        lambda value: {"letter": Letter(value, "x", "x")},
        lambda value: {"sender_name": value},
        lambda value: {"recipient_name": value},
        lambda value: {"recipient": f"reader@example.org{value}"},
        lambda value: {"sender": f"{value}monitor@example.org"},
        lambda value: {"message_id": f"<a{value}@example.org>"},
        lambda value: {"list_id": f"<a{value}.example.org>"},
        lambda value: {"headers": {"List-Unsubscribe": f"<https://example.org/{value}>"}},
        lambda value: {"headers": {f"X-{value}": "value"}},
    ],
    ids=["subject", "sender_name", "recipient_name", "recipient", "sender", "message_id", "list_id", "header", "header_name"],
)
def test_control_characters_are_refused_everywhere(place: Callable[[str], Mapping[str, Any]], bad: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        build(**place(f"a{bad}b"))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("bad", FORBIDDEN, ids=ascii)
def test_clean_header_makes_any_text_fit(bad: str) -> None:
    cleaned = clean_header(f"  سلام{bad}{bad} world{bad}")
    message = read(build(Letter(cleaned, "x", "x")))
    assert message["Subject"] == cleaned
    assert cleaned.startswith("سلام")
    assert "world" in cleaned
    assert len(message.keys()) == 11


def test_clean_header_leaves_decent_text_alone() -> None:
    text = "می‌خواهم «نقل» — 50 % of\u00a0it"
    assert clean_header(text) == text
    assert clean_header("\n a \r\n\t b\x00c \n") == "a b c"
    assert clean_header("\ud83d") == "\ufffd"


@pytest.mark.parametrize("length", [20, 61, 62, 115, 400, 900])
def test_a_url_is_never_an_encoded_word(length: int) -> None:
    url = f"<https://monitor.example.org/u/{'t' * length}>"
    value = f"{url}, <mailto:monitor@example.org?subject=unsubscribe>"
    raw = build(headers={"List-Unsubscribe": value, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})
    assert unfolded(raw, "List-Unsubscribe") == value
    assert url in "\r\n".join(head_of(raw))
    assert b"=?" not in raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head_of(raw))) <= 998


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"List-Unsubscribe": "<https://example.org/شناسه>"}, "only ASCII"),
        ({"List-Unsubscribe": "<https://example.org/" + "t" * 1000 + ">"}, "longer than a line"),
        ({"Bcc": "x@example.org"}, "set by the post room"),
        ({"to": "x@example.org"}, "set by the post room"),
        ({"MESSAGE-ID": "<a@b>"}, "set by the post room"),
        ({"X Y": "value"}, "not a header name"),
        ({"X:Y": "value"}, "not a header name"),
        ({"": "value"}, "not a header name"),
    ],
)
def test_headers_that_may_not_be_given(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build(headers=headers)


def test_spaces_in_a_verbatim_header_are_kept_when_it_is_folded() -> None:
    value = "one  two " + "three " * 30 + " four"
    assert read(build(headers={"X-Note": value}))["X-Note"] == value
    assert not [line for line in head_of(build(headers={"X-Note": "a" * 68 + "     b"})) if not line.strip()]


@pytest.mark.parametrize("message_id", ["", "a@b", "<a>", "<a b@c>", "<a@b> <c@d>", "<é@b>", "<a@b@c>"])
def test_a_message_id_has_one_form(message_id: str) -> None:
    with pytest.raises(ValueError, match="message_id"):
        build(message_id=message_id)


def test_the_date_must_know_its_zone() -> None:
    with pytest.raises(ValueError, match="date"):
        build(date=NOW.replace(tzinfo=None))
    tehran = timezone(timedelta(hours=3, minutes=30))
    assert read(build(date=NOW.astimezone(tehran)))["Date"].datetime == NOW


@pytest.mark.parametrize(
    "name",
    [
        "Monitor",
        "Media, the Monitor (night)",
        'The "Desk" \\ backslash',
        "Rock 'n' Roll + 50%",
        "پایشگر رسانه",
        "Desk میز خبر night",
        "x@example.org",
        "=?utf-8?q?sly?=",
        "A. N. Other",
    ],
)
def test_display_names_survive_and_never_become_addresses(name: str) -> None:
    raw = build(sender_name=name, recipient_name=name)
    assert max(map(len, head_of(raw))) <= 76
    message = read(raw)
    for header, address in (("From", "monitor@example.org"), ("To", "reader@example.org")):
        (mailbox,) = message[header].addresses
        assert (mailbox.display_name, mailbox.addr_spec) == (name, address)


def test_what_other_libraries_do_to_charsets_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that sends mail itself may tell the whole process how UTF-8 is written."""
    letter, name = Letter("پایشگر رسانه", "سلام\n", "<p>سلام</p>\n"), "پایشگر رسانه"
    before = build(letter, sender_name=name, recipient_name=name)
    monkeypatch.setitem(charset.CHARSETS, "utf-8", (charset.QP, charset.QP, "utf-8"))
    assert build(letter, sender_name=name, recipient_name=name) == before


@pytest.mark.parametrize("name", ["a long name " * 20 + "end", "نام بلند " * 30 + "پایان"])
def test_long_display_names_are_folded(name: str) -> None:
    raw = build(sender_name=name)
    assert max(map(len, head_of(raw))) <= 76
    header = message_from_bytes(raw)["From"].replace("\r\n", "")
    # policy.default of Python 3.11 puts a space between two encoded words of a name, so the older parser is asked.
    assert str(make_header(decode_header(header))) == f"{name} <monitor@example.org>"


def test_no_name_leaves_the_bare_address() -> None:
    assert "To: reader@example.org" in head_of(build(recipient_name=""))
    assert "To: reader@example.org" in head_of(build(recipient_name="  "))


def test_domains_become_a_labels_and_local_parts_stay() -> None:
    raw = build(recipient="leser@bücher.example")
    assert "To: Reader <leser@xn--bcher-kva.example>" in head_of(raw)
    raw = build(recipient="خواننده@example.org", recipient_name="خواننده")
    assert head_of(raw)[2].endswith(" <خواننده@example.org>")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("plain ASCII only, " * 40, "quoted-printable"),
        ("a" * 501 + "é" * 50, "quoted-printable"),  # 100 of 602 bytes: under a sixth
        ("a" * 498 + "é" * 50, "base64"),  # 100 of 599 bytes: over a sixth
        ("متن فارسی " * 40, "base64"),
        ("", "quoted-printable"),
    ],
)
def test_the_cheaper_encoding_is_chosen(body: str, encoding: str) -> None:
    text, html = read(build(Letter("s", body, "<p>x</p>"))).iter_parts()
    assert (text["Content-Transfer-Encoding"], html["Content-Transfer-Encoding"]) == (encoding, "quoted-printable")
    assert text_of(text) == body + "\n"


NASTY = "\r\n.\r\n\n.\n\r.\r..\n From x\n--=_\n--boundary--\n=3D trailing \t\n\x00\x1b nul\u2028ls\x85nel\ud800 " + "long" * 500


@pytest.mark.parametrize("filler", ["", "فارسی " * 400], ids=["quoted-printable", "base64"])
def test_no_body_breaks_the_frame(filler: str) -> None:
    raw = build(Letter("s", NASTY + filler, f"<pre>{NASTY}{filler}</pre>"))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert b"\r\n.\r\n" not in raw
    text, html = read(raw).iter_parts()
    expected = (NASTY + filler).replace("\r\n", "\n").replace("\r", "\n").replace("\ud800", "?")
    decoded = text.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    assert decoded.decode().replace("\r\n", "\n") == expected + "\n"
    assert html.get_content_subtype() == "html"
