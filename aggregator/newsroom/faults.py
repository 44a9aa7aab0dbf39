"""What can go wrong with an outlet, and what it then sends."""

from __future__ import annotations

import struct
import zlib
from enum import StrEnum
from functools import cache

BOMB_BYTES = 2**28


class FaultMode(StrEnum):
    """A way to misbehave. The numbers are HTTP statuses."""

    NONE = "none"
    ERROR = "500"
    UNAVAILABLE = "503"
    MISSING = "404"
    GONE = "410"
    TOO_MANY = "429"  # with Retry-After
    MOVED = "redirect301"  # to an address that works
    LOOP = "redirectloop"
    HTML = "html"  # a web page where a feed was expected
    BAD_CHARSET = "badcharset"  # says UTF-8, sends Latin-1
    BOMB = "gzipbomb"
    TRUNCATED = "truncated"  # half the body, then the connection ends
    HANG = "hang"  # silence
    SLOW = "slow"  # a few bytes at a time

    @property
    def status(self) -> int | None:
        """The status that this fault answers with, None if it is not about the status."""
        if self.value.isdecimal():
            return int(self.value)
        return {FaultMode.MOVED: 301, FaultMode.LOOP: 302}.get(self)


def fault_mode(mode: str) -> FaultMode:
    """Read a mode. Raises ValueError that names the modes there are."""
    try:
        return FaultMode(mode)
    except ValueError as error:
        raise ValueError(f"no fault is called {mode!r}; there are: {', '.join(FaultMode)}") from error


def bad_charset(body: bytes) -> bytes:
    """A UTF-8 document re-encoded as Latin-1, with an accented letter in its first title so that it shows."""
    text = body.decode()
    for mark, errors in (("<title>", "xmlcharrefreplace"), ('"title": "', "backslashreplace")):
        if mark in text:
            return text.replace(mark, f"{mark}É ", 1).encode("latin-1", errors)
    return f"É {text}".encode("latin-1", "replace")


@cache
def gzip_bomb() -> bytes:
    """A valid gzip member (RFC 1952) of about 260 kB that unpacks to ``BOMB_BYTES`` spaces.

    After a full flush (RFC 1951) a deflate block depends on nothing before it, so one compressed block can be repeated.
    """
    chunk, times = b" " * 2**20, BOMB_BYTES >> 20
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflate.compress(chunk) + deflate.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(times):
        checksum = zlib.crc32(chunk, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return head + block * times + deflate.flush() + struct.pack("<II", checksum, BOMB_BYTES)
