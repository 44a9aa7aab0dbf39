"""Polling: what is not fetched twice, what fails and mends, and what changes while a poll is under way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.fetch import host_key
from aggregator.model.source import SourceSpec
from aggregator.newsroom import Newsroom
from aggregator.newsroom.server import Manner, Response
from aggregator.pipeline.poll import LEASE, PollReport, fetch_sources
from aggregator.store import Store, registry, sources
from aggregator.store.tables import EntryRow, FetchRow, SourceRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)
XML = {"Content-Type": "application/rss+xml"}


async def _claim(app: App, clock: Any) -> list[int]:
    batches = await app.rooms.store.write(sources.claim_due, clock.at, 100, LEASE)
    return [id_ for batch in batches for id_ in batch]


async def _poll(app: App, clock: Any, later: timedelta = HOUR) -> PollReport:
    clock.at += later
    return await fetch_sources(app.rooms, await _claim(app, clock))


async def test_what_has_not_changed_is_neither_sent_nor_parsed(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        site.publish("fire")
        assert (await _poll(app, clock)).fetched == 1
        assert (await _poll(app, clock)) == PollReport(polled=1, unchanged=1)
        site.etags = True
        assert (await _poll(app, clock)) == PollReport(polled=1, unchanged=1), "new validators, the same bytes"
        assert (await _poll(app, clock)) == PollReport(polled=1, not_modified=1)
        site.publish("flood")
        assert (await _poll(app, clock)) == PollReport(polled=1, fetched=1, new_entries=1)
        outcomes = [(row.outcome, row.status, row.new_entries) for row in rows(app, FetchRow)]
        assert outcomes == [
            ("fetched", 200, 1),
            ("unchanged", 200, 0),
            ("unchanged", 200, 0),
            ("not_modified", 304, 0),
            ("fetched", 200, 1),
        ]
        assert [row.first_seen_at for row in rows(app, EntryRow)] == [clock.at - 4 * HOUR, clock.at]


async def test_validators_stay_with_the_address_they_came_from(
    clock: Any, make_site: Callable[[], Any], desk: Desk, rows: Rows
) -> None:
    old, new = make_site(), make_site()
    old.etags = new.etags = True
    config = desk(old.source())
    async with open_app(config, clock=clock) as app:
        await _poll(app, clock)
        await app.apply(replace(config, sources=(new.source(),)))
        assert (await _poll(app, clock, timedelta())).fetched == 1, "at once, not at the old one's next hour"
        assert "if-none-match" not in new.asked[0].headers


async def test_a_poll_under_way_while_the_address_changes_leaves_no_trace(
    clock: Any, make_site: Callable[[], Any], desk: Desk, rows: Rows
) -> None:
    old, new = make_site(), make_site()
    old.etags = new.etags = True
    config = desk(old.source())
    async with open_app(config, clock=clock) as app:
        old.publish("fire")
        changed = replace(config, sources=(new.source(),))
        old.meanwhile = lambda: app.rooms.store.write_now(registry.apply, changed, clock.at, host_key)
        await _poll(app, clock)
        (row,) = rows(app, SourceRow)
        assert (row.url, row.etag, row.body_sha256, row.baseline_at) == (new.url("/feed"), None, None, None)
        assert rows(app, EntryRow) == []
        new.publish("flood")
        assert (await _poll(app, clock, timedelta())).new_entries == 1
        assert "if-none-match" not in new.asked[0].headers


@pytest.mark.parametrize("in_flight", [False, True])
async def test_a_source_taken_away_while_leased_brings_nothing_and_holds_nobody_up(
    clock: Any, site: Any, desk: Desk, rows: Rows, in_flight: bool
) -> None:
    first, second = site.source("first"), site.source("second", "/feed?2")
    config = desk(first, second)
    async with open_app(config, clock=clock) as app:
        site.publish("fire")
        ids = await _claim(app, clock)
        without = replace(config, sources=(second,))
        if in_flight:
            site.meanwhile = lambda: app.rooms.store.write_now(registry.apply, without, clock.at, host_key)
        else:
            await app.apply(without)
        await fetch_sources(app.rooms, ids)
        assert {row.source_id for row in rows(app, EntryRow)} == {2}
        assert [(row.lease_token, row.removed_at is None) for row in rows(app, SourceRow)] == [(None, False), (None, True)]
        await app.apply(config)
        report = await _poll(app, clock)
        assert (report.polled, report.new_entries) == (2, 1), "and it may come back"


async def test_failures_are_kept_with_their_kind_and_wait_longer_until_one_success(
    clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(interval=timedelta(minutes=30))), clock=clock) as app:
        since = clock.at + HOUR
        failing = [
            (Response(500), "http"),
            (Response(404), "http"),
            (site.page("Hello", ["This is a page."]), "not_a_feed"),
            (Response(200, XML, b"<rss><channel>" * 100, Manner.HALF), "truncated"),
            (Response(200, XML | {"Content-Encoding": "br"}, b"???"), "encoding"),
            (Response(302, {"Location": "http://169.254.169.254/"}), "blocked"),
        ]
        waits: list[timedelta] = []
        for answer, kind in failing:
            site.feed = answer
            report = await _poll(app, clock, HOUR if not waits else waits[-1])
            assert [failure[1] for failure in report.failures] == [kind]
            (row,) = rows(app, SourceRow)
            assert (row.failure_kind, row.failures, row.failing_since) == (kind, len(waits) + 1, since)
            waits.append(row.next_poll_at - clock.at)
        # A soft failure counts half; a web page is looked at once more after an hour; the others double, up to eight hours.
        nominal = [timedelta(hours=count) for count in (0.5, 0.5 * 2**0.5, 1, 2, 4, 8)]
        assert all(0.9 * wait <= got <= 1.1 * wait for wait, got in zip(nominal, waits, strict=True)), waits
        site.feed = None
        assert (await _poll(app, clock, waits[-1])).fetched == 1
        (row,) = rows(app, SourceRow)
        assert (row.failures, row.failing_since, row.failure_kind, row.failure_detail) == (0, None, "", "")
        assert row.next_poll_at - clock.at < timedelta(minutes=34)


async def test_the_server_names_its_hour(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(interval=timedelta(minutes=1))), clock=clock) as app:
        site.feed = Response(429, {"Retry-After": "7200"})
        await _poll(app, clock)
        (row,) = rows(app, SourceRow)
        assert (row.allowed_at, row.trouble) == (clock.at + 2 * HOUR, "throttled")
        assert timedelta() <= row.next_poll_at - row.allowed_at <= timedelta(minutes=10), "not before, and not all at once"
        assert await _claim(app, clock) == []


async def test_a_304_from_another_end_of_the_redirect_is_not_believed(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        site.etags, site.moved = True, site.url("/feed/v1")
        site.publish("fire")
        await _poll(app, clock)
        assert (await _poll(app, clock)).not_modified == 1
        site.moved = site.url("/feed/v2")  # it has the same validators, as servers with counters or dates do
        await _poll(app, clock)
        assert rows(app, SourceRow)[0].etag is None
        assert (await _poll(app, clock)).fetched == 1
        assert rows(app, SourceRow)[0].final_url == site.url("/feed/v2")


async def test_feeds_are_asked_by_name_and_pages_without(clock: Any, desk: Desk) -> None:
    start = datetime(2026, 3, 19, tzinfo=UTC)
    newsroom = Newsroom.synthetic(2, 3, start=start, spacing=HOUR, seed=1, clock=clock.now)
    with newsroom:
        config = desk(*[SourceSpec(outlet.slug, outlet.feed_url) for outlet in newsroom.outlets])
        config = replace(
            config, settings=replace(config.settings, fetch=replace(config.settings.fetch, contact_url="https://m.example"))
        )
        async with open_app(config, clock=clock) as app:
            await app.settle()
        for slug, stats in newsroom.stats().items():
            feed, page = sorted(stats.user_agents, key=len, reverse=True)
            assert re.fullmatch(rf"aggregator/[\d.]+ \(\+https://m\.example; 2 subscribers; feed-id={slug}\)", feed), feed
            assert "subscribers" not in page
            assert (stats.by_kind["feed"], stats.by_kind["article"], stats.forbidden) == (1, 3, 0)


async def test_two_services_do_not_work_on_one_store(clock: Any, site: Any, desk: Desk) -> None:
    config = desk(site.source())
    async with open_app(config, clock=clock):
        with pytest.raises(Exception, match="another aggregator service runs on it"):
            async with open_app(config, clock=clock):
                pass
        with Store(config.settings.store.url) as beside:
            assert beside.read_now(sources.health)[0].slug == "site", "reading beside it is fine"
