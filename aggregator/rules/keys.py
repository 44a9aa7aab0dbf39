"""Keys: tests of what is known about an article besides its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, TypeAlias, cast

from aggregator.model.rule import Document
from aggregator.rules.ages import Age, age_span
from aggregator.rules.expressions import Expression

ListKey: TypeAlias = Literal["source", "language", "country", "group", "tag", "domain"]

LIST_KEYS: Final[dict[str, ListKey]] = {
    "source": "source", "lang": "language", "country": "country", "group": "group", "tag": "tag", "domain": "domain",
}  # fmt: skip
KEYS: Final = (*LIST_KEYS, "url", "date", "age", "words")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True, slots=True)
class OneOf:
    """The article's value is one of ``values``: the words of the query as written, in lower, upper and capitalised form.

    ``domain`` also takes the subdomains of each value.
    """

    key: ListKey
    values: tuple[str, ...]

    def holds(self, document: Document) -> bool:
        """Whether ``document`` passes."""
        if self.key == "tag":
            return not set(self.values).isdisjoint(document.tags)
        if self.key == "domain":
            return any(document.domain == value or document.domain.endswith(f".{value}") for value in self.values)
        return cast("str", getattr(document, self.key)) in self.values


@dataclass(frozen=True, slots=True)
class UrlHolds:
    """The article's URL contains one of ``values``, in any case."""

    values: tuple[str, ...]

    def holds(self, document: Document) -> bool:
        """Whether ``document`` passes."""
        url = document.url.casefold()
        return any(value in url for value in self.values)


@dataclass(frozen=True, slots=True)
class UrlMatches:
    """The regular expression stands in the article's URL."""

    expression: Expression

    def holds(self, document: Document) -> bool:
        """Whether ``document`` passes."""
        return self.expression.occurs(document.url)


@dataclass(frozen=True, slots=True)
class Published:
    """The article's date lies in one of ``spans``: half-open, UTC, None for an open end."""

    spans: tuple[tuple[datetime | None, datetime | None], ...]

    def holds(self, document: Document) -> bool:
        """Whether ``document`` passes; one without a date never does."""
        at = document.published_at
        return at is not None and any((not first or first <= at) and (not end or at < end) for first, end in self.spans)


@dataclass(frozen=True, slots=True)
class WordCount:
    """The article's length in words lies in one of ``spans``: both ends included, None for an open end."""

    spans: tuple[tuple[int | None, int | None], ...]

    def holds(self, document: Document) -> bool:
        """Whether ``document`` passes."""
        words = document.words
        return any((low is None or low <= words) and (high is None or words <= high) for low, high in self.spans)


KeyTest: TypeAlias = OneOf | UrlHolds | UrlMatches | Published | WordCount


def build(name: str, comparison: str, values: Sequence[str]) -> KeyTest | Age:
    """The test for ``name comparison values``; a value that is none raises ValueError with a message for the analyst."""
    if name == "date":
        return Published(tuple(_dates(comparison, value) for value in values))
    if name == "age":
        return Age(tuple(age_span(comparison, value) for value in values))
    if name == "words":
        return WordCount(tuple(_numbers(comparison, value) for value in values))
    if comparison != ":":
        raise ValueError(f"{name} cannot be compared with {comparison}; only date, age and words can")
    if name == "url":
        return UrlHolds(tuple(value.casefold() for value in values))
    if name == "domain":
        return OneOf("domain", tuple(value.lower().removeprefix("www.") for value in values))
    forms = (form for value in values for form in (value, value.lower(), value.upper(), value.capitalize()))
    return OneOf(LIST_KEYS[name], tuple(dict.fromkeys(forms)))


def _day_span(value: str) -> tuple[datetime, datetime]:
    """A day, month or year as the half-open span of its UTC days."""
    found = _DATE.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is no date; write 2024-03-05, 2024-03 or 2024")
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(f"the year {year} is out of range; dates are Gregorian, {_FIRST_YEAR} to {_LAST_YEAR}")
    try:
        first = date(year, month or 1, day or 1)
    except ValueError:
        raise ValueError(f"there is no day {value!r}; write year-month-day, as in 2024-03-05") from None
    if day:
        return _midnight(first), _midnight(first + timedelta(days=1))
    return _midnight(first), _midnight(date(year, month + 1, 1) if 0 < month < 12 else date(year + 1, 1, 1))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _dates(comparison: str, value: str) -> tuple[datetime | None, datetime | None]:
    if comparison == ":" and ".." in value:
        low, high = (part.strip() for part in value.split("..", 1))
        if not low and not high:
            raise ValueError("a span needs at least one end, as in date:2024-01-01..2024-03-31")
        first, after = _day_span(low)[0] if low else None, _day_span(high)[1] if high else None
        if first and after and first >= after:
            raise ValueError(f"the span {value!r} ends before it begins")
        return first, after
    first, after = _day_span(value)
    spans: dict[str, tuple[datetime | None, datetime | None]] = {
        ":": (first, after), ">=": (first, None), ">": (after, None), "<=": (None, after), "<": (None, first),
    }  # fmt: skip
    return spans[comparison]


def _number(value: str) -> int:
    if not value.isdecimal() or len(value) > 9:
        raise ValueError(f"{value!r} is no number of words; write a whole number, as in words>=200")
    return int(value)


def _numbers(comparison: str, value: str) -> tuple[int | None, int | None]:
    if comparison == ":" and ".." in value:
        low, high = (part.strip() for part in value.split("..", 1))
        if not low and not high:
            raise ValueError("a span needs at least one end, as in words:100..500")
        least, most = _number(low) if low else None, _number(high) if high else None
        if least is not None and most is not None and least > most:
            raise ValueError(f"the span {value!r} ends before it begins")
        return least, most
    number = _number(value)
    spans: dict[str, tuple[int | None, int | None]] = {
        ":": (number, number), ">=": (number, None), ">": (number + 1, None), "<=": (None, number), "<": (None, number - 1),
    }  # fmt: skip
    return spans[comparison]
