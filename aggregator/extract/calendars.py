"""Days of other calendars as days of the Gregorian one."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import accumulate

# 1 Muharram 1400 and the months of 1400 to 1500 in the Umm al-Qura calendar, as Saudi Arabia publishes them: three hexadecimal
# digits a year, of which bit 0 is Muharram; a set bit is a month of 30 days, else it has 29.
_LUNAR_START, _LUNAR_FIRST = date(1979, 11, 20), 1400
_LUNAR_MONTHS = """
d4b 52a a57 4ae 976 56c b55 aaa a55 4ad 95d 2da 5d9 db2 ba4 b4a a55 2b5 575 b6a bd2 bc4 b89 a95 52d 5ad b6a 6d4 dc9 d92 aa6 956
2ae 56d 36a b55 aaa 94d 49d 95d 2ba 5b5 5aa d55 a9a 92e 26e 55d ada 6d4 6a5 54b a97 54e aae 5ac ba9 d92 b25 64b cab 55a b55 6d2
ea5 e4a a95 52d aad 36c 759 6d2 695 52d a5b 4ba 9ba 3b4 b69 b52 aa6 4b6 96d 2ec 6d9 eb2 d54 d2a a56 4ae 96d d6a b54 b29 a93 52b
a57 536 ab5 6aa e93
"""
_SOLAR_START, _SOLAR_FIRST, _SOLAR_LAST = date(1921, 3, 21), 1300, 1499
_LEAP = frozenset({1, 5, 9, 13, 17, 22, 26, 30})


def gregorian(year: int, month: int, day: int) -> date | None:
    """The day itself; None if there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def solar_hijri(year: int, month: int, day: int) -> date | None:
    """A day of the calendar of Iran and Afghanistan, 1300 to 1499, by the 33-year cycle (right for these years:
    Heydari-Malayeri 2004). None if there is no such day."""
    if not (_SOLAR_FIRST <= year <= _SOLAR_LAST and 1 <= month <= 12 and 1 <= day <= _solar_length(year, month)):
        return None
    leaps = sum(1 for past in range(_SOLAR_FIRST, year) if past % 33 in _LEAP)
    passed = 31 * min(month - 1, 6) + 30 * max(month - 7, 0)
    return _SOLAR_START + timedelta(days=365 * (year - _SOLAR_FIRST) + leaps + passed + day - 1)


def _solar_length(year: int, month: int) -> int:
    return 31 if month <= 6 else 30 if month <= 11 or year % 33 in _LEAP else 29


def islamic(year: int, month: int, day: int) -> date | None:
    """A day of the Umm al-Qura calendar, 1400 to 1500; other countries, which watch for the moon, may be a day off.

    None if there is no such day.
    """
    starts = _lunar_starts()
    index = (year - _LUNAR_FIRST) * 12 + month - 1
    if not (1 <= month <= 12 and 0 <= index < len(starts) - 1 and 1 <= day <= starts[index + 1] - starts[index]):
        return None
    return _LUNAR_START + timedelta(days=starts[index] + day - 1)


@cache
def _lunar_starts() -> tuple[int, ...]:
    """Days from the first month's beginning to that of each month, and to the end of the last."""
    lengths = (29 + (int(year, 16) >> month & 1) for year in _LUNAR_MONTHS.split() for month in range(12))
    return tuple(accumulate(lengths, initial=0))
