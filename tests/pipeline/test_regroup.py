"""A text of which only the feed's summary was known is grouped anew when its page comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.newsroom.server import Response
from aggregator.store import stories
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
        assert [row.id for row in rows(app, TextGroupRow)] == [first.group_id], "the summary's group has gone"
        assert app.rooms.store.read_now(stories.dossier, old).line.story_id == first.story_id
        assert [row.state for row in rows(app, AlertRow)] == ["sent"]
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
        assert {row.id for row in rows(app, TextGroupRow)} == {row.group_id for row in rows(app, ArticleRow)}
        assert {row.group_id for row in rows(app, AlertRow)} == {row.group_id for row in rows(app, ArticleRow)}
        one.pages["/copy"] = two.pages["/other"]
        item = one.publish("copy", page=False)
        item.summary = two.text("other")[0]
        await _pass(app, clock)
        await _pass(app, clock, 0.1)
        third = rows(app, ArticleRow)[2]
        assert third.group_id == second.group_id
        assert len(relay.mails) == mails, "its text was alerted, when only the summary was known"


async def test_what_was_placed_by_hand_stays(clock: Any, pair: tuple[Any, Any], relay: Any, desk: Desk, rows: Rows) -> None:
    one, two = pair
    async with open_app(desk(one.source(), two.source("two"), relay=relay), clock=clock) as app:
        page = await _late(app, clock, rows, one, two)
        one.publish("third")
        await _pass(app, clock, 0.05)
        first, second = rows(app, ArticleRow)
        into = app.rooms.store.write_now(stories.merge, [first.story_id, second.story_id], datetime(2026, 3, 20, 3, tzinfo=UTC))
        two.pages["/other"] = page
        await _pass(app, clock)
        after = next(row for row in rows(app, ArticleRow) if row.id == second.id)
        assert (after.revision_reason, after.group_id, after.story_id) == ("page came", second.group_id, into)
        assert [row.merged_into for row in rows(app, StoryRow)][:2] == [None, into]
