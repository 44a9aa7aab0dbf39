"""Dates told from now: ``3 hours ago``, ``gestern, 14:30``, ``۲ ساعت پیش``, ``3小时前``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from aggregator.extract.datewords import Reading, zone_of

_MINUTE, _HOUR, _DAY, _WEEK = 1, 60, 1440, 10080
_UNITS = {
    _MINUTE: "min\\w{0,7}\\.? dakika dk мин\\w{0,4}\\.? хв\\w{0,6}\\.? λεπτ[άό] דקות דקה דק['׳] دقائق دقيقة دقیقه "
    "دقيقه منٹ मिनट phút 分(?:钟|鐘)? 분",
    _HOUR: "hours? hrs? heures? stunden? std\\.? horas? ora ore u(?:ur|ren) timm(?:e|ar) tim(?:e|er) tuntia? godzin[yę]? "
    "godz\\.? hodin(?:ami|ou)? óráj?a? saat час(?:а|ов)? годин[уи]? час(?:ове)? ώρ(?:ες|α) שעות שעה ساعات ساعة ساعت گھنٹے گھنٹہ "
    "घंटे घंटा jam giờ 小时 小時 個小時 个小时 時間 시간",
    _DAY: "days? jours? tag(?:en)? días? dia dias giorn[oi] dag(?:en|ar|er|e)? päivää? dni dzień dnů dny dnem napja zile? gün "
    "дн(?:я|ей|і|ів)? день ден ημέρ(?:ες|α) μέρες ימים יום أيام ايام يوم يومًا روز دن दिन hari ngày 天 日 일",
    _WEEK: "weeks? semaines? wochen? semanas? settiman[ae] we(?:ek|ken) veck(?:a|or) uker? uger? viikkoa? tygodni(?:e|u)? "
    "tydn[yů] hafta недел[юиь] тижн[іяь] εβδομάδ(?:ες|α) שבועות שבוע أسابيع أسبوع هفته ہفتے minggu 周 週間 주",
}  # fmt: skip
_BEFORE = "il y a|vor|hace|há|před|acum|преди|πριν(?: από)?|cách đây|לפני|منذ|قبل"
_ALONE = "לפני|منذ|قبل"
_AFTER = "ago|fa|geleden|sedan|siden|sitten|temu|önce|(?:yang )?lalu|назад|тому|پیش|قبل|پہلے|पहले|trước|前|전|ezelőtt|atrás"
_ONE = "an?|une?|ein(?:e[rmn]?)?|una?|um|uma|un|één|een|en|et|ett|bir"
# Arabic and Hebrew have one word for "two hours"; "an hour ago" goes without a number in many languages.
_TWO = {_MINUTE: "دقيقتين", _HOUR: "ساعتين|שעתיים", _DAY: "يومين|יומיים", _WEEK: "أسبوعين|שבועיים"}
_ANY = "|".join(f"(?P<u{size}>{'|'.join(names.split())})" for size, names in _UNITS.items())
_DUAL = "|".join(f"(?P<t{size}>{names})" for size, names in _TWO.items())
_NUMBER = rf"(?:(?P<number>\d{{1,2}})|(?:{_ONE})(?:\b|['’]))"
_TOLD_BEFORE = re.compile(rf"(?<!\w)(?:(?:{_BEFORE})\s+{_NUMBER}|(?:{_ALONE}))\s*(?:{_DUAL}|{_ANY})(?!\w)", re.IGNORECASE)
_TOLD_AFTER = re.compile(rf"(?<!\w){_NUMBER}\s*(?:{_ANY})\s*(?:{_AFTER})(?!\w)", re.IGNORECASE)
_ONE_WORD = re.compile(
    r"(?<!\w)(?P<number>\d{1,2})\s?(?:(?P<u1>m ago|perce)|(?P<u60>h ago|órája)|(?P<u1440>d ago|napja))(?!\w)", re.IGNORECASE
)
_DAYS = {
    0: "today|heute|aujourd['’]hui|hoy|hoje|oggi|vandaag|idag|i dag|tänään|dzisiaj|dziś|dnes|bugün|сегодня|сьогодні|днес|σήμερα|"
    "היום|اليوم|امروز|آج|今天|今日|오늘|hôm nay|hari ini",
    1: "yesterday|gestern|hier|ayer|ontem|ieri|gisteren|igår|i går|eilen|wczoraj|včera|tegnap|dün|вчера|вчора|χθες|χτες|אתמול|"
    "أمس|امس|دیروز|کل|昨天|昨日|어제|hôm qua|kemarin",
    2: "vorgestern|avant-hier|anteayer|anteontem|l['’]altro ieri|eergisteren|toissapäivänä|przedwczoraj|předevčírem|позавчера|"
    "позавчора|προχθές|שלשום|پریروز|前天|一昨日|그저께",
}  # fmt: skip
_NAMED = re.compile(
    "(?<!\\w)(?:" + "|".join(f"(?P<d{days}>{names})" for days, names in _DAYS.items()) + r")[\s,،|·•–-]*"
    r"(?:(?:at|um|à|a las|às|alle|om|kl\.?|klo|o|в|о|saat|ساعت|الساعة|בשעה|στις)\s*)?(?:(\d{1,2})[:.h](\d{2})(?!\d))?",
    re.IGNORECASE,
)


def find_relative(text: str, zone: str, seen_at: datetime) -> Iterator[Reading]:
    """The dates in ``text`` that are told from the moment at which it was read; ``zone`` (IANA) is where "today" is.

    Minutes and hours give an instant, longer spans and names of days give a day. A named day without a time of day counts only if
    nothing else is written, since "today" also heads the weather and the news.
    """
    for pattern in (_TOLD_BEFORE, _TOLD_AFTER, _ONE_WORD):
        for found in pattern.finditer(text):
            yield _ago(found, zone, seen_at)
    for found in _NAMED.finditer(text):
        reading = _named(found, zone, seen_at)
        if reading and (reading.has_time or found[0].strip() == text.strip()):
            yield reading


def _ago(found: re.Match[str], zone: str, seen_at: datetime) -> Reading:
    groups = found.groupdict()
    size = next(size for size in _UNITS if groups.get(f"u{size}") or groups.get(f"t{size}"))
    count = 2 if groups.get(f"t{size}") else int(groups.get("number") or 1)
    at = seen_at - timedelta(minutes=size * count)
    if size < _DAY:
        return Reading(at, has_time=True, start=found.start(), end=found.end())
    return _day(at, zone, found)


def _named(found: re.Match[str], zone: str, seen_at: datetime) -> Reading | None:
    ago = next(days for days in _DAYS if found[f"d{days}"])
    hour, minute = found[found.re.groups - 1], found[found.re.groups]
    if hour is None:
        return _day(seen_at - timedelta(days=ago), zone, found)
    if int(hour) > 23 or int(minute) > 59:
        return None
    day = seen_at.astimezone(zone_of(zone)).date() - timedelta(days=ago)
    at = datetime.combine(day, time(int(hour), int(minute)), zone_of(zone)).astimezone(UTC)
    return Reading(at, has_time=True, start=found.start(), end=found.end())


def _day(at: datetime, zone: str, found: re.Match[str]) -> Reading:
    day = at.astimezone(zone_of(zone)).date()
    return Reading(datetime.combine(day, time(), UTC), has_time=False, start=found.start(), end=found.end())
