"""When a digest is due: the reader's wall time as instants, daylight saving time included."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from aggregator.model.delivery import Recipient, Slot

# A week holds every weekday; two days more cover that "today" differs from the date of the latest slot in far zones.
_HORIZON = 9


def latest_slot(recipient: Recipient, now: datetime) -> Slot | None:
    """The latest slot whose instant has passed at ``now`` (aware); None for a reader without weekdays.

    A wall time that a clock change skips moves forward by the length of the gap; of one that comes twice the first
    counts (PEP 495, fold=0). So every local date of the reader's weekdays has exactly one slot.
    """
    today = now.astimezone(ZoneInfo(recipient.timezone)).date()
    days = (today - timedelta(days=back) for back in range(-1, _HORIZON))
    passed = (slot for day in days if (slot := _slot(recipient, day)).due_at <= now and day.isoweekday() in recipient.weekdays)
    return next(passed, None)


def next_slot(recipient: Recipient, now: datetime) -> Slot:
    """The first slot whose instant is still to come at ``now`` (aware). Raises ValueError for a reader without weekdays."""
    today = now.astimezone(ZoneInfo(recipient.timezone)).date()
    days = (today + timedelta(days=ahead) for ahead in range(-1, _HORIZON))
    coming = (slot for day in days if (slot := _slot(recipient, day)).due_at > now and day.isoweekday() in recipient.weekdays)
    if (first := next(coming, None)) is None:
        raise ValueError(f"reader {recipient.slug!r} has no weekdays: give at least one of 1 (Monday) to 7 (Sunday)")
    return first


def days_before(start: datetime, timezone: str, count: int) -> tuple[tuple[datetime, datetime], ...]:
    """The ``count`` days that end at ``start`` (aware), oldest first, as half-open UTC intervals without gap or overlap.

    They are days of ``timezone`` (IANA), each from the wall time of ``start`` to the same of the next day: 23, 24 or 25 hours.
    """
    zone = ZoneInfo(timezone)
    local = start.astimezone(zone)
    marks = [_instant(local.date() - timedelta(days=back), local.time(), zone) for back in range(count, 0, -1)]
    return tuple(pairwise((*marks, start.astimezone(UTC))))


def _slot(recipient: Recipient, day: date) -> Slot:
    return Slot(day=day, at=recipient.digest_at, due_at=_instant(day, recipient.digest_at, ZoneInfo(recipient.timezone)))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    # zoneinfo reads a time in a gap with the offset before the change, which lands it behind the gap by its own length.
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)
