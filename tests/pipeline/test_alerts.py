"""An urgent rule's alert: soon, once for a story, in company, and not for what was there before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, RuleSpec
from aggregator.store import readers
from aggregator.store.tables import AlertRow, ArticleRow, DeliveryRow, MatchRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)
WAIT = timedelta(seconds=20)


async def _poll(app: App, clock: Any) -> None:
    clock.at += HOUR
    await app.settle()


async def test_an_alert_is_out_within_a_minute_of_the_poll(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await app.settle()
        site.publish("fire", on_page="quillback")
        await _poll(app, clock)
        polled = clock.at
        while not relay.mails:
            clock.at += timedelta(seconds=5)
            await app.settle()
        assert clock.at - polled == WAIT
        (row,) = rows(app, DeliveryRow)
        assert row.sent_at - polled <= timedelta(minutes=1)
        assert "Fire story" in relay.texts("ana@example.org")[0]


async def test_two_stories_within_the_wait_are_one_mail_and_a_late_one_is_another(
    clock: Any, make_site: Callable[[], Any], relay: Any, desk: Desk
) -> None:
    left, right = make_site(), make_site()
    sources = [left.source("left", interval=timedelta(seconds=10)), right.source("right", interval=timedelta(seconds=10))]
    async with open_app(desk(*sources, relay=relay), clock=clock) as app:
        await app.settle()
        for step in range(60):
            clock.at += timedelta(seconds=1)
            if step == 10:
                left.publish("fire", "quillback")
            if step == 15:
                right.publish("flood", "quillback")
            if step == 50:
                left.publish("storm", "quillback")
            await app.settle()
        clock.at += WAIT
        await app.settle()
        first, second = relay.texts("ana@example.org")
        assert ("Fire story" in first, "Flood story" in first, "Storm story" in first) == (True, True, False)
        assert ("Fire story" in second, "Storm story" in second) == (False, True)


async def test_a_syndicated_copy_does_not_alert_again(
    clock: Any, make_site: Callable[[], Any], relay: Any, desk: Desk, rows: Rows
) -> None:
    wire, paper = make_site(), make_site()
    async with open_app(desk(wire.source("wire"), paper.source("paper"), relay=relay), clock=clock) as app:
        await app.settle()
        item = wire.publish("fire", "quillback")
        await _poll(app, clock)
        clock.at += WAIT
        await app.settle()
        copy = paper.publish("copy")
        text = wire.text("fire")
        copy.summary, copy.title = item.summary, item.title
        paper.pages["/copy"] = paper.page(item.title, [f"{text[0]} quillback", *text[1:], "From our wire service."])
        await _poll(app, clock)
        await _poll(app, clock)
        articles = rows(app, ArticleRow)
        assert (len(articles), len({row.group_id for row in articles}), len(rows(app, MatchRow))) == (2, 1, 2)
        assert [(row.state, row.why) for row in rows(app, AlertRow)] == [("sent", ""), ("suppressed", "told")]
        assert len(relay.texts("ana@example.org")) == 1


async def test_a_first_poll_alerts_nobody_and_says_why(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    site.feed = site.page("Maintenance", ["The feed comes back soon."])
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        for name in ("old", "older"):
            site.publish(name, "quillback")
        await app.settle()
        site.feed = None  # its first poll failed: the next is the first that tells what was there before
        await _poll(app, clock)
        await _poll(app, clock)
        assert {(row.state, row.why) for row in rows(app, AlertRow)} == {("suppressed", "first poll")}
        assert relay.mails == []
        site.publish("fire", "quillback")
        await _poll(app, clock)
        await _poll(app, clock)
        (text,) = relay.texts("ana@example.org")
        assert ("Fire story" in text, "Old" in text) == (True, False)


async def test_a_source_at_a_new_address_begins_anew(
    clock: Any, make_site: Callable[[], Any], relay: Any, desk: Desk, rows: Rows
) -> None:
    old, new = make_site(), make_site()
    config = desk(old.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        for name in ("here", "long before"):
            new.publish(name, "quillback")
        await app.apply(replace(config, sources=(new.source(),)))
        await _poll(app, clock)
        await _poll(app, clock)
        assert {row.state for row in rows(app, AlertRow)} == {"suppressed"}
        assert relay.mails == []


async def test_an_edit_alerts_only_for_the_rule_that_newly_matches(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    rules = [RuleSpec("quill", "Quillback", "quillback", Lane.NOW), RuleSpec("oak", "Sorrelwood", "sorrelwood", Lane.NOW)]
    async with open_app(desk(site.source(fetch_pages=False), relay=relay, rules=rules), clock=clock) as app:
        await app.settle()
        item = site.publish("fire", "quillback")
        await _poll(app, clock)
        await _poll(app, clock)
        item.summary += " sorrelwood"
        await _poll(app, clock)
        await _poll(app, clock)
        first, second = relay.texts("ana@example.org")
        assert ("Quillback" in first, "Sorrelwood" in first) == (True, False)
        assert ("Sorrelwood" in second, rows(app, ArticleRow)[0].revision) == (True, 2)


async def test_a_restart_between_match_and_alert_loses_nothing(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        clock.at += HOUR
        for tick in (app.ticks.poll, app.ticks.extract):
            await tick()
            await app.ticks.runner.idle()
        assert await app.ticks.match() == 1
    assert relay.mails == []
    clock.at += WAIT
    async with open_app(config, clock=clock) as app:
        await app.settle()
        assert "Fire story" in relay.texts("ana@example.org")[0]
        clock.at += HOUR
        await app.settle()
        assert len(relay.mails) == 1


async def test_a_rule_taken_away_between_match_and_alert_still_alerts(clock: Any, site: Any, relay: Any, desk: Desk) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        await _poll(app, clock)
        await app.apply(replace(config, rules=config.rules[1:]))
        await _poll(app, clock)
        assert "Fire story" in relay.texts("ana@example.org")[0]


async def test_each_reader_gets_the_rules_he_follows(clock: Any, site: Any, relay: Any, desk: Desk) -> None:
    people = [
        Recipient("ana", "ana@example.org"),
        Recipient("ben", "ben@example.org", rules=("oak*",)),
        Recipient("cyd", "cyd@example.org", alerts=False),
        Recipient("dan", "dan@example.org", enabled=False),
    ]
    async with open_app(desk(site.source(), relay=relay, people=people), clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        await _poll(app, clock)
        await _poll(app, clock)
        assert [to for to, _ in relay.mails] == ["ana@example.org"]


async def test_a_flood_of_matches_is_one_mail_and_all_are_accounted(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(fetch_pages=False), relay=relay), clock=clock) as app:
        await app.settle()
        for number in range(120):
            site.publish(f"item {number}", "quillback", page=False)
        await _poll(app, clock)
        await _poll(app, clock)
        assert {(row.state, row.why) for row in rows(app, AlertRow)} == {("suppressed", "storm")}
        (text,) = relay.texts("ana@example.org")
        assert "SPIKE Quillback: 120 articles" in text
        assert "stands in your next digest" in text
        clock.at = clock.at.replace(hour=7)
        await app.settle()
        assert "120 articles" in relay.texts("ana@example.org")[1]


async def test_who_wants_no_more_alerts_gets_none_and_his_digest_has_it(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await app.settle()
        await app.rooms.store.write(readers.stop_alerts, 1, "by link")
        site.publish("fire", on_page="quillback")
        await _poll(app, clock)
        clock.at += WAIT
        await app.settle()
        (event,) = rows(app, AlertRow)
        assert (event.state, "by link" in event.detail) == ("suppressed", True)
        assert relay.texts("ana@example.org") == []
        clock.at = (clock.at + timedelta(days=1)).replace(hour=7)
        await app.settle()
        (digest,) = relay.texts("ana@example.org")
        assert "Fire story" in digest
