"""One answer off the bytes of a connection: against another parser, in any pieces, and at its bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.fetch.answer import MAX_FRAMING, MAX_HEAD, Incoming
from aggregator.fetch.failure import FetchError
from aggregator.model.page import FailureKind


@dataclass(frozen=True)
class Read:
    """What was understood of an answer: status, headers with lower-case names, body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def read(data: bytes, cuts: frozenset[int] = frozenset()) -> Read | None:
    """As ours has it, fed in pieces, until the connection ends; None for no answer."""
    incoming, last = Incoming(), 0
    try:
        for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
            incoming.feed(data[last:cut])
            last = cut
        if not incoming.ended:
            incoming.end()
    except FetchError:
        return None
    headers = tuple((name.lower(), value) for name, value in incoming.headers)
    return Read(incoming.status, headers, incoming.take())


def read_by_h11(data: bytes) -> Read | None:
    """As h11 has it."""
    connection, body = h11.Connection(h11.CLIENT), b""
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a.test")]))
    connection.send(h11.EndOfMessage())
    response: h11.Response | None = None
    pieces = [data, b""]
    while True:
        try:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(pieces.pop(0))
        except (h11.RemoteProtocolError, IndexError):
            return None
        if isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert response is not None
            return Read(response.status_code, tuple(response.headers), body)
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return None


LINES = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 304 Not Modified\r\n",
    b"HTTP/1.0 404\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b'ETag: "caf\xe9" \r\n',
    b"X-Empty:\r\n",
    b"X-Folded: a\r\n b\r\n",
    b"Connection: close\r\n",
    b"\r\n",
    b"5\r\nhello\r\n",
    b"a;name=value\r\n0123456789\r\n",
    b"0\r\nTrailer: x\r\n\r\n",
    b"0\r\n\r\n",
    b"hello",
    b"\n",
    b"\r",
    b"\x00",
    b" ",
)
HEADS = st.tuples(
    st.sampled_from((b"", LINES[3])),
    st.sampled_from(LINES[:3]),
    st.lists(st.sampled_from(LINES[8:12]), max_size=3).map(b"".join),
    st.sampled_from((*LINES[4:8], b"")),
    st.just(b"\r\n"),
    st.lists(st.sampled_from(LINES[13:18]), max_size=4).map(b"".join),
).map(b"".join)


def _damaged(data: bytes, at: int, instead: bytes, length: int) -> bytes:
    return data[:at] + instead + data[at + length :]


ANSWERS = st.one_of(
    HEADS,
    st.builds(_damaged, HEADS, st.integers(0, 200), st.sampled_from((b"", *LINES)), st.integers(0, 3)),
    st.builds(_damaged, HEADS, st.integers(0, 200), st.binary(max_size=2), st.integers(0, 3)),
)


@given(data=ANSWERS)
@example(data=b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
@example(data=b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n")
def test_whatever_two_parsers_take_they_read_alike(data: bytes) -> None:
    mine, other = read(data), read_by_h11(data)

    if mine is not None and other is not None:
        assert (mine.status, mine.body) == (other.status, other.body)
        assert _folded(mine) == _folded(other)
    if mine is not None:
        assert not any(re.search(rb"[\x00\r\n]", value) for _, value in mine.headers)


def _folded(what: Read) -> list[tuple[bytes, bytes]]:
    """How many blanks a fold leaves is up to the parser (RFC 9112 §5.2)."""
    return [(name, re.sub(rb"[ \t]+", b" ", value)) for name, value in what.headers]


@given(data=ANSWERS, cuts=st.frozensets(st.integers(1, 200), max_size=8))
def test_the_pieces_do_not_matter(data: bytes, cuts: frozenset[int]) -> None:
    assert read(data, cuts) == read(data) == read(data, frozenset(range(len(data))))


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (HEAD + b"Content-Length: 2\r\n\r\nhi", b"hi"),
        (HEAD + b"\r\nuntil the end", b"until the end"),
        (CHUNKED + b"2;a=b\r\nhi\r\n4  \r\n all\r\n0\r\nTrailer: x\r\n\r\n", b"hi all"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            + HEAD
            + b"Content-Length: 2\r\n\r\nhi",
            b"hi",
        ),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", b"hi"),
        (HEAD + b"X: a\r\n\tb\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi"),
        (b"HTTP/1.0 200\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
    ],
)
def test_answers_as_servers_send_them(data: bytes, body: bytes) -> None:
    got = read(data)

    assert got is not None
    assert got.body == body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>no head</html>",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 99 Too Low\r\n\r\n",
        b"HTTP/1.1 1000 Too High\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        HEAD + b"X: a\x00b\r\n\r\n",
        HEAD + b"X : a\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
        HEAD + b"Content-Length: +2\r\n\r\nhi",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nhi",
        HEAD + b"Content-Length: 3\r\n\r\nhi",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\nhi",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nhi\r\n",
        CHUNKED + b"3\r\nhi\r\n0\r\n\r\n",
        CHUNKED + b"ffffffffffffffffff\r\nhi\r\n0\r\n\r\n",
        CHUNKED + b"-1\r\nhi\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_answer_or_half_of_one(data: bytes) -> None:
    assert read(data) is None


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (HEAD + b"Content-Length: 2\r\n\r\nhi", True),
        (CHUNKED + b"0\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", True),
        (HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", False),
        (HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
    ],
)
def test_which_connections_are_kept(data: bytes, kept: bool) -> None:
    incoming = Incoming()
    incoming.feed(data)

    assert incoming.ended
    assert incoming.keep_alive is kept
    assert not incoming.surplus


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"HTTP", b"<html>", b"\0"])
@pytest.mark.parametrize("apart", [True, False])
def test_44_what_follows_an_answer_is_seen_and_is_no_part_of_it(surplus: bytes, apart: bool) -> None:
    data = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
    incoming = Incoming()
    for piece in (data, surplus) if apart else (data + surplus,):
        incoming.feed(piece)

    assert incoming.surplus
    assert (incoming.status, incoming.headers, incoming.take()) == (304, [(b"Content-Length", b"9")], b"")


ENDLESS = {
    "a value": (HEAD + b"X: ", b"x" * 10_000, "headers are over the limit"),
    "headers": (HEAD, b"X-Header: value\r\n" * 600, "headers are over the limit"),
    "a reason": (b"HTTP/1.1 200 ", b"x" * 10_000, "headers are over the limit"),
    "interim answers": (b"", b"HTTP/1.1 103 Early\r\n\r\n" * 500, "headers are over the limit"),
    "an extension": (CHUNKED + b"2;x=", b"x" * 10_000, "framing of the body is over the limit"),
    "trailers": (CHUNKED + b"0\r\n", b"Trailer: value\r\n" * 600, "framing of the body is over the limit"),
    "tiny chunks": (CHUNKED, b"1;name=value\r\nx\r\n" * 600, "framing of the body is over the limit"),
}


def feed_on_and_on(start: bytes, more: bytes) -> None:
    """As much as must be too much."""
    incoming = Incoming()
    incoming.feed(start or more)
    for _ in range((MAX_HEAD + MAX_FRAMING) // 5_000):
        incoming.feed(more)


@pytest.mark.parametrize(("start", "more", "detail"), ENDLESS.values(), ids=ENDLESS)
def test_45_nothing_around_a_body_goes_on_for_ever(start: bytes, more: bytes, detail: str) -> None:
    with pytest.raises(FetchError) as caught:
        feed_on_and_on(start, more)

    assert (caught.value.kind, caught.value.detail) == (FailureKind.PROTOCOL, detail)


def test_45_headers_over_the_limit_in_one_piece() -> None:
    incoming = Incoming()
    with pytest.raises(FetchError, match="over the limit"):
        incoming.feed(HEAD + b"X-Header: value\r\n" * 10_000 + b"Content-Length: 0\r\n\r\n")
