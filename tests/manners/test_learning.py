"""What is learned of a source: its rate, its bursts, its gaps, and what its 304 is worth."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.manners import (
    Pace,
    Seen,
    after_news,
    after_not_modified,
    after_probe,
    after_same_body,
    after_silence,
    find_gap,
    next_poll,
    wants_probe,
)
from aggregator.manners.rate import busiest_hour
from aggregator.model.source import Gap, History, Trust

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PACE = Pace(floor=15 * MINUTE, ceiling=DAY, slowest=4 * HOUR, backoff_max=DAY)


def evenly(count: int, apart: timedelta, until: datetime = NOW) -> tuple[datetime, ...]:
    return tuple(until - apart * place for place in range(count))


def test_a_first_poll_tells_the_rate_of_what_was_there_before() -> None:
    dates = evenly(48, HOUR / 2)
    first = after_news(History(), Seen(48, 48, 0, dates, min(dates), max(dates)), NOW)
    assert first.rate == pytest.approx(2, abs=0.1)
    assert first.burst == 3, "three within one hour, both ends counted"
    assert (first.window, first.newest_at, first.news_at, first.polled_at) == (48, NOW, NOW, NOW)
    few = after_news(History(), Seen(2, 2, 0, dates[:2]), NOW)
    assert few.rate is None, "two dates are no rate"


def test_dates_in_the_future_count_for_nothing() -> None:
    dates = (*evenly(3, HOUR), NOW + DAY)
    assert after_news(History(), Seen(4, 4, 0, dates, min(dates), max(dates)), NOW).newest_at is None
    dates = evenly(3, HOUR)
    assert after_news(History(), Seen(3, 3, 0, dates, min(dates), max(dates)), NOW).newest_at == NOW


def test_the_rate_follows_what_polls_bring_and_falls_in_silence() -> None:
    history, now = History(polled_at=NOW, news_at=NOW, rate=1.0, usual_rate=1.0, wait=HOUR), NOW
    for _ in range(16):
        now += HOUR
        history = after_news(history, Seen(50, 4, 46), now)
    assert history.rate == pytest.approx(4 - 3 * 2.718 ** (-16 / 3), abs=0.05)
    assert history.usual_rate == pytest.approx(4 - 3 * 2.718 ** (-16 / 168), abs=0.05), "a week's mean moves slowly"
    for _ in range(3):
        now += HOUR
        silent = after_silence(history, now)
    assert silent.rate is not None
    assert history.rate is not None
    assert silent.rate == pytest.approx(history.rate / 2.718, rel=0.01)
    assert silent.usual_rate == history.usual_rate, "silence does not become usual while it lasts"


def test_a_burst_is_seen_in_the_dates_and_remembered_for_days() -> None:
    quiet = History(polled_at=NOW - HOUR, rate=1.0, burst=1.0, wait=HOUR, window=50)
    dates = evenly(20, MINUTE)
    burst = after_news(quiet, Seen(50, 20, 30, dates), NOW)
    assert burst.burst == 20
    later = after_silence(burst, NOW + 5 * DAY)
    assert later.burst == pytest.approx(20 / 2.718, rel=0.01)
    one = after_news(quiet, Seen(50, 1, 49, dates[:1]), NOW - HOUR + 15 * MINUTE)
    assert one.burst < 2, "one entry in a quarter of an hour is no burst of four"


def test_after_a_long_absence_the_rate_is_left_as_it_was() -> None:
    history = History(polled_at=NOW - 7 * DAY, rate=2.0, wait=HOUR, window=50)
    assert after_news(history, Seen(50, 49, 1), NOW).rate == 2.0


def test_a_part_of_a_feed_proves_nothing_about_the_rest() -> None:
    history = History(polled_at=NOW - HOUR, rate=2.0, wait=HOUR, window=50, body_at=NOW - DAY)
    seen = Seen(2, 2, 0, partial=True)
    after = after_news(history, seen, NOW)
    assert (after.window, after.body_at) == (50, NOW - DAY)
    assert find_gap(history, seen, NOW) is None


@given(st.lists(st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 4), timezones=st.just(UTC)), max_size=60))  # noqa: DTZ001
def test_the_busiest_hour_is_the_one_a_slow_count_finds(dates: list[datetime]) -> None:
    dates.sort()
    slow = max((sum(start <= at <= start + HOUR for at in dates) for start in dates), default=0)
    assert busiest_hour(dates) == (slow if len(dates) >= 3 else 0)


# ---------------------------------------------------------------- gaps


BEFORE = History(polled_at=NOW - 2 * HOUR, rate=10.0, window=20, newest_at=NOW - 2 * HOUR - MINUTE)


@pytest.mark.parametrize(
    ("history", "seen", "gap"),
    [
        (BEFORE, Seen(20, 20, 0, (), NOW - HOUR, NOW), Gap(NOW - 2 * HOUR - MINUTE, NOW - HOUR, 20)),
        (BEFORE, Seen(20, 19, 1, (), NOW - HOUR, NOW), None),
        (History(), Seen(20, 20, 0, (), NOW - HOUR, NOW), None),
        (BEFORE, Seen(1, 1, 0, (), NOW - HOUR, NOW), None),
        (BEFORE, Seen(0, 0, 0), None),
        (BEFORE, Seen(20, 20, 0), Gap(NOW - 2 * HOUR - MINUTE, NOW, 20)),
        # dates that overlap although no entry does: the two polls are all that is sure
        (BEFORE, Seen(20, 20, 0, (), NOW - DAY, NOW), Gap(NOW - 2 * HOUR, NOW, 20)),
        (replace(BEFORE, rate=None, newest_at=None), Seen(5, 5, 0), Gap(NOW - 2 * HOUR, NOW, 1)),
    ],
)
def test_a_window_without_a_known_entry_is_a_gap(history: History, seen: Seen, gap: Gap | None) -> None:
    found = find_gap(history, seen, NOW)
    assert found == (gap and replace(gap, estimate=found.estimate if found else 0))
    if found is not None:
        assert found.after < found.before <= NOW
        assert found.estimate >= 1
    if gap is not None and found is not None and history.rate:
        assert 0.5 * gap.estimate <= found.estimate <= 2.5 * gap.estimate


def test_a_gap_makes_us_come_sooner() -> None:
    history = replace(BEFORE, rate=3.0, burst=3.0, wait=2 * HOUR)
    planned = next_poll("a", history, PACE, NOW).at
    after = after_news(history, Seen(20, 20, 0, (), NOW - HOUR, NOW), NOW)
    assert after.rate == 10
    assert next_poll("a", after, PACE, NOW).at < planned or planned - NOW < 17 * MINUTE
    assert after.burst >= 10


def test_t3_bursts_of_forty_an_hour_through_a_window_of_fifty_are_never_missed_and_cost_less_than_every_quarter_hour() -> None:
    chance = random.Random(7)
    start = NOW
    published: list[datetime] = []
    at = start - 3 * DAY
    while at < start + 14 * DAY:
        busy = 9 <= at.hour < 12
        at += timedelta(hours=chance.expovariate(40 if busy else 0.7))
        published.append(at)
    seen_until, history, now, polls, gaps, lost = -1, History(), start, 0, 0, 0
    while now < start + 14 * DAY:
        visible = [place for place, when in enumerate(published) if when <= now][-50:]
        new = [place for place in visible if place > seen_until]
        lost += max(0, visible[0] - seen_until - 1) if polls else 0
        dates = tuple(published[place] for place in new)
        shown = [published[place] for place in visible]
        seen = Seen(len(visible), len(new), len(visible) - len(new), dates, shown[0], shown[-1])
        gaps += find_gap(history, seen, now) is not None
        history = after_news(history, seen, now) if new else after_silence(history, now)
        seen_until = visible[-1]
        plan = next_poll("burst", history, PACE, now)
        history = replace(history, wait=plan.at - now)
        now, polls = plan.at, polls + 1
    assert (gaps, lost) == (0, 0)
    assert polls < 14 * 24 * 4 * 0.75, "fewer than every quarter of an hour"


# ---------------------------------------------------------------- honesty


QUIET = History(polled_at=NOW - HOUR, body_at=NOW - 30 * HOUR, news_at=NOW - 30 * HOUR, usual_rate=0.5, trust=Trust.HONEST)


@pytest.mark.parametrize(
    ("history", "wanted"),
    [
        (QUIET, True),
        (replace(QUIET, usual_rate=0.05), False),
        (replace(QUIET, usual_rate=None), False),
        (replace(QUIET, usual_rate=None, body_at=NOW - 80 * HOUR, news_at=NOW - 80 * HOUR), True),
        (replace(QUIET, body_at=NOW - 23 * HOUR), False),
        (replace(QUIET, probed_at=NOW - 23 * HOUR), False),
        (replace(QUIET, probed_at=NOW - 25 * HOUR), True),
        (replace(QUIET, trust=Trust.LYING), False),
        (History(), False),
    ],
)
def test_s3_a_304_for_suspiciously_long_is_put_to_the_test_at_most_once_a_day(history: History, wanted: bool) -> None:
    assert wants_probe(history, NOW) is wanted


@pytest.mark.parametrize(
    ("dates", "trust"),
    [
        ((NOW - 3 * HOUR,), Trust.LYING),
        ((None,), Trust.LYING),
        ((NOW - 5 * MINUTE,), Trust.HONEST),
        ((NOW - HOUR - 5 * MINUTE,), Trust.HONEST),
        ((), Trust.HONEST),
    ],
)
def test_s3_news_that_was_there_when_it_said_304_convicts_a_server(dates: tuple[datetime | None, ...], trust: Trust) -> None:
    after = after_probe(QUIET, dates, NOW)
    assert (after.trust, after.probed_at) == (trust, NOW)


def test_s2_the_same_body_again_marks_a_server_that_ignores_validators_until_it_says_304() -> None:
    ignored = after_same_body(History(), NOW, conditional=True)
    assert ignored.trust is Trust.IGNORED
    assert after_not_modified(ignored).trust is Trust.HONEST
    unasked = after_same_body(History(), NOW, conditional=False)
    assert (unasked.trust, unasked.probed_at) == (Trust.UNKNOWN, NOW)
    assert after_not_modified(History()).trust is Trust.HONEST
    assert after_not_modified(History(trust=Trust.LYING)).trust is Trust.LYING
