"""The language's definition, word for word, at any price: written apart from the matcher, which is checked against it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from aggregator.model.rule import Document, Entity
from aggregator.rules import parse
from aggregator.rules.expressions import Expression
from aggregator.rules.keys import UrlMatches
from aggregator.rules.syntax import And, AtLeast, EntityRef, Field, Key, Near, Node, Not, Or, Pattern, Term
from aggregator.text import ZWNJ, Token, attributions, quotations, spellings, tokenize, unspaced

Place = tuple[str, int, int]
Word = tuple[str, str, bool]
"""A term, what the original must say (empty: anything), and whether it is only the beginning of a word."""


def same_spaces(text: str) -> str:
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text))


class Oracle:
    """One document at one instant. Places are (field, first token, last token)."""

    def __init__(self, document: Document, entities: Mapping[str, Entity], now: datetime) -> None:
        self.document, self.entities, self.now = document, entities, now
        self.fields = {"title": document.title, "body": document.body}
        self.fields |= {f"author{number}": name for number, name in enumerate(document.authors)}
        self.cut: dict[str, list[Token]] = {}

    def holds(self, node: Node, scope: str = "text") -> bool:
        match node:
            case And(parts=parts):
                return all(self.holds(part, scope) for part in parts)
            case Or(parts=parts):
                return any(self.holds(part, scope) for part in parts)
            case Not(part=part):
                return not self.holds(part, scope)
            case Key(test=UrlMatches(expression=wanted)):
                return self.finds(wanted, self.document.url)
            case Key():
                return any(self.key(node.name, node.comparison, value) for value in node.values)
            case Field(name=name, part=part):
                return self.holds(part, name)
            case Pattern(expression=wanted):
                return any(self.finds(wanted, piece) for piece in self.pieces(scope))
            case _:
                return bool(self.places(node, scope))

    def finds(self, wanted: Expression, text: str) -> bool:
        """By Python's own engine, which says the same of what both know, and takes longer."""
        found = re.finditer(wanted.source, text, re.IGNORECASE if wanted.any_case else 0)
        return any(match[0] for match in found)

    def key(self, name: str, comparison: str, value: str) -> bool:
        known, forms = self.document, {value, value.lower(), value.upper(), value.capitalize()}
        match name:
            case "source" | "country" | "group":
                return getattr(known, name) in forms
            case "lang":
                return known.language in forms
            case "tag":
                return any(tag in forms for tag in known.tags)
            case "domain":
                return f".{known.domain}".endswith(f".{value.lower().removeprefix('www.')}")
            case "url":
                return value.casefold() in known.url.casefold()
            case "words":
                return self.compared(comparison, value, lambda written: (known.words, int(written)))
            case "date":
                at = known.published_at
                day = (at.year, at.month, at.day) if at else ()

                def to_the_same_grain(written: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
                    asked = tuple(map(int, written.split("-")))
                    return day[: len(asked)], asked

                return at is not None and self.compared(comparison, value, to_the_same_grain)
            case "age":
                return self.age(comparison, value)
            case _:
                raise AssertionError(name)

    def compared(self, comparison: str, value: str, pair: Callable[[str], tuple[Any, Any]]) -> bool:
        """Whether a value compares as asked, or lies in a span ``low..high`` with both its ends."""
        if comparison == ":" and ".." in value:
            low, high = (part.strip() for part in value.split("..", 1))
            return (not low or self.compared(">=", low, pair)) and (not high or self.compared("<=", high, pair))
        is_, asked = pair(value)
        return bool({":": is_ == asked, "<": is_ < asked, "<=": is_ <= asked, ">": is_ > asked, ">=": is_ >= asked}[comparison])

    def age(self, comparison: str, value: str) -> bool:
        at = self.document.published_at
        if at is None:
            return False

        def old(written: str) -> timedelta:
            number, unit = int("".join(filter(str.isdigit, written))), written.lower().strip("0123456789 ")
            return number * timedelta(minutes={"min": 1, "h": 60, "d": 1440, "w": 10_080}[unit])

        age = self.now - at
        if ".." in value:
            low, high = (part.strip() for part in value.split(".."))
            return (not low or old(low) <= age) and (not high or age <= old(high))
        than = old(value)
        return {"<": age < than, "<=": age <= than, ">": age > than, ">=": age >= than}[comparison]

    def places(self, node: Node, scope: str) -> set[Place]:
        match node:
            case Term():
                if node.slop:
                    return self.loose(node, scope)
                return set(self.term(node.text, node.exact, node.prefix, scope))
            case EntityRef(slug=slug):
                return {place for alias in self.entities[slug].aliases for place in self.alias(alias, scope)}
            case Or(parts=parts):
                return {place for part in parts for place in self.places(part, scope)}
            case Field(name=name, part=part):
                return self.places(part, name)
            case AtLeast(count=count, part=part):
                found = self.places(part, scope)
                return found if len(found) >= count else set()
            case Near():
                return self.near(node, scope)
            case _:
                raise AssertionError(node)

    def alias(self, alias: str, scope: str) -> set[Place]:
        if alias.startswith("@"):
            return self.places(parse(alias).root, scope)
        return set(self.term(alias.strip("=*"), alias.startswith("="), alias.endswith("*"), scope))

    def near(self, node: Near, scope: str) -> set[Place]:
        lefts, rights = self.places(node.left, scope), self.places(node.right, scope)

        def beside(a: Place, b: Place) -> bool:
            if a[0] != b[0]:
                return False
            gap = b[1] - a[2] - 1 if b[1] > a[2] else a[1] - b[2] - 1
            apart = b[1] > a[2] or (not node.ordered and b[2] < a[1])
            return apart and 0 <= gap <= node.distance

        if not node.negated:
            return {(a[0], min(a[1], b[1]), max(a[2], b[2])) for a in lefts for b in rights if beside(a, b)}

        def spoils(a: Place, b: Place) -> bool:
            return beside(a, b) or (a[0] == b[0] and a != b and b[1] <= a[2] and a[1] <= b[2])

        return {a for a in lefts if not any(spoils(a, b) for b in rights)}

    def loose(self, node: Term, scope: str) -> set[Place]:
        return {place for way in self.ways(node.text, node.exact, node.prefix) for place in self.loose_way(way, node, scope)}

    def loose_way(self, way: Sequence[Word], node: Term, scope: str) -> set[Place]:
        found: set[Place] = set()
        for name, tokens in self.tokens(scope):
            stretches = [(at, at) for at, token in enumerate(tokens) if self.is_word(way[0], token, name)]
            for word in way[1:]:
                here = [at for at, token in enumerate(tokens) if self.is_word(word, token, name)]
                reach = len(way) + node.slop
                stretches = [(first, at) for first, last in stretches for at in here if last < at < first + reach]
            found |= {(name, first, last) for first, last in stretches if self.fits((name, first, last), scope)}
        return {a for a in found if not any(a != b and a[0] == b[0] and a[1] <= b[1] and b[2] <= a[2] for b in found)}

    def ways(self, text: str, exact: bool, prefix: bool) -> list[list[Word]]:
        """The words asked for, in every Persian spelling; that these are alike is the analyzer's word, not the matcher's."""
        tokens = tokenize(text)
        prefix = prefix and not unspaced(tokens[-1].term)
        if exact:
            written = [(token.term, text[token.start : token.end]) for token in tokens]
            return [[(term, said, prefix and at == len(tokens)) for at, (term, said) in enumerate(written, 1)]]
        zwnj = [set(text[left.end : right.start]) == {ZWNJ} for left, right in pairwise(tokens)]
        ways = spellings([token.term for token in tokens], zwnj, prefix=prefix)
        return [[(term, "", prefix and at == len(way)) for at, term in enumerate(way, 1)] for way in ways]

    def tokens(self, scope: str) -> Iterator[tuple[str, list[Token]]]:
        for name, content in self.fields.items():
            if name.startswith("author") == (scope == "author") and (scope not in ("title", "body") or name == scope):
                if name not in self.cut:
                    self.cut[name] = tokenize(content)
                yield name, self.cut[name]

    def is_word(self, word: Word, token: Token, name: str) -> bool:
        term, said, beginning = word
        there = same_spaces(self.fields[name][token.start : token.end])
        literally = not said or (there.startswith(same_spaces(said)) if beginning else there == same_spaces(said))
        return literally and (token.term.startswith(term) if beginning else token.term == term)

    def term(self, text: str, exact: bool, prefix: bool, scope: str) -> Iterator[Place]:
        wanted = tokenize(text)
        literal = same_spaces(text[wanted[0].start : wanted[-1].end])
        for way in self.ways(text, exact, prefix):
            words = [(term, "", beginning) for term, _, beginning in way]
            for name, tokens in self.tokens(scope):
                for first in range(len(tokens) - len(words) + 1):
                    there = tokens[first : first + len(words)]
                    if not all(map(self.is_word, words, there, [name] * len(words))):
                        continue
                    said = same_spaces(self.fields[name][there[0].start : there[-1].end])
                    literally = not exact or (said.startswith(literal) if words[-1][2] else said == literal)
                    place = (name, first, first + len(words) - 1)
                    if literally and self.fits(place, scope):
                        yield place

    def pieces(self, scope: str) -> Iterator[str]:
        for name, content in self.fields.items():
            if name.startswith("author") != (scope == "author") or (scope in ("title", "body") and name != scope):
                continue
            if scope in ("quoted", "unquoted"):
                at = 0
                for start, end in [*quotations(content), (len(content), len(content))]:
                    yield content[start:end] if scope == "quoted" else content[at:start]
                    at = end
            elif scope == "cites":
                yield from (content[start:end] for start, end in attributions(content))
            elif scope == "lead" and name == "body":
                yield content[: max((token.end for token in tokenize(content)[:100]), default=0)]
            else:
                yield content

    def fits(self, place: Place, scope: str) -> bool:
        name, first, last = place
        if scope == "lead":
            return name == "title" or last < 100
        if scope in ("quoted", "unquoted"):
            content = self.fields[name]
            marked = quotations(content)
            holders = [
                {number for number, (start, end) in enumerate(marked) if start <= token.start and token.end <= end}
                for token in tokenize(content)[first : last + 1]
            ]
            return bool(set.intersection(*holders)) if scope == "quoted" else not any(holders)
        if scope == "cites":
            content = self.fields[name]
            tokens = tokenize(content)[first : last + 1]
            return any(start <= tokens[0].start and tokens[-1].end <= end for start, end in attributions(content))
        return True
