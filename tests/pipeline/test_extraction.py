"""From entries to articles: pages that are missing, late, hostile, shared or edited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aggregator.app import App, open_app
from aggregator.config.settings import Config, WorkerSettings
from aggregator.newsroom.server import Response
from aggregator.store.dossier import dossier
from aggregator.store.tables import AlertRow, ArticleRow, EntryRow, MatchRow, RevisionRow, SightingRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)


async def _poll(app: App, clock: Any) -> None:
    clock.at += HOUR
    await app.settle()


async def test_a_missing_page_leaves_the_feeds_text_and_says_so(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        site.publish("gone", "sorrelwood", page=False)
        await app.settle()
        (article,) = rows(app, ArticleRow)
        assert (article.text_origin, article.note) == ("feed", "Text from the feed: the page answered 404.")
        assert "sorrelwood" in article.text
        for _ in range(2):
            await _poll(app, clock)
        assert site.paths().count("/gone") == 1, "404 is an answer; nobody asks again"
        assert len(rows(app, MatchRow)) == 1


async def test_a_page_that_comes_later_is_a_revision_and_its_text_is_matched(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood", on_page="quillback")
        page, site.pages["/fire"] = site.pages["/fire"], Response(503)
        await _poll(app, clock)
        (article,) = rows(app, ArticleRow)
        assert (article.text_origin, article.note) == ("feed", "Text from the feed: the page answered 503.")
        assert len(rows(app, MatchRow)) == 1, "it stands at once, and is matched"
        site.pages["/fire"] = page
        clock.at += timedelta(minutes=10)
        await app.settle()
        (article,) = rows(app, ArticleRow)
        assert (article.text_origin, article.note, article.revision) == ("page", "", 2)
        assert "quillback" not in rows(app, RevisionRow)[0].text
        assert len(rows(app, MatchRow)) == 2
        clock.at += timedelta(seconds=20)
        await app.settle()
        assert "Fire story" in relay.texts("ana@example.org")[0]


async def test_a_page_that_never_comes_is_asked_for_four_times(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        site.publish("fire", "sorrelwood", page=False)
        site.pages["/fire"] = Response(503)
        for minutes in (0, 9, 1, 59, 1, 359, 1, 720, 720):
            clock.at += timedelta(minutes=minutes)
            await app.settle()
        assert site.paths().count("/fire") == 4
        (entry,) = rows(app, EntryRow)
        assert (entry.state, entry.error, entry.payload) == ("done", "http: 503 Service Unavailable", None)
        assert rows(app, ArticleRow)[0].revision == 1


async def test_a_page_that_cannot_be_read_in_time_costs_only_itself(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    config = desk(site.source(), workers=WorkerSettings(processes=1, deadline=8.0))
    async with open_app(config, clock=clock) as app:
        await app.rooms.cpu.run(len, ())  # the workers have started
        site.publish("before", "sorrelwood")
        site.publish("monster", "sorrelwood")
        site.publish("after", "sorrelwood")
        cells = "<tr><td>a <a href=/x>b</a> c.</td></tr>" * 75_000
        site.pages["/monster"] = Response(200, {"Content-Type": "text/html"}, f"<html><body><table>{cells}".encode())
        await app.settle()
        assert app.failures == 0
        notes = {row.title: (row.text_origin, row.note) for row in rows(app, ArticleRow)}
        assert notes == {
            "Before story": ("page", ""),
            "Monster story": ("feed", "Text from the feed: the page could not be read."),
            "After story": ("page", ""),
        }
        assert len(rows(app, MatchRow)) == 3


async def test_an_edited_entry_is_a_revision_of_the_same_article(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        item = site.publish("fire")
        await app.settle()
        item.title = "Fire story, now with a cause"
        text = site.text("fire")
        site.pages["/fire"] = site.page(item.title, [*text, "It was the sorrelwood."])
        await _poll(app, clock)
        (article,) = rows(app, ArticleRow)
        assert (article.title, article.revision) == ("Fire story, now with a cause", 2)
        assert [row.title for row in rows(app, RevisionRow)] == ["Fire story"]
        assert (len(rows(app, EntryRow)), len(rows(app, MatchRow))) == (1, 1)


async def test_an_edit_while_the_entry_is_at_work_has_its_own_turn(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    source = site.source(fetch_pages=False, interval=timedelta(seconds=10))
    async with open_app(desk(source), clock=clock) as app:
        item = site.publish("fire")
        await app.ticks.poll()
        await app.ticks.runner.idle()
        await app.ticks.extract()  # claimed, not yet at work
        item.summary = " ".join([*site.text("flood"), "sorrelwood"])
        clock.at += timedelta(minutes=1)
        await app.ticks.poll()
        await app.ticks.runner.idle()
        await app.settle()
        (article,) = rows(app, ArticleRow)
        assert "sorrelwood" in article.text
        assert [(row.state, row.version) for row in rows(app, EntryRow)] == [("done", 2)]


async def test_entries_may_lack_anything(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        no_guid, no_link, only_text, only_title, dated = (site.publish(name, "sorrelwood") for name in "abcde")
        no_guid.guid = ""
        no_link.link = ""
        only_text.guid = only_text.link = only_text.title = ""
        only_title.guid = only_title.link = only_title.summary = ""
        dated.date = "the day before yesterday"
        await app.settle()
        await _poll(app, clock)
        assert app.failures == 0
        assert len(rows(app, EntryRow)) == len(rows(app, ArticleRow)) == len(rows(app, SightingRow)) == 5
        assert len(rows(app, MatchRow)) == 4


async def test_a_feed_that_links_everything_to_one_page_keeps_every_article(
    clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        for name in ("one", "two", "three", "four"):
            site.publish(name, "sorrelwood").link = site.url("/home")
        site.pages["/home"] = site.page("The site", site.text("home"))
        await app.settle()
        await _poll(app, clock)
        assert sorted(row.title for row in rows(app, ArticleRow)) == ["Four story", "One story", "Three story", "Two story"]
        assert {row.revision for row in rows(app, ArticleRow)} == {1}
        assert len(rows(app, MatchRow)) == 4, "each is found by its own words"
        site.publish("five", "sorrelwood").link = site.url("/home")
        await _poll(app, clock)
        assert len(rows(app, ArticleRow)) == len(rows(app, MatchRow)) == 5


async def test_new_guids_for_old_stories_are_no_news(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await app.settle()
        items = [site.publish(f"number {n}".replace(" ", "-"), "quillback") for n in range(6)]
        await _poll(app, clock)
        await _poll(app, clock)
        assert (len(rows(app, ArticleRow)), len(relay.mails)) == (6, 1)
        for item in items:
            item.guid = f"{item.guid}?2"
        await _poll(app, clock)
        await _poll(app, clock)
        assert (len(rows(app, EntryRow)), len(rows(app, SightingRow))) == (12, 12)
        assert (len(rows(app, ArticleRow)), len(rows(app, AlertRow)), len(relay.mails)) == (6, 6, 1)
        assert {row.revision for row in rows(app, ArticleRow)} == {1}
        assert site.paths().count("/number-3") == 1


async def test_a_feed_that_renumbers_and_moves_everything_is_no_news_and_its_dossier_says_so(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await app.settle()
        items = [site.publish(f"number-{n}", "quillback") for n in range(6)]
        for item in items:
            item.date = "Thu, 19 Mar 2026 22:00:00 GMT"
        await _poll(app, clock)
        await _poll(app, clock)
        assert (len(rows(app, ArticleRow)), len(relay.mails)) == (6, 1)
        for number, item in enumerate(items):
            site.pages[f"/2026/{number}"] = site.pages[f"/number-{number}"]
            item.guid, item.link = f"new:{number}", site.url(f"/2026/{number}")
        await _poll(app, clock)
        await _poll(app, clock)
        assert (len(rows(app, ArticleRow)), len(rows(app, SightingRow)), len(rows(app, AlertRow))) == (6, 12, 6)
        assert len(relay.mails) == 1
        assert [path for path in site.paths() if path.startswith("/2026")] == [], "the feed's words tell that it is known"
        told = app.rooms.store.read_now(dossier, "site", clock.now())
        assert [(flood.entries, flood.known) for flood in told.floods] == [(6, 6)]
        late = site.publish("late", "quillback")
        late.guid, late.link = "latest", site.url("/2026/3")
        await _poll(app, clock)
        assert len(told.floods) == 1


async def test_a_moved_page_with_another_teaser_is_the_same_article(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        item = site.publish("fire", "sorrelwood")
        await app.settle()
        site.pages["/print/fire"] = site.page(item.title, [f"{site.text('fire')[0]} sorrelwood", *site.text("fire")[1:]])
        twin = site.publish("twin", page=False)
        twin.title, twin.link = item.title, site.url("/print/fire")
        await _poll(app, clock)
        (article,) = rows(app, ArticleRow)
        assert len(rows(app, SightingRow)) == 2
        assert article.revision == 1 or article.revision_reason == "re-post"


async def test_five_feeds_of_an_outlet_fetch_a_page_once(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    sources = [site.source(f"section-{n}", f"/feed?{n}") for n in range(5)]
    async with open_app(desk(*sources), clock=clock) as app:
        site.publish("fire", "sorrelwood")
        await app.settle()
        assert (len(rows(app, EntryRow)), len(rows(app, ArticleRow)), len(rows(app, SightingRow))) == (5, 1, 5)
        assert site.paths().count("/fire") == 1
        assert len(rows(app, MatchRow)) == 1


async def test_two_feeds_of_an_outlet_may_link_to_it_under_two_addresses(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    sources = [site.source("front"), site.source("sport", "/feed?sport")]
    async with open_app(desk(*sources), clock=clock) as app:
        item = site.publish("fire", "sorrelwood")
        await app.settle()
        site.pages["/sport/1-fire.html"] = site.pages["/fire"]
        item.guid, item.link = "sport:1", site.url("/sport/1-fire.html")
        await _poll(app, clock)
        assert (len(rows(app, ArticleRow)), len(rows(app, SightingRow)), len(rows(app, MatchRow))) == (1, 4, 1)
        assert {row.revision for row in rows(app, ArticleRow)} == {1}


async def test_a_lease_that_nobody_will_give_back_runs_out(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        site.publish("fire", "sorrelwood")
        await app.ticks.poll()
        await app.ticks.runner.idle()
        await app.rooms.store.write(_lease_everything)
        assert await app.settle() == 0, "somebody else is at it, and settling does not wait for him"
        assert rows(app, ArticleRow) == []
        clock.at += timedelta(minutes=16)
        await app.settle()
        assert len(rows(app, ArticleRow)) == 1


def _lease_everything(session: Any) -> None:
    held = "lease_token = 'held', lease_until = '2026-03-20 00:15:00.000000'"
    session.connection().exec_driver_sql(f"UPDATE entry SET {held}")


async def test_a_source_that_gives_only_its_text_asks_for_no_page(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    config = desk(site.source(fetch_pages=False))
    async with open_app(config, clock=clock) as app:
        site.publish("fire", "sorrelwood")
        await app.settle()
        (article,) = rows(app, ArticleRow)
        assert (article.text_origin, article.note, "/fire" in site.paths()) == ("feed", "", False)
        site.publish("flood", on_page="sorrelwood")
        await app.apply(replace(config, sources=(site.source(fetch_pages=True),)))
        await _poll(app, clock)
        assert [row.text_origin for row in rows(app, ArticleRow)] == ["feed", "page"]


async def test_an_entry_that_links_to_the_front_page_is_its_own_text(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        site.publish("fire", "sorrelwood").link = site.url("/")
        site.pages["/"] = site.page("The site", [*site.text("home"), "quillback"])
        await app.settle()
        (article,) = rows(app, ArticleRow)
        assert (article.title, article.text_origin, article.url) == ("Fire story", "feed", site.url("/"))
        assert [row.rule_id for row in rows(app, MatchRow)] == [2], "what else stands on the front page is not this story's"
