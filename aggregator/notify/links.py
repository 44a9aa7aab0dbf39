"""Links in mails that prove themselves: whoever holds one may do what it says, and nothing else.

A token holds a number and a tag over the link's purpose and that number (HMAC-SHA256, RFC 2104, cut to 96 bits), so that
nothing need be stored for it, and none can be guessed or used for another purpose.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from enum import StrEnum
from urllib.parse import urlsplit

_TAG = 12
_NUMBER = 8
_ADDRESS_TAG = 8
_LARGEST = 2**63 - 1
_TOKEN = re.compile(r"[A-Za-z0-9_-]{18,27}")


class Purpose(StrEnum):
    """What a link is for; the value is the first part of its path."""

    UNSUBSCRIBE = "u"
    NO_ALERTS = "n"
    PAUSE = "p"
    VIEW = "v"
    CONFIRM = "c"
    ACKNOWLEDGE = "a"
    SNOOZE = "s"


class Links:
    """Makes and reads links under ``base_url`` (``https://host`` or ``https://host/path``). ``secret`` is the instance's own.

    A link adds at most 30 characters to the base.
    """

    def __init__(self, base_url: str, secret: bytes) -> None:
        self._base, self._secret = base_url.rstrip("/"), secret

    @property
    def one_click(self) -> bool:
        """Whether mail programs may be told of them: List-Unsubscribe-Post is for https alone (RFC 8058 §3.1)."""
        return urlsplit(self._base).scheme == "https"

    def url(self, purpose: Purpose, number: int) -> str:
        """The link for what ``number`` (0 to 2⁶³-1) means under ``purpose``; always the same."""
        if not 0 <= number <= _LARGEST:
            raise ValueError(f"{number} does not fit into a link")
        body = number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
        token = base64.urlsafe_b64encode(body + _tag(self._secret, purpose, number)[:_TAG]).rstrip(b"=").decode()
        return f"{self._base}/{purpose}/{token}"

    def read(self, purpose: Purpose, token: str) -> int | None:
        """The number of a link's last part; None for one that we did not make for this purpose."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except binascii.Error:
            return None
        number = int.from_bytes(raw[:-_TAG], "big")
        ours = number <= _LARGEST and hmac.compare_digest(self.url(purpose, number).rpartition("/")[2].encode(), token.encode())
        return number if ours else None


def number_of(key: str) -> int:
    """A number that stands for a delivery's key in links: known before the message is stored, and always the same."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:_NUMBER], "big") >> 1


def bounce_sender(bounce_address: str, secret: bytes, delivery_id: int) -> str:
    """The envelope's sender for one delivery: ``bounce+42.k3x7q2ab@example.org``. Whoever bounces it says which one it was.

    The tag proves that we made it; it does not depend on case, which some relays change.
    """
    local, _, domain = bounce_address.rpartition("@")
    return f"{local}+{delivery_id}.{_bounce_tag(secret, delivery_id)}@{domain}"


def bounced_delivery(bounce_address: str, secret: bytes, address: str) -> int | None:
    """The delivery that an address of ``bounce_sender`` was made for; None for any other, forged ones above all."""
    local, _, domain = bounce_address.lower().rpartition("@")
    found = re.fullmatch(
        rf"{re.escape(local)}\+([1-9][0-9]{{0,17}})\.([a-z2-7]{{{_ADDRESS_TAG}}})@{re.escape(domain)}", address.lower()
    )
    if found is None:
        return None
    delivery_id = int(found[1])
    return delivery_id if hmac.compare_digest(_bounce_tag(secret, delivery_id), found[2]) else None


def _bounce_tag(secret: bytes, delivery_id: int) -> str:
    return base64.b32encode(_tag(secret, "bounce", delivery_id))[:_ADDRESS_TAG].decode().lower()


def _tag(secret: bytes, purpose: str, number: int) -> bytes:
    return hmac.new(secret, f"{purpose}:{number}".encode(), hashlib.sha256).digest()
