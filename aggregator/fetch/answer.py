"""Reads one answer off the bytes of an HTTP/1.1 connection (RFC 9112), without any I/O. The only module that imports httptools.

httptools is the parser of Node.js (llhttp). What is set here is what it leaves to its users: how long an answer may be where
nobody needs it to be, when it is over, and whether the connection may serve another one.
"""

from __future__ import annotations

from collections import deque

import httptools

from aggregator.fetch.failure import FetchError
from aggregator.model.page import FailureKind

MAX_HEAD = 100_000
"""Bytes of status line and headers, those of interim answers (RFC 9110 §15.2) included."""

MAX_FRAMING = 1_000_000
"""Bytes of chunk sizes, extensions and trailers around a body."""

_NOT_HTTP = "answer is not valid HTTP"


class Incoming:
    """One answer as it arrives: ``feed`` it what comes, tell it of the ``end``.

    ``headed``: ``status`` and ``headers`` (as spelt, without the blanks around values) are complete. ``ended``: so is the body,
    of which ``take`` hands out what has come so far, still encoded, chunks put together. ``surplus``: more came than belongs
    to the answer. ``keep_alive``: the server will answer on this connection again.
    """

    __slots__ = (
        "_body",
        "_framing",
        "_head",
        "_parser",
        "_refused",
        "_until_end",
        "ended",
        "headed",
        "headers",
        "keep_alive",
        "sized",
        "status",
        "surplus",
        "waiting",
    )

    def __init__(self) -> None:
        parser = httptools.HttpResponseParser(self)
        # As servers are: folded header lines, a lone LF at a line's end, blanks after a chunk's size, a Content-Length beside
        # chunks, which count (RFC 9112 §2.2, §5.2, §6.3).
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._parser: httptools.HttpResponseParser | None = parser
        self._refused = ""
        self._head = self._framing = self.waiting = self.status = 0
        self._until_end = False
        self._body: deque[bytes] = deque()
        self.headers: list[tuple[bytes, bytes]] = []
        self.headed = self.ended = self.surplus = self.sized = False
        self.keep_alive = True

    @property
    def silent(self) -> bool:
        """Whether not a single byte has come."""
        return not self._head

    def feed(self, data: bytes) -> None:
        """Take what came off the connection.

        Raises:
            FetchError: of kind PROTOCOL.
        """
        if self._parser is None:
            self.surplus = True
            return
        if self.headed:
            self._framing += len(data)
        else:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.ended:
                raise FetchError(FailureKind.PROTOCOL, self._refused or _NOT_HTTP) from error
            self.surplus = True
        if self._refused:
            raise FetchError(FailureKind.PROTOCOL, self._refused)
        if not self.headed and self._head > MAX_HEAD:
            raise FetchError(FailureKind.PROTOCOL, "headers are over the limit")
        if self._framing > MAX_FRAMING:
            raise FetchError(FailureKind.PROTOCOL, "framing of the body is over the limit")
        if self.ended:
            self._parser = None  # it holds this object, which holds the body

    def end(self) -> None:
        """The connection has ended.

        Raises:
            FetchError: of kind PROTOCOL or TRUNCATED, when the answer has not.
        """
        self._parser, self.keep_alive = None, False
        if self._until_end:
            self.ended = True
        elif not self.headed:
            raise FetchError(FailureKind.PROTOCOL, "server closed the connection without an answer")
        elif not self.ended:
            raise FetchError(FailureKind.TRUNCATED, "body ends before its announced length")

    def take(self) -> bytes:
        """What has come of the body since the last time."""
        data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self.waiting = 0
        return data

    # What httptools calls.

    def on_message_begin(self) -> None:
        """An answer begins; after the end of the one that was asked for, nothing may."""
        self.surplus = self.ended

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody needs."""
        if self.headed:
            return
        if b"\x00" in value or b" " in name:
            self._refused = _NOT_HTTP
        self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head is complete: how will the body end (RFC 9112 §6.3)?"""
        if self.ended:
            return
        assert self._parser is not None
        self.status = self._parser.get_status_code()
        if self.status < 200:
            if self.status < 100 or self.status == 101:  # nobody asked to switch protocols
                self._refused = _NOT_HTTP
            self.headers.clear()
            return
        self.headed = True
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=False)  # a chunk that is too short stays an error
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD:
            self._refused = "headers are over the limit"
        codings = b",".join(value for name, value in self.headers if name.lower() == b"transfer-encoding")
        if codings and not _only_chunked(codings):
            self._refused = "a transfer encoding that was not offered"
        has_length = any(name.lower() == b"content-length" for name, _ in self.headers)
        self.sized = has_length and not codings
        self.keep_alive = not (has_length and codings)  # RFC 9112 §6.3: where others may read it otherwise, only once
        self._until_end = not (has_length or codings or self.status in (204, 304))

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self.ended:  # that of an answer nobody asked for
            return
        self._framing -= len(data)
        self._body.append(data)
        self.waiting += len(data)

    def on_message_complete(self) -> None:
        """The answer is complete, unless it was an interim one."""
        if self.headed and not self.ended:
            assert self._parser is not None
            self.ended = True
            self.keep_alive = self.keep_alive and self._parser.should_keep_alive()


def _only_chunked(codings: bytes) -> bool:
    return {coding.strip().lower() for coding in codings.split(b",")} == {b"chunked"}
