"""``age``: how long before the instant of the question an article was published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aggregator.model.rule import Document

_UNITS: Final = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_AGE = re.compile(r"(\d{1,6})(min|h|d|w)", re.IGNORECASE)
_OLDEST = timedelta(days=36_525)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Age:
    """The article's age lies in one of ``spans``: both ends included, to the microsecond; None for an open end."""

    spans: tuple[tuple[timedelta | None, timedelta | None], ...]

    def holds(self, document: Document, now: datetime) -> bool:
        """Whether ``document`` passes at ``now``; one without a date never does, and one of the future has an age below zero."""
        if document.published_at is None:
            return False
        age = now - document.published_at
        return any((low is None or low <= age) and (high is None or age <= high) for low, high in self.spans)

    def published(self, now: datetime) -> tuple[tuple[datetime | None, datetime | None], ...]:
        """The same as half-open spans of the date of publication."""
        return tuple((now - high if high is not None else None, now - low + _MOMENT if low is not None else None)
                     for low, high in self.spans)  # fmt: skip


def age_span(comparison: str, value: str) -> tuple[timedelta | None, timedelta | None]:
    """``comparison value`` as a span; a value that is none raises ValueError with a message for the analyst."""
    if comparison == ":":
        low, dots, high = (part.strip() for part in value.partition(".."))
        if not dots:
            raise ValueError(f"age: needs a span; write age<{value or '7d'}, or age:1d..7d")
        if not low and not high:
            raise ValueError("a span needs at least one end, as in age:1d..7d")
        least, most = _age(low) if low else None, _age(high) if high else None
        if least is not None and most is not None and least > most:
            raise ValueError(f"the span {value!r} ends before it begins; write the younger age first")
        return least, most
    age = _age(value)
    spans: dict[str, tuple[timedelta | None, timedelta | None]] = {
        ">=": (age, None), ">": (age + _MOMENT, None), "<=": (None, age), "<": (None, age - _MOMENT),
    }  # fmt: skip
    return spans[comparison]


def _age(value: str) -> timedelta:
    found = _AGE.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is no age; write a whole number and min, h, d or w, as in 12h or 7d")
    age = int(found[1]) * _UNITS[found[2].lower()]
    if age > _OLDEST:
        raise ValueError(f"{value!r} is more than a hundred years; use date: for what is older")
    return age
