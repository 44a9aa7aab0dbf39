"""Why a query finds an article, or does not: its tree, with what each part found by itself.

Every part is compiled and matched on its own, so that the answer is the evaluator's and not a second opinion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from aggregator.model.rule import Document, Entity, Span
from aggregator.rules.compiler import CompiledQuery, Probes, compile_tree
from aggregator.rules.parser import parse
from aggregator.rules.reading import AUTHORS_JOINED_BY
from aggregator.rules.syntax import And, AtLeast, Field, Key, Near, Not, Or, Query
from aggregator.rules.syntax import Node as SyntaxNode
from aggregator.text import terms

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)  # an article without a date has no age, whenever it is asked for
MOST_DISTANCES = 5
"""Distances that a NEAR tells, the shortest ones."""

_KEY_NAME = re.compile(r"[a-z]+")
_BLANK = re.compile(r"\s+")
_KNOWN_AS = {"lang": "language", "tag": "tags", "date": "published_at", "age": "published_at"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of a query, put to one article.

    ``words``: an operator (``AND``, ``NEAR/5``, ``title:``), or the query's own words for a leaf. ``spans``: where this part
    stands by itself, whatever becomes of the rest. ``detail``: what a key was compared with, how far apart a NEAR's sides
    are, how many places a failed ATLEAST has; "" for other parts. ``leaf``: it has no ``parts``, and decides by itself.
    """

    words: str
    holds: bool
    spans: tuple[Span, ...] = ()
    detail: str = ""
    parts: tuple[Finding, ...] = ()
    leaf: bool = False


def explain(query: str, entities: Mapping[str, Entity], document: Document, now: datetime | None = None) -> Finding:
    """The tree of ``query`` with what each part finds in ``document``. Raises RuleSyntaxError.

    ``now`` is the instant from which ``age`` counts back: when the document was matched; not known, its own date.
    """
    parsed = parse(query)
    return _Explainer(parsed, entities, document, now or document.published_at or UNDATED).finding(parsed.root, ())


class _Explainer:
    def __init__(self, query: Query, entities: Mapping[str, Entity], document: Document, now: datetime) -> None:
        self._query, self._entities, self._document, self._now = query, entities, document, now

    def finding(self, node: SyntaxNode, scope: tuple[Field, ...]) -> Finding:
        """What ``node`` finds within the fields that it stands in."""
        inner = (*scope, node) if isinstance(node, Field) else scope
        parts = tuple(self.finding(part, inner) for part in _parts(node))
        spans = self._spans(node, scope)
        leaf = not parts
        return Finding(self._words(node, scope), spans is not None, spans or (), self._detail(node, parts, spans), parts, leaf)

    def _spans(self, node: SyntaxNode, scope: tuple[Field, ...]) -> tuple[Span, ...] | None:
        """Where ``node`` stands by itself; None if it does not hold."""
        for field in reversed(scope):
            node = Field(field.name, node, field.at)
        alone = Query(self._query.text, node)
        match = CompiledQuery(alone, compile_tree(alone, self._entities, Probes())).match(self._document, self._now)
        return match.spans if match is not None else None

    def _words(self, node: SyntaxNode, scope: tuple[Field, ...]) -> str:
        match node:
            case And() | Or() | Not():
                return type(node).__name__.upper()
            case Near():
                return f"{'NOT ' * node.negated}{'ONEAR' if node.ordered else 'NEAR'}/{node.distance}"
            case AtLeast():
                return f"ATLEAST/{node.count}"
            case Field():
                return f"{node.name}:"
            case _:
                own = _BLANK.sub(" ", self._query.text[node.at.start : node.at.end])
                return own if isinstance(node, Key) else "".join(f"{field.name}:" for field in scope[-1:]) + own

    def _detail(self, node: SyntaxNode, parts: tuple[Finding, ...], spans: tuple[Span, ...] | None) -> str:
        match node:
            case Key():
                return f"the article has {self._actual(node)}"
            case Near():
                return self._nearness(node, *parts)
            case AtLeast() if spans is None:
                return f"{len(parts[0].spans)} of {node.count} places"
            case _:
                return ""

    def _actual(self, key: Key) -> str:
        """What the article has of what ``key`` asks for."""
        name = _KEY_NAME.match(self._query.text[key.at.start : key.at.end])
        value = getattr(self._document, _KNOWN_AS.get(name[0], name[0]) if name else "", None)
        if name and name[0] in ("date", "age") and value is not None:
            return f"{value:%Y-%m-%d %H:%M} UTC"
        if isinstance(value, tuple):
            value = ", ".join(value)
        return "none" if value in (None, "") else str(value)

    def _nearness(self, near: Near, left: Finding, right: Finding) -> str:
        if not left.spans or not right.spans:
            return ""
        found = sorted(set(self._distances(left.spans, right.spans, ordered=near.ordered)))
        if not found:
            return "they never stand in one field, in this order" if near.ordered else "they never stand in one field"
        told = ", ".join(map(str, found[:MOST_DISTANCES])) + ("…" if len(found) > MOST_DISTANCES else "")
        return f"words between them: {told}"

    def _distances(self, lefts: Sequence[Span], rights: Sequence[Span], *, ordered: bool) -> Iterator[int]:
        """Of each left, how many words lie between it and the nearest right behind it, and in front of it."""
        for left in lefts:
            behind = [right for right in rights if right.field == left.field and right.start >= left.end]
            ahead = [right for right in rights if right.field == left.field and right.end <= left.start and not ordered]
            if behind:
                yield self._between(left.field, left.end, min(right.start for right in behind))
            if ahead:
                yield self._between(left.field, max(right.end for right in ahead), left.start)

    def _between(self, field: str, start: int, end: int) -> int:
        document = self._document
        texts = {"title": document.title, "body": document.body, "author": AUTHORS_JOINED_BY.join(document.authors)}
        return len(terms(texts[field][start:end]))


def _parts(node: Any) -> Iterator[SyntaxNode]:
    """The nodes right below ``node``."""
    for field in fields(node):
        value = getattr(node, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if hasattr(one, "at"):
                yield one


def reasons(finding: Finding) -> tuple[str, ...]:
    """The leaves that decide, in words: what was missing or what excluded it, or, where the query holds, what hit."""
    return tuple(dict.fromkeys(_reasons(finding)))


def _reasons(finding: Finding) -> Iterator[str]:
    if finding.leaf:
        yield _leaf(finding)
        return
    operator = finding.words
    if operator in ("AND", "OR"):
        deciding = [part for part in finding.parts if part.holds == finding.holds]
        yield from (reason for part in deciding for reason in _reasons(part))
    elif operator == "NOT":
        yield from (f"without: {reason}" if finding.holds else f"excluded: {reason}" for reason in _reasons(finding.parts[0]))
    elif finding.detail and not finding.holds and all(part.holds for part in finding.parts):
        sides = " and ".join(_name(part) for part in finding.parts)
        yield f"{operator} of {sides}: {finding.detail}"
    elif finding.holds or operator.startswith("NOT "):
        yield from (reason for part in finding.parts if part.holds for reason in _reasons(part))
    else:
        yield from (reason for part in finding.parts if not part.holds for reason in _reasons(part))


def _leaf(finding: Finding) -> str:
    if finding.detail:
        return f"{finding.words}: {finding.detail}"
    if not finding.holds:
        return f"{finding.words} stands nowhere"
    where = " and ".join(dict.fromkeys(span.field for span in finding.spans))
    aliases = ", ".join(dict.fromkeys(span.alias for span in finding.spans if span.alias))
    named = f" as {aliases}" if aliases else ""
    return f"{finding.words} stands in the {where}{named}" if where else f"{finding.words} holds"


def _name(finding: Finding) -> str:
    """A part of a query in few words."""
    if finding.leaf:
        return finding.words
    inner = [_name(part) for part in finding.parts]
    return f"({f' {finding.words} '.join(inner)})" if len(inner) > 1 else f"{finding.words} {inner[0]}"
