"""Signatures of webhooks (Standard Webhooks 1.0, https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
LEAST, MOST = 24, 64
"""Bytes of a key."""


def key_of(secret: str) -> bytes:
    """The key that a secret (``whsec_`` and base64) stands for.

    Raises ``ValueError`` with a plain reason, which does not show it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not {PREFIX} and base64") from None
    if not LEAST <= len(key) <= MOST:
        raise ValueError(f"holds a key of {len(key)} bytes; {LEAST} to {MOST} are right")
    return key


def signatures(secrets: Sequence[str], event_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one signature for each secret, so that a receiver may know the new one or the old.

    ``timestamp`` is that of the try, in seconds since 1970.
    """
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key_of(secret), signed, 'sha256')).decode()}" for secret in secrets)
