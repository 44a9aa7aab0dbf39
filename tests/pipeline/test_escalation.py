"""Alerts that want an answer, quiet hours, snoozes and growth, through the whole product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, Priority, RuleSpec
from aggregator.store import notices, snoozes
from aggregator.store.tables import AlertRow, ArticleRow, DigestItemRow, MatchRow, NoticeRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

ALARM = RuleSpec(
    "quill", "Quillback", "quillback", Lane.NOW, priority=Priority.HIGH, escalate=("ana", "eva", "zoe"),
    escalate_after=timedelta(minutes=10),
)  # fmt: skip
PEOPLE = (
    Recipient("ana", "ana@example.org"),
    Recipient("ben", "ben@example.org"),
    Recipient("eva", "eva@example.org", rules=("none",)),
    Recipient("zoe", "zoe@example.org", rules=("none",), language="de"),
)


async def _pass(app: App, clock: Any, by: timedelta = MINUTE) -> None:
    clock.at += by
    await app.settle()


def _to(relay: Any) -> list[str]:
    return [to.partition("@")[0] for to, _ in relay.mails]


async def test_what_nobody_acknowledges_goes_to_the_next_reader_once_and_then_to_the_last(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay, rules=[ALARM], people=PEOPLE), clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        assert sorted(_to(relay)) == ["ana", "ben"]
        await _pass(app, clock, 9 * MINUTE)
        assert len(relay.mails) == 2
        await _pass(app, clock)
        assert _to(relay)[2:] == ["eva"], "ana is of the chain, and knows; eva has it once, though two did not answer"
        (text,) = relay.texts("eva@example.org")
        assert "URGENT Quillback: Fire story" in text
        assert "“ana” has not acknowledged this." in text
        await _pass(app, clock, 10 * MINUTE)
        await _pass(app, clock, HOUR)
        assert _to(relay)[3:] == ["zoe"]
        kinds = [(row.kind, row.step, row.escalated) for row in rows(app, NoticeRow)]
        assert kinds == [("alert", 0, "eva"), ("alert", 0, "eva"), ("escalation", 2, "zoe"), ("escalation", 3, "")]


async def test_who_acknowledges_ends_it_for_all(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay, rules=[ALARM], people=PEOPLE), clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        ben = next(row.id for row in rows(app, NoticeRow) if row.recipient_id == 2)
        store = app.rooms.store
        assert store.write_now(notices.acknowledge, ben, "ben", clock.now()).acknowledged_by == "ben"
        assert store.write_now(notices.acknowledge, ben, "somebody else", clock.now()).acknowledged_by == "ben"
        await _pass(app, clock, HOUR)
        await _pass(app, clock, HOUR)
        assert sorted(_to(relay)) == ["ana", "ben"]
        line, told = store.read_now(notices.show, ben)
        assert (line.rule, line.told, line.delivery, [each.title for each in told]) == ("quill", 1, "sent", ["Fire story"])


async def test_a_story_that_is_snoozed_stays_in_the_digest_only(
    clock: Any, make_site: Callable[[], Any], relay: Any, desk: Desk, rows: Rows
) -> None:
    wire, paper = make_site(), make_site()
    async with open_app(desk(wire.source("wire"), paper.source("paper"), relay=relay), clock=clock) as app:
        await app.settle()
        wire.publish("flood", "sorrelwood")
        await _pass(app, clock, HOUR)
        (story,) = {row.story_id for row in rows(app, ArticleRow)}
        store = app.rooms.store
        line = store.write_now(snoozes.snooze, story, clock.now() + 24 * HOUR, clock.now(), recipient="ana")
        copy = paper.publish("copy", "quillback", page=False)
        copy.title, copy.summary = "Flood story", f"{wire.text('flood')[0]} quillback"
        paper.pages["/copy"] = paper.page(copy.title, [f"{wire.text('flood')[0]} quillback", *wire.text("flood")[1:]])
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        assert {row.story_id for row in rows(app, ArticleRow)} == {story}
        (alert,) = rows(app, AlertRow)
        assert (alert.state, alert.why, relay.mails) == ("suppressed", "snoozed", [])
        assert {row.match_id for row in rows(app, DigestItemRow)} == {row.id for row in rows(app, MatchRow)}
        assert store.write_now(snoozes.undo, line.id, clock.now()).story == story
        assert store.read_now(snoozes.listing, clock.now()) == []


@pytest.mark.parametrize("high", [False, True])
async def test_quiet_hours_hold_what_comes_and_one_mail_tells_it_at_their_end(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows, high: bool
) -> None:
    rule = replace(ALARM, escalate=(), priority=Priority.HIGH if high else Priority.NORMAL)
    ana = Recipient("ana", "ana@example.org", timezone="Asia/Tehran", digest_at=time(23), quiet=(time(3), time(8)))
    async with open_app(desk(site.source(), relay=relay, rules=[rule], people=[ana]), clock=clock) as app:
        await app.settle()
        for name in ("fire", "storm", "hail"):
            site.publish(name, "quillback")
            await _pass(app, clock, HOUR)
            await _pass(app, clock)
        assert len(relay.mails) == (3 if high else 0)
        assert {row.why for row in rows(app, AlertRow)} == {"" if high else "quiet hours"}
        clock.at = clock.at.replace(hour=4, minute=30)
        await app.settle()
        assert len(relay.mails) == (3 if high else 1)
        assert {row.state for row in rows(app, AlertRow)} == {"sent"}


async def test_the_hourly_lane_is_one_mail_at_the_full_hour(
    clock: Any, make_site: Callable[[], Any], relay: Any, desk: Desk
) -> None:
    sites: Sequence[Any] = [make_site(), make_site()]
    sources = [each.source(f"site-{place}", interval=10 * MINUTE) for place, each in enumerate(sites)]
    rules = [replace(ALARM, escalate=(), lane=Lane.HOURLY, priority=Priority.NORMAL)]
    async with open_app(desk(*sources, relay=relay, rules=rules), clock=clock) as app:
        await app.settle()
        await _pass(app, clock, 5 * MINUTE)
        sites[0].publish("fire", "quillback")
        await _pass(app, clock, 15 * MINUTE)
        sites[1].publish("hail", "quillback")
        await _pass(app, clock, 30 * MINUTE)
        assert relay.mails == []
        await _pass(app, clock, 10 * MINUTE)
        (text,) = relay.texts("ana@example.org")
        assert ("Fire story" in text, "Hail story" in text) == (True, True)


async def test_a_source_that_gives_its_archive_is_no_news(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await app.settle()
        site.publish("old", "quillback").date = "Mon, 16 Mar 2026 10:00:00 GMT"
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        assert [(row.state, row.why) for row in rows(app, AlertRow)] == [("suppressed", "back-fill")]
        assert relay.mails == []
        assert len(rows(app, DigestItemRow)) == 1


async def test_a_new_rule_does_not_alert_for_what_only_an_edit_puts_before_it(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    config = desk(site.source(fetch_pages=False), relay=relay)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        item = site.publish("fire", "longword")
        await _pass(app, clock, HOUR)
        clock.at += MINUTE
        await app.apply(replace(config, rules=(*config.rules, RuleSpec("new", "New", "longword", Lane.NOW))))
        item.summary += " more"
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        assert [(row.state, row.why) for row in rows(app, AlertRow)] == [("suppressed", "new rule")]
        item.summary += " quillback"
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        assert len(relay.mails) == 1, "what an edit makes a rule find is news"
