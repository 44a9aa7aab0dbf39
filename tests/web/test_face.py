"""The face as seen from outside, over real sockets: its bounds, its manners, and what it does not have."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys

import pytest

from aggregator.config.settings import WebSettings
from aggregator.errors import ConfigError
from aggregator.web import face as face_module
from aggregator.web import listen
from tests.web.visiting import LIMIT, Face, read_answer

SAFE = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "content-type": "text/plain; charset=utf-8",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


async def test_it_tells_whether_we_are_well(face: Face) -> None:
    answer = await face.ask("/healthz")
    assert (answer.status, answer.body) == (200, "ok")
    assert SAFE.items() <= answer.headers.items()
    assert "server" not in answer.headers


@pytest.mark.filterwarnings("error")
async def test_it_says_no_more_than_that_something_is_broken(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    face.app.rooms.store._readers.shutdown()
    answer = await face.ask("/healthz")
    assert (answer.status, answer.body) == (500, "internal error")
    assert SAFE.items() <= answer.headers.items()
    assert "cannot schedule new futures" in caplog.text, "the log says more"


async def test_there_is_nothing_else_and_no_page_that_describes_it(face: Face) -> None:
    for path in ("/", "/docs", "/redoc", "/openapi.json", "/websub", "/websub/", "/healthz/", f"{face.path}/", "/websub/a/b"):
        answer = await face.ask(path)
        assert (answer.status, answer.body) == (404, "not found"), path
        assert SAFE.items() <= answer.headers.items(), path
        assert "location" not in answer.headers, "a redirect would lead to the Host of the request"


async def test_other_methods_are_refused_in_plain_text(face: Face) -> None:
    for method, path in (("POST", "/healthz"), ("PUT", face.path), ("DELETE", face.path), ("OPTIONS", face.path)):
        answer = await face.ask(path, method)
        assert (answer.status, answer.body) == (405, "method not allowed"), (method, path)
        assert SAFE.items() <= answer.headers.items()
        assert answer.headers["allow"]


async def test_a_body_up_to_the_limit_is_taken(face: Face) -> None:
    body = b"x" * LIMIT
    answer = await face.ask(face.path, "POST", body, X_Hub_Signature=face.signature(body))
    assert answer.status == 202
    assert SAFE.items() <= answer.headers.items()


async def test_a_body_that_says_it_is_too_big_is_not_read(face: Face) -> None:
    for announced in (str(LIMIT + 1), "9" * 18):
        answer = await face.ask(face.path, "POST", Content_Length=announced)  # and nothing of it is sent
        assert (answer.status, answer.body) == (413, "too big")


async def test_a_body_that_does_not_say_so_is_read_up_to_the_limit(face: Face) -> None:
    head = f"POST {face.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"%x\r\n%s\r\n" % (LIMIT // 2, b"x" * (LIMIT // 2))
    answer = await face.send(head, chunk, chunk, chunk)  # the end never comes
    assert (answer.status, answer.body) == (413, "too big")
    assert face.waiting() == []


async def test_an_unknown_callback_is_gone_before_anything_is_read(face: Face) -> None:
    for path in ("/websub/x", f"{face.path}x", f"/websub/{face.path[8:].swapcase()}", "/websub/%00", "/websub/" + "a" * 5000):
        answer = await face.ask(path, "POST", Content_Length="500")  # and nothing of it is sent
        assert (answer.status, answer.body) == (410, "gone"), path


async def test_an_encoded_body_is_refused(face: Face) -> None:
    assert (await face.ask(face.path, "POST", b"x", Content_Encoding="gzip")).status == 415
    assert (await face.ask(face.path, "POST", b"x", Content_Encoding="Identity")).status == 202


async def test_a_body_that_does_not_come_is_not_waited_for(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_module, "PATIENCE", 0.0)
    answer = await face.ask(face.path, "POST", Content_Length="500")
    assert (answer.status, answer.body) == (408, "too slow")


async def test_a_hub_that_hangs_up_in_the_middle_does_no_harm(face: Face) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", face.port)
    writer.write(f"POST {face.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf".encode())
    await writer.drain()
    writer.close()
    assert (await face.ask("/healthz")).status == 200
    assert face.waiting() == []


async def test_a_head_without_end_is_refused(face: Face) -> None:
    answer = await face.send(b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 20_000)  # and no end of it
    assert answer.status == 400


async def test_a_check_of_any_length_or_shape_is_answered(face: Face) -> None:
    for query in ("", "?", "?hub.mode", "?hub.mode=subscribe&hub.mode=denied", "?%ff=%ff", "?hub.challenge=" + "a" * 9000):
        assert (await face.ask(face.path + query)).status == 404, query


async def test_it_ends_with_the_requests_in_hand(face: Face) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", face.port)
    body = b"<rss/>"
    head = (
        f"POST {face.path} HTTP/1.1\r\nHost: x\r\nX-Hub-Signature: {face.signature(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:3])
    await writer.drain()
    assert (await face.ask("/healthz")).status == 200, "so the other has been taken up"
    face.stop.set()
    writer.write(body[3:])
    assert (await read_answer(reader)).status == 202
    writer.close()
    await face.task
    with pytest.raises(ConnectionRefusedError):
        await face.ask("/healthz")


async def test_signals_stay_with_who_started_us(face: Face) -> None:
    await face.ask("/healthz")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert "uvicorn" not in repr(signal.getsignal(signal.SIGINT)), "asyncio's own, in a test"


def test_an_address_that_cannot_be_had_is_an_error_of_the_configuration() -> None:
    with listen(WebSettings()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1, port {port}: Address already in use"):
            listen(WebSettings(port=port))
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1"):
        listen(WebSettings("192.0.2.1", 0))


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
def test_it_listens_on_ipv6_too() -> None:
    with listen(WebSettings("::1")) as listener:
        assert listener.getsockname()[0] == "::1"


def test_who_does_not_listen_does_not_hold_a_web_framework_in_memory() -> None:
    code = "import sys, aggregator.cli, aggregator.app; print(sorted({'fastapi', 'starlette', 'uvicorn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
