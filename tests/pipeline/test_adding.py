"""Adding a source by an address: what is asked for, what is found, what is written, and that nobody is asked twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import open_app, open_errand
from aggregator.config import load_config
from aggregator.config.settings import Config
from aggregator.errors import ConfigErrors
from aggregator.fetch import Fetcher
from aggregator.model.source import SourceSpec
from aggregator.newsroom.server import Response
from aggregator.pipeline.adding import Looked, Wanted, add_source, known_source, look_at
from aggregator.pipeline.rooms import Rooms
from aggregator.store import hosts
from aggregator.store.tables import AlertRow, EntryRow, FetchRow, SourceRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HTML = {"Content-Type": "text/html; charset=utf-8"}
RSS = {"Content-Type": "application/rss+xml"}
CHALLENGE = Response(
    200, HTML, b"<html><title>Just a moment...</title><script>window._cf_chl_opt={}</script><body>Checking</body></html>"
)
WANTED = Wanted()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder without sources."""
    path = tmp_path / "config"
    path.mkdir()
    (path / "aggregator.toml").write_text("")
    return path


def _home(*links: str) -> Response:
    return Response(200, HTML, f"<html><head><title>Home</title>{''.join(links)}</head><body>Hello</body></html>".encode())


def _link(url: str, title: str = "", media: str = "application/rss+xml") -> str:
    return f'<link rel="alternate" type="{media}" title="{title}" href="{url}">'


def _rss(title: str, *dates: str) -> Response:
    items = "".join(f"<item><title>One of {date}</title><guid>{date}</guid><pubDate>{date}</pubDate></item>" for date in dates)
    return Response(200, RSS, f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>".encode())


async def _look(rooms: Rooms, folder: Path, url: str) -> Looked:
    return await look_at(rooms, url, folder)


async def _add(rooms: Rooms, folder: Path, url: str, wanted: Wanted = WANTED) -> tuple[Looked, SourceSpec]:
    looked = await look_at(rooms, url, folder)
    (candidate,) = looked.candidates
    return looked, (await add_source(rooms, folder, candidate, wanted, looked.page)).spec


def _sources(folder: Path) -> tuple[SourceSpec, ...]:
    return load_config(folder, {}).sources


def _urls(looked: Looked) -> list[str]:
    return [candidate.seen.url for candidate in looked.candidates]


# ---------------------------------------------------------------- R9


async def test_r9_a_feed_costs_its_server_one_request_and_its_answer_is_the_first_poll(
    clock: Any, site: Any, desk: Desk, folder: Path, rows: Rows
) -> None:
    site.etags = True
    site.publish("fire", "quillback")
    site.publish("flood")
    async with open_errand(desk(), clock=clock) as rooms:
        looked, spec = await _add(rooms, folder, site.url("/feed"))
    assert site.paths() == ["/feed"]
    assert (looked.page, looked.problems) == (None, ())
    assert spec == SourceSpec("the-site", site.url("/feed"), name="The site", site_url=site.url("/"))
    assert _sources(folder) == (spec,)
    config = desk(*_sources(folder))
    async with open_app(config, clock=clock) as app:
        (row,) = rows(app, SourceRow)
        assert (row.slug, row.lease_token, row.last_success_at, row.baseline_at) == ("the-site", None, clock.at, clock.at)
        assert (row.etag is not None, row.final_url) == (True, site.url("/feed"))
        assert clock.at < row.next_poll_at < clock.at + timedelta(hours=2)
        assert [entry.baseline for entry in rows(app, EntryRow)] == [True, True]
        (poll,) = rows(app, FetchRow)
        assert (poll.outcome, poll.new_entries, poll.conditional, poll.early) == ("fetched", 2, False, False)
        await app.settle()
        assert "/feed" not in site.paths()[1:], "it is not due: its first poll is done"
        assert sorted(site.paths()[1:]) == ["/fire", "/flood", "/robots.txt"], "its entries become articles"
        assert [row.state for row in rows(app, AlertRow)] == ["suppressed"], "what was there before alerts nobody"
        clock.at += timedelta(hours=3)
        site.publish("storm", "quillback")
        await app.settle()
        assert site.asked[-2].headers.get("if-none-match"), "the second poll is conditional"
        assert [row.state for row in rows(app, AlertRow)] == ["suppressed", "waiting"]


async def test_r9_a_site_costs_its_server_two(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    site.publish("fire")
    site.pages["/"] = _home(_link("/feed", "Everything"))
    async with open_errand(desk(), clock=clock) as rooms:
        looked, spec = await _add(rooms, folder, site.url("/"))
    assert site.paths() == ["/", "/feed"]
    assert looked.page == site.url("/")
    assert (looked.candidates[0].title, spec.name, spec.site_url) == ("Everything", "The site", site.url("/"))


# ---------------------------------------------------------------- finding


async def test_several_feeds_are_looked_into_and_told_with_what_they_hold(
    clock: Any, site: Any, desk: Desk, folder: Path
) -> None:
    site.publish("fire")
    site.pages["/"] = _home(
        _link("/comments.xml", "Comments"), _link("/feed", "News"), _link("/old.xml", "Gone"), _link("/sport.xml", "Sport")
    )
    site.pages["/comments.xml"] = _rss("Comments on all")
    site.pages["/sport.xml"] = _rss("Sport", "Thu, 19 Mar 2026 10:00:00 GMT", "Wed, 18 Mar 2026 10:00:00 GMT")
    async with open_errand(desk(), clock=clock) as rooms:
        looked = await _look(rooms, folder, site.url("/"))
    assert _urls(looked) == [site.url(path) for path in ("/feed", "/sport.xml", "/comments.xml")], "comments come last"
    news, sport, comments = looked.candidates
    assert (news.title, news.seen.feed.format, len(news.seen.feed.entries)) == ("News", "rss20", 1)
    assert (len(sport.seen.feed.entries), sport.seen.newest_at) == (2, datetime(2026, 3, 19, 10, tzinfo=UTC))
    assert (len(comments.seen.feed.entries), comments.seen.newest_at) == (0, None)
    assert looked.problems == (f"{site.url('/old.xml')}: there is no feed at this address (404 Not Found)",)


async def test_a_page_that_names_none_has_the_usual_places_tried_until_one_is_a_feed(
    clock: Any, site: Any, desk: Desk, folder: Path
) -> None:
    site.feed = site.page("Not a feed", ["Nothing here."])
    site.pages["/"], site.pages["/rss.xml"] = _home(), _rss("News", "Thu, 19 Mar 2026 10:00:00 GMT")
    async with open_errand(desk(), clock=clock) as rooms:
        looked, spec = await _add(rooms, folder, site.url("/"))
    assert spec.url == site.url("/rss.xml")
    assert site.paths() == ["/", "/feed", "/rss", "/rss.xml"]
    assert looked.problems == (), "a guess that went wrong is not worth a word"


async def test_a_site_without_a_feed_is_asked_a_bounded_number_of_times(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    site.feed, site.pages["/"] = Response(404), _home()
    async with open_errand(desk(), clock=clock) as rooms:
        assert (await _look(rooms, folder, site.url("/"))).candidates == ()
        assert len(site.asked) == 9
        site.asked.clear()
        site.pages["/"] = _home(*[_link(f"/{number}.xml") for number in range(20)])
        looked = await _look(rooms, folder, site.url("/"))
        assert (len(site.asked), looked.left_out) == (9, 12)


async def test_guessing_ends_where_we_are_not_welcome(clock: Any, make_site: Any, desk: Desk, folder: Path) -> None:
    async with open_errand(desk(), clock=clock) as rooms:
        for answer in (Response(403), Response(429), CHALLENGE):
            site = make_site()
            site.pages["/"], site.feed = _home(), answer
            looked = await _look(rooms, folder, site.url("/"))
            assert site.paths() == ["/", "/feed"], answer
            (problem,) = looked.problems
            assert problem.startswith(site.url("/feed"))


async def test_a_host_that_is_away_is_asked_once_and_the_others_still_are(
    clock: Any, site: Any, make_site: Any, desk: Desk, folder: Path
) -> None:
    busy, other = make_site(), make_site()
    other.publish("fire")
    busy.feed = Response(503)
    site.pages["/"] = _home(_link(busy.url("/feed/1")), _link(busy.url("/feed/2")), _link(other.url("/feed")))
    async with open_errand(desk(), clock=clock) as rooms:
        looked = await _look(rooms, folder, site.url("/"))
    assert _urls(looked) == [other.url("/feed")]
    assert busy.paths() == ["/feed/1"]


async def test_what_is_no_feed_and_names_none_is_told_in_words_and_asked_once(
    clock: Any, site: Any, desk: Desk, folder: Path
) -> None:
    answers = {
        "/404": (Response(404), "there is no feed at this address (404 Not Found)"),
        "/401": (Response(401), "it does not let us in"),
        "/challenge": (CHALLENGE, "a bot check"),
        "/pdf": (Response(200, {"Content-Type": "application/pdf"}, b"%PDF-1.7 ..."), "neither XML nor JSON of a feed"),
        "/opml": (Response(200, {"Content-Type": "text/xml"}, b"<opml version='2.0'><body/></opml>"), "neither XML nor JSON"),
    }
    async with open_errand(desk(), clock=clock) as rooms:
        for path, (answer, said) in answers.items():
            site.pages[path] = answer
            looked = await _look(rooms, folder, site.url(path))
            assert looked.candidates == ()
            assert said in looked.problems[0]
    assert site.paths() == list(answers)


async def test_two_names_of_one_feed_are_one(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    site.publish("fire")
    site.moved = site.url("/feed/new")
    site.pages["/"] = _home(_link("/feed/new", "A"), _link("/feed/new/", "B"), _link("/feed", "C"))
    async with open_errand(desk(), clock=clock) as rooms:
        looked = await _look(rooms, folder, site.url("/"))
    assert _urls(looked) == [site.url("/feed/new")]


# ---------------------------------------------------------------- what is there already


async def test_what_is_there_already_is_said(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    site.publish("fire")
    config = desk(site.source("mine"))
    async with open_app(config, clock=clock):
        pass
    async with open_errand(config, clock=clock) as rooms:
        assert await known_source(rooms, site.url("/feed")) == "mine"
        assert await known_source(rooms, site.url("/feed/")) == "mine"
        assert await known_source(rooms, site.url("/feed?page=2")) == ""
        assert site.asked == [], "that needs no request"
        site.pages["/"] = _home(_link("/feed"))
        looked = await _look(rooms, folder, site.url("/"))
        assert [candidate.known for candidate in looked.candidates] == ["mine"]


async def test_an_address_that_leads_to_a_source_is_that_source(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    site.publish("fire")
    async with open_errand(desk(site.source("mine")), clock=clock) as rooms:
        for status in (301, 302):
            site.pages["/other"] = Response(status, {"Location": site.url("/feed")})
            (candidate,) = (await _look(rooms, folder, site.url("/other"))).candidates
            assert candidate.known == "mine", status


async def test_an_upgrade_to_https_is_the_same_address(clock: Any, desk: Desk) -> None:
    async with open_errand(desk(SourceSpec("mine", "http://News.Example:80/feed")), clock=clock) as rooms:
        assert await known_source(rooms, "https://news.example/feed/") == "mine"


# ---------------------------------------------------------------- what is written


async def test_permanent_redirects_are_written_down_and_no_others(
    clock: Any, site: Any, desk: Desk, folder: Path, rows: Rows
) -> None:
    kept = {301: "/there/301", 308: "/there/308", 302: "/start/302", 303: "/start/303", 307: "/start/307"}
    async with open_errand(desk(), clock=clock) as rooms:
        for status, path in kept.items():
            site.pages[f"/start/{status}"] = Response(status, {"Location": site.url(f"/there/{status}")})
            site.pages[f"/there/{status}"] = _rss("News", "Thu, 19 Mar 2026 10:00:00 GMT")
            _, spec = await _add(rooms, folder, site.url(f"/start/{status}"), Wanted(f"news-{status}"))
            assert spec.url == site.url(path)
    async with open_app(desk(*_sources(folder)), clock=clock) as app:
        for row, status in zip(rows(app, SourceRow), kept, strict=True):
            assert (row.url, row.moved_to, row.final_url) == (site.url(kept[status]), None, site.url(f"/there/{status}"))


async def test_the_operators_words_and_the_defaults_are_kept(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    (folder / "sources.toml").write_text('[defaults]\ngroup = "wire"\ntimezone = "Asia/Tehran"\ntags = ["a"]\n')
    site.publish("fire")
    site.items[0].date = "19 Mar 2026 10:00:00"
    async with open_errand(desk(), clock=clock) as rooms:
        looked, spec = await _add(rooms, folder, site.url("/feed"), Wanted("mine", "Mine"))
        assert looked.candidates[0].seen.newest_at == datetime(2026, 3, 19, 6, 30, tzinfo=UTC), "its zone is that of [defaults]"
    assert (spec.slug, spec.name, spec.group, spec.timezone, spec.tags) == ("mine", "Mine", "wire", "Asia/Tehran", ("a",))
    assert _sources(folder) == (spec,)
    assert "timezone" not in (folder / "sources.toml").read_text().partition("[[source]]")[2]


async def test_a_slug_that_is_taken_changes_nothing(clock: Any, site: Any, desk: Desk, folder: Path, rows: Rows) -> None:
    before = '[[source]]\nslug = "mine"\nurl = "https://else.example/feed"\n'
    (folder / "sources.toml").write_text(before)
    site.publish("fire")
    async with open_errand(desk(*_sources(folder)), clock=clock) as rooms:
        (candidate,) = (await _look(rooms, folder, site.url("/feed"))).candidates
        with pytest.raises(ConfigErrors, match="stands on line 2 already"):
            await add_source(rooms, folder, candidate, Wanted("mine"), None)
    assert (folder / "sources.toml").read_text() == before
    async with open_app(desk(), clock=clock) as app:
        assert rows(app, SourceRow) == []


async def test_what_was_taken_out_comes_back_under_its_name_and_no_other_feed_gets_it(
    clock: Any, site: Any, make_site: Any, desk: Desk, folder: Path, rows: Rows
) -> None:
    other = make_site()
    for outlet in (site, other):
        outlet.publish("fire")
    async with open_app(desk(site.source("mine"), other.source("the-site", "/feed?2")), clock=clock) as app:
        await app.settle()
        await app.apply(desk())
    async with open_errand(desk(), clock=clock) as rooms:
        _, stranger = await _add(rooms, folder, other.url("/feed"))
        _, returned = await _add(rooms, folder, site.url("/feed"))
    assert (stranger.slug, returned.slug) == ("the-site-2", "mine")
    async with open_app(desk(*_sources(folder)), clock=clock) as app:
        assert sorted(entry.source_id for entry in rows(app, EntryRow)) == [1, 2, 3], "and its entries are known"


async def test_adding_works_beside_a_running_service(clock: Any, site: Any, make_site: Any, desk: Desk, folder: Path) -> None:
    other = make_site()
    for outlet in (site, other):
        outlet.publish("fire")
    config = desk(site.source("mine"))
    async with open_app(config, clock=clock) as app:
        await app.settle()
        async with open_errand(config, clock=clock) as rooms:
            await _add(rooms, folder, other.url("/feed"))
        clock.at += timedelta(hours=3)
        await app.settle()
        assert other.paths().count("/feed") == 2, "the service polls it without being told"
        assert app.failures == 0


# ---------------------------------------------------------------- manners


class _Names:
    """Every name is this machine."""

    async def __call__(self, host: str, port: int) -> list[str]:
        return ["127.0.0.1"]


async def test_s4_who_says_too_many_is_left_alone_by_everybody(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    config = desk()
    url = f"http://news.example:{site.port}/feed"
    fetcher = Fetcher(config.settings.fetch, clock, resolver=_Names())
    async with open_errand(config, clock=clock) as rooms, fetcher:
        rooms.fetcher = fetcher
        site.feed = Response(429, {"Retry-After": "7200"})
        looked = await _look(rooms, folder, url)
        assert "it is busy (429 or 503)" in looked.problems[0]
        until = await rooms.store.read(hosts.resting_until, f"news.example:{site.port}", clock.at)
        assert until == clock.at + timedelta(hours=2)
        site.feed = None
        site.publish("fire")
        again = await _look(rooms, folder, url)
        assert (again.candidates, len(site.asked)) == ((), 1)
        assert "nothing was sent" in again.problems[0]
        clock.at += timedelta(hours=2)
        assert len((await _look(rooms, folder, url)).candidates) == 1


async def test_r5_it_says_who_asks(clock: Any, site: Any, desk: Desk, folder: Path) -> None:
    config = desk()
    fetch = replace(config.settings.fetch, contact_url="https://m.example")
    async with open_errand(replace(config, settings=replace(config.settings, fetch=fetch)), clock=clock) as rooms:
        await _look(rooms, folder, site.url("/feed"))
    (request,) = site.asked
    assert request.headers["user-agent"].endswith("(+https://m.example; 2 subscribers)")


async def test_the_guard_stands_before_it(clock: Any, desk: Desk, folder: Path) -> None:
    async with open_errand(desk(), clock=clock) as rooms:
        looked = await _look(rooms, folder, "http://169.254.169.254/latest/meta-data/")
    assert "our own guard refuses the address" in looked.problems[0]
