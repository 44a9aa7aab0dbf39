from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from aggregator.digest import days_before, latest_slot, next_slot
from aggregator.model.delivery import Subscription

ZONES = ("Europe/Paris", "America/New_York", "Africa/Cairo", "Asia/Tehran", "Australia/Lord_Howe")


def daily(zone: str, *at: time, weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)) -> Subscription:
    return Subscription("desk", "desk", timezone=zone, times=at, weekdays=weekdays)


@pytest.mark.parametrize("at", [time(0, 0), time(2, 30), time(8, 0)], ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_a_year_has_one_slot_per_local_date_none_twice_none_skipped(zone: str, at: time) -> None:
    subscription = daily(zone, at)
    now = datetime(2026, 1, 5, tzinfo=UTC)
    previous = latest_slot(subscription, now)
    assert previous is not None
    for _ in range(365):
        slot = next_slot(subscription, now)
        assert slot.day == previous.day + timedelta(days=1)
        assert slot.at == at
        assert latest_slot(subscription, slot.due_at - timedelta(microseconds=1)) == previous
        assert latest_slot(subscription, slot.due_at) == slot
        assert timedelta(hours=22) < slot.due_at - previous.due_at < timedelta(hours=26)
        previous, now = slot, slot.due_at


@pytest.mark.parametrize(
    ("zone", "at", "day", "due"),
    [
        ("Europe/Paris", time(8), date(2026, 7, 1), datetime(2026, 7, 1, 6, tzinfo=UTC)),
        ("Europe/Paris", time(8), date(2026, 12, 1), datetime(2026, 12, 1, 7, tzinfo=UTC)),
        ("Europe/Paris", time(2, 30), date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # gap: 03:30 there
        ("Europe/Paris", time(2, 30), date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # fold: the first
        ("Africa/Cairo", time(0), date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),  # no midnight that day
        ("Australia/Lord_Howe", time(2, 15), date(2026, 10, 4), datetime(2026, 10, 3, 15, 45, tzinfo=UTC)),  # half an hour
    ],
)
def test_wall_times_in_gaps_and_folds(zone: str, at: time, day: date, due: datetime) -> None:
    slot = latest_slot(daily(zone, at), due)
    assert slot is not None
    assert (slot.day, slot.due_at) == (day, due)


def test_weekdays_are_the_readers() -> None:
    subscription = daily("Pacific/Auckland", time(7), weekdays=(1, 5))
    sunday_there = datetime(2026, 11, 21, 20, tzinfo=UTC)  # Sunday 22 Nov 09:00 in Auckland
    latest = latest_slot(subscription, sunday_there)
    assert latest is not None
    assert latest.day == date(2026, 11, 20)
    assert next_slot(subscription, sunday_there).day == date(2026, 11, 23)
    assert next_slot(subscription, next_slot(subscription, sunday_there).due_at).day == date(2026, 11, 27)


def test_without_weekdays_there_is_no_slot() -> None:
    subscription = daily("UTC", time(7), weekdays=())
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert latest_slot(subscription, now) is None
    with pytest.raises(ValueError, match="desk"):
        next_slot(subscription, now)


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Paris", datetime(2026, 3, 30, 5, tzinfo=UTC), [23, 24]),
        ("Europe/Paris", datetime(2026, 10, 26, 6, tzinfo=UTC), [25, 24]),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 20, tzinfo=UTC), [23.5, 24]),
        ("Asia/Tehran", datetime(2026, 6, 1, 3, tzinfo=UTC), [24, 24]),
    ],
)
def test_the_days_before_a_window_have_the_length_of_their_date(zone: str, start: datetime, hours: list[float]) -> None:
    days = days_before(start, zone, 2)
    assert [(end - begin) / timedelta(hours=1) for begin, end in days] == hours
    assert days[-1][1] == start
    assert all(begin.tzinfo is UTC for begin, _ in days)


@pytest.mark.parametrize("zone", ZONES)
def test_the_days_before_leave_no_gap_and_do_not_overlap(zone: str) -> None:
    days = days_before(datetime(2026, 12, 31, 6, tzinfo=UTC), zone, 365)
    assert len(days) == 365
    assert all(before[1] == after[0] and before[0] < before[1] for before, after in pairwise(days))
