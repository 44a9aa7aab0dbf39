"""Pages that are asked for again: edits, withdrawals, and what must not destroy a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import ArchiveSettings, ArticleSettings, Config
from aggregator.model.rule import Entity, Lane, RuleSpec
from aggregator.newsroom.server import Response
from aggregator.store import maintenance, pages
from aggregator.store.tables import AlertRow, ArticleRow, EditRow, MatchRow, PageRow, RecheckRow, RevisionRow, VisitRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)
EVERY_HOUR = ArticleSettings(recheck=(HOUR, 2 * HOUR, 3 * HOUR), recheck_others=(2 * HOUR,))


async def _pass(app: App, clock: Any, hours: float = 1) -> None:
    clock.at += timedelta(hours=hours)
    await app.settle()


async def _publish(app: App, clock: Any, site: Any, name: str = "fire", word: str = "sorrelwood") -> Any:
    """A first poll that finds nothing, then an article."""
    await app.settle()
    item = site.publish(name, word)
    await _pass(app, clock)
    return item


def _edit(site: Any, name: str, extra: str, title: str = "") -> None:
    site.pages[f"/{name}"] = site.page(title or f"{name.title()} story", [*site.text(name), "Still sorrelwood.", extra])


async def test_what_a_rule_found_is_asked_for_more_often_than_the_rest(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await _publish(app, clock, site)
        site.publish("flood")
        clock.at += timedelta(minutes=30)
        await app.settle()
        for _ in range(9):
            await _pass(app, clock, 0.5)
        assert [site.paths().count(path) for path in ("/fire", "/flood")] == [1 + 3, 1 + 1]
        assert {row.outcome for row in rows(app, VisitRow)} == {"same text"}
        assert [row.due_at for row in rows(app, RecheckRow)] == [None, None]
        assert rows(app, ArticleRow)[0].revision == 1


async def test_a_page_that_has_not_changed_costs_a_304(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood")
        page = site.pages["/fire"]
        site.pages["/fire"] = replace(page, headers=dict(page.headers) | {"ETag": '"one"'})
        await _pass(app, clock)
        site.pages["/fire"] = Response(304, {"ETag": '"one"'})
        await _pass(app, clock)
        asked = [request for request in site.asked if request.path == "/fire"]
        assert asked[1].headers["if-none-match"] == '"one"'
        assert [(row.outcome, row.status) for row in rows(app, VisitRow)] == [("not modified", 304)]


async def test_a_304_brings_validators_and_freshness_up_to_date(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    settings = replace(EVERY_HOUR, recheck=tuple(HOUR * step for step in range(1, 60)))
    async with open_app(desk(site.source(), articles=settings), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood")
        page = site.pages["/fire"]
        site.pages["/fire"] = replace(page, headers=dict(page.headers) | {"ETag": '"one"', "Last-Modified": "long ago"})
        await _pass(app, clock)
        site.pages["/fire"] = Response(304, {"ETag": 'W/"two"', "Cache-Control": "max-age=9000"})
        await _pass(app, clock)
        (planned,) = rows(app, RecheckRow)
        assert (planned.etag, planned.last_modified) == ('W/"two"', "long ago")
        assert planned.due_at == clock.at + 3 * HOUR, "the first hour of the plan after two and a half"
        for _ in range(3):
            assert site.paths().count("/fire") == 2
            await _pass(app, clock)
        asked = [request.headers for request in site.asked if request.path == "/fire"]
        assert [headers.get("if-none-match") for headers in asked] == [None, '"one"', 'W/"two"']
        site.pages["/fire"] = Response(304, {"Cache-Control": "max-age=31536000"})
        await _pass(app, clock, 3)
        (planned,) = rows(app, RecheckRow)
        assert planned.due_at == clock.at + 25 * HOUR, "a day is the most that is waited"


async def test_a_304_from_another_end_of_a_redirect_brings_no_validators(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood")
        page = site.pages["/fire"]
        site.pages["/fire"] = replace(page, headers=dict(page.headers) | {"ETag": '"one"'})
        await _pass(app, clock)
        site.pages["/fire"] = Response(302, {"Location": site.url("/elsewhere")})
        site.pages["/elsewhere"] = Response(304, {"ETag": '"one"'})
        await _pass(app, clock)
        assert [row.outcome for row in rows(app, VisitRow)] == ["not modified"]
        site.pages["/fire"] = page
        await _pass(app, clock)
        asked = [request.headers for request in site.asked if request.path == "/fire"]
        assert [headers.get("if-none-match") for headers in asked] == [None, '"one"', None]


async def test_a_silent_edit_is_a_revision_with_its_page(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await _publish(app, clock, site)
        published = rows(app, ArticleRow)[0].published_at
        _edit(site, "fire", "It was arson after all.")
        await _pass(app, clock)
        (article,) = rows(app, ArticleRow)
        assert (article.revision, article.revision_reason, article.published_at) == (2, "re-fetch", published)
        assert "arson" in article.text
        assert "arson" not in rows(app, RevisionRow)[0].text
        assert [row.revision for row in rows(app, PageRow)] == [1, 2]
        (_, newer) = app.rooms.store.read_now(pages.pages_of, article.id)
        assert b"arson" in app.rooms.store.read_now(pages.body_of, newer.sha256)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("short", "shorter"),
        ("other", "elsewhere"),
        ("empty", "no text"),
        (Response(500), "failed"),
        (Response(403), "failed"),
        (Response(200, {"Content-Type": "application/pdf"}, b"%PDF-"), "failed"),
    ],
)
async def test_nothing_destroys_the_text(clock: Any, site: Any, desk: Desk, rows: Rows, answer: Any, outcome: str) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await _publish(app, clock, site)
        before = rows(app, ArticleRow)[0].text
        made = {
            "short": site.page("Fire story", site.text("fire")[:1]),
            "other": site.page("Weather for tomorrow", site.text("weather")),
            "empty": Response(200, {"Content-Type": "text/html"}, b"<html><body></body></html>"),
        }
        site.pages["/fire"] = made.get(answer, answer) if isinstance(answer, str) else answer
        await _pass(app, clock)
        (article,) = rows(app, ArticleRow)
        assert (article.text, article.revision, article.withdrawn_at) == (before, 1, None)
        assert [row.outcome for row in rows(app, VisitRow)] == [outcome]


async def test_a_page_with_a_headline_of_its_own_is_not_edited_by_that(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    """The feed calls it "Fire story", the page has called it otherwise all along."""

    def page(*more: str) -> Response:
        made = site.page("A", [*site.text("fire"), "Still sorrelwood.", *more])
        body = made.body.replace(b"<h1>A</h1>", b"").replace(b"<title>A<", b"<title>Blaze in the old harbour<")
        return Response(200, {"Content-Type": "text/html; charset=utf-8"}, body)

    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood")
        site.pages["/fire"] = page()
        await _pass(app, clock)
        title = rows(app, ArticleRow)[0].title
        site.pages["/fire"] = replace(page(), body=page().body + b"<!-- built anew -->")
        await _pass(app, clock)
        site.pages["/fire"] = page("It was arson after all.")
        await _pass(app, clock)
        assert [row.outcome for row in rows(app, VisitRow)] == ["same text", "revised"]
        assert (title, rows(app, ArticleRow)[0].title) == ("Fire story", "Fire story")


async def test_a_withdrawn_article_keeps_its_text_and_says_since_when(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await _publish(app, clock, site)
        page, site.pages["/fire"] = site.pages["/fire"], Response(410)
        await _pass(app, clock)
        (article,) = rows(app, ArticleRow)
        assert (article.withdrawn_at, article.withdrawn) == (clock.at, "410 Gone")
        assert "sorrelwood" in article.text
        assert app.rooms.store.read_now(maintenance.stats).withdrawn == 1
        site.pages["/fire"] = page
        await _pass(app, clock)
        (article,) = rows(app, ArticleRow)
        assert (article.withdrawn_at, article.withdrawn, article.revision) == (None, "", 1)


async def test_a_host_has_a_budget_and_is_left_alone_when_it_asks_for_it(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    settings = replace(EVERY_HOUR, recheck_others=(HOUR, 30 * HOUR), recheck_per_host=3)
    async with open_app(desk(site.source(), articles=settings), clock=clock) as app:
        await app.settle()
        for number in range(5):
            site.publish(f"number-{number}")
        await _pass(app, clock)
        await _pass(app, clock)
        await _pass(app, clock)
        assert len(rows(app, VisitRow)) == 3
        await _pass(app, clock, 24)
        assert len(rows(app, VisitRow)) == 5


async def test_robots_keep_us_from_asking_again(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=replace(EVERY_HOUR, recheck=(30 * HOUR,))), clock=clock) as app:
        await _publish(app, clock, site)
        site.pages["/robots.txt"] = Response(200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /\n")
        await _pass(app, clock, 30)
        assert [(row.outcome, row.detail.partition(":")[0]) for row in rows(app, VisitRow)] == [("failed", "robots")]
        assert site.paths().count("/fire") == 1


async def test_pages_can_be_kept_no_longer_than_the_extraction(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    config = desk(site.source(), articles=EVERY_HOUR, archive=ArchiveSettings(pages=timedelta()))
    async with open_app(config, clock=clock) as app:
        await _publish(app, clock, site)
        _edit(site, "fire", "It was arson after all.")
        await _pass(app, clock)
        assert rows(app, PageRow) == []
        assert rows(app, ArticleRow)[0].revision == 2


async def test_what_stood_there_before_our_time_is_not_asked_for_again(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        site.publish("fire", "sorrelwood")
        await app.settle()
        assert len(rows(app, PageRow)) == 1
        assert rows(app, RecheckRow) == []


# ---------------------------------------------------------------- what rules make of an edit


async def test_a_rule_that_matches_only_since_an_edit_alerts_and_says_so(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay, articles=EVERY_HOUR), clock=clock) as app:
        await _publish(app, clock, site)
        assert relay.mails == []
        _edit(site, "fire", "It was the quillback.")
        await _pass(app, clock)
        await _pass(app, clock, 0.1)
        assert [(row.rule_id, row.by_edit) for row in rows(app, MatchRow)] == [(2, False), (1, True)]
        (mail,) = relay.texts("ana@example.org")
        assert "Changed after publication: found only since." in " ".join(mail.split())


async def test_a_rule_that_watches_edits_tells_of_headline_names_and_words_that_went(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    rules = (
        RuleSpec("watch", "Watch", "sorrelwood", Lane.NOW, watch_edits=True),
        RuleSpec("calm", "Calm", "sorrelwood", watch_edits=True),
        RuleSpec("plain", "Plain", "sorrelwood", Lane.NOW),
    )
    config = desk(site.source(), relay=relay, rules=rules, articles=EVERY_HOUR)
    config = replace(config, entities=(Entity("lind", "Oban Lind", ("Lind", "O. Lind")),))
    async with open_app(config, clock=clock) as app:
        await _publish(app, clock, site)
        await _pass(app, clock, 0.1)
        assert len(relay.mails) == 1
        _edit(site, "fire", "Minister Lind said nothing.", title="Fire story grows")
        await _pass(app, clock, 0.9)
        await _pass(app, clock, 0.1)
        mail = " ".join(relay.texts("ana@example.org")[1].split())
        assert "Changed after publication: the headline was “Fire story”; Oban Lind was added." in mail
        assert [(row.rule_id, row.state) for row in rows(app, EditRow)] == [(1, "sent"), (2, "noted")]
        site.pages["/fire"] = site.page("Fire story grows", [*site.text("fire"), "Nothing is known."])
        await _pass(app, clock, 0.9)
        await _pass(app, clock, 0.1)
        mail = " ".join(relay.texts("ana@example.org")[2].split())
        assert "Oban Lind was taken out; the rule finds it no more." in mail
        assert all(row.lapsed_at for row in rows(app, MatchRow))
        assert (len(rows(app, AlertRow)), len(relay.mails)) == (2, 3)


async def test_a_page_that_comes_late_is_no_edit(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), articles=EVERY_HOUR), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood", on_page="quillback")
        page, site.pages["/fire"] = site.pages["/fire"], Response(503)
        await _pass(app, clock)
        site.pages["/fire"] = page
        await _pass(app, clock, 0.2)
        assert rows(app, ArticleRow)[0].revision_reason == "page came"
        assert [row.by_edit for row in rows(app, MatchRow)] == [False, False]
        assert rows(app, RecheckRow)[0].due_at is not None
