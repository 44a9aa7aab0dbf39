"""Reads a body within its bounds: so many bytes on the wire, so many after decompression, never more in memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from io import BytesIO

from aggregator.fetch.failure import FetchError
from aggregator.model.page import FailureKind

_GZIP_OR_ZLIB = 47  # zlib's manual, inflateInit2: 15 bits of window, plus 32 to detect either header
_RAW_DEFLATE = -15
_GZIP = b"\x1f\x8b"  # RFC 1952 §2.3.1
_BEGINNING = 4096
_STEP = 1 << 18  # zlib gathers a step's output in pieces and joins them: small steps keep the peak near the limit


async def read_body(chunks: AsyncIterator[bytes], encoding: str, *, max_wire: int, max_body: int) -> bytes:
    """Collect and decode a body.

    ``encoding`` is the joined ``Content-Encoding``; ``max_wire`` bounds the bytes received and ``max_body`` those that come
    out. What follows the first gzip member is ignored. A file that is gzip itself (``sitemap.xml.gz``) is unpacked, too.

    Raises:
        FetchError: of kind TOO_BIG, ENCODING (not offered, or corrupt) or TRUNCATED (ends before its trailer).
    """
    sink, received = _sink(encoding, max_body), 0
    try:
        async for chunk in chunks:
            if not received and not encoding.strip() and chunk.startswith(_GZIP):
                sink = _Inflated(max_body)
            received += len(chunk)
            _check(received, max_wire)
            if not sink.feed(chunk):
                break
        return sink.finish()
    except FetchError as error:
        error.body = sink.beginning()
        raise


def _check(received: int, max_wire: int) -> None:
    if received > max_wire:
        raise FetchError(FailureKind.TOO_BIG, f"more than {max_wire} bytes on the wire")


def decoded_beginning(raw: bytes, encoding: str, most: int) -> bytes:
    """What the first bytes of an encoded body say, as far as that can be told; at most ``most`` bytes of it."""
    match encoding.strip().lower():
        case "" | "identity":
            return raw[:most]
        case "gzip" | "x-gzip" | "deflate" if len(raw) >= 2:
            try:
                return zlib.decompressobj(_GZIP_OR_ZLIB if _has_header(raw) else _RAW_DEFLATE).decompress(raw, most)
            except zlib.error:
                return b""
        case _:
            return b""


def _sink(encoding: str, max_body: int) -> _Plain | _Inflated:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain(max_body)
        case "gzip" | "x-gzip" | "deflate":
            return _Inflated(max_body)
        case _:
            raise FetchError(FailureKind.ENCODING, "a content encoding that was not offered")


class _Plain:
    def __init__(self, limit: int) -> None:
        self._out, self._room = BytesIO(), limit

    def feed(self, data: bytes) -> bool:
        """Take ``data``; False when nothing more is wanted."""
        self._room -= len(data)
        if self._room < 0:
            self._out.write(data[:_BEGINNING])
            raise FetchError(FailureKind.TOO_BIG, "body is over the limit")
        self._out.write(data)
        return True

    def finish(self) -> bytes:
        return self._out.getvalue()

    def beginning(self) -> bytes:
        return bytes(self._out.getbuffer()[:_BEGINNING])


class _Inflated(_Plain):
    """gzip, zlib, or the bare deflate stream that some servers send under the name (RFC 9110 §8.4.1.2, note)."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._head = b""
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bool:
        if self._inflate is None:
            self._head += data
            if len(self._head) < 2:
                return True
            data, self._head = self._head, b""
            self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB if _has_header(data) else _RAW_DEFLATE)
        out = b""
        while not self._inflate.eof and (data or out):
            try:
                out = self._inflate.decompress(data, min(self._room + 1, _STEP))
            except zlib.error as error:
                raise FetchError(FailureKind.ENCODING, "compressed body is corrupt") from error
            super().feed(out)
            data = self._inflate.unconsumed_tail
        # At the end of the stream, go on only to see that the response ends too; anything more is garbage.
        return not (self._inflate.eof and (data or self._inflate.unused_data))

    def finish(self) -> bytes:
        if self._inflate is None or not self._inflate.eof:
            raise FetchError(FailureKind.TRUNCATED, "compressed body ends too early")
        return super().finish()


def _has_header(data: bytes) -> bool:
    """A gzip magic number (RFC 1952) or a zlib header with its check bits (RFC 1950 §2.2)."""
    return data.startswith(_GZIP) or (data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0)
