"""What outlets write where a date belongs: RFC 822 in all its sloppiness, ISO 8601, ``31.12.2026 10:30``, and so on.

feedparser's own results are not used for these: it reads a date without a zone as UTC and does not say so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class FeedDate:
    """An instant (UTC), whether it had a time of day, and whether its zone is an assumption. No time: midnight UTC of the day.

    ``settled`` is False when the same text may be read otherwise at a later ``now``.
    """

    at: datetime
    has_time: bool
    zone_assumed: bool
    settled: bool = field(default=True, compare=False)


_OLDEST = 1990  # feeds are younger than that; 1970 and 0001 are what broken software writes
_AHEAD = timedelta(days=2)
_LATE = datetime(9000, 1, 1, tzinfo=UTC)
_MAX_LENGTH = 100

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}

_HOURS = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "MET": 1,
    "MEST": 2, "EET": 2, "EEST": 3, "SAST": 2, "CAT": 2, "WAT": 1, "EAT": 3, "MSK": 3, "MSD": 4, "TRT": 3, "IRST": 3.5,
    "IRDT": 4.5, "GST": 4, "AZT": 4, "AMT": 4, "AFT": 4.5, "PKT": 5, "UZT": 5, "IST": 5.5, "NPT": 5.75, "ICT": 7, "WIB": 7,
    "CST": -6, "SGT": 8, "MYT": 8, "HKT": 8, "AWST": 8, "WITA": 8, "JST": 9, "KST": 9, "WIT": 9, "ACST": 9.5, "ACDT": 10.5,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "BRT": -3, "ART": -3, "CLT": -4, "AST": -4, "ADT": -3, "NST": -3.5,
    "NDT": -2.5, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8,
    "HST": -10,
}  # fmt: skip
_NAMED: dict[str, tzinfo] = {name: timezone(timedelta(hours=hours)) for name, hours in _HOURS.items()}
_NAMED |= {"ET": ZoneInfo("America/New_York"), "CT": ZoneInfo("America/Chicago"), "PT": ZoneInfo("America/Los_Angeles")}

_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d{2}):(\d{2})(?::(\d{2}))? ([A-Za-z]{1,4}|[+-]\d{4})"
)
_TIME = re.compile(r"(?<![\d:+-])(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?:\s?([ap])\.?m\b\.?)?", re.IGNORECASE)
# A sign alone is no zone ("10:30 - 3.11.2026"): the digits must follow it, and no further date part may follow them.
_ZONE = re.compile(r"\s*\(?(?:([A-Za-z]{1,5})(?![A-Za-z]))?\s?(?:(?:([+-])(\d{2}):?(\d{2})|([+-])(\d{1,2}))(?![\d.:/-]))?")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([-/. ])\s?(\d{1,2})[-/. ]\s?(\d{4})(?!\d)")
_WORD = re.compile(r"[A-Za-z]{3,9}")
_NUMBER = re.compile(r"\d+")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?")
_ORDINAL = re.compile(r"\d{4}-?\d{3}(?!\d)")


def _nothing() -> None:
    """What feedparser makes of a date that it was not asked for."""


def read_date(raw: str, zone: ZoneInfo, now: datetime, other: Callable[[], Sequence[int] | None] = _nothing) -> FeedDate | None:
    """Read a date; None when it cannot be read, or cannot be true (before 1990, or more than two days after ``now``).

    ``zone`` is for dates that name none. ``other`` gives feedparser's UTC tuple; it is asked for what only feedparser knows
    (Greek, Hungarian and Korean forms, ordinal days).
    """
    try:
        found = _read(_tidy(raw), zone, now)
        if found is None and _is_feedparsers(raw) and (parsed := other()):
            # Not settled: feedparser asks the clock for what a date does not say.
            found = FeedDate(_from_tuple(parsed), has_time=True, zone_assumed=False, settled=False)
    except (ValueError, OverflowError):  # 31 February, hour 25, year 0
        return None
    if found is None or found.at.year < _OLDEST or found.at > now + _AHEAD:
        return None
    return found


def is_hopeless(raw: str, zone: ZoneInfo, now: datetime) -> bool:
    """Tell of a date that cannot be read whether it can be at no later instant, either: it is not only in the future."""
    return not _is_feedparsers(raw) and read_date(raw, zone, _LATE) is None


def _is_feedparsers(raw: str) -> bool:
    """Tell whether it may be a form that only feedparser knows."""
    return not raw.isascii() or _ORDINAL.match(raw) is not None


def _from_tuple(parsed: Sequence[int]) -> datetime:
    year, month, day, hour, minute, second = parsed[:6]
    return datetime(year, month, day, hour, minute, min(59, second), tzinfo=UTC)


def _tidy(raw: str) -> str:
    text = " ".join(raw[:_MAX_LENGTH].split())
    if text.isascii():
        return text
    return "".join(_tidy_character(character) for character in text).strip()


def _tidy_character(character: str) -> str:
    """ASCII digits for those of any script, a comma for the Arabic one, and no invisible marks of direction."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if character == "،":
        return ","
    return "" if unicodedata.category(character) == "Cf" else character


def _read(text: str, zone: ZoneInfo, now: datetime) -> FeedDate | None:
    return _read_strict(text, zone) or _read_sloppy(text, zone, now)


def _read_strict(text: str, zone: ZoneInfo) -> FeedDate | None:
    """Read ISO 8601, RFC 822 and seconds since 1970 as their specifications have them."""
    if text[4:5] == "-" or text[:8].isdigit():
        if epoch := _EPOCH.fullmatch(text):
            return FeedDate(datetime.fromtimestamp(int(epoch[1]), UTC), has_time=True, zone_assumed=False)
        try:
            return _resolve(datetime.fromisoformat(text), None, zone, has_time=len(text) > 10)
        except ValueError:
            pass  # not the strict form, perhaps a sloppy one
    if strict := _RFC822.fullmatch(text):
        day, month, year, hour, minute, second, name = strict.groups()
        number = _MONTH_NUMBERS.get(month.lower())
        if number:
            local = _wall(date(int(year), number, int(day)), _clock(hour, minute, second, None))
            return _resolve(local, name, zone, has_time=True)
    return None


def _read_sloppy(text: str, zone: ZoneInfo, now: datetime) -> FeedDate | None:
    """Find the time, the zone after it and the date around them, in any order."""
    name = None
    clock = timedelta()
    stated = _TIME.search(text)
    if stated:
        clock = _clock(*stated.groups())
        after = _ZONE.match(text, stated.end())
        name = _zone_name(after) if after else None
        end = after.end() if after and name else stated.end()
        text = f"{text[: stated.start()]} {text[end:]}"
    days, by_year = _days(text, now)
    for place, day in enumerate(days):
        found = _resolve(_wall(day, clock), name, zone, has_time=stated is not None)
        if found.at <= now + _AHEAD:
            # A likelier day was refused only because it is still to come.
            return replace(found, settled=False) if place or by_year else found
    return None


def _zone_name(match: re.Match[str]) -> str | None:
    word, sign, hours, minutes, short_sign, short_hours = match.groups()
    if sign:
        return f"{sign}{hours}{minutes}"
    if short_sign:
        return f"{short_sign}{short_hours.zfill(2)}00"
    return word if word and word.upper() in _NAMED else None


def _clock(hour: str, minute: str, second: str | None, half: str | None) -> timedelta:
    hours, minutes, seconds = int(hour), int(minute), min(59, int(second or 0))
    if half:
        hours = hours % 12 + (12 if half in "pP" else 0)
    if hours > 24 or minutes > 59 or (hours == 24 and minutes):
        message = "no such time of day"
        raise ValueError(message)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _wall(day: date, clock: timedelta) -> datetime:
    return datetime.combine(day, time()) + clock  # 24:00 is the next day's midnight


def _days(text: str, now: datetime) -> tuple[list[date], bool]:
    """Return the days that the text may mean, the likelier first, and whether their year is a guess from ``now``."""
    if match := _YEAR_FIRST.search(text):
        return [date(int(match[1]), int(match[2]), int(match[3]))], False
    if match := _DAY_FIRST.search(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        orders = [(first, second)] if match[2] == "." else [(first, second), (second, first)]
        return [date(year, month, day) for day, month in orders if 1 <= month <= 12 and 1 <= day <= 31], False
    months = [number for word in _WORD.findall(text) if (number := _month(word.lower()))]
    if not months:
        return [], False
    month = months[-1]  # the last, because French and Spanish Tuesdays look like March: "mar. 3 nov."
    numbers = _NUMBER.findall(text)
    years = [int(number) for number in numbers if len(number) == 4]
    rest = [int(number) for number in numbers if len(number) <= 2]
    if not years and len(rest) > 1:  # RFC 822 allowed two digits
        year = rest.pop()
        years = [year + (1900 if year >= 90 else 2000)]
    if not rest:
        return [], False
    if years:
        return [date(years[0], month, rest[0])], False
    guesses = (now.year + 1, now.year, now.year - 1)
    return [date(year, month, rest[0]) for year in guesses if (month, rest[0]) != (2, 29)], True


def _month(word: str) -> int:
    number = _MONTH_NUMBERS.get(word[:3], 0)
    return number if number and (_MONTHS[number - 1].startswith(word) or word == "sept") else 0


def _resolve(local: datetime, name: str | None, zone: ZoneInfo, *, has_time: bool) -> FeedDate:
    if not has_time:
        return FeedDate(datetime(local.year, local.month, local.day, tzinfo=UTC), has_time=False, zone_assumed=False)
    if local.tzinfo is not None:
        return FeedDate(local.astimezone(UTC), has_time=True, zone_assumed=False)
    stated = _named(name.upper()) if name else None
    # IST, CST and others mean several zones: the source's own comes first.
    if name and local.replace(tzinfo=zone).tzname() == name.upper():
        stated = zone
    return FeedDate(local.replace(tzinfo=stated or zone).astimezone(UTC), has_time=True, zone_assumed=stated is None)


@lru_cache(maxsize=256)
def _named(name: str) -> tzinfo | None:
    if name[0] in "+-":
        offset = timedelta(hours=int(name[1:3]), minutes=int(name[3:5]))
        return timezone(-offset if name[0] == "-" else offset)
    return _NAMED.get(name)
