"""Where things stand in a TOML file. ``tomllib`` keeps no positions, so this scans the text once more and remembers them.

The scanner follows TOML 1.0 (https://toml.io/en/v1.0.0) and trusts its input: it is only run on text that ``tomllib`` accepted.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from typing import TypeAlias

Route: TypeAlias = tuple[str | int, ...]
"""A way into a document: keys, and indices (from 0) into arrays."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:(?P<fold>[ \t]*\n[ \t\n]*)|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|.)")


@dataclass(frozen=True, slots=True)
class _Place:
    """Offsets into the text: of the key or header, and of the value's two ends (equal where there is no single value)."""

    key: int
    start: int
    end: int


class Places:
    """The positions of every table, key and array element of one document. Lines and columns count from 1."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")  # as tomllib reads it
        self._lines = [0, *(m.end() for m in re.finditer("\n", self._text))]
        self._places = _Scanner(self._text).places

    def line(self, route: Route) -> int:
        """The line of ``route``'s key or header; of the nearest enclosing thing if it is not written out; 0 for the document."""
        for size in range(len(route), 0, -1):
            if place := self._places.get(route[:size]):
                return self._position(place.key)[0]
        return 0

    def within(self, route: Route, offset: int) -> tuple[int, int]:
        """The line and column in the file of character ``offset`` (from 0) of the string that stands at ``route``."""
        place = self._places.get(route)
        if place is None or not _STRING.fullmatch(self._text, place.start, place.end):
            return self.line(route), 0
        offsets = _string_offsets(self._text[place.start : place.end])
        return self._position(place.start + offsets[min(max(offset, 0), len(offsets) - 1)])

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


def _string_offsets(raw: str) -> list[int]:
    """For each character of the string's value, and for its end, the offset in ``raw`` (quotes included) that wrote it."""
    quotes = 3 if raw.startswith(('"""', "'''")) else 1
    at, stop = quotes, len(raw) - quotes
    if quotes == 3 and raw.startswith("\n", at):
        at += 1
    offsets = []
    while at < stop:
        escape = _ESCAPE.match(raw, at) if raw[0] == '"' else None
        if escape is None or escape["fold"] is None:
            offsets.append(at)
        at = escape.end() if escape else at + 1
    return [*offsets, stop]


class _Scanner:
    """One pass over a document; ``places`` is the result."""

    def __init__(self, text: str) -> None:
        self.places: dict[Route, _Place] = {}
        self._text, self._at = text, 0
        self._counts: dict[Route, int] = {}  # how many tables an array of tables has so far
        table: Route = ()
        while self._skip(_BLANK):
            if self._text[self._at] == "[":
                table = self._header(2 if self._text.startswith("[[", self._at) else 1)
            else:
                self._pair(table)

    def _skip(self, what: re.Pattern[str]) -> bool:
        """Pass over ``what``; tell whether anything is left."""
        match = what.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at < len(self._text)

    def _header(self, brackets: int) -> Route:
        start = self._at
        self._at += brackets
        *parents, last = self._key()
        self._at += brackets
        route: Route = ()
        for part in parents:
            route = self._enter((*route, part), start)
        route = (*route, last)
        if brackets == 2:
            self._counts[route] = self._counts.get(route, 0) + 1
        return self._enter(route, start)

    def _enter(self, route: Route, start: int) -> Route:
        """Note a table; in an array of tables, the last one is meant."""
        self.places.setdefault(route, _Place(start, start, start))
        if route not in self._counts:
            return route
        route = (*route, self._counts[route] - 1)
        self.places.setdefault(route, _Place(start, start, start))
        return route

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            match = _STRING.match(self._text, self._at) or _BARE_KEY.match(self._text, self._at)
            assert match is not None, "tomllib accepted this text"
            self._at = match.end()
            parts.append(_unquote(match[0]))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _pair(self, table: Route) -> None:
        start, route = self._at, table
        for part in self._key():
            route = (*route, part)
            self.places.setdefault(route, _Place(start, start, start))
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(route, start)

    def _value(self, route: Route, key: int) -> None:
        start = self._at
        match self._text[start]:
            case '"' | "'":
                self._skip(_STRING)
            case "[":
                self._array(route)
            case "{":
                self._inline_table(route)
            case _:
                self._skip(_SCALAR)
        self.places[route] = _Place(key, start, self._at)

    def _array(self, route: Route) -> None:
        self._at += 1
        index = 0
        while self._more("]"):
            self._value((*route, index), self._at)
            index += 1

    def _inline_table(self, route: Route) -> None:
        self._at += 1
        while self._more("}"):
            self._pair(route)

    def _more(self, closing: str) -> bool:
        """Go to the next element, or past the closing bracket."""
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_BLANK)
        if self._text[self._at] != closing:
            return True
        self._at += 1
        return False


def _unquote(key: str) -> str:
    """The name that a key, bare or quoted, stands for."""
    return str(tomllib.loads(f"x = {key}")["x"]) if key[0] in "\"'" else key
