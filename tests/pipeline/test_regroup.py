"""A text of which only the feed's summary was known is grouped anew when its page comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.newsroom.server import Response
from aggregator.store import corrections, storylines
from aggregator.store.tables import AlertRow, ArticleRow, StoryRow, TextGroupRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]


@pytest.fixture
def pair(make_site: Callable[[], Any]) -> tuple[Any, Any]:
    return make_site(), make_site()


async def _pass(app: App, clock: Any, hours: float = 1) -> None:
    clock.at += timedelta(hours=hours)
    await app.settle()


async def _late(app: App, clock: Any, rows: Rows, one: Any, two: Any) -> Any:
    """The second outlet's page is not to be had at first; the first outlet has its text already. Returns the page."""
    await app.settle()
    one.publish("fire", "quillback")
    await _pass(app, clock)
    item = two.publish("other", "quillback")
    two.pages["/other"], page = Response(503), one.pages["/fire"]
    item.summary = "A quillback was seen at the harbour, and nobody knows what it means for the town and its old quay."
    await _pass(app, clock)
    assert [row.text_origin for row in rows(app, ArticleRow)] == ["page", "feed"]
    return page


async def test_a_copy_is_found_by_its_full_text_and_nobody_is_alerted_again(
    clock: Any, pair: tuple[Any, Any], relay: Any, desk: Desk, rows: Rows
) -> None:
    one, two = pair
    config = desk(one.source(), two.source("two"), relay=relay)
    async with open_app(config, clock=clock) as app:
        two.pages["/other"] = await _late(app, clock, rows, one, two)
        apart = rows(app, ArticleRow)
        assert apart[0].group_id != apart[1].group_id
        await _pass(app, clock, 0.1)
        assert [row.state for row in rows(app, AlertRow)] == ["sent", "sent"], "two texts, as far as anybody knew"
        mails = len(relay.mails)
        old = apart[1].story_id
        await _pass(app, clock, 1)
        await _pass(app, clock, 0.1)
        first, second = rows(app, ArticleRow)
        assert second.revision_reason == "page came"
        assert (second.group_id, second.story_id) == (first.group_id, first.story_id)
        assert second.similarity > 0.9
        assert [row.merged_into for row in rows(app, TextGroupRow)] == [None, first.group_id], "the summary's group leads on"
        assert app.rooms.store.read_now(storylines.dossier, old).line.story_id == first.story_id
        told = [(row.id, row.state, row.story_id) for row in rows(app, AlertRow)]
        assert told == [(1, "sent", first.story_id), (2, "sent", old)], "what was sent stays on record"
        assert len(relay.mails) == mails


async def test_what_was_alone_and_stays_so_keeps_its_alert(
    clock: Any, pair: tuple[Any, Any], relay: Any, desk: Desk, rows: Rows
) -> None:
    one, two = pair
    async with open_app(desk(one.source(), two.source("two"), relay=relay), clock=clock) as app:
        await _late(app, clock, rows, one, two)
        await _pass(app, clock, 0.1)
        mails = len(relay.mails)
        two.pages["/other"] = two.page("Other story", [*two.text("other"), "The quillback again."])
        await _pass(app, clock)
        await _pass(app, clock, 0.1)
        second = rows(app, ArticleRow)[1]
        assert (second.revision_reason, len(relay.mails)) == ("page came", mails)
        groups = {row.id for row in rows(app, TextGroupRow) if row.merged_into is None}
        assert groups == {row.group_id for row in rows(app, ArticleRow)}
        one.pages["/copy"] = two.pages["/other"]
        item = one.publish("copy", page=False)
        item.summary = two.text("other")[0]
        await _pass(app, clock)
        await _pass(app, clock, 0.1)
        third = rows(app, ArticleRow)[2]
        assert third.group_id == second.group_id
        assert _alerts(rows(app, AlertRow)) == [("sent", ""), ("sent", ""), ("suppressed", "told")]
        assert len(relay.mails) == mails, "its text was alerted, when only the summary was known"


TEASER = "A quillback was seen at the harbour, and the whole story is for readers who subscribe to our letter."


async def _teasers(app: App, clock: Any, rows: Rows, one: Any, two: Any) -> list[tuple[Any, str]]:
    """Two outlets announce stories of their own in the same words, and neither page is to be had at first.

    Returns sites and paths, that of the first article first.
    """
    await app.settle()
    for site, name in ((one, "fire"), (two, "other")):
        site.publish(name, "quillback").summary = TEASER
        site.pages[f"/{name}"] = Response(503)
    await _pass(app, clock)
    await _pass(app, clock, 0.1)
    first, second = rows(app, ArticleRow)
    assert first.group_id == second.group_id
    assert [row.state for row in rows(app, AlertRow)] == ["sent", "sent"], "in one mail"
    pages = {one.url("/fire"): (one, "/fire"), two.url("/other"): (two, "/other")}
    return [pages[first.url], pages[second.url]]


async def test_what_leaves_its_copies_when_its_page_comes_was_told_and_its_copies_stay_quiet(
    clock: Any, pair: tuple[Any, Any], make_site: Callable[[], Any], relay: Any, desk: Desk, rows: Rows
) -> None:
    (one, two), three = pair, make_site()
    config = desk(one.source(), two.source("two"), three.source("three"), relay=relay)
    async with open_app(config, clock=clock) as app:
        (site, path), _ = await _teasers(app, clock, rows, one, two)
        mails, old = len(relay.mails), rows(app, ArticleRow)[0].group_id
        site.pages[path] = three.pages["/copy"] = one.page("Whole story", [*one.text("whole"), "The quillback again."])
        await _pass(app, clock)
        await _pass(app, clock, 0.1)
        first, second = rows(app, ArticleRow)
        assert (first.revision_reason, second.group_id) == ("page came", old)
        assert first.group_id != old
        three.publish("copy", page=False).summary = one.text("whole")[0]
        await _pass(app, clock)
        await _pass(app, clock, 0.1)
        assert rows(app, ArticleRow)[2].group_id == first.group_id
        assert _alerts(rows(app, AlertRow)) == [("sent", ""), ("sent", ""), ("suppressed", "told")]
        assert len(relay.mails) == mails


def _alerts(rows: list[AlertRow]) -> list[tuple[str, str]]:
    return [(row.state, row.why) for row in rows]


async def test_what_a_hand_took_apart_stays_apart_when_both_pages_come_and_say_the_same(
    clock: Any, pair: tuple[Any, Any], make_site: Callable[[], Any], relay: Any, desk: Desk, rows: Rows
) -> None:
    (one, two), three = pair, make_site()
    config = desk(one.source(), two.source("two"), three.source("three"), relay=relay)
    async with open_app(config, clock=clock) as app:
        pages = await _teasers(app, clock, rows, one, two)
        app.rooms.store.write_now(corrections.take_out, [rows(app, ArticleRow)[1].id], datetime(2026, 3, 20, 3, tzinfo=UTC))
        mine = rows(app, ArticleRow)[1].group_id
        three.pages["/copy"] = one.page("Whole story", [*one.text("whole"), "The quillback again."])
        for site, path in reversed(pages):  # when the other one comes, what was taken out has this text already
            site.pages[path] = three.pages["/copy"]
            await _pass(app, clock, 6)
        first, second = rows(app, ArticleRow)
        assert {first.revision_reason, second.revision_reason} == {"page came"}
        assert first.text_hash == second.text_hash
        assert second.group_id == mine != first.group_id
        mails = len(relay.mails)
        three.publish("copy", page=False).summary = one.text("whole")[0]
        await _pass(app, clock)
        await _pass(app, clock, 0.1)
        assert rows(app, ArticleRow)[2].group_id == mine, "of two alike, the one that was taken out"
        assert _alerts(rows(app, AlertRow)) == [("sent", ""), ("sent", ""), ("suppressed", "told")]
        assert len(relay.mails) == mails


async def test_what_was_placed_by_hand_stays(clock: Any, pair: tuple[Any, Any], relay: Any, desk: Desk, rows: Rows) -> None:
    one, two = pair
    async with open_app(desk(one.source(), two.source("two"), relay=relay), clock=clock) as app:
        page = await _late(app, clock, rows, one, two)
        one.publish("third")
        await _pass(app, clock, 0.05)
        first, second = rows(app, ArticleRow)
        into = app.rooms.store.write_now(
            corrections.merge, [first.story_id, second.story_id], datetime(2026, 3, 20, 3, tzinfo=UTC)
        )
        two.pages["/other"] = page
        await _pass(app, clock)
        after = next(row for row in rows(app, ArticleRow) if row.id == second.id)
        assert (after.revision_reason, after.group_id, after.story_id) == ("page came", second.group_id, into)
        assert [row.merged_into for row in rows(app, StoryRow)][:2] == [None, into]
