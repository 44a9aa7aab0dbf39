"""The server's side of HTTP: validators, compression, faults, counts, a clean end."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import pytest

from aggregator.newsroom import FaultMode, Newsroom, Outlet
from aggregator.newsroom.faults import BOMB_BYTES, gzip_bomb
from aggregator.newsroom.story import offset

Get = Callable[..., Any]
Opened = Callable[[str], HTTPConnection]


def by_slug(newsroom: Newsroom, slug: str) -> Outlet:
    return next(outlet for outlet in newsroom.outlets if outlet.slug == slug)


@pytest.mark.parametrize("slug", ["varenia-wire", "republic-herald"])
@pytest.mark.parametrize("coding", [{}, {"Accept-Encoding": "gzip, deflate"}])
def test_conditional_requests(newsroom: Newsroom, clock: Any, get: Get, slug: str, coding: dict[str, str]) -> None:
    url = by_slug(newsroom, slug).feed_url
    first = get(url, coding)
    assert first.headers["etag"].startswith('W/"' if slug == "republic-herald" else '"')
    for condition in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": f'"other", {first.headers["etag"]}'},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        same = get(url, coding | condition)
        assert (same.status, same.body) == (304, b"")
        assert same.headers["etag"] == first.headers["etag"]
    for condition in (
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert get(url, coding | condition).status == 200
    clock.advance(minutes=10)
    assert get(url, coding | {"If-None-Match": first.headers["etag"]}).status == 200


def test_a_strong_etag_names_one_representation(newsroom: Newsroom, get: Get) -> None:
    url = by_slug(newsroom, "varenia-wire").feed_url
    plain, zipped = get(url), get(url, {"Accept-Encoding": "gzip"})
    assert plain.headers["etag"] != zipped.headers["etag"]
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers


def test_one_outlet_sends_no_validators_and_the_same_body(newsroom: Newsroom, clock: Any, get: Get) -> None:
    url = by_slug(newsroom, "open-quay").feed_url
    first = get(url)
    clock.advance(seconds=10)
    again = get(url, {"If-None-Match": "*", "If-Modified-Since": first.headers["date"]})
    assert {"etag", "last-modified"}.isdisjoint(first.headers)
    assert (again.status, again.body) == (200, first.body)


def test_head_tells_the_length_and_sends_nothing(newsroom: Newsroom, get: Get) -> None:
    for url in (newsroom.outlets[0].feed_url, newsroom.outlets[0].site_url):
        head, full = get(url, method="HEAD"), get(url)
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers["content-length"]) == len(full.body)


def test_a_connection_serves_many_requests(newsroom: Newsroom, opened: Opened) -> None:
    connection = opened(newsroom.outlets[0].site_url)
    for path in ("/", "/robots.txt", "/nothing", "/rss/all.xml"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.status == (404 if path == "/nothing" else 200)
    assert newsroom.stats()["varenia-wire"].requests == 4


def test_other_methods_and_nonsense_are_refused(newsroom: Newsroom, get: Get, opened: Opened) -> None:
    assert get(newsroom.outlets[0].site_url, method="POST").status == 405
    connection = opened(newsroom.outlets[0].site_url)
    connection.connect()
    connection.sock.sendall(b"nonsense\r\n\r\n")
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 400 ")
    connection = opened(newsroom.outlets[0].site_url)
    connection.connect()
    connection.sock.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000)
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("mode", ["500", "503", "404", "410", "429"])
def test_status_faults(newsroom: Newsroom, get: Get, mode: str) -> None:
    outlet = by_slug(newsroom, "varenia-wire")
    newsroom.fault(outlet.slug, mode)
    answer = get(outlet.feed_url)
    assert answer.status == int(mode)
    assert answer.headers.get("retry-after") == ("120" if mode == "429" else None)
    assert get(outlet.site_url).status == 200
    newsroom.fault(outlet.slug, "none")
    assert get(outlet.feed_url).status == 200


def test_one_outlet_is_down_until_it_is_mended(newsroom: Newsroom, start: datetime, get: Get) -> None:
    outlet = by_slug(newsroom, "karst-observer")
    assert {get(url).status for url in (outlet.feed_url, outlet.site_url, f"{outlet.site_url}robots.txt")} == {503}
    assert outlet.slug not in newsroom.truth(start)
    newsroom.fault(outlet.slug, "none", "all")
    assert get(outlet.feed_url).status == 200
    assert len(newsroom.truth(start)[outlet.slug]) == 2


def test_redirects(newsroom: Newsroom, start: datetime, get: Get) -> None:
    outlet = by_slug(newsroom, "varenia-wire")
    good = get(outlet.feed_url)
    newsroom.fault(outlet.slug, "redirect301")
    moved = get(outlet.feed_url)
    assert moved.status == 301
    assert get(moved.headers["location"]).body == good.body
    assert outlet.slug in newsroom.truth(start)
    newsroom.fault(outlet.slug, "redirectloop")
    places = [outlet.feed_url]
    for _ in range(3):
        answer = get(places[-1])
        assert answer.status == 302
        places.append(answer.headers["location"])
    assert len(set(places)) == 4
    assert outlet.slug not in newsroom.truth(start)


def test_faults_on_articles_leave_the_feed_alone(newsroom: Newsroom, start: datetime, get: Get) -> None:
    outlet = by_slug(newsroom, "varenia-wire")
    newsroom.fault(outlet.slug, "410", "article")
    urls = newsroom.truth(start)[outlet.slug]
    assert get(urls[0]).status == 410
    assert get(outlet.feed_url).status == 200


@pytest.mark.parametrize("slug", ["varenia-wire", "meridian-courier", "harbour-log", "phare-de-loray"])
def test_bodies_that_are_not_what_they_say(newsroom: Newsroom, get: Get, slug: str) -> None:
    outlet = by_slug(newsroom, slug)
    newsroom.fault(slug, "html")
    page = get(outlet.feed_url)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body.startswith(b"<!DOCTYPE html>")
    newsroom.fault(slug, "badcharset")
    wrong = get(outlet.feed_url)
    assert "utf-8" in wrong.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        wrong.body.decode()
    assert "É " in wrong.body.decode("latin-1")


def test_the_bomb_is_small_and_true() -> None:
    bomb = gzip_bomb()
    assert len(bomb) < 400_000
    inflate, size, data = zlib.decompressobj(31), 0, bomb
    while data:
        size += len(inflate.decompress(data, 2**24))
        data = inflate.unconsumed_tail
    assert inflate.eof  # which includes the checksum
    assert size == BOMB_BYTES


def test_the_bomb_is_sent_whatever_was_offered(newsroom: Newsroom, get: Get) -> None:
    newsroom.fault("varenia-wire", "gzipbomb")
    answer = get(newsroom.outlets[0].feed_url)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.body == gzip_bomb()


def test_truncated(newsroom: Newsroom, get: Get) -> None:
    newsroom.fault("varenia-wire", "truncated", "all")
    with pytest.raises(IncompleteRead) as caught:
        get(newsroom.outlets[0].feed_url)
    assert len(caught.value.partial) > 1000


def test_hang_is_silent_until_the_end(start: datetime, clock: Any, opened: Opened) -> None:
    with Newsroom(start=start, clock=clock) as room:
        room.fault("varenia-wire", "hang")
        connection = opened(room.outlets[0].feed_url)
        connection.request("GET", urlsplit(room.outlets[0].feed_url).path)
        assert _other_answers(room, opened)  # the silence of one outlet delays nobody
        assert room.stats()["varenia-wire"].requests == 1
    with pytest.raises((ConnectionResetError, EOFError)):
        _expect_byte(connection)


def _other_answers(room: Newsroom, opened: Opened) -> bool:
    connection = opened(room.outlets[1].site_url)
    connection.request("GET", "/")
    return connection.getresponse().status == 200


def _expect_byte(connection: HTTPConnection) -> None:
    if not connection.sock.recv(1):
        raise EOFError


def test_slow_drips_and_is_cut_off_at_the_end(start: datetime, clock: Any, opened: Opened) -> None:
    with Newsroom(start=start, clock=clock) as room:
        room.fault("varenia-wire", "slow")
        connection = opened(room.outlets[0].feed_url)
        connection.request("GET", urlsplit(room.outlets[0].feed_url).path)
        response = connection.getresponse()
        assert response.status == 200
        assert len(response.read1(10_000)) < 1000
    with pytest.raises((ConnectionResetError, IncompleteRead)):
        response.read()


def test_slow_ends_where_the_body_ends(newsroom: Newsroom, get: Get) -> None:
    newsroom.fault("varenia-wire", "slow", "all")
    answer = get(f"{newsroom.outlets[0].site_url}robots.txt")
    assert answer.body == b"User-agent: *\nDisallow: /private/\n"


def test_unknown_faults_are_refused(newsroom: Newsroom) -> None:
    with pytest.raises(ValueError, match=r"there are: none, 500, .*slow"):
        newsroom.fault("varenia-wire", "earthquake")
    with pytest.raises(ValueError, match="there are: feed, article, all"):
        newsroom.fault("varenia-wire", "500", "robots")
    with pytest.raises(KeyError, match="nobody"):
        newsroom.fault("nobody", "500")


def test_stats(newsroom: Newsroom, start: datetime, get: Get) -> None:
    outlet = by_slug(newsroom, "varenia-wire")
    assert newsroom.stats()[outlet.slug].min_gap_s is None
    tag = get(outlet.feed_url, {"User-Agent": "one/1"}).headers["etag"]
    get(outlet.feed_url, {"User-Agent": "two/2", "If-None-Match": tag})
    get(newsroom.truth(start)[outlet.slug][0], {"User-Agent": "one/1"})
    get(f"{outlet.site_url}nothing", {"User-Agent": "one/1"})
    stats = newsroom.stats()[outlet.slug]
    assert stats.requests == 4
    assert stats.by_kind == {"feed": 2, "article": 1, "missing": 1}
    assert stats.by_status == {200: 2, 304: 1, 404: 1}
    assert stats.conditional == 1
    assert stats.user_agents == ("one/1", "two/2")
    assert stats.min_gap_s is not None
    assert 0 < stats.min_gap_s < 60
    assert newsroom.stats()["pezhvak"].requests == 0


def test_the_thread_ends_with_the_block(start: datetime, clock: Any, opened: Opened) -> None:
    with Newsroom(start=start, clock=clock) as room:
        idle = [opened(outlet.site_url) for outlet in room.outlets]
        for connection in idle:
            connection.connect()
        url = room.outlets[0].feed_url
        assert "newsroom" in {thread.name for thread in threading.enumerate()}
    assert "newsroom" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        opened(url).connect()


def test_a_fixed_port_can_be_used_again_and_is_refused_while_taken(start: datetime, clock: Any) -> None:
    with Newsroom(start=start, clock=clock) as room:
        port = urlsplit(room.outlets[0].feed_url).port
        assert port
        with pytest.raises(OSError, match="in use"), Newsroom(start=start, clock=clock, port=port):
            pass
    with Newsroom(start=start, clock=clock, port=port) as room:
        assert urlsplit(room.outlets[0].feed_url).port == port


@pytest.mark.parametrize(
    ("text", "length"),
    [("-52h10m", timedelta(hours=-52, minutes=-10)), ("+20s", timedelta(seconds=20)), ("+1m5s", timedelta(seconds=65))],
)
def test_offsets(text: str, length: timedelta) -> None:
    assert offset(text) == length


@pytest.mark.parametrize("text", ["", "+", "20s", "+20", "+5m 3s", "-1d"])
def test_bad_offsets(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        offset(text)


def test_every_fault_is_known_by_name() -> None:
    assert set(FaultMode) == {
        *("none", "500", "503", "404", "410", "429", "redirect301", "redirectloop"),
        *("html", "badcharset", "gzipbomb", "truncated", "hang", "slow"),
    }
