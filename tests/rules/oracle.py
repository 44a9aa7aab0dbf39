"""The language's definition, word for word, at any price: written apart from the matcher, which is checked against it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import product

from aggregator.model.rule import Document, Entity
from aggregator.rules import parse
from aggregator.rules.ages import Age
from aggregator.rules.syntax import And, AtLeast, EntityRef, Field, Key, Near, Node, Not, Or, Pattern, Term
from aggregator.text import quotations, tokenize

Place = tuple[str, int, int]


class Oracle:
    """One document at one instant. Places are (field, first token, last token)."""

    def __init__(self, document: Document, entities: Mapping[str, Entity], now: datetime) -> None:
        self.document, self.entities, self.now = document, entities, now
        self.fields = {"title": document.title, "body": document.body}
        self.fields |= {f"author{number}": name for number, name in enumerate(document.authors)}

    def holds(self, node: Node, scope: str = "text") -> bool:
        match node:
            case And(parts=parts):
                return all(self.holds(part, scope) for part in parts)
            case Or(parts=parts):
                return any(self.holds(part, scope) for part in parts)
            case Not(part=part):
                return not self.holds(part, scope)
            case Key(test=test):
                if isinstance(test, Age):
                    return any(self.age(node.comparison, value) for value in node.values)
                return test.holds(self.document)
            case Field(name=name, part=part):
                return self.holds(part, name)
            case Pattern(expression=wanted):
                found = re.compile(wanted.source, re.IGNORECASE if wanted.any_case else 0)
                return any(match[0] for piece in self.pieces(scope) for match in found.finditer(piece))
            case _:
                return bool(self.places(node, scope))

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
        tokens = tokenize(node.text)
        words = [node.text[token.start : token.end] for token in tokens]
        last = len(words) - 1
        spots = [list(self.term(word, node.exact, node.prefix and at == last, scope)) for at, word in enumerate(words)]
        found = set()
        for chosen in product(*spots):
            fields, firsts, lasts = zip(*chosen, strict=True)
            ordered = len(set(fields)) == 1 and all(last < first for last, first in zip(lasts, firsts[1:], strict=False))
            if ordered and lasts[-1] - firsts[0] + 1 - len(words) <= node.slop:
                found.add((fields[0], firsts[0], lasts[-1]))
        found = {place for place in found if self.fits(place, scope)}
        return {a for a in found if not any(a != b and a[0] == b[0] and a[1] <= b[1] and b[2] <= a[2] for b in found)}

    def term(self, text: str, exact: bool, prefix: bool, scope: str) -> Iterator[Place]:
        wanted = tokenize(text)
        prefix = prefix and "中" not in text[-1:]
        literal = text[wanted[0].start : wanted[-1].end]
        for name, content in self.fields.items():
            if name.startswith("author") != (scope == "author") or (scope in ("title", "body") and name != scope):
                continue
            tokens = tokenize(content)
            for first in range(len(tokens) - len(wanted) + 1):
                there = tokens[first : first + len(wanted)]
                last = there[-1].term.startswith(wanted[-1].term) if prefix else there[-1].term == wanted[-1].term
                same = last and [token.term for token in there[:-1]] == [token.term for token in wanted[:-1]]
                said = content[there[0].start : there[-1].end]
                literally = not exact or (said.startswith(literal) if prefix else said == literal)
                place = (name, first, first + len(wanted) - 1)
                if same and literally and self.fits(place, scope):
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
        return True
