"""What the headers of an answer ask of us: for how long it may be kept before we ask again (RFC 9111 §4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_DIRECTIVE = re.compile(r'([a-z-]+)\s*(?:=\s*"?(\d{1,12})[^,"]*"?)?', re.IGNORECASE)
_LONGEST = timedelta(days=366)


def read_hints(headers: Iterable[tuple[str, str]]) -> timedelta | None:
    """How long a response is fresh from its arrival; None if its headers say nothing, or that it never is.

    ``headers`` are lower-case names with values. ``max-age`` less ``Age`` beats ``Expires`` less ``Date``; ``no-cache`` and
    ``no-store`` void both. Both dates are the server's own, so its clock may be wrong. Nonsense counts as nothing.
    """
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    directives = {name.lower(): seconds for line in values.get("cache-control", ()) for name, seconds in _DIRECTIVE.findall(line)}
    if "no-cache" in directives or "no-store" in directives:
        return None
    if directives.get("max-age"):
        fresh = timedelta(seconds=min(int(directives["max-age"]), 10**9)) - _age(values)
    else:
        expires, date = _date(values.get("expires")), _date(values.get("date"))
        if expires is None or date is None:
            return None
        fresh = expires - date
    return min(fresh, _LONGEST) if fresh > timedelta() else None


def _age(values: dict[str, list[str]]) -> timedelta:
    age = values.get("age", ["0"])[0].strip()
    return timedelta(seconds=int(age[:9])) if age.isascii() and age.isdigit() else timedelta()


def _date(values: list[str] | None) -> datetime | None:
    if not values:
        return None
    try:
        at = parsedate_to_datetime(values[0])
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
