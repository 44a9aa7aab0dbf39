"""Written dates to instants: ISO 8601, RFC 5322, epoch seconds, and the dates that people read, in some forty languages.

Digits of any script are read. Dates of the Persian calendar (years 1300 to 1419, or a month of it), of the Islamic one (years
1420 to 1499, or a month of it), in Japanese eras and in years of the Republic of China are converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from aggregator.extract.calendars import gregorian, islamic, solar_hijri
from aggregator.extract.monthnames import LUNAR, SOLAR, month_number

_WORD = r"([^\W\d_]+(?:[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u064b-\u0652\u200c][^\W\d_]*)*)"
_TWO_WORDS = rf"{_WORD}(?:\s(ال[^\W\d_]+|یەکەم|دووەم))?"
_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|\.)"
_GAP = r"[\s\-–/]*"
_YEAR = r"(\d{4})(?!\d)"
_WEEKDAY = r"(?:\s?[日일])?(?:\s?[(（][^()（）]{1,4}[)）])?"
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ymd", re.compile(rf"(?<![\d./-]){_YEAR}\s?[-/.年년]\s?(\d{{1,2}})\s?[-/.月월]\s?(\d{{1,2}})(?!\d){_WEEKDAY}")),
    ("era", re.compile(rf"(令和|平成|民國|民国)\s?(\d{{1,3}}|元)\s?年\s?(\d{{1,2}})\s?月\s?(\d{{1,2}})\s?日{_WEEKDAY}")),
    ("dmy", re.compile(rf"(?<![\d./-])(\d{{1,2}})\s?[-/.]\s?(\d{{1,2}})\s?[-/.]\s?{_YEAR}")),
    ("dmy", re.compile(r"(?<![\d./-])(\d{1,2})\.(\d{1,2})\.(\d{2})(?![\d.])")),
    ("dMy", re.compile(rf"(?<!\d)(\d{{1,2}}){_ORDINAL}?{_GAP}(?:de |of |d['’])?{_TWO_WORDS}\.?[,،]?{_GAP}(?:de |del )?{_YEAR}")),
    ("Mdy", re.compile(rf"{_WORD}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|\s+){_YEAR}")),
    ("yMd", re.compile(rf"(?<!\d){_YEAR}\.?\s+(?:m\.\s|gada\s(?=\d))?{_WORD}\s+(\d{{1,2}})(?!\d)(?:\sd\.)?")),
    ("ydM", re.compile(rf"(?<!\d){_YEAR}\.\sgada\s(\d{{1,2}})\.\s{_WORD}")),
    ("dmy", re.compile(rf"ngày (\d{{1,2}}) tháng (\d{{1,2}}),? năm {_YEAR}", re.IGNORECASE)),
)
_ERAS = {"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}
_HALF = r"(上午|下午|午前|午後|오전|오후)?"
_CLOCK = (
    rf"{_HALF}\s?(\d{{1,2}})\s?[:h٫时時시点點]\s?(\d{{2}})(?!\d)\s?[分분]?(?::(\d{{2}})(?:[.,]\d+)?)?\s*"
    r"(?:([apAP])\.?\s?[mM]\b\.?|(ص|م|ق\.ظ|ب\.ظ|صباح[اً]*|مساء[ً]?|[πμ]\.μ)(?!\w))?"
)
_ZONE = r"\s*\(?((?:(?:GMT|UTC)\s?)?[+\-−]\d{1,2}(?::?\d{2})?(?!\d)|[A-Z]{1,4}\b)?"
_AT = r"(?:at|um|à|a las|às|alle|kl\.?|klo|om|в|о|στις|saat|ora|godz\.?|ساعت|الساعة|בשעה|г\.,?)?"
_CLOCK_AFTER = re.compile(rf"[\s,،|–—\-·•@T]*{_AT}[\s,،|–—\-·•]*{_CLOCK}{_ZONE}")
_CLOCK_BEFORE = re.compile(rf"(?<!\d){_CLOCK}{_ZONE}[\s,،|–—\-·•\)]*(?:(?:on|am|em|el|le)\s)?[^\W\d_]{{0,9}}[\s,،]*$")
_AFTERNOON = frozenset({"p", "م", "ب.ظ", "مساء", "μ.μ", "下午", "午後", "오후"})
_HOURS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "TRT": 3, "IRST": 3.5, "GST": 4, "PKT": 5, "IST": 5.5, "WIB": 7, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AEST": 10,
    "AEDT": 11, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_AMERICAN = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}
_EARLIEST, _LATEST = 1980, 2100


# In the zones of the United States 3/4/2023 is the fourth of March; elsewhere the third of April.
_MONTH_FIRST = re.compile(
    r"America/(?:New_York|Chicago|Denver|Los_Angeles|Phoenix|Detroit|Boise|Anchorage)|Pacific/Honolulu|US/.*"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A date as read. ``at`` is UTC, midnight of the stated day without a time; ``zone`` is the offset that the writing named.

    ``start`` and ``end`` delimit it in the text, its time of day included. ``doubtful``: day and month may be swapped.
    """

    at: datetime
    has_time: bool
    zone: str = ""
    start: int = 0
    end: int = 0
    doubtful: bool = False


def read_stamp(raw: str, zone: str) -> Reading | None:
    """A machine's date (``<meta>``, JSON-LD, ``datetime=``); ``zone`` (IANA) is for those that name none. None if it is no date.

    Midnight sharp, in its own zone or in ``zone``, is what software writes when it knows the day only, and is taken as that.
    """
    raw = raw.strip()[:80]
    if re.fullmatch(r"\d{10}|\d{13}", raw):
        return _ranged(Reading(datetime.fromtimestamp(int(raw[:10]), UTC), has_time=True, zone="+00:00"))
    try:
        stamp = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$)", "", raw))
    except ValueError:
        return next(find_dates(raw, zone), None)
    if len(raw) <= 10 or stamp.time() == time():
        return _ranged(_whole_day(stamp.date()))
    placed = _placed(stamp, zone)
    if placed and placed.zone == "+00:00" and (local := placed.at.astimezone(zone_of(zone))).time() == time():
        return _whole_day(local.date())
    return placed


def find_dates(text: str, zone: str) -> Iterator[Reading]:
    """The dates written in a short text, by shape and then by place. A bare year or month is no date.

    ``zone`` (IANA) is for times that name none. 3/4/2023 is read both ways, first as its readers would: see ``doubtful``.
    """
    for shape, pattern in _SHAPES:
        for found in pattern.finditer(text):
            days = list(_days(shape, found.groups(), found[0], zone))
            for day in days:
                reading = _with_clock(day, text, found.start(), found.end(), zone)
                if reading is not None:
                    yield replace(reading, doubtful=len(days) > 1)


def _whole_day(day: date) -> Reading:
    return Reading(datetime.combine(day, time(), UTC), has_time=False)


def _placed(stamp: datetime, zone: str) -> Reading | None:
    """A date with a time as an instant; a naive one is in ``zone``."""
    own = stamp.utcoffset()
    local = stamp if own is not None else stamp.replace(tzinfo=zone_of(zone))
    try:
        return _ranged(Reading(local.astimezone(UTC), has_time=True, zone="" if own is None else offset_text(own)))
    except OverflowError:
        return None


def _ranged(reading: Reading) -> Reading | None:
    return reading if _EARLIEST <= reading.at.year <= _LATEST else None


def offset_text(offset: timedelta) -> str:
    """``+03:30``."""
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@cache
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name, UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _days(shape: str, groups: tuple[str | None, ...], written: str, zone: str) -> Iterator[date]:
    """The days that a match may name, the likelier first; none if there is no such day."""
    match shape:
        case "ymd":
            year, month, day = (int(group or 0) for group in groups)
        case "era":
            year = _ERAS[groups[0] or ""] + (1 if groups[1] == "元" else int(groups[1] or 0))
            month, day = int(groups[2] or 0), int(groups[3] or 0)
        case "dmy":
            yield from _numbered(*(int(group or 0) for group in groups), slashed="/" in written, zone=zone)
            return
        case "dMy":
            day, month, year = int(groups[0] or 0), month_number(groups[1], groups[2]), int(groups[3] or 0)
            month = month or month_number(groups[1])
        case "Mdy":
            month, day, year = month_number(groups[0]), int(groups[1] or 0), int(groups[2] or 0)
        case "ydM":
            year, day, month = int(groups[0] or 0), int(groups[1] or 0), month_number(groups[2])
        case _:
            year, month, day = int(groups[0] or 0), month_number(groups[1]), int(groups[2] or 0)
    if (found := _day(year, month, day)) is not None:
        yield found


def _numbered(first: int, second: int, year: int, *, slashed: bool, zone: str) -> Iterator[date]:
    year += 2000 if year < 100 else 0
    if second > 12 and first <= 12:
        first, second = second, first
    ways = [(second, first)]
    if slashed and first <= 12 and first != second:
        ways.insert(0 if _MONTH_FIRST.fullmatch(zone) else 1, (first, second))
    for month, day in ways:
        if (found := _day(year, month, day)) is not None:
            yield found


def _day(year: int, month: int, day: int) -> date | None:
    """The day in the calendar that its month's name or, for want of one, its year tells of."""
    if month > LUNAR or (month < SOLAR and 1420 <= year <= 1499):
        found = islamic(year, month % 100, day)
    elif month > SOLAR or 1300 <= year <= 1419:
        found = solar_hijri(year, month % 100, day)
    else:
        found = gregorian(year, month, day)
    return found if found and _EARLIEST <= found.year <= _LATEST else None


def _with_clock(day: date, text: str, start: int, end: int, zone: str) -> Reading | None:
    """The day with the time of day that stands right after or right before it, if one does."""
    found = _CLOCK_AFTER.match(text, end)
    if found:
        end = found.end()
    else:
        found = _CLOCK_BEFORE.search(text[max(0, start - 40) : start])
        start = max(0, start - 40) + found.start() if found else start
    clock = _clock(found.groups()) if found else None
    if found is None or clock is None:
        return replace(_whole_day(day), start=start, end=end)
    reading = _placed(datetime.combine(day, clock, _offset(found.groups()[6])), zone)
    return reading and replace(reading, start=start, end=end)


def _clock(groups: tuple[str | None, ...]) -> time | None:
    hour, minute, second = int(groups[1] or 0), int(groups[2] or 0), int(groups[3] or 0)
    half = groups[0] or (groups[4] or "").lower() or (groups[5] or "").rstrip("اً")
    if half and hour <= 12:
        hour = hour % 12 + (12 if half in _AFTERNOON else 0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _offset(name: str | None) -> tzinfo | None:
    """The zone of ``+03:30``, ``GMT+2``, ``CEST`` or ``ET``; None if it is none of these."""
    if not name:
        return None
    if name in _HOURS:
        return timezone(timedelta(hours=_HOURS[name]))
    if name in _AMERICAN:
        return zone_of(_AMERICAN[name])
    found = re.fullmatch(r"(?:GMT|UTC)?\s?([+\-−])(\d{1,2}):?(\d{2})?", name)
    if not found:
        return None
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 14 or minutes > 59:
        return None
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(shift if found[1] == "+" else -shift)
