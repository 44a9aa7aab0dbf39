"""A simulated year: each match in exactly one digest, whatever clocks, zones, outages and changes of the subscription do.

The calendar under test decides when a digest is due; the account beside it, a dozen lines of plain lists, knows nothing of
wall times. Instants of matches are random, and lie on the edges: at the very end of a window, and a microsecond to each side.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from aggregator.digest import due_slot, latest_slot, next_slot, slots_between
from aggregator.model.delivery import Every, Slot, Subscription

ZONES = {
    "Asia/Tehran": 2021,  # the last but one year with daylight saving time; the changes are at midnight
    "Africa/Cairo": 2026,  # midnight of the day of the change does not exist
    "Australia/Lord_Howe": 2026,  # half an hour
    "Africa/Casablanca": 2026,  # four changes would come in a year with a whole Ramadan; negative daylight saving time
    "Asia/Kathmandu": 2026,  # 05:45, no changes
    "America/New_York": 2026,
    "Europe/Paris": 2026,
    "Pacific/Apia": 2011,  # 30 December was left out
    "America/St_Johns": 2011,  # changes a minute after midnight
    "UTC": 2026,
}
ODD = (time(0, 0), time(2, 30), time(8, 0), time(23, 59))
TICK = timedelta(seconds=10)
MICRO = timedelta(microseconds=1)
FOLD_AFTER = timedelta(hours=12)
END = timedelta(days=366)


@dataclass
class Digest:
    slot: Slot
    window: tuple[datetime, datetime]
    at: datetime
    items: list[datetime]


@dataclass
class Account:
    """What is owed, and the digests that took it: the ledger of the store in two lists."""

    begun_at: datetime
    owed: list[datetime] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)

    def serve(self, subscription: Subscription, now: datetime) -> Digest | None:
        """One tick of the service."""
        last = self.digests[-1].slot if self.digests else None
        covered = max([self.begun_at, *(digest.window[1] for digest in self.digests[-1:])])
        slot = due_slot(subscription, now, last, covered, FOLD_AFTER)
        if slot is None:
            return None
        taken = [at for at in self.owed if at < slot.ends_at]
        self.owed = [at for at in self.owed if at >= slot.ends_at]
        self.digests.append(Digest(slot, (covered, slot.ends_at), now, taken))
        return self.digests[-1]


def nothing_waits_too_long(account: Account, subscription: Subscription, now: datetime) -> None:
    """Straight after a tick: whatever the latest slot should have told is told, unless it folds, or its hour had its digest."""
    slot, last = latest_slot(subscription, now), account.digests[-1] if account.digests else None
    if slot is None or now - slot.due_at > FOLD_AFTER or (last and (slot.day, slot.at) <= (last.slot.day, last.slot.at)):
        return
    assert slot.ends_at <= max(account.begun_at, last.window[1] if last else account.begun_at)


def each_in_one_digest(account: Account, matched: Sequence[datetime]) -> None:
    """Nothing lost, nothing twice, windows that have a length and end before their digest; no slot twice."""
    given = [at for digest in account.digests for at in digest.items]
    assert sorted([*given, *account.owed]) == sorted(matched)
    assert len(matched) > 100, "the check would prove little"
    for digest in account.digests:
        start, end = digest.window
        assert start < end <= digest.slot.due_at <= digest.at
    for before, after in pairwise(account.digests):
        assert (before.slot.day, before.slot.at) < (after.slot.day, after.slot.at)


def matches(rng: random.Random, start: datetime, subscription: Subscription, *, a_day: int) -> list[datetime]:
    """Instants of a year: random ones, and the ends of windows with a microsecond to each side."""
    found = [start + END * rng.random() for _ in range(366 * a_day)]
    ends = [slot.ends_at for slot in slots_between(subscription, start, start + END) if rng.random() < 0.3]
    return sorted({*found, *(end + by for end in ends for by in (-MICRO, timedelta(), MICRO))})


def ticks(subscription: Subscription, start: datetime, rng: random.Random) -> Iterator[datetime]:
    """The first tick at or after every slot, within ten seconds; at the very instant, too."""
    now = start
    while now < start + END:
        now = next_slot(subscription, now).due_at
        yield now + rng.choice([timedelta(), MICRO, TICK * rng.random()])


def run(subscription: Subscription, start: datetime, seed: str, *, a_day: int = 2) -> tuple[Account, list[datetime]]:
    """A year without trouble."""
    rng = random.Random(seed)
    account, all_matches = Account(start), matches(rng, start, subscription, a_day=a_day)
    waiting = iter(all_matches)
    coming = next(waiting, None)
    for now in ticks(subscription, start, rng):
        while coming is not None and coming < now:
            account.owed.append(coming)
            coming = next(waiting, None)
        account.serve(subscription, now)
        nothing_waits_too_long(account, subscription, now)
        assert account.serve(subscription, now) is None, "a second tick finds nothing to do"
    known = [at for at in all_matches if coming is None or at < coming]
    return account, known


@pytest.mark.parametrize("at", ODD, ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_daily_digests_has_one_for_each_local_date(zone: str, at: time) -> None:
    start = datetime(ZONES[zone], 1, 1, tzinfo=UTC)
    subscription = Subscription("s", "ana", timezone=zone, times=(at,))
    account, matched = run(subscription, start, f"{zone}{at}")
    each_in_one_digest(account, matched)
    days = [digest.slot.day for digest in account.digests]
    expected = [days[0] + timedelta(days=number) for number in range(len(days))]
    if zone == "Pacific/Apia":  # a day that nobody there ever had has no digest
        expected = [day for day in (*expected, expected[-1] + timedelta(days=1)) if day != date(2011, 12, 30)]
    assert days == expected
    assert len(days) >= 365
    for digest in account.digests:
        assert timedelta(hours=22) < digest.window[1] - digest.window[0] < timedelta(hours=26) or digest is account.digests[0]
        wall = digest.slot.due_at.astimezone(ZoneInfo(zone))
        moved = datetime.combine(digest.slot.day, digest.slot.at)
        assert wall.replace(tzinfo=None) - moved in (timedelta(), timedelta(minutes=30), timedelta(hours=1)), (
            "kept, or after a gap"
        )


KINDS = {
    "weekly": {"every": Every.WEEKLY, "weekdays": (1,), "times": (time(8),)},
    "several a day": {"times": (time(0, 0), time(2, 15), time(2, 30), time(3, 15), time(13), time(23, 59))},
    "workdays with a cutoff": {"weekdays": (1, 2, 3, 4, 5), "cutoff": timedelta(minutes=45)},
    "weekend with a cutoff over midnight": {"weekdays": (6, 7), "times": (time(0, 30),), "cutoff": timedelta(hours=3)},
    "hourly": {"every": Every.HOURLY},
    "hourly with a cutoff": {"every": Every.HOURLY, "cutoff": timedelta(minutes=20)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_year_of_every_kind(kind: str) -> None:
    alone = {"hourly": "Australia/Lord_Howe", "hourly with a cutoff": "Africa/Cairo"}.get(kind)
    for zone in (alone,) if alone else ZONES:
        start = datetime(ZONES[zone], 1, 1, tzinfo=UTC)
        subscription = replace(Subscription("s", "ana", timezone=zone), **KINDS[kind])  # type: ignore[arg-type]
        account, matched = run(subscription, start, f"{zone}{kind}", a_day=4)
        each_in_one_digest(account, matched)
        slots = {slot.due_at for slot in slots_between(subscription, start, account.digests[-1].at + MICRO)}
        served = {digest.slot.due_at for digest in account.digests}
        assert served <= slots
        assert len(slots - served) <= 1, "none is left out, but one whose window ended before the year"


@dataclass
class Trouble:
    """What happens to the service and to the subscription, as seeded chance has it."""

    rng: random.Random

    def next_tick(self, subscription: Subscription, now: datetime) -> datetime:
        """When the service looks next: within seconds, after hours, or after days of outage."""
        sleep = self.rng.choices([TICK, timedelta(hours=5), timedelta(days=4)], [0.9, 0.08, 0.02])[0]
        return max(next_slot(subscription, now).due_at, now + TICK) + sleep * self.rng.random()

    def changed(self, subscription: Subscription) -> Subscription:
        """Another hour, zone, cutoff or rhythm."""
        rng = self.rng
        every = rng.choices([Every.DAILY, Every.WEEKLY, Every.HOURLY], [0.8, 0.15, 0.05])[0]
        return replace(
            subscription,
            timezone=rng.choice(list(ZONES)),
            times=tuple(sorted(rng.sample(ODD, rng.randint(1, 3)))),
            every=every,
            weekdays=(rng.randint(1, 7),) if every is Every.WEEKLY else tuple(sorted(rng.sample(range(1, 8), rng.randint(1, 7)))),
            cutoff=rng.choice([timedelta(), timedelta(minutes=30), timedelta(hours=6)]),
        )


@pytest.mark.parametrize("seed", range(20))
def test_a_year_of_outages_moves_and_changes_gives_each_match_once(seed: int) -> None:
    """What is found before an outage and what is found after it count once each; nothing is found while it lasts."""
    rng = random.Random(seed)
    now = start = datetime(2026, 1, 1, tzinfo=UTC)
    trouble = Trouble(rng)
    subscription = replace(Subscription("s", "ana"), timezone=rng.choice(list(ZONES)))
    account, owed = Account(start), list[datetime]()
    gone_until = start
    while now < start + END:
        coming = trouble.next_tick(subscription, now)
        found = sorted(now + (coming - now) * rng.random() for _ in range(rng.randint(0, 6)))
        found += [slot.ends_at + by for slot in [latest_slot(subscription, coming)] if slot for by in (-MICRO, timedelta())]
        for at in found:
            if now <= at < coming and at >= gone_until:
                account.owed.append(at)
                owed.append(at)
        now = coming
        if now >= gone_until:
            account.serve(subscription, now)
            nothing_waits_too_long(account, subscription, now)
        if rng.random() < 0.05:
            subscription = trouble.changed(subscription)
        if rng.random() < 0.02:  # taken out of the files, or stopped, and back after a while
            gone_until = now + timedelta(days=20) * rng.random()
            account.begun_at = gone_until
    now = max(now, gone_until)
    subscription = replace(subscription, every=Every.DAILY, times=(time(12),), weekdays=(1, 2, 3, 4, 5, 6, 7), timezone="UTC")
    for _ in range(4):
        now = next_slot(subscription, now).due_at
        account.serve(subscription, now)
    each_in_one_digest(account, owed)
    assert account.owed == []


def test_what_is_late_folds_into_the_next() -> None:
    subscription = Subscription("s", "ana")
    start = datetime(2026, 3, 2, tzinfo=UTC)
    hour = datetime(2026, 3, 2, 7, tzinfo=UTC)
    on_time, late = (due_slot(subscription, hour + by, None, start, FOLD_AFTER) for by in (FOLD_AFTER, FOLD_AFTER + MICRO))
    assert on_time is not None
    assert (on_time.due_at, late) == (hour, None)
    account = Account(start, owed=[start])
    assert account.serve(subscription, hour + FOLD_AFTER + MICRO) is None
    folded = account.serve(subscription, hour + timedelta(days=1))
    assert folded is not None
    assert (folded.items, folded.window) == ([start], (start, hour + timedelta(days=1)))


def test_a_late_weekly_one_does_not_make_anybody_wait_a_week() -> None:
    weekly = Subscription("s", "ana", every=Every.WEEKLY, weekdays=(1,))
    hour = datetime(2026, 3, 2, 7, tzinfo=UTC)
    for late in (timedelta(hours=13), timedelta(days=3), timedelta(days=6)):
        slot = due_slot(weekly, hour + late - MICRO, None, hour - timedelta(days=7), FOLD_AFTER)
        assert slot is not None
        assert slot.due_at == hour
    assert due_slot(weekly, hour + timedelta(days=6), None, hour - timedelta(days=7), FOLD_AFTER) is None, (
        "the next is a day away"
    )


def test_a_slot_that_ends_before_what_is_accounted_for_is_none() -> None:
    """The cutoff was made longer: the next digest goes on where the last one ended."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    short = Subscription("s", "ana", every=Every.HOURLY)
    account = Account(start)
    assert account.serve(short, start + timedelta(hours=6)) is not None
    long = replace(short, cutoff=timedelta(hours=2))
    served = [account.serve(long, start + timedelta(hours=hours)) for hours in range(7, 11)]
    assert [digest and digest.window for digest in served] == [
        None, None, *((start + timedelta(hours=hour), start + timedelta(hours=hour + 1)) for hour in (6, 7))
    ]  # fmt: skip
