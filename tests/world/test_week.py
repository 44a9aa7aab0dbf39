"""Seven simulated days, five hundred outlets: nobody is asked too early, what could be had is not lost, every loss is known."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import select

from aggregator.app import open_app
from aggregator.config.settings import Config, FetchSettings, PollSettings, Settings, StoreSettings, WorkerSettings
from aggregator.model.source import SourceSpec, Trouble, Trust
from aggregator.store import Store
from aggregator.store.codec import HISTORY
from aggregator.store.tables import EntryRow, FetchRow, GapRow, MoveRow, SourceRow
from tests.world.cast import Cast, make_cast
from tests.world.clock import SteppedClock
from tests.world.network import World
from tests.world.outlet import DAY, HOUR, Outlet

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 7.3
STEP = timedelta(minutes=5)
OUTAGE = (START + 5.125 * DAY, START + 5.125 * DAY + HOUR)
DOWNTIME = (START + 6 * DAY, START + 6 * DAY + 8 * HOUR)
LATE = timedelta(hours=1) + STEP
"""After a time without polls every source has its turn within an hour."""


@dataclass(frozen=True)
class Week:
    """What is left of it."""

    cast: Cast
    world: World
    sources: dict[str, SourceRow]
    stored: dict[str, set[str]]
    gaps: dict[str, list[GapRow]]
    moves: dict[str, list[MoveRow]]
    fetches: dict[str, list[Any]]
    """Of each whether it was early, by our own count."""
    offline: list[str]
    """The sources that were failing for want of an answer, two hours after the outage."""


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    before = structlog.get_config()
    # A week has much to tell. Nothing of this may stay for the tests that come after: they read the log.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR), cache_logger_on_first_use=False)
    try:
        return asyncio.run(_live(tmp_path_factory.mktemp("week")))
    finally:
        structlog.configure(**before)


async def _live(folder: Path) -> Week:
    clock = SteppedClock(START)
    cast = make_cast(START, DAYS)
    world = World(clock, cast.outlets)
    for outlet in cast.outlets:
        match outlet.kind:
            case "moved":
                world.lead(outlet, 301, f"http://new-{outlet.host}{outlet.path}")
            case "detour":
                world.lead(outlet, 302, f"http://other-{outlet.host}{outlet.path}")
            case "upgrade":
                world.lead(outlet, 301, f"https://{outlet.host}{outlet.path}")
            case _:
                pass
    world.unplugged.append(OUTAGE)
    settings = Settings(
        store=StoreSettings(f"sqlite:///{folder}/week.db"),
        fetch=FetchSettings(contact_url="https://example.org/bot"),
        poll=PollSettings(websub=False),
        workers=WorkerSettings(processes=2),
    )
    specs = tuple(SourceSpec(outlet.name, outlet.url, fetch_pages=False) for outlet in cast.outlets)
    config, offline = Config(settings, specs), ["not looked at"]
    for start, end in ((START, DOWNTIME[0]), (DOWNTIME[1], cast.end)):
        clock.at = start
        async with open_app(config, clock=clock, network=world) as app:
            while clock.at < end:
                await app.ticks.poll()
                await app.ticks.runner.idle()
                clock.at += STEP
                if clock.at - STEP < OUTAGE[1] + 2 * HOUR <= clock.at:
                    offline = [row.slug for row in app.rooms.store.read_now(_all(SourceRow)) if row.failure_kind == "dns"]
            assert app.failures == 0
    return _told(folder, cast, world, offline)


def _all(*what: Any) -> Any:
    """Whole rows of a table, or columns of them."""
    return lambda session: list(session.exec(select(*what)).all())


def _told(folder: Path, cast: Cast, world: World, offline: list[str]) -> Week:
    with Store(f"sqlite:///{folder}/week.db") as store:
        sources = {row.slug: row for row in store.read_now(_all(SourceRow))}
        names = {row.id: slug for slug, row in sources.items()}

        def grouped(*what: Any) -> dict[str, list[Any]]:
            found = defaultdict[str, list[Any]](list)
            for row in store.read_now(_all(*what)):
                found[names[row.source_id]].append(row)
            return found

        stored = {slug: {row.key for row in rows} for slug, rows in grouped(EntryRow.source_id, EntryRow.key).items()}
        gaps, moves, fetches = grouped(GapRow), grouped(MoveRow), grouped(FetchRow.source_id, FetchRow.early)
    return Week(cast, world, sources, stored, gaps, moves, fetches, offline)


def of_kind(week: Week, *kinds: str) -> Iterator[tuple[Outlet, SourceRow]]:
    for outlet in week.cast.outlets:
        if outlet.kind.partition("x")[0].rstrip("0123456789") in kinds:
            yield outlet, week.sources[outlet.name]


def lost(week: Week, outlet: Outlet) -> list[int]:
    """The entries that stood in the feed since the first poll, and were not stored."""
    first = outlet.visits[0].at
    stored = week.stored.get(outlet.name, set())
    numbers = range(outlet.visible(first).start, outlet.visible(week.cast.end - USUAL_LAG).stop)
    return [
        number
        for number in numbers
        if outlet.key(number) not in stored
        and outlet.key(number, 1) not in stored
        and outlet.bound < week.cast.end - outlet.published[number]
    ]


USUAL_LAG = timedelta(hours=5)


def stood_for(outlet: Outlet, number: int) -> timedelta:
    return outlet.scrolled_out_at(number) - outlet.published[number]


def test_the_world_is_whole(week: Week) -> None:
    assert len(week.cast.outlets) == len(week.sources) == 500
    assert len({outlet.kind for outlet in week.cast.outlets}) >= 30
    assert all(outlet.visits for outlet in week.cast.outlets), "everyone was asked"


def test_m1_nobody_was_asked_before_he_allowed_it(week: Week) -> None:
    early = [(outlet.name, visit.at) for outlet in week.cast.outlets for visit in outlet.visits if visit.early]
    assert early == []
    assert sum(fetch.early for fetches in week.fetches.values() for fetch in fetches) == 0, "and our own count says so"


def test_nothing_is_lost_that_stood_for_longer_than_the_bound(week: Week) -> None:
    wrong = []
    for outlet in week.cast.outlets:
        for number in lost(week, outlet):
            bound = outlet.bound
            if outlet.published[number] < DOWNTIME[1] + LATE and outlet.scrolled_out_at(number) > DOWNTIME[0]:
                bound += DOWNTIME[1] - DOWNTIME[0] + LATE
            if stood_for(outlet, number) > bound:
                wrong.append((outlet.name, outlet.published[number], stood_for(outlet, number)))
    assert wrong == []


def test_every_loss_is_known_and_every_gap_is_one(week: Week) -> None:
    unknown, empty, counts = [], [], Counter[str]()
    for outlet in week.cast.outlets:
        missing = [outlet.published[number] for number in lost(week, outlet)]
        gaps = week.gaps.get(outlet.name, [])
        unknown += [
            (outlet.name, at) for at in missing if not any(gap.published_after <= at <= gap.published_before for gap in gaps)
        ]
        for gap in gaps:
            inside = sum(gap.published_after <= at <= gap.published_before for at in missing)
            if not inside:
                empty.append((outlet.name, gap.published_after, gap.published_before))
            counts["lost"] += inside
            counts["estimated"] += gap.estimate
            counts["gaps"] += 1
    assert unknown == []
    # A window that has run through to the last entry, and not one further, cannot be told from one that lost some.
    assert len(empty) <= 0.05 * counts["gaps"]
    assert counts["lost"] > 100, "the tight ones lose what they show for too short a time"
    assert 0.5 < counts["estimated"] / counts["lost"] < 2


def test_every_entry_is_stored_once(week: Week) -> None:
    for outlet in week.cast.outlets:
        assert len(week.stored.get(outlet.name, ())) <= len(outlet.published) * (2 if outlet.renumbered_at else 1)


def test_t5_one_request_at_a_time_to_a_host_and_two_seconds_between(week: Week) -> None:
    assert week.world.shortest_gap("crowd.test") >= timedelta(seconds=2)
    assert len(week.world.starts["crowd.test"]) > 40 * 7 * 4, "and all of its forty feeds have their turn"
    late = [outlet.name for outlet, _ in of_kind(week, "crowd") if len(outlet.visits) < 7 * 5]
    assert late == []


def test_the_manners_of_a_week(week: Week) -> None:
    """The yardstick: about one poll an hour with conditional requests; hardly a request without a validator that was given."""
    plain = [visit for outlet, _ in of_kind(week, "plain") for visit in outlet.visits]
    per_hour = len(plain) / 178 / ((DAYS - 8 / 24) * 24)
    assert per_hour < 1.0
    unconditional = [visit for visit in plain if not visit.conditional]
    assert len(unconditional) / 178 < 4, "the first one, and a rare probe"
    assert sum(visit.status == 304 for visit in plain) / len(plain) > 0.5
    whole = [len(outlet.visits) for outlet, _ in of_kind(week, "deaf", "bare")]
    assert sum(whole) / len(whole) <= DAYS * 24, "who sends the whole feed each time is asked once an hour at most"


def test_s3_a_server_that_lies_is_found_out(week: Week) -> None:
    for outlet, source in of_kind(week, "lying"):
        assert HISTORY.load_text(source.history).trust is Trust.LYING, outlet.name
        silent = [visit for visit in outlet.visits if visit.at > week.cast.at(4)]
        assert not any(visit.conditional for visit in silent)


def test_s4_throttles_are_obeyed_and_passing(week: Week) -> None:
    for outlet, source in of_kind(week, "slowdown", "slowdate", "resting", "hinting"):
        assert sum(visit.status in (429, 503) for visit in outlet.visits) >= 3, outlet.name
        assert source.trouble in ("", "throttled"), outlet.name


def test_s6_moves_are_believed_after_a_week_and_https_at_once(week: Week) -> None:
    for outlet, source in of_kind(week, "moved"):
        assert source.moved_to == f"http://new-{outlet.host}{outlet.path}", outlet.name
        (move,) = week.moves.get(outlet.name, [])
        assert move.at >= START + 7 * DAY
        assert outlet.visits[-1].status != 301
    for outlet, source in of_kind(week, "upgrade"):
        assert source.moved_to == f"https://{outlet.host}{outlet.path}"
        assert sum(visit.status == 301 for visit in outlet.visits) == 1
    for outlet, source in of_kind(week, "detour"):
        assert source.moved_to is None
        assert outlet.visits[-2].status == 302


def test_s7_s8_states_of_their_own(week: Week) -> None:
    expected = {"gone": Trouble.GONE, "refusing": Trouble.REFUSED, "looping": Trouble.UNREADABLE}
    for kind, trouble in expected.items():
        for outlet, source in of_kind(week, kind):
            assert source.trouble == trouble, outlet.name
    for outlet, _ in of_kind(week, "refusing"):
        closed = [visit for visit in outlet.visits if visit.status == 403]
        assert len(closed) <= 8, "once more to be sure, then once a day"
    for outlet, _ in of_kind(week, "gone"):
        assert sum(visit.status == 410 for visit in outlet.visits) == 3
    for outlet, source in of_kind(week, "returning", "locked", "guarded", "painted", "missing", "flaky"):
        assert source.trouble in ("", "unreachable", "server_error"), outlet.name
        assert source.failures <= 1, outlet.name


def test_s9_an_hour_offline_costs_nobody_a_strike(week: Week) -> None:
    assert week.offline == []
    asked = sum(OUTAGE[0] <= at < OUTAGE[1] for starts in week.world.starts.values() for at in starts)
    assert asked < 130, "a handful until it is seen, and then one in a minute"
    after = [[visit.at for visit in outlet.visits if OUTAGE[1] <= visit.at < OUTAGE[1] + HOUR] for outlet in week.cast.outlets]
    steps = Counter((times[0] - OUTAGE[1]) // STEP for times in after if times)
    assert max(steps.values()) <= 0.12 * 500, "and then everybody in his turn"


def test_t4_after_a_downtime_everyone_is_polled_once_and_spread(week: Week) -> None:
    first_hour = [
        [visit for visit in outlet.visits if DOWNTIME[1] <= visit.at < DOWNTIME[1] + HOUR] for outlet in week.cast.outlets
    ]
    steps = Counter((visits[0].at - DOWNTIME[1]) // STEP for visits in first_hour if visits)
    assert max(steps.values()) <= 0.12 * 500, "a twelfth of them in five minutes, about"
    at_start = Counter((outlet.visits[0].at - START) // STEP for outlet in week.cast.outlets)
    assert max(at_start.values()) <= 0.12 * 500


def test_renumbering_is_no_gap(week: Week) -> None:
    for outlet, _ in of_kind(week, "renumbered"):
        assert week.gaps.get(outlet.name, []) == []


def test_r7_a_part_of_a_feed_is_read_as_one(week: Week) -> None:
    for outlet, _ in of_kind(week, "delta"):
        assert sum(visit.status == 226 for visit in outlet.visits) >= 1 or len(outlet.published) < 15
        assert lost(week, outlet) == []
        assert week.gaps.get(outlet.name, []) == []
