"""A feed that is gone from its address (S7): its site is asked for it, and the operator is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.fetch import host_key
from aggregator.newsroom.server import Response
from aggregator.pipeline.poll import LEASE, fetch_sources
from aggregator.store import moves, sources
from aggregator.store.dossier import dossier
from aggregator.store.tables import SourceRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

DAY = timedelta(hours=24)
HTML = {"Content-Type": "text/html; charset=utf-8"}


def _home(*urls: str) -> Response:
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{url}">' for url in urls)
    return Response(200, HTML, f"<html><head>{links}</head><body>Hello</body></html>".encode())


def _rss(site: Any) -> Response:
    return Response(200, {"Content-Type": "application/rss+xml"}, site._rss())


async def _poll(app: App, clock: Any, later: timedelta = timedelta()) -> list[Any]:
    """One round of polls; what was proposed in it."""
    clock.at += later
    batches = await app.rooms.store.write(sources.claim_due, clock.at, 100, LEASE)
    with capture_logs() as logs:
        await fetch_sources(app.rooms, [id_ for batch in batches for id_ in batch])
    return [line for line in logs if line["event"] == "source.proposed"]


async def test_s7_a_lost_feed_is_looked_for_proposed_accepted_and_read_again(
    clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    site.publish("fire")
    async with open_app(desk(site.source()), clock=clock) as app:
        await _poll(app, clock)
        site.feed = Response(404)
        site.pages |= {"/": _home("/feed", "/gone.xml", "/news.xml"), "/news.xml": _rss(site)}
        (told,) = await _poll(app, clock, DAY)
        assert (told["source"], told["url"], told["log_level"]) == ("site", site.url("/news.xml"), "warning")
        assert "aggregator source move site" in told["detail"]
        assert site.paths()[1:] == ["/feed", "/robots.txt", "/", "/gone.xml", "/news.xml"]
        found = app.rooms.store.read_now(dossier, "site", clock.at)
        assert (found.proposed_url, found.trouble.value, found.url_in_force) == (
            site.url("/news.xml"),
            "missing",
            site.url("/feed"),
        )
        assert found.history.searched_at == clock.at
        app.rooms.store.write_now(moves.move_by_hand, "site", None, clock.at, host_key)
        site.publish("flood")
        site.pages["/news.xml"] = _rss(site)
        await _poll(app, clock)
        found = app.rooms.store.read_now(dossier, "site", clock.at)
        assert (found.url_in_force, found.trouble.value, found.proposed_url) == (site.url("/news.xml"), "", None)
        assert [(poll.new, poll.entries) for poll in found.polls if poll.outcome == "fetched"] == [(1, 2), (1, 1)]


async def test_its_site_is_asked_once_a_day_and_the_proposal_stands_meanwhile(
    clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    site.feed = Response(404)
    site.publish("fire")
    site.pages |= {"/": _home("/news.xml"), "/news.xml": _rss(site)}
    config = desk(site.source(interval=timedelta(minutes=30)))
    async with open_app(config, clock=clock) as app:
        assert len(await _poll(app, clock)) == 1
        site.pages["/"] = _home()
        for _ in range(3):
            assert await _poll(app, clock, timedelta(hours=7)) == []
        assert (site.paths().count("/"), site.paths().count("/feed")) == (1, 4)
        await _poll(app, clock, timedelta(hours=10))
        assert site.paths().count("/") == 2
        assert rows(app, SourceRow)[0].proposed_url == site.url("/news.xml")
        site.feed = None
        await _poll(app, clock, DAY)
        assert rows(app, SourceRow)[0].proposed_url is None, "it is back where it was"


async def test_a_page_where_a_feed_should_be_is_looked_behind_as_well(clock: Any, site: Any, desk: Desk) -> None:
    site.publish("fire")
    site.feed = site.page("Welcome", ["We have a new site."])
    site.pages |= {"/": _home("/news.xml"), "/news.xml": _rss(site)}
    async with open_app(desk(site.source()), clock=clock) as app:
        assert [told["url"] for told in await _poll(app, clock)] == [site.url("/news.xml")]


async def test_the_site_that_the_operator_named_goes_first_then_that_of_the_feed(
    clock: Any, site: Any, make_site: Any, desk: Desk
) -> None:
    named = make_site()
    named.publish("fire")
    named.pages["/front"] = _home("/feed")
    site.feed = Response(404)
    async with open_app(desk(site.source(site_url=named.url("/front"))), clock=clock) as app:
        assert [told["url"] for told in await _poll(app, clock)] == [named.url("/feed")]
    assert site.paths() == ["/feed"]


async def test_what_is_read_already_or_was_refused_is_not_proposed(clock: Any, site: Any, make_site: Any, desk: Desk) -> None:
    other = make_site()
    for outlet in (site, other):
        outlet.publish("fire")
    site.pages |= {"/": _home(other.url("/feed"), "/refused.xml"), "/refused.xml": _rss(site)}
    async with open_app(desk(site.source(), other.source("other")), clock=clock) as app:
        await _poll(app, clock)
        app.rooms.store.write_now(moves.move_by_hand, "site", site.url("/refused.xml"), clock.at, host_key)
        app.rooms.store.write_now(moves.undo_move, "site", clock.at, host_key)
        site.feed = Response(404)
        assert await _poll(app, clock, DAY) == []
        assert site.paths()[-1] == "/"


async def test_robots_txt_is_asked_for_leave(clock: Any, site: Any, desk: Desk) -> None:
    site.feed = Response(404)
    site.publish("fire")
    rules = Response(200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /\n")
    site.pages |= {"/robots.txt": rules, "/": _home("/news.xml"), "/news.xml": _rss(site)}
    async with open_app(desk(site.source()), clock=clock) as app:
        assert await _poll(app, clock) == []
    assert site.paths() == ["/feed", "/robots.txt"]


async def test_credentials_stay_at_home(clock: Any, site: Any, desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setenv("FEED_LOGIN", "Basic c2VjcmV0")
    site.feed = Response(404)
    site.publish("fire")
    site.pages |= {"/": _home("/news.xml"), "/news.xml": _rss(site)}
    async with open_app(desk(replace(site.source(), authorization_env="FEED_LOGIN")), clock=clock) as app:
        await _poll(app, clock)
    assert [request.path for request in site.asked if "authorization" in request.headers] == ["/feed"]


async def test_other_failures_send_nobody_to_the_site(clock: Any, site: Any, desk: Desk) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        for status in (500, 403, 429, 410):
            site.feed = Response(status)
            await _poll(app, clock, DAY + timedelta(hours=3))
    assert set(site.paths()) == {"/feed"}
