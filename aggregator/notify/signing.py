"""DKIM (RFC 6376, 8301, 8463), for instances whose relay does not sign. Needs the extra ``aggregator[dkim]``."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from aggregator.errors import ConfigError

SIGNED = (
    "from", "to", "subject", "date", "message-id", "in-reply-to", "references", "list-id", "list-unsubscribe",
    "list-unsubscribe-post", "list-archive", "list-help", "auto-submitted", "mime-version", "content-type",
)  # fmt: skip
"""What the signature covers, as far as it is there."""

TWICE = ("from", "subject")
"""Signed once more than they stand there, so that nobody can add a second one (RFC 6376 §8.15)."""

_ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
_SEED = 32
_LEAST_BITS = 1024
_KEY = "mail.dkim_key_file"


class Signer:
    """Signs as ``domain`` with the private key in ``key_file``: RSA in PEM, or Ed25519 in PEM or as the bare seed in base64.

    Raises ``ConfigError`` for a key that cannot be used, and where the extra is not installed.
    """

    def __init__(self, domain: str, selector: str, key_file: Path) -> None:
        try:
            import dkim
        except ModuleNotFoundError:
            hint = "pip install 'aggregator[dkim]', or take dkim_selector and dkim_key_file away"
            raise ConfigError("signing needs the extra dkim, which is not installed", key=_KEY, hint=hint) from None
        self._dkim = dkim
        try:
            key = key_file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{key_file} cannot be read: {error.strerror}", key=_KEY) from None
        self._domain, self._selector = domain.encode(), selector.encode()
        seed = _seed(key)
        self._algorithm = b"rsa-sha256" if seed is None else b"ed25519-sha256"
        self._key = key if seed is None else base64.b64encode(seed)
        self.record = self._record(seed, key_file)

    def _record(self, seed: bytes | None, key_file: Path) -> str:
        """The text of the record that belongs to the key."""
        if seed is not None:
            from nacl.signing import SigningKey

            return f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes(SigningKey(seed).verify_key)).decode()}"
        from dkim.crypto import parse_pem_private_key

        try:
            parts = parse_pem_private_key(self._key)
            modulus, exponent = int(parts["modulus"]), int(parts["publicExponent"])
        except (self._dkim.crypto.UnparsableKeyError, KeyError, ValueError, TypeError):
            hint = f"openssl genrsa -traditional -out {key_file} 2048, or openssl genpkey -algorithm ed25519 -out {key_file}"
            raise ConfigError(f"{key_file} holds no private key that can sign", key=_KEY, hint=hint) from None
        if modulus.bit_length() < _LEAST_BITS:
            what = f"{key_file} holds a key of {modulus.bit_length()} bits, which nobody believes"
            raise ConfigError(what, key=_KEY, hint=f"openssl genrsa -traditional -out {key_file} 2048")
        return f"v=DKIM1; k=rsa; p={base64.b64encode(_public(modulus, exponent)).decode()}"

    def sign(self, message: bytes) -> bytes:
        """Return ``message`` with its signature on top. Takes some milliseconds: not for the event loop.

        Raises ``ValueError`` for a message that cannot be signed, ``ConfigError`` when it is the key that cannot sign.
        """
        head = message.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").lower()
        there = [name for name in SIGNED if re.search(rf"^{name}:", head, re.MULTILINE)]
        try:
            signature: bytes = self._dkim.sign(
                message,
                self._selector,
                self._domain,
                self._key,
                canonicalize=(b"relaxed", b"relaxed"),
                signature_algorithm=self._algorithm,
                include_headers=[name.encode() for name in (*there, *TWICE)],
            )
        except self._dkim.MessageFormatError as error:
            raise ValueError(f"the message cannot be signed: {error}") from None
        except (self._dkim.DKIMException, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise ConfigError(f"signing failed: {error}", key=_KEY, hint="aggregator doctor mail") from None
        return signature + message


def _seed(key: bytes) -> bytes | None:
    """The 32 bytes of an Ed25519 key, or None for another kind."""
    pem = re.fullmatch(rb"\s*-----BEGIN PRIVATE KEY-----(.+)-----END PRIVATE KEY-----\s*", key, re.DOTALL)
    try:
        raw = base64.b64decode(b"".join((pem[1] if pem else key).split()), validate=True)
    except binascii.Error:
        return None
    if pem:
        return raw.removeprefix(_ED25519_PKCS8) if raw.startswith(_ED25519_PKCS8) else None
    return raw if len(raw) == _SEED else None


def _public(modulus: int, exponent: int) -> bytes:
    """SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7, RFC 8017 A.1.1), as the record wants it."""

    def piece(tag: int, content: bytes) -> bytes:
        size = len(content)
        length = (
            bytes([size])
            if size < 128
            else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
        )
        return bytes([tag]) + length + content

    def number(value: int) -> bytes:
        return piece(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return piece(0x30, algorithm + piece(0x03, b"\0" + piece(0x30, number(modulus) + number(exponent))))
