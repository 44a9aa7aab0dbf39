"""PostgreSQL's form of what an index holds and is asked: a tsvector of our own tokens, and a tsquery for each narrowing.

The index proper (GIN) knows which tokens an article has, each marked with where it occurs (A: title, B: body): it is asked for
all words of a phrase, and of a nearness. Where they stand only the tsvector itself knows. It is looked at afterwards, for one
article after another, which costs a fifth of what reading and folding the text does.

A tsvector knows 256 places of a word at most, none beyond the 16,383rd, and is a megabyte long at most. So an article that has
more is indexed without its places, and is found by its words alone. Either way more is found than was asked for, never less;
the matcher decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aggregator.rules import GAP
from aggregator.text import terms

MOST_LETTERS = 200
"""Of a longer token only the beginning is indexed and asked for (PostgreSQL takes 2,046 bytes)."""

MOST_BYTES = 2**20 - 1
"""What a tsvector holds."""

LAST_PLACE, MOST_PLACES = 16_383, 255
"""The last place that a tsvector knows, and how many of a token (what is beyond either is dropped without a word)."""

LONGEST_WAYS = 20_000
"""The distances that a query's nearnesses allow are asked for one by one, in so many letters at most; the words of others are
enough. (That is 70 nearnesses of five words, or four of a hundred; a tsquery holds a megabyte.)"""

_WEIGHTS = {"": "", "title": "A", "body": "B"}
_SYMBOL = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?P<operator>AND|OR|NOT)\b"
    r'|(?:(?P<column>\w+) : )?(?:NEAR\((?P<near>[^)]+), (?P<distance>\d+)\)|"(?P<words>[^"]+)"(?P<prefix> \*)?))'
)
_PHRASE = re.compile(r'"([^"]+)"( \*)?')


@dataclass(frozen=True, slots=True)
class Indexed:
    """A tsvector's text, None if there are more tokens than one can hold. ``placed``: it has every place of every token."""

    tokens: str | None
    placed: bool


def tsvector(title: str, body: str) -> Indexed:
    """What is indexed of a title and a body."""
    return marked(terms(title), terms(body))


def marked(title: Sequence[str], body: Sequence[str]) -> Indexed:
    """The same of their tokens, in order."""
    above, below = _short(title), _short(body)
    held, first = Counter((*above, *below)), len(above) + 1 + GAP
    placed = first + len(below) <= LAST_PLACE + 1 and max(held.values(), default=0) <= MOST_PLACES
    if not placed:
        above, below, first = sorted({*above}), sorted({*below}), 2
    # A token takes its bytes, one more to an even address, two for the number of its places, two for each.
    if len("".join(held).encode()) + 3 * len(held) + 2 * (len(above) + len(below)) > MOST_BYTES:
        return Indexed(None, placed=False)
    # No term holds a quotation mark.
    if placed:
        rows = [f"'{token}':{place}A" for place, token in enumerate(above, 1)]
        rows += [f"'{token}':{place}B" for place, token in enumerate(below, first)]
    else:
        rows = [f"'{token}':1A" for token in above] + [f"'{token}':2B" for token in below]
    return Indexed(" ".join(rows), placed)


def _short(tokens: Sequence[str]) -> Sequence[str]:
    return [token[:MOST_LETTERS] for token in tokens] if max(map(len, tokens), default=0) > MOST_LETTERS else tokens


def _quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Asked:
    """A tsquery for the index, and one that is put to each article which it finds: where the words stand (None: anywhere).

    ``exact``: the first finds what the FTS5 expression finds; else more.
    """

    query: str
    exact: bool
    places: str | None = None

    @property
    def placed(self) -> str:
        """All that it asks, of one article."""
        return self.query if self.places is None else self.places


def tsquery(fts: str) -> Asked:
    """What an FTS5 expression, as a ``Narrowing`` has it, asks of a :func:`tsvector`: all that it finds, and perhaps more.

    But for what it finds by taking one place for two phrases of a nearness, which no query means.
    Raises ValueError for an expression that no narrowing has.
    """
    reader = _Reader(fts)
    found = reader.expression()
    if reader.rest():
        raise ValueError(f"not understood as an FTS5 expression: {fts}")
    return found


class _Reader:
    def __init__(self, fts: str) -> None:
        self._fts, self._at, self._left = fts, 0, LONGEST_WAYS

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
            return self._near(parts, int(symbol["distance"]))
        if symbol["words"]:
            return _phrase(symbol["column"] or "", symbol["words"].split(" "), prefix=bool(symbol["prefix"]))
        parts, operator = [self.expression()], ""
        while (symbol := self._next())["bracket"] != ")":
            operator = symbol["operator"]
            parts.append(self.expression())
        return _joined(parts, operator)

    def _near(self, parts: list[Asked], distance: int) -> Asked:
        """Each beside the next one, in either order, with at most so many tokens between them."""
        words = _joined(parts, "AND")
        letters = 2 * (distance + 1) * sum(len(one.placed) + len(other.placed) for one, other in pairwise(parts))
        if letters > self._left:
            return Asked(words.query, exact=False, places=words.places)
        self._left -= letters
        pairs = (f"({' | '.join(_beside(one.placed, other.placed, distance))})" for one, other in pairwise(parts))
        # A missing word is known sooner than a missing nearness.
        return Asked(words.query, exact=False, places=f"({' & '.join((words.query, *pairs))})")


def _beside(one: str, other: str, distance: int) -> Iterator[str]:
    for apart in range(1, distance + 2):  # from the end of the first to the beginning of the second
        yield f"{one} <{apart}> {other}"
        yield f"{other} <{apart}> {one}"


def _phrase(column: str, words: list[str], *, prefix: bool) -> Asked:
    weight = _WEIGHTS[column]
    marks = [weight] * (len(words) - 1) + [f"*{weight}" if prefix else weight]
    asked = [f"{_quoted(word[:MOST_LETTERS])}{':' if mark else ''}{mark}" for word, mark in zip(words, marks, strict=True)]
    if len(asked) == 1:
        return Asked(asked[0], exact=len(words[0]) <= MOST_LETTERS)
    return Asked(f"({' & '.join(asked)})", exact=False, places=f"({' <-> '.join(asked)})")


def _joined(parts: list[Asked], operator: str) -> Asked:
    match operator:
        case "AND" | "OR":
            sign = " & " if operator == "AND" else " | "
            query, placed = (f"({sign.join(told)})" for told in zip(*((part.query, part.placed) for part in parts), strict=True))
            return Asked(query, all(part.exact for part in parts), None if placed == query else placed)
        case "NOT":
            wanted, *unwanted = parts
            if not all(part.exact for part in unwanted):  # taking away more than is meant would lose something
                return Asked(wanted.query, exact=False, places=wanted.places)
            without = " & ".join(f"!{part.query}" for part in unwanted)
            places = None if wanted.places is None else f"({wanted.places} & {without})"
            return Asked(f"({wanted.query} & {without})", wanted.exact, places)
        case _:
            return parts[0]
