"""Written dates to instants: ISO 8601, RFC 5322, epoch seconds, and the dates that people read, in some thirty languages.

Digits of any script are read. Solar Hijri dates (years 1300 to 1499, or a Persian month name) are converted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

_MONTHS = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
jänner feber mär apr mai jun jul aug sept okt nov dez
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
januar februar mars april mai juni juli august september oktober november desember
januar februar marts april maj juni juli august september oktober november december
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
ledna února března dubna května června července srpna září října listopadu prosince
január február március április május június július augusztus szeptember október november december
ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
januari februari maret april mei juni juli agustus september oktober november desember
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
януари февруари март април май юни юли август септември октомври ноември декември
ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου
ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر
كانون-الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين-الأول تشرين-الثاني كانون-الأول
ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر
جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر
जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
"""
_SOLAR = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند"

_WORD = r"([^\W\d_]+(?:[\u0300-\u036f\u0900-\u0903\u093a-\u094f][^\W\d_]*)*)"
_TWO_WORDS = rf"{_WORD}(?: (ال[^\W\d_]+))?"
_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|\.)"
_GAP = r"[\s\-–/]*"
_YEAR = r"(\d{4})(?!\d)"
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ymd", re.compile(rf"(?<![\d./-]){_YEAR}\s?[-/.年년]\s?(\d{{1,2}})\s?[-/.月월]\s?(\d{{1,2}})(?!\d)")),
    ("dmy", re.compile(rf"(?<![\d./-])(\d{{1,2}})\s?[-/.]\s?(\d{{1,2}})\s?[-/.]\s?{_YEAR}")),
    ("dmy", re.compile(r"(?<![\d./-])(\d{1,2})\.(\d{1,2})\.(\d{2})(?![\d.])")),
    ("dMy", re.compile(rf"(?<!\d)(\d{{1,2}}){_ORDINAL}?{_GAP}(?:de |of |d['’])?{_TWO_WORDS}\.?,?{_GAP}(?:de |del )?{_YEAR}")),
    ("Mdy", re.compile(rf"{_WORD}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|\s+){_YEAR}")),
    ("yMd", re.compile(rf"(?<!\d){_YEAR}\.?\s+{_WORD}\s+(\d{{1,2}})(?!\d)")),
)
_CLOCK = r"(\d{1,2})\s?[:h٫]\s?(\d{2})(?!\d)(?::(\d{2})(?:[.,]\d+)?)?\s*(?:([apAP])\.?\s?[mM]\b\.?|(ص|م|ق\.ظ|ب\.ظ)(?!\w))?"
_ZONE = r"\s*\(?((?:(?:GMT|UTC)\s?)?[+\-−]\d{1,2}(?::?\d{2})?(?!\d)|[A-Z]{1,4}\b)?"
_AT = r"(?:at|um|à|a las|às|alle|kl\.?|klo|om|в|о|saat|ساعت|الساعة|г\.,?)?"
_CLOCK_AFTER = re.compile(rf"[\s,|–—\-·•@T]*{_AT}[\s,|–—\-·•]*{_CLOCK}{_ZONE}")
_CLOCK_BEFORE = re.compile(rf"(?<!\d){_CLOCK}{_ZONE}[\s,|–—\-·•\)]*(?:(?:on|am|em|el|le)\s)?[^\W\d_]{{0,9}}[\s,]*$")
_HOURS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9,
}  # fmt: skip
_EARLIEST, _LATEST = 1980, 2100


@dataclass(frozen=True, slots=True)
class Reading:
    """A date as read. ``at`` is UTC, midnight of the stated day without a time; ``zone_known``: the writing named its zone.

    ``start`` and ``end`` delimit it in the text, its time of day included.
    """

    at: datetime
    has_time: bool
    zone_known: bool
    start: int = 0
    end: int = 0


def read_stamp(raw: str, zone: str) -> Reading | None:
    """A machine's date (``<meta>``, JSON-LD, ``datetime=``); ``zone`` (IANA) is for those that name none. None if it is no date.

    Midnight sharp is what software writes when it knows the day only, and is taken as that.
    """
    raw = raw.strip()[:80]
    if re.fullmatch(r"\d{10}|\d{13}", raw):
        return _ranged(datetime.fromtimestamp(int(raw[:10]), UTC), has_time=True, zone_known=True)
    try:
        stamp = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$)", "", raw))
    except ValueError:
        return next(find_dates(raw, zone), None)
    if len(raw) <= 10 or stamp.time() == time():
        return _ranged(datetime.combine(stamp.date(), time(), UTC), has_time=False, zone_known=False)
    return _placed(stamp, zone)


def find_dates(text: str, zone: str) -> Iterator[Reading]:
    """The dates written in a short text, by shape and then by place. A bare year or month is no date."""
    for shape, pattern in _SHAPES:
        for found in pattern.finditer(text):
            day = _day(shape, found.groups())
            if day is None:
                continue
            reading = _with_clock(day, text, found.start(), found.end(), zone)
            if reading is not None:
                yield reading


def _placed(stamp: datetime, zone: str) -> Reading | None:
    """A date with a time as an instant; a naive one is in ``zone``."""
    known = stamp.tzinfo is not None
    local = stamp if known else stamp.replace(tzinfo=zone_of(zone))
    try:
        return _ranged(local.astimezone(UTC), has_time=True, zone_known=known)
    except OverflowError:
        return None


def _ranged(at: datetime, *, has_time: bool, zone_known: bool) -> Reading | None:
    return Reading(at, has_time, zone_known) if _EARLIEST <= at.year <= _LATEST else None


@cache
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name, UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _plain(word: str) -> str:
    """A month's name without case, accents and the two spellings of yeh and kaf."""
    word = unicodedata.normalize("NFKD", word.casefold().replace("ي", "ی").replace("ى", "ی").replace("ك", "ک"))
    return "".join(char for char in word if not unicodedata.combining(char))


@cache
def _months() -> dict[str, int]:
    """Names and usual abbreviations (the first three and four letters) to 1..12; Persian ones to 101..112."""
    table: dict[str, int] = {}
    rows = [line.split() for line in _MONTHS.split("\n") if line]
    for row in rows:
        table.update({_plain(name).replace("-", " "): number for number, name in enumerate(row, 1) if _plain(name) not in table})
    for number, name in enumerate(_SOLAR.split(), 101):
        table[_plain(name)] = number
    for row in rows:
        for number, name in enumerate(row, 1):
            for size in (3, 4):
                if "a" <= name[0] <= "z" or "а" <= name[0] <= "я":
                    table.setdefault(_plain(name)[:size], number)
    return table


def _month(*words: str | None) -> int:
    """The number of a month by its name, possibly of two words; 0 if it is none."""
    first, second = (*words, None)[:2]
    if not first:
        return 0
    name = _plain(first)
    return _months().get(f"{name} {_plain(second)}", 0) if second else _months().get(name, 0)


def _day(shape: str, groups: tuple[str | None, ...]) -> date | None:
    """The day that a match names; None if there is no such day. 3/4/2023 is the third of April, as in most of the world."""
    match shape:
        case "ymd":
            year, month, day = (int(group or 0) for group in groups)
        case "dmy":
            day, month, year = (int(group or 0) for group in groups)
            day, month = (month, day) if month > 12 else (day, month)
            year += 2000 if year < 100 else 0
        case "dMy":
            day, month, year = int(groups[0] or 0), _month(groups[1], groups[2]), int(groups[3] or 0)
        case "Mdy":
            month, day, year = _month(groups[0]), int(groups[1] or 0), int(groups[2] or 0)
        case _:
            year, month, day = int(groups[0] or 0), _month(groups[1]), int(groups[2] or 0)
    if month > 100 or 1300 <= year <= 1499:
        return _solar(year, month % 100, day)
    if not _EARLIEST <= year <= _LATEST:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _solar(year: int, month: int, day: int) -> date | None:
    """A Solar Hijri day of 1300 to 1499, by the 33-year cycle (right for these years: Heydari-Malayeri 2004)."""
    if not (1300 <= year <= 1499 and 1 <= month <= 12 and 1 <= day <= 31 and (month <= 6 or day <= 30)):
        return None
    # 1 Farvardin 1300 was 21 March 1921; leap years are those with these remainders.
    leaps = sum((1 for past in range(1300, year) if past % 33 in (1, 5, 9, 13, 17, 22, 26, 30)), 0)
    passed = 31 * min(month - 1, 6) + 30 * max(month - 7, 0)
    return date(1921, 3, 21) + timedelta(days=365 * (year - 1300) + leaps + passed + day - 1)


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
        return Reading(datetime.combine(day, time(), UTC), has_time=False, zone_known=False, start=start, end=end)
    reading = _placed(datetime.combine(day, clock, _offset(found.groups()[5])), zone)
    return reading and Reading(reading.at, has_time=True, zone_known=reading.zone_known, start=start, end=end)


def _clock(groups: tuple[str | None, ...]) -> time | None:
    hour, minute, second = int(groups[0] or 0), int(groups[1] or 0), int(groups[2] or 0)
    half = {"ص": "a", "م": "p", "ق.ظ": "a", "ب.ظ": "p"}.get(groups[4] or "", (groups[3] or "").lower())
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _offset(name: str | None) -> tzinfo | None:
    """The zone of ``+03:30``, ``GMT+2`` or ``CEST``; None if it is none of these."""
    if not name:
        return None
    if name in _HOURS:
        return timezone(timedelta(hours=_HOURS[name]))
    found = re.fullmatch(r"(?:GMT|UTC)?\s?([+\-−])(\d{1,2}):?(\d{2})?", name)
    if not found:
        return None
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 14 or minutes > 59:
        return None
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(shift if found[1] == "+" else -shift)
