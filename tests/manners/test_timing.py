"""When to poll next: a table for each part, and properties of the whole."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.manners.timing import (
    BACKUP,
    ORDINARY,
    Pace,
    asked_wait,
    next_poll,
    own_wait,
    phase,
    safe_wait,
    unskipped,
)
from aggregator.model.feed import FeedHints
from aggregator.model.source import History, Trust

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)  # a Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PACE = Pace(floor=15 * MINUTE, ceiling=DAY, slowest=4 * HOUR, backoff_max=DAY)

waits = st.timedeltas(timedelta(seconds=1), timedelta(days=400))
histories = st.builds(
    History,
    rate=st.none() | st.floats(0, 1e6),
    burst=st.floats(0, 1e6),
    window=st.integers(0, 10_000),
    trust=st.sampled_from(Trust),
    cache=st.none() | waits,
    hints=st.builds(
        FeedHints,
        ttl=st.none() | waits,
        update_every=st.none() | waits,
        skip_hours=st.lists(st.integers(0, 23), unique=True).map(lambda hours: tuple(sorted(hours))),
        skip_days=st.lists(st.integers(1, 7), unique=True).map(lambda days: tuple(sorted(days))),
    ),
)
paces = st.builds(
    Pace,
    floor=st.timedeltas(MINUTE, HOUR),
    ceiling=st.timedeltas(HOUR, 2 * DAY),
    slowest=st.timedeltas(HOUR, DAY),
    backoff_max=st.just(DAY),
    interval=st.none() | st.timedeltas(MINUTE, 30 * DAY),
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(histories, paces, instants, st.text(max_size=10), st.booleans(), st.none() | st.timedeltas(timedelta(), timedelta(days=7)))
def test_t1_the_next_poll_is_within_the_bounds_and_never_before_what_was_asked(
    history: History, pace: Pace, now: datetime, slug: str, pushed: bool, retry: timedelta | None
) -> None:
    retry_after = None if retry is None else now + retry
    plan = next_poll(slug, history, pace, now, pushed=pushed, retry_after=retry_after)
    asked, _ = asked_wait(history, pace.ceiling)
    assert plan.at >= now + pace.floor
    assert plan.at >= now + asked
    if retry_after is None or plan.at < retry_after:
        assert plan.at <= now + pace.ceiling + timedelta(microseconds=1)
    if retry_after is not None:
        assert plan.at >= retry_after
        assert plan.at <= max(now + pace.ceiling, retry_after + 5 * MINUTE)
    if plan.allowed_at is not None:
        assert plan.at >= plan.allowed_at
    assert plan == next_poll(slug, history, pace, now, pushed=pushed, retry_after=retry_after), "nothing is left to chance"


@pytest.mark.parametrize(
    ("history", "wait", "reason"),
    [
        (History(), HOUR, "nothing is known"),
        (History(rate=0.0), 4 * HOUR, "0.0 new entries a day"),
        (History(rate=1 / 24), 4 * HOUR, "1.0 new entries a day"),
        (History(rate=0.25), 2 * HOUR, "6.0 new entries a day"),
        (History(rate=1.0), 30 * MINUTE, "24 new entries a day"),
        (History(rate=100.0), 15 * MINUTE, "2400 new entries a day"),
        (History(rate=0.25, burst=40.0, window=40), timedelta(hours=25 / 40), "none of its 40 entries scrolls out"),
        (History(rate=0.25, burst=1000.0, window=10), 15 * MINUTE, "none of its 10 entries scrolls out"),
        (History(rate=1.0, trust=Trust.IGNORED), HOUR, "whole feed each time"),
        (History(rate=1.0, trust=Trust.IGNORED, burst=40.0, window=40), timedelta(hours=25 / 40), "scrolls out"),
        (History(rate=100.0, trust=Trust.LYING), HOUR, "304 cannot be trusted"),
    ],
)
def test_t3_a_sources_own_rhythm(history: History, wait: timedelta, reason: str) -> None:
    got, why = own_wait(history, PACE)
    assert abs(got - wait) < MINUTE
    assert reason in why


@pytest.mark.parametrize(
    ("interval", "history", "wait"),
    [
        (2 * HOUR, History(rate=100.0), 2 * HOUR),
        (2 * HOUR, History(rate=0.0), 2 * HOUR),
        (2 * HOUR, History(rate=1.0, burst=40.0, window=40), timedelta(hours=25 / 40)),
        (MINUTE, History(), 15 * MINUTE),
        (30 * DAY, History(), DAY),
    ],
)
def test_the_configured_interval_is_kept_unless_entries_would_be_lost(
    interval: timedelta, history: History, wait: timedelta
) -> None:
    pace = Pace(PACE.floor, PACE.ceiling, PACE.slowest, PACE.backoff_max, interval)
    assert abs(own_wait(history, pace)[0] - wait) < MINUTE


@pytest.mark.parametrize("window", [1, 2, 3, 5, 10, 15, 20, 40, 50, 100, 500, 5000])
def test_the_stated_bound_one_in_two_hundred(window: int) -> None:
    """The Poisson tail itself: P(N > window) for the mean that the safe wait allows."""
    mean = safe_wait(1.0, window) / HOUR
    below = math.fsum(math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) for count in range(window + 1))
    assert 1 - below < 1 / 200
    assert mean > window / 20 * (0.5 if window < 3 else 1), "and we do not come for every entry either"


def test_chance_does_not_stretch_a_wait_beyond_what_is_safe() -> None:
    history = History(rate=0.25, burst=20.0, window=40)
    waits = [next_poll(f"source-{number}", history, PACE, NOW).at - NOW for number in range(500)]
    assert max(waits) == safe_wait(20.0, 40) < own_wait(History(rate=0.25), PACE)[0]
    assert min(waits) >= 0.9 * safe_wait(20.0, 40)


def test_without_a_rate_or_a_window_nothing_is_known_of_a_loss() -> None:
    assert safe_wait(0.0, 10) == safe_wait(5.0, 0) == safe_wait(1e-9, 5000) == timedelta.max


@pytest.mark.parametrize(
    ("history", "asked"),
    [
        (History(), timedelta()),
        (History(cache=2 * HOUR), 2 * HOUR),
        (History(hints=FeedHints(ttl=HOUR)), HOUR),
        (History(hints=FeedHints(update_every=DAY)), DAY),
        (History(cache=HOUR, hints=FeedHints(ttl=3 * HOUR, update_every=2 * HOUR)), 3 * HOUR),
        (History(cache=365 * DAY), DAY),
    ],
)
def test_t1_what_the_publisher_asks_only_slows_us_up_to_the_ceiling(history: History, asked: timedelta) -> None:
    assert asked_wait(history, PACE.ceiling)[0] == asked
    plan = next_poll("a", history, PACE, NOW)
    assert plan.allowed_at == (NOW + asked if asked else None)
    usual = next_poll("a", History(), PACE, NOW)
    assert plan.at >= usual.at if asked > ORDINARY * 0.9 else plan.at == usual.at


def test_w5_while_a_hub_tells_of_news_there_is_a_daily_poll() -> None:
    plan = next_poll("a", History(rate=10.0, cache=HOUR), PACE, NOW, pushed=True)
    assert plan.at == NOW + BACKUP
    assert plan.allowed_at == NOW + HOUR, "the publisher asks for an hour; the day is our own choice"


@pytest.mark.parametrize(
    ("hints", "at", "later"),
    [
        (FeedHints(), NOW, NOW),
        (FeedHints(skip_hours=(12,)), NOW, NOW + HOUR),
        (FeedHints(skip_hours=(13,)), NOW, NOW),
        (FeedHints(skip_hours=tuple(range(12, 24))), NOW, NOW + 12 * HOUR),
        (FeedHints(skip_hours=tuple(range(24))), NOW, NOW + DAY),
        (FeedHints(skip_days=(3,)), NOW, NOW.replace(day=5, hour=0)),
        (FeedHints(skip_days=(3, 4, 5, 6, 7, 1, 2)), NOW, NOW + DAY),
        (FeedHints(skip_days=(6,), skip_hours=(12, 13)), NOW, NOW + 2 * HOUR),
    ],
)
def test_t2_hours_and_days_to_skip_but_never_for_more_than_a_day(hints: FeedHints, at: datetime, later: datetime) -> None:
    assert unskipped(at, hints, NOW + DAY) == later


def test_t2_all_hours_skipped_still_gives_one_poll_a_day() -> None:
    history, now, polls = History(hints=FeedHints(skip_hours=tuple(range(24)))), NOW, 0
    while now < NOW + 7 * DAY:
        plan = next_poll("a", history, PACE, now)
        assert plan.at - now <= DAY
        now, polls = plan.at, polls + 1
    assert polls == 7


def test_t4_a_thousand_feeds_never_crowd_into_one_minute() -> None:
    slugs = [f"source-{number}" for number in range(1000)]
    minutes = [phase(slug, HOUR) // MINUTE for slug in slugs]
    assert max(map(minutes.count, range(60))) <= 40, "4 % of them"
    # … and they stay apart: each wait is spread, too
    at = {slug: NOW + phase(slug, HOUR) for slug in slugs}
    for _ in range(24):
        at = {slug: next_poll(slug, History(), PACE, when).at for slug, when in at.items()}
    last = [int(when.timestamp() // 60) for when in at.values()]
    assert max(map(last.count, set(last))) <= 40


def test_t4_the_spread_is_a_tenth_each_way() -> None:
    got = [next_poll(f"source-{number}", History(), PACE, NOW).at - NOW for number in range(2000)]
    assert timedelta(minutes=54) <= min(got) < timedelta(minutes=54.2)
    assert timedelta(minutes=65.8) < max(got) <= timedelta(minutes=66)


def test_what_was_asked_for_is_spread_upwards_only() -> None:
    got = [next_poll(f"source-{number}", History(cache=2 * HOUR), PACE, NOW).at - NOW for number in range(500)]
    assert min(got) >= 2 * HOUR
    assert max(got) <= 2 * HOUR + 5 * MINUTE
    assert len(set(got)) > 450
