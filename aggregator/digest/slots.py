"""When a digest is due: the reader's wall time as instants, daylight saving time included."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
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


def local_day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """The half-open UTC interval that is ``day`` in ``timezone`` (IANA): 23, 24 or 25 hours, in places half an hour off."""
    zone = ZoneInfo(timezone)
    return _instant(day, time(), zone), _instant(day + timedelta(days=1), time(), zone)


def _slot(recipient: Recipient, day: date) -> Slot:
    return Slot(day=day, at=recipient.digest_at, due_at=_instant(day, recipient.digest_at, ZoneInfo(recipient.timezone)))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    # zoneinfo reads a time in a gap with the offset before the change, which lands it behind the gap by its own length.
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)
