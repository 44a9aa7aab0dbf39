"""PostgreSQL's form of what an index holds and is asked: a tsvector of our own tokens, and a tsquery for each narrowing.

A tsvector knows 256 places of a word at most, none beyond the 16,383rd, and is a megabyte long at most. So places are left out:
each token stands once, marked with where it occurs (A: title, B: body), and a phrase is asked for as all its words, a nearness
as all its phrases. That finds more than the phrase, never less; the matcher decides.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from aggregator.text import terms

MOST_LETTERS = 200
"""Of a longer token only the beginning is indexed and asked for (PostgreSQL takes 2,046 bytes)."""

MOST_BYTES = 2**20 - 1
"""What a tsvector holds."""

_WEIGHTS = {"": "", "title": "A", "body": "B"}
_SYMBOL = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?P<operator>AND|OR|NOT)\b"
    r'|(?:(?P<column>\w+) : )?(?:NEAR\((?P<near>[^)]+), \d+\)|"(?P<words>[^"]+)"(?P<prefix> \*)?))'
)
_PHRASE = re.compile(r'"([^"]+)"( \*)?')


def tsvector(title: str, body: str) -> str | None:
    """The tokens of a title and a body as a tsvector's text; None when they are more than one can hold."""
    return marked(set(terms(title)), set(terms(body)))


def marked(title: Set[str], body: Set[str]) -> str | None:
    """The same of their different tokens."""
    above, whole = _short(title), _short(body)
    below = whole - above
    # A token takes its bytes, one more to an even address, two for the number of its places, two for each.
    if len("".join((*above, *below)).encode()) + 7 * (len(above) + len(below)) > MOST_BYTES:
        return None
    rows = [f"'{token}':{'1A,2B' if token in whole else '1A'}" for token in sorted(above)]
    if below:  # joined at once, for they are many; no term holds a quotation mark
        rows.append("'" + "':2B '".join(sorted(below)) + "':2B")
    return " ".join(rows)


def _short(tokens: Set[str]) -> Set[str]:
    return {token[:MOST_LETTERS] for token in tokens} if max(map(len, tokens), default=0) > MOST_LETTERS else tokens


def _quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Asked:
    """A tsquery. ``exact``: it finds what the FTS5 expression finds; else more."""

    query: str
    exact: bool


def tsquery(fts: str) -> Asked:
    """What an FTS5 expression, as a ``Narrowing`` has it, asks of a :func:`tsvector`: all that it finds, and perhaps more.

    Raises ValueError for an expression that no narrowing has.
    """
    reader = _Reader(fts)
    found = reader.expression()
    if reader.rest():
        raise ValueError(f"not understood as an FTS5 expression: {fts}")
    return found


class _Reader:
    def __init__(self, fts: str) -> None:
        self._fts, self._at = fts, 0

    def rest(self) -> str:
        return self._fts[self._at :].strip()

    def _next(self) -> re.Match[str]:
        symbol = _SYMBOL.match(self._fts, self._at)
        if symbol is None:
            raise ValueError(f"not understood as an FTS5 expression: {self._fts}")
        self._at = symbol.end()
        return symbol

    def expression(self) -> Asked:
        symbol = self._next()
        if symbol["near"]:
            parts = [
                _phrase(symbol["column"] or "", words.split(" "), prefix=bool(star))
                for words, star in _PHRASE.findall(symbol["near"])
            ]
            return Asked(_joined(parts, "AND").query, exact=False)
        if symbol["words"]:
            return _phrase(symbol["column"] or "", symbol["words"].split(" "), prefix=bool(symbol["prefix"]))
        parts, operator = [self.expression()], ""
        while (symbol := self._next())["bracket"] != ")":
            operator = symbol["operator"]
            parts.append(self.expression())
        return _joined(parts, operator)


def _phrase(column: str, words: list[str], *, prefix: bool) -> Asked:
    weight = _WEIGHTS[column]
    marks = [weight] * (len(words) - 1) + [f"*{weight}" if prefix else weight]
    asked = [f"{_quoted(word[:MOST_LETTERS])}{':' if mark else ''}{mark}" for word, mark in zip(words, marks, strict=True)]
    exact = len(words) == 1 and len(words[0]) <= MOST_LETTERS
    return Asked(asked[0] if len(asked) == 1 else f"({' & '.join(asked)})", exact)


def _joined(parts: list[Asked], operator: str) -> Asked:
    match operator:
        case "AND" | "OR":
            sign = " & " if operator == "AND" else " | "
            return Asked(f"({sign.join(part.query for part in parts)})", all(part.exact for part in parts))
        case "NOT":
            wanted, *unwanted = parts
            if not all(part.exact for part in unwanted):  # taking away more than is meant would lose something
                return Asked(wanted.query, exact=False)
            return Asked(f"({wanted.query} & {' & '.join(f'!{part.query}' for part in unwanted)})", wanted.exact)
        case _:
            return parts[0]
