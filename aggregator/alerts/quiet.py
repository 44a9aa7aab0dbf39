"""A reader's quiet hours, and the full hours of his clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aggregator.model.delivery import Recipient

HOUR = timedelta(hours=1)


def quiet_until(recipient: Recipient, now: datetime) -> datetime | None:
    """The instant at which the reader's quiet hours end, if ``now`` (aware) lies in them: [start, end) on his own clock.

    They begin and end at instants: a wall time that a clock change skips moves forward by the gap, of one that comes
    twice the first counts (PEP 495, fold=0). So a night of 23 or 25 hours has one beginning and one end.
    """
    if recipient.quiet is None:
        return None
    start, end = recipient.quiet
    zone = ZoneInfo(recipient.timezone)
    today = now.astimezone(zone).date()
    for back in (1, 0):
        day = today - timedelta(days=back)
        begins, ends = _instant(day, start, zone), _instant(day if start < end else day + timedelta(days=1), end, zone)
        if begins <= now < ends:
            return ends
    return None


def next_hour(recipient: Recipient, now: datetime) -> datetime:
    """The next full hour of the reader's clock: where it is half an hour off, at the half."""
    local = now.astimezone(ZoneInfo(recipient.timezone))
    return now + HOUR - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)
