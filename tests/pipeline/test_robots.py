"""robots.txt before pages: asked once a day, obeyed, and what its errors mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.app import open_app
from aggregator.config.settings import Config, FetchSettings
from aggregator.newsroom.server import Response
from aggregator.store.tables import ArticleRow, EntryRow, RobotsRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]
HOUR = timedelta(hours=1)
TEXT = {"Content-Type": "text/plain"}


def rules(text: str) -> Response:
    return Response(200, TEXT, text.encode())


async def test_t5_what_robots_forbids_is_not_fetched_and_the_article_has_the_feeds_text(
    clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    site.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /fire")
    site.publish("fire")
    site.publish("flood")
    async with open_app(desk(site.source()), clock=clock) as app:
        await app.settle()
        assert sorted(site.paths()) == ["/feed", "/flood", "/robots.txt"], "one question for both pages"
        notes = {row.title: (row.text_origin, row.note) for row in rows(app, ArticleRow)}
        assert notes["Fire story"] == ("feed", "Text from the feed: the outlet asks programs not to read its page.")
        assert notes["Flood story"] == ("page", "")
        assert {row.state for row in rows(app, EntryRow)} == {"done"}, "and nobody asks again"


@pytest.mark.parametrize(
    ("answer", "fetched"),
    [
        (Response(404), True),
        (Response(403), True),
        (Response(500), False),
        (Response(503), False),
        (Response(429), False),
        (Response(301, {"Location": "/robots.txt"}), True),
        (rules("<!doctype html><html><body>Disallow: /</body></html>"), True),
        (rules("User-agent: aggregator\nDisallow: /\n\nUser-agent: *\nAllow: /"), False),
        (rules("User-agent: *\nDisallow: /\n\nUser-agent: aggregator\nAllow: /"), True),
    ],
)
async def test_t5_what_answers_mean(answer: Response, fetched: bool, clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    """RFC 9309 §2.3.1: there is none, so all is allowed; or it cannot be had, so nothing is."""
    site.pages["/robots.txt"] = answer
    site.publish("fire")
    async with open_app(desk(site.source()), clock=clock) as app:
        await app.settle()
        assert ("/fire" in site.paths()) is fetched
        assert len(rows(app, ArticleRow)) == 1, "an article there is either way"


async def test_t5_a_copy_is_kept_for_a_day_and_an_old_one_stands_in_for_one_that_cannot_be_had(
    clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    site.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /secret")
    names = iter(["fire", "flood", "frost", "storm", "secret"])
    async with open_app(desk(site.source(interval=HOUR)), clock=clock) as app:
        for later in (timedelta(), 23 * HOUR, 2 * HOUR):
            clock.at += later
            site.publish(next(names))
            await app.settle()
        assert site.paths().count("/robots.txt") == 2
        site.pages["/robots.txt"] = Response(500)
        clock.at += 26 * HOUR
        site.publish(next(names))
        site.publish(next(names))
        await app.settle()
        assert site.paths().count("/robots.txt") == 3
        assert "/storm" in site.paths(), "the rules of yesterday are known"
        assert "/secret" not in site.paths()
        (row,) = rows(app, RobotsRow)
        assert row.state == "rules"
        clock.at += timedelta(days=31)
        site.publish("thaw")
        await app.settle()
        assert "/thaw" not in site.paths(), "after a month they are not"


async def test_t5_robots_is_not_asked_for_feeds_unless_the_operator_wants_it(clock: Any, site: Any, desk: Desk) -> None:
    site.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /feed")
    config = desk(site.source(fetch_pages=False))
    async with open_app(config, clock=clock) as app:
        await app.settle()
        assert site.paths() == ["/feed"]
    fetch = replace(config.settings.fetch, robots_for_feeds=True)
    async with open_app(replace(config, settings=replace(config.settings, fetch=fetch)), clock=clock) as app:
        clock.at += HOUR
        await app.settle()
        assert site.paths() == ["/feed", "/robots.txt"]


async def test_robots_can_be_switched_off(clock: Any, site: Any, desk: Desk) -> None:
    site.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /")
    site.publish("fire")
    fetch = FetchSettings(allow_networks=("127.0.0.0/8",), host_gap=0.0, robots=False)
    async with open_app(desk(site.source(), fetch=fetch), clock=clock) as app:
        await app.settle()
        assert site.paths() == ["/feed", "/fire"]


async def test_t5_a_crawl_delay_parts_the_pages(clock: Any, site: Any, desk: Desk) -> None:
    site.pages["/robots.txt"] = rules("User-agent: *\nCrawl-delay: 7")
    site.publish("fire")
    site.publish("flood")
    waited: list[float] = []
    sleep = clock.sleep

    async def note(seconds: float) -> None:
        waited.append(seconds)
        await sleep(seconds)

    clock.sleep = note
    async with open_app(desk(site.source()), clock=clock) as app:
        await app.settle()
        assert [round(seconds) for seconds in waited] == [7, 7], "before each page; robots.txt itself counts as a start"
