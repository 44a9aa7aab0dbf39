"""Whatever stands in a headline or a name: as many headers as we wrote, and each reads back as it was."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest

from aggregator.model.delivery import Letter
from aggregator.notify import build_message, clean_header
from aggregator.notify.links import Links, Purpose
from aggregator.notify.listing import list_headers

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
BREAKS = (
    "\r\n",
    "\n",
    "\r",
    "\r\n ",
    "\n\t",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\x00",
    "\r\n\r\n",
)
SMUGGLED = (
    "Bcc: all@example.net", "Subject: another", "Content-Type: text/html", "\r\n.\r\n", "To: <x@example.net>", "From: boss",
    "List-Unsubscribe: <https://evil.example.net>", "DKIM-Signature: v=1", "X: y", "--=_boundary--", "RCPT TO:<x@example.net>",
)  # fmt: skip
NAUGHTY = (
    "=?utf-8?q?sly?=", "=?utf-8?b?c2x5?=", "=?", "?=", "=?utf-8?q?broken", "\ud83d", "\udcff", "\ufeff", "\u200f", "\u202e",
    "👩‍👩‍👧‍👦", "Z͑ͫ̓͐̂a̴l̵g̷o̶", "می‌خواهم", "ك ی ۱۲۳", "«نقل»", "中文", "é", "ﷺ", "𝕳", "\x1b[31m", "<script>", "%0d%0a",
    '"', "\\", "()", "<>", "@", ",", ";", ":", "  ", "\t", "\xa0", "\u3000", "a" * 90, "x@example.net", "<x@example.net>",
    "é" * 50, "\u2066", "${7*7}", "'; --",
)  # fmt: skip
PLAIN = ("Iran", "MEK", "of", "the", "Q3", "+37 %", "تهران", "سازمان", "و", "—", "council")
EXTRA = list_headers(Links("https://monitor.example.org", b"k" * 32), stop=(Purpose.UNSUBSCRIBE, 3), number=9)
NAMES = [
    "Date", "From", "To", "Subject", "Message-ID", "List-Id", *EXTRA, "Auto-Submitted", "X-Auto-Response-Suppress", "Precedence",
    "MIME-Version", "Content-Type",
]  # fmt: skip


def text(rng: random.Random) -> str:
    pools = (BREAKS, SMUGGLED, NAUGHTY, PLAIN, PLAIN)
    return "".join(rng.choice(rng.choice(pools)) + rng.choice(("", " ", " ")) for _ in range(rng.randint(1, 14)))


def built(subject: str, sender_name: str, recipient_name: str) -> bytes:
    return build_message(
        Letter(subject, "text", "<p>html</p>"),
        sender="monitor@example.org",
        sender_name=sender_name,
        recipient="reader@example.org",
        recipient_name=recipient_name,
        message_id="<d.7@example.org>",
        date=NOW,
        list_id="ana.digests.example.org",
        headers=EXTRA,
    )


def test_three_thousand_subjects_and_names() -> None:
    """``FUZZ_HEADERS=100000`` asks for more of them."""
    rng = random.Random(67)
    for number in range(int(os.environ.get("FUZZ_HEADERS", "3000"))):
        subject, sender, recipient = (clean_header(text(rng)) for _ in range(3))
        raw = built(subject, sender, recipient)
        message = message_from_bytes(raw, policy=policy.default)
        assert [name for name, _ in message.raw_items()] == NAMES, number
        assert message["Subject"] == subject, number
        assert message.defects == [], number
        assert max(map(len, raw.split(b"\r\n"))) <= 76, number
        legacy = message_from_bytes(raw)
        for header, name, address in (("From", sender, "monitor@example.org"), ("To", recipient, "reader@example.org")):
            # policy.default of Python 3.11 puts a space between two encoded words of a name, so the older parser reads them.
            unfolded = legacy[header].replace("\r\n", "")
            found, bare = parseaddr(unfolded)
            assert (str(make_header(decode_header(found))), bare) == (name, address), number
            if number % 10 == 0:  # it takes its time over addresses
                assert [each.addr_spec for each in message[header].addresses] == [address], number


@pytest.mark.parametrize("bad", [*BREAKS, "\ud83d", "\x1b"], ids=ascii)
@pytest.mark.parametrize("smuggled", SMUGGLED, ids=ascii)
def test_what_was_not_cleaned_is_refused_and_what_was_is_one_line(bad: str, smuggled: str) -> None:
    sly = f"Story{bad}{smuggled}"
    for place in range(3):
        with pytest.raises(ValueError, match="is not allowed in a header"):
            built(*(sly if at == place else "fine" for at in range(3)))
    message = message_from_bytes(built(*[clean_header(sly)] * 3), policy=policy.default)
    assert [name for name, _ in message.raw_items()] == NAMES
    assert message["Subject"] == clean_header(sly)
    assert message["Subject"].startswith("Story")
