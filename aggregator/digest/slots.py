"""When a digest is due: the reader's wall times as instants, daylight saving time included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from aggregator.model.delivery import Every, Slot, Subscription

# A week holds every weekday; two days more cover that "today" differs from the date of the latest slot in far zones.
_HORIZON = 9
_DAY = timedelta(days=1)

_FULL_HOURS = tuple(time(hour) for hour in range(24))


def latest_slot(subscription: Subscription, now: datetime) -> Slot | None:
    """The latest slot whose instant has passed at ``now`` (aware); None for a subscription without days or times.

    A wall time that a clock change skips moves forward by the length of the gap; of one that comes twice the first
    counts (PEP 495, fold=0). So every local date of its weekdays has one slot for each of its times; but of two that a change
    of clocks brings to the same instant, or into the wrong order, the later one is kept. Slots ascend in instant and in date
    and wall time alike.
    """
    today = now.astimezone(ZoneInfo(subscription.timezone)).date()
    for back in range(-1, _HORIZON):
        for slot in reversed(slots_of(subscription, today - timedelta(days=back))):
            if slot.due_at <= now:
                return slot
    return None


def due_slot(
    subscription: Subscription, now: datetime, last: Slot | None, covered_until: datetime, fold_after: timedelta
) -> Slot | None:
    """The slot that is to be served at ``now`` (aware), if there is one: the latest only, missed ones collapse into it.

    ``last`` is the last slot that was decided on; digests account for everything before ``covered_until``. A slot that is later
    than ``fold_after`` folds into the next one, if that comes within a day: nobody is to wait a week for a weekly one. Who moves
    west meets the same hour of the same day again: it had its digest.
    """
    slot = latest_slot(subscription, now)
    if slot is None or slot.ends_at <= covered_until:
        return None
    if last is not None and (slot.due_at <= last.due_at or (slot.day, slot.at) <= (last.day, last.at)):
        return None
    folds = now - slot.due_at > fold_after and next_slot(subscription, now).due_at - now <= _DAY
    return None if folds else slot


def next_slot(subscription: Subscription, now: datetime) -> Slot:
    """The first slot whose instant is still to come at ``now`` (aware). Raises ValueError for one without days or times."""
    today = now.astimezone(ZoneInfo(subscription.timezone)).date()
    for ahead in range(-1, _HORIZON):
        for slot in slots_of(subscription, today + timedelta(days=ahead)):
            if slot.due_at > now:
                return slot
    raise ValueError(
        f"subscription {subscription.slug!r} has no weekdays or no times: give at least one of 1 (Monday) to 7 (Sunday)"
    )


def slots_between(subscription: Subscription, since: datetime, until: datetime) -> Iterator[Slot]:
    """The slots due after ``since`` and before ``until`` (aware), in order."""
    zone = ZoneInfo(subscription.timezone)
    day, last = since.astimezone(zone).date() - timedelta(days=1), until.astimezone(zone).date() + timedelta(days=1)
    while day <= last:
        yield from (slot for slot in slots_of(subscription, day) if since < slot.due_at < until)
        day += timedelta(days=1)


@lru_cache(maxsize=4096)
def slots_of(subscription: Subscription, day: date) -> tuple[Slot, ...]:
    """The slots of a local date, in order; none if it is not one of the weekdays."""
    if day.isoweekday() not in subscription.weekdays:
        return ()
    zone = ZoneInfo(subscription.timezone)
    times = _FULL_HOURS if subscription.every is Every.HOURLY else subscription.times
    found: list[Slot] = []
    for at in reversed(times):
        due_at = _instant(day, at, zone)
        if not found or due_at < found[-1].due_at:
            found.append(Slot(day, at, due_at, subscription.cutoff))
    return tuple(reversed(found))


def days_before(start: datetime, timezone: str, count: int) -> tuple[tuple[datetime, datetime], ...]:
    """The ``count`` days that end at ``start`` (aware), oldest first, as half-open UTC intervals without gap or overlap.

    They are days of ``timezone`` (IANA), each from the wall time of ``start`` to the same of the next day: 23, 24 or 25 hours.
    """
    zone = ZoneInfo(timezone)
    local = start.astimezone(zone)
    marks = [_instant(local.date() - timedelta(days=back), local.time(), zone) for back in range(count, 0, -1)]
    return tuple(pairwise((*marks, start.astimezone(UTC))))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    # zoneinfo reads a time in a gap with the offset before the change, which lands it behind the gap by its own length.
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)
