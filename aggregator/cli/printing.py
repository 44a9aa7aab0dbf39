"""Words for a terminal: what strangers wrote (a feed's title, a server's answer) made safe; times and lengths of time."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

_JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ: invisible, but part of how Persian and emoji are written."""


def printable(text: str) -> str:
    """Text in which each control character, bidirectional ones included, is a space."""
    return "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)


def json_line(value: Any, **options: Any) -> str:
    """One line of JSON as people read it; what does not print (C1 controls, too) is escaped, so nothing is lost."""
    line = json.dumps(value, ensure_ascii=False, **options)
    return "".join(char if char.isprintable() or char in _JOINERS else json.dumps(char)[1:-1] for char in line)


def utc(at: datetime) -> str:
    """``2026-11-24 04:17 UTC``."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """A length of time in its two largest units: ``45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        large, small, names = minutes // 60, minutes % 60, ("h", "min")
    else:
        large, small, names = round(minutes / 60) // 24, round(minutes / 60) % 24, ("d", "h")
    return f"{large} {names[0]}" + (f" {small} {names[1]}" if small else "")


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 entry``, ``1,204 entries``; the plural is made with an s unless it is given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def plain(value: Any) -> Any:
    """A value for programs: dataclasses as objects, instants as ISO 8601 in UTC, days and hours likewise, lengths in seconds."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case tuple() | list():
            return [plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain(asdict(value))
        case _:
            return value
