"""The schedule of second tries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregator.notify import GIVE_UP_AFTER, retry_delay

NOMINAL = [60, 300, 1800, 7200, 21600, 21600, 21600, 21600]


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(NOMINAL, start=1)))
def test_the_schedule_with_ten_percent_of_jitter(attempts: int, seconds: int) -> None:
    delays = {retry_delay(attempts, f"d.{number}") for number in range(200)}
    shares = sorted(delay.total_seconds() / seconds for delay in delays if delay is not None)
    assert len(shares) == 200
    assert 0.9 <= shares[0] < 0.92
    assert 1.08 < shares[-1] <= 1.1


def test_the_jitter_is_the_same_every_time() -> None:
    assert retry_delay(3, "d.5") == retry_delay(3, "d.5")
    assert retry_delay(0, "d.5") == retry_delay(1, "d.5")


@pytest.mark.parametrize("number", range(50))
def test_no_more_tries_only_when_a_day_is_over(number: int) -> None:
    waited, attempts = timedelta(), 1
    while (delay := retry_delay(attempts, f"d.{number}")) is not None:
        waited += delay
        attempts += 1
    assert waited > GIVE_UP_AFTER == timedelta(hours=24)
    assert attempts < 12
