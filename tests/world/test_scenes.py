"""Scenes of politeness, each with a few outlets and days that pass in a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from aggregator.app import App, key_of, open_app
from aggregator.config.settings import Config, FetchSettings, PollSettings, Settings, StoreSettings, WorkerSettings
from aggregator.errors import NotFound
from aggregator.model.page import FailureKind, FetchFailed
from aggregator.model.source import SourceSpec, Trust
from aggregator.pipeline.encounter import heard
from aggregator.store import moves, sources
from aggregator.store.codec import HISTORY
from aggregator.store.tables import EntryRow, FetchRow, GapRow, HostRow, MoveRow, SourceRow
from tests.world.cast import during
from tests.world.clock import SteppedClock
from tests.world.network import World
from tests.world.outlet import DAY, HOUR, Answer, Behaviour, Outlet, rhythm

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Scene:
    """A running service in a small world."""

    app: App
    clock: SteppedClock
    world: World

    async def until(self, end: datetime, step: timedelta = 5 * MINUTE) -> None:
        """Let time pass, polling."""
        while self.clock.at < end:
            await self.app.ticks.poll()
            await self.app.ticks.runner.idle()
            self.clock.at += step
        assert self.app.failures == 0

    def rows(self, table: type[Any]) -> list[Any]:
        return self.app.rooms.store.read_now(lambda session: list(session.exec(select(table)).all()))

    def source(self, slug: str) -> SourceRow:
        found = {row.slug: row for row in self.rows(SourceRow)}
        row = found[slug]
        assert isinstance(row, SourceRow)
        return row


Play = Callable[..., Any]


def outlet(
    name: str, *, host: str = "", per_hour: int = 1, window: int = 20, before: Behaviour | None = None, **values: Any
) -> Outlet:
    """Publishes on the half hour, ``per_hour`` times an hour evenly, from a day before the start for a fortnight."""
    apart = HOUR / per_hour
    published = [START - DAY + apart * place + MINUTE for place in range(15 * 24 * per_hour)]
    return Outlet(name, host or f"{name}.test", published, window, "scene", HOUR, json=True, before=before, **values)


@pytest.fixture
def play(tmp_path: Path) -> Play:
    @asynccontextmanager
    async def make(
        outlets: Sequence[Outlet], *, sites: tuple[str, ...] = (), more: tuple[SourceSpec, ...] = (), **spec: Any
    ) -> AsyncIterator[Scene]:
        clock = SteppedClock(START)
        world = World(clock, list(outlets))
        settings = Settings(
            store=StoreSettings(f"sqlite:///{tmp_path}/scene.db"),
            fetch=FetchSettings(contact_url="https://example.org/bot", sites=sites),
            poll=PollSettings(websub=False),
            workers=WorkerSettings(processes=1),
        )
        specs = tuple(SourceSpec(one.name, one.url, fetch_pages=False, **spec) for one in outlets)
        async with open_app(Config(settings, (*specs, *more)), clock=clock, network=world) as app:
            yield Scene(app, clock, world)

    return make


async def test_s1_a_304_brings_news_of_how_long_it_may_be_kept(play: Play) -> None:
    feed = outlet("kept")
    async with play([feed], interval=HOUR / 2) as scene:
        await scene.until(START + HOUR / 2)
        feed.asks, feed.asked = (("cache-control", "max-age=7200"),), 2 * HOUR
        feed.published = [at for at in feed.published if at < START]
        await scene.until(START + 12 * HOUR)
        times = [visit.at for visit in feed.visits if visit.status == 304]
        assert all(later - earlier >= 2 * HOUR for earlier, later in pairwise(times))
        assert len(times) in (4, 5, 6)
        assert not any(visit.early for visit in feed.visits)


async def test_s11_a_429_speaks_for_the_host_and_a_503_for_its_address(play: Play) -> None:
    busy = during(START + HOUR, START + HOUR + 20 * MINUTE, Answer(429, (("retry-after", "7200"),)))
    rest = during(START + HOUR, START + HOUR + 20 * MINUTE, Answer(503, (("retry-after", "7200"),)))
    feeds = [outlet("a1", host="a.test", before=busy), outlet("a2", host="a.test"), outlet("b1", host="b.test", before=rest),
             outlet("b2", host="b.test"), outlet("c1")]  # fmt: skip
    async with play(feeds, interval=20 * MINUTE) as scene:
        await scene.until(START + 4 * HOUR)
        told = next(visit.at for visit in feeds[0].visits if visit.status == 429)
        quiet = [visit.at for visit in feeds[1].visits if told < visit.at < told + 2 * HOUR]
        assert quiet == [], "the other feed of the host rests, too"
        for place in (3, 4):
            assert sum(told < visit.at < told + 2 * HOUR for visit in feeds[place].visits) >= 4, "and nobody else does"
        assert sum(visit.status == 503 for visit in feeds[2].visits) == 1
        assert [row.throttles for row in scene.rows(HostRow)] == [0], "it answers again, and the next time counts from one"
        assert not any(visit.early for feed in feeds for visit in feed.visits)


async def test_s11_a_site_counts_as_one_host_where_the_operator_says_so(play: Play) -> None:
    busy = during(START + HOUR, START + HOUR + 20 * MINUTE, Answer(429, (("retry-after", "7200"),)))
    feeds = [outlet("one", host="one.site.test", before=busy), outlet("two", host="two.site.test")]
    async with play(feeds, sites=("site.test",), interval=20 * MINUTE) as scene:
        await scene.until(START + 3 * HOUR)
        told = next(visit.at for visit in feeds[0].visits if visit.status == 429)
        assert not any(told < visit.at < told + 2 * HOUR for visit in feeds[1].visits)


async def test_s12_a_burst_of_403_is_a_throttle_and_no_set_of_dead_feeds(play: Play) -> None:
    angry = during(START + 2 * HOUR, START + 3 * HOUR, Answer(403))
    feeds = [outlet(f"r{place}", host="r.test", before=angry) for place in range(6)]
    async with play(feeds, interval=HOUR) as scene:
        await scene.until(START + 2 * HOUR)
        now = scene.clock.at
        await scene.app.rooms.store.write(_make_due, now)
        await scene.until(START + 2 * HOUR + 10 * MINUTE)
        refused = [visit for feed in feeds for visit in feed.visits if visit.status == 403]
        assert len(refused) == 5, "the sixth is spared"
        assert {row.trouble for row in scene.rows(SourceRow)} == {""}
        assert {row.failures for row in scene.rows(SourceRow)} == {0}
        await scene.until(START + 5 * HOUR)
        assert all(feed.visits[-1].status in (200, 304) for feed in feeds)


def _make_due(session: Session, now: datetime) -> None:
    for row in session.exec(select(SourceRow)).all():
        row.next_poll_at = now


async def test_s9_pages_tell_of_an_outage_as_polls_do(play: Play) -> None:
    feeds = [outlet(f"s{place}") for place in range(5)]
    async with play(feeds, interval=HOUR) as scene:
        await scene.until(START + 5 * MINUTE)
        scene.world.unplugged.append((START + HOUR / 2, START + 3 * HOUR))
        await scene.until(START + 80 * MINUTE)
        rooms, now = scene.app.rooms, scene.clock.at
        assert {row.failures for row in scene.rows(SourceRow)} == {1}
        assert not rooms.line.down, "five hosts prove nothing"
        for place in range(5):
            await heard(rooms, f"page{place}.test", FetchFailed("http://page.test/", FailureKind.TIMEOUT, "", now))
        assert rooms.line.down, "ten do"
        assert {row.failures for row in scene.rows(SourceRow)} == {0}, "and the polls are forgiven"
        await heard(rooms, "page9.test", FetchFailed("http://10.0.0.1/", FailureKind.BLOCKED, "", now))
        assert rooms.line.down, "what our guard refuses has told us nothing"
        await heard(rooms, "page9.test", FetchFailed("http://page9.test/", FailureKind.HTTP, "404", now, 404))
        assert not rooms.line.down, "whoever answers, whatever he says, ends it"


async def test_s3_a_server_that_lies_with_304_loses_us_nothing_for_longer_than_a_day(play: Play) -> None:
    def lies(_: Outlet, now: datetime, headers: dict[str, str]) -> Answer | None:
        return Answer(304) if now >= START + HOUR and "if-none-match" in headers else None

    feed = outlet("liar", window=60, before=lies)
    async with play([feed]) as scene:
        await scene.until(START + 3 * DAY)
        keys = {row.key: row.first_seen_at for row in scene.rows(EntryRow)}
        late = [keys[feed.key(number)] - at for number, at in enumerate(feed.published) if START < at < START + 2.5 * DAY]
        assert max(late) < 1.3 * DAY
        assert HISTORY.load_text(scene.source("liar").history).trust is Trust.LYING
        convicted = [visit for visit in feed.visits if visit.at > START + 1.5 * DAY]
        assert not any(visit.conditional for visit in convicted)
        assert min(b.at - a.at for a, b in pairwise(convicted)) >= HOUR
        assert scene.rows(GapRow) == []


async def test_s6_a_move_can_be_undone_and_is_not_believed_again(play: Play) -> None:
    moving, stranger, other = outlet("moving"), outlet("stranger"), outlet("other")
    async with play([moving, stranger, other]) as scene:
        await scene.until(START + 2 * HOUR)
        scene.world.lead(moving, 308, "http://moved.test/moving.xml")
        scene.world.redirects[stranger.url] = (stranger, 301, other.url)
        await scene.until(START + 8 * DAY, step=20 * MINUTE)
        assert scene.source("moving").moved_to == "http://moved.test/moving.xml"
        assert moving.visits[-1].status != 308, "the new address is asked at once"
        assert scene.source("stranger").moved_to is None, "what stands there is not the old feed"
        store, key = scene.app.rooms.store, key_of(scene.app.rooms.active.config)
        undone = await store.write(moves.undo_move, "moving", scene.clock.at, key)
        assert (undone.from_url, undone.to_url) == (moving.url, "http://moved.test/moving.xml")
        with pytest.raises(NotFound):
            await store.write(moves.undo_move, "moving", scene.clock.at, key)
        await scene.until(START + 16 * DAY, step=HOUR)
        assert scene.source("moving").moved_to is None
        assert moving.visits[-2].status == 308
        (row,) = scene.rows(MoveRow)
        assert row.undone_at is not None


async def test_s6_a_feed_without_validators_moves_as_well(play: Play) -> None:
    feed = outlet("bare", validators=False)
    feed.published = [at for at in feed.published if at < START + HOUR]
    async with play([feed], interval=3 * HOUR) as scene:
        await scene.until(START + 2 * HOUR)
        scene.world.lead(feed, 301, "http://moved.test/bare.xml")
        await scene.until(START + 8 * DAY, step=20 * MINUTE)
        assert scene.source("bare").moved_to == "http://moved.test/bare.xml", "the same body again is an answer, too"


async def test_s6_a_target_that_another_source_has_merges_the_two(play: Play) -> None:
    feed = outlet("twin")
    copy = SourceSpec("copy", "http://moved.test/twin.xml", fetch_pages=False)
    async with play([feed], more=(copy,)) as scene:
        await scene.until(START + 2 * HOUR)
        scene.world.lead(feed, 301, copy.url)
        await scene.until(START + 8 * DAY, step=20 * MINUTE)
        assert scene.source("twin").merged_into == scene.source("copy").id
        seen = sum(visit.status == 301 for visit in feed.visits)
        await scene.until(START + 9 * DAY, step=20 * MINUTE)
        assert sum(visit.status == 301 for visit in feed.visits) == seen, "the one that is merged rests"
        await scene.app.rooms.store.write(moves.undo_move, "twin", scene.clock.at, key_of(scene.app.rooms.active.config))
        await scene.until(START + 9.5 * DAY, step=20 * MINUTE)
        assert sum(visit.status == 301 for visit in feed.visits) > seen, "and polls again when that is undone"


async def test_t6_a_clock_that_is_set_neither_bursts_nor_stops(play: Play) -> None:
    feeds = [outlet(f"f{place}") for place in range(40)]
    async with play(feeds, interval=HOUR) as scene:
        await scene.until(START + 4 * HOUR)
        for jump in (3 * HOUR, -3 * HOUR):
            scene.clock.wrong += jump
            before = {feed.name: len(feed.visits) for feed in feeds}
            here = scene.clock.at
            await scene.until(here + 90 * MINUTE, step=MINUTE)
            after = {feed.name: len(feed.visits) - before[feed.name] for feed in feeds}
            assert set(after.values()) <= {1, 2, 3}, "everybody has his turn, and nobody a burst"
            minutes = [int((visit.at - here) / MINUTE) for feed in feeds for visit in feed.visits if visit.at >= here]
            assert max(map(minutes.count, set(minutes))) <= 8, "and not all at once"
        asleep = scene.clock.at
        scene.clock.at += 8 * HOUR
        await scene.until(asleep + 9 * HOUR + 10 * MINUTE, step=MINUTE)
        woken = [[visit for visit in feed.visits if visit.at > asleep + 8 * HOUR] for feed in feeds]
        assert {len(visits) for visits in woken} <= {1, 2}
        assert sum(len(visits) == 1 for visits in woken) > 20, "one poll, whatever was missed"


async def test_r3_a_refresh_is_one_request_and_then_a_message(play: Play) -> None:
    feed = outlet("asked")
    async with play([feed], interval=6 * HOUR) as scene:
        await scene.until(START + HOUR)
        seen = len(feed.visits)
        refresh = scene.app.rooms.store.write
        assert await refresh(sources.refresh, "asked", scene.clock.at, 5 * MINUTE, force=True) is None
        await scene.until(scene.clock.at + MINUTE, step=MINUTE)
        later = await refresh(sources.refresh, "asked", scene.clock.at, 5 * MINUTE, force=False)
        assert later is not None
        assert later > scene.clock.at
        await scene.until(scene.clock.at + 5 * MINUTE, step=MINUTE)
        forced = feed.visits[seen:]
        assert [(visit.conditional, visit.status) for visit in forced] == [(False, 200)]
        assert await refresh(sources.refresh, "asked", scene.clock.at, 5 * MINUTE, force=False) is None
        await scene.until(scene.clock.at + MINUTE, step=MINUTE)
        assert feed.visits[-1].conditional, "the next one is conditional again"
        assert HISTORY.load_text(scene.source("asked").history).trust is not Trust.LYING


async def test_r10_a_due_feed_costs_one_request(play: Play) -> None:
    feeds = [outlet(f"n{place}") for place in range(60)]
    async with play(feeds) as scene:
        await scene.until(START + 66 * MINUTE, step=MINUTE)
        asked = sum(map(len, scene.world.starts.values()))
        assert asked == len(scene.rows(FetchRow)) == sum(len(feed.visits) for feed in feeds)
        assert {visit.path for feed in feeds for visit in feed.visits} == {feed.path for feed in feeds}


async def test_a_gap_is_recorded_and_makes_us_come_sooner(play: Play) -> None:
    feed = outlet("fast", window=10)
    storm = [START + 6 * HOUR + timedelta(seconds=30 * place) for place in range(100)]
    feed.published = sorted([*feed.published, *storm])
    async with play([feed]) as scene:
        await scene.until(START + 6 * HOUR)
        before = HISTORY.load_text(scene.source("fast").history)
        await scene.until(START + 8 * HOUR)
        (gap, *_) = scene.rows(GapRow)
        assert START + 5 * HOUR <= gap.published_after < gap.published_before <= START + 7 * HOUR
        assert 10 <= gap.estimate <= 200
        after = HISTORY.load_text(scene.source("fast").history)
        assert after.wait is not None
        assert before.wait is not None
        assert after.wait < before.wait


def test_rhythms_are_what_they_say() -> None:
    import random

    instants = rhythm(random.Random(1), START, START + 10 * DAY, 24.0)
    assert 15 <= len([at for at in instants if at >= START]) / 10 <= 30
    assert replace(Answer(), status=304).status == 304
