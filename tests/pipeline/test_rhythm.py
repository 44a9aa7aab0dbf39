"""The next poll, as a pure function."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.settings import PollSettings
from aggregator.pipeline.rhythm import after_failure, after_success, spread

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SETTINGS = PollSettings()

intervals = st.timedeltas(timedelta(minutes=5), timedelta(days=2))


@given(st.text(max_size=20), intervals)
def test_after_a_success_the_interval_passes_give_or_take_a_tenth(slug: str, interval: timedelta) -> None:
    wait = after_success(slug, interval, NOW, SETTINGS) - NOW
    assert max(SETTINGS.floor, interval * 0.9) <= wait + timedelta(microseconds=1)
    assert wait <= interval * 1.1


@given(intervals, st.integers(1, 10_000))
def test_failures_back_off_and_never_for_ever(interval: timedelta, failures: int) -> None:
    wait = after_failure("a", interval, failures, None, NOW, SETTINGS) - NOW
    longest = max(SETTINGS.backoff_max, interval)
    assert SETTINGS.floor <= wait <= longest * 1.1


def test_the_wait_doubles() -> None:
    waits = [after_failure("a", timedelta(hours=1), count, None, NOW, SETTINGS) - NOW for count in (1, 2, 3, 4, 5, 6, 7)]
    hours = [round(wait / timedelta(hours=1) * 10 / 11) for wait in waits]
    assert all(
        low <= got <= high for got, low, high in zip(hours, (1, 1, 3, 7, 13, 19, 19), (1, 2, 4, 8, 16, 24, 24), strict=True)
    )
    assert waits == sorted(waits)


@given(st.integers(1, 20), st.timedeltas(timedelta(0), timedelta(days=7)))
def test_never_before_the_server_asked(failures: int, asked: timedelta) -> None:
    at = after_failure("a", timedelta(minutes=30), failures, NOW + asked, NOW, SETTINGS)
    assert at >= NOW + asked
    assert at >= NOW + SETTINGS.floor


def test_a_thousand_sources_of_one_interval_spread() -> None:
    minutes = [spread(timedelta(hours=1), f"source-{number}") // timedelta(minutes=1) for number in range(1000)]
    assert max(map(minutes.count, set(minutes))) < 150, "one of twelve minutes each, about"
