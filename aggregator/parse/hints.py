"""What a feed says for those who poll it: how often to come, when not to, and where its WebSub hub is.

Sources: RSS 2.0 (``ttl``, ``skipHours``, ``skipDays``), the RSS 1.0 syndication module (``sy:``), WebSub §4 (``hub``, ``self``).

* ``ttl``: whole or broken minutes. Nothing below one counts; more than a year is a year.
* ``sy:updatePeriod`` is known by its first letters (``dayly``, ``Hours``); ``always`` is hourly. ``sy:updateFrequency`` may be a
  fraction (0.1 of hourly is every ten hours); what is not a number above zero counts as 1, the default. The result lies between
  a minute and a year. ``sy:updateBase`` is not read: a phase would bring all readers at once.
* ``skipHours``: 0 to 23; 24, which RSS 0.91 used for midnight, is 0. ``skipDays``: English names or their beginnings.

What is nonsense is as if it were not there: hints only ever slow a reader down, so nothing is lost without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from xml.parsers import expat

from aggregator.model.feed import FeedHints
from aggregator.parse import fields

_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=365)
_PERIODS = (
    ("always", timedelta(hours=1)),
    ("h", timedelta(hours=1)),
    ("d", timedelta(days=1)),
    ("w", timedelta(days=7)),
    ("mo", timedelta(days=30)),
    ("y", timedelta(days=365)),
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = re.compile(r"\+?(\d{1,12}(?:[.,]\d{1,6})?|[.,]\d{1,6})(?!\d)")
_GAP = re.compile(r"[\s,;]+")
_MOST_TEXT = 2_000
_SKIPS = (b"<skip", b"<Skip", b"<SKIP")
_FINAL = True


def read_hints(ttl: str, period: str, frequency: str, document: bytes) -> FeedHints:
    """Read the hints of a feed: the texts of ``ttl``, ``sy:updatePeriod`` and ``sy:updateFrequency``, "" where it has none.

    The hours and days come from ``document`` (UTF-8 XML) itself, because feedparser keeps only the last of each. A document that
    is malformed is read up to its break.
    """
    hours, days = _skips(document) if any(word in document for word in _SKIPS) else ((), ())
    return FeedHints(ttl=_ttl(ttl), update_every=_update_every(period, frequency), skip_hours=hours, skip_days=days)


def find_hub(links: Iterable[tuple[str, str]], base: str) -> tuple[str | None, str | None]:
    """Return the first http(s) addresses of the relations ``hub`` and ``self`` among ``links``, pairs of ``rel`` and ``href``."""
    found: dict[str, str] = {}
    for relations, href in links:
        wanted = {"hub", "self"}.intersection(relations.lower().split()).difference(found)
        if wanted and (address := fields.http_url(href, base)):
            found |= dict.fromkeys(wanted, address)
    return found.get("hub"), found.get("self")


def _number(text: str) -> float:
    """Return the number at the beginning of ``text``, 0.0 if there is none."""
    match = _NUMBER.match(text.strip())
    return float(match[1].replace(",", ".")) if match else 0.0


def _ttl(text: str) -> timedelta | None:
    minutes = _number(text)
    return _bounded(timedelta(minutes=min(minutes, _LONGEST / _SHORTEST))) if minutes >= 1 else None


def _update_every(period: str, frequency: str) -> timedelta | None:
    if not period.strip() and not frequency.strip():
        return None
    word = period.strip().lower() or "daily"  # the module's default
    length = next((length for start, length in _PERIODS if word.startswith(start)), None)
    # Not below a millionth, lest the division overflow.
    return _bounded(length / max(1e-6, _number(frequency) or 1.0)) if length else None


def _bounded(wait: timedelta) -> timedelta:
    return max(_SHORTEST, min(wait, _LONGEST))


def _skips(document: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    reader = _SkipReader()
    reader.read(document)
    hours = {_hour(word) for word in _GAP.split(reader.texts["skiphours"])}
    days = {_day(word) for word in _GAP.split(reader.texts["skipdays"])}
    return tuple(sorted(hour for hour in hours if hour is not None)), tuple(sorted(day for day in days if day))


def _hour(word: str) -> int | None:
    if not re.fullmatch(r"\d{1,2}", word, re.ASCII) or int(word) > 24:
        return None
    return int(word) % 24


def _day(word: str) -> int:
    """Return the ISO weekday, 0 if ``word`` names none."""
    word = word.lower().rstrip(".")
    return next((number for number, name in enumerate(_DAYS, 1) if len(word) >= 3 and name.startswith(word)), 0)


class _SkipReader:
    """Gathers the texts inside ``skipHours`` and ``skipDays``, children of the channel: one in an entry is somebody's story."""

    def __init__(self) -> None:
        self.texts = {"skiphours": "", "skipdays": ""}
        self._path: list[str] = []
        self._open = ""
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, document: bytes) -> None:
        try:
            self._parser.Parse(document, _FINAL)
        except expat.ExpatError:
            return  # what stands before the break counts

    def _start(self, name: str, _: dict[str, str]) -> None:
        name = name.rpartition(":")[2].lower()
        if len(self._path) == 2 and self._path[1] == "channel" and name in self.texts:
            self._open = name
        self._path.append(name)
        self._text(" ")

    def _end(self, _: str) -> None:
        self._path.pop()
        self._text(" ")
        if len(self._path) == 2:
            self._open = ""

    def _text(self, text: str) -> None:
        if self._open and len(self.texts[self._open]) < _MOST_TEXT:
            self.texts[self._open] += text[:_MOST_TEXT]
