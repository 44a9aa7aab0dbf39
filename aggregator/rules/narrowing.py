"""What an index can be asked before the matcher decides: always a superset of the true matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from aggregator.rules.keys import KeyTest, ListKey, OneOf, Published
from aggregator.rules.matcher import (
    Aged,
    AllOf,
    AnyOf,
    AnyPlace,
    Apart,
    Beside,
    Count,
    Known,
    Leaf,
    Loose,
    Node,
    NoneOf,
    Written,
)

_DEEPEST = 12  # FTS5's parser has a stack of a hundred symbols; what is nested deeper is left to the matcher.
_COLUMNS: tuple[ListKey, ...] = ("source", "language", "country", "group")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """``fts`` is an FTS5 MATCH expression over a table whose columns are ``title`` and ``body``, holding ``index_text()``
    of each, with ``tokenize='ascii'``; None: no word need occur.

    ``sources``, ``languages``, ``countries``, ``groups``: the article's value is one of these, to the letter (empty: any).
    ``domains`` stays empty, since ``domain:`` takes subdomains. ``date_from <= published < date_to`` in UTC (None: open).
    ``exact``: all this together says neither more nor less than the query, so that nothing is left to verify but spans.
    """

    fts: str | None = None
    sources: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    date_from: datetime | None = None
    date_to: datetime | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """The same for one node. ``exact`` is about text, keys and dates together; ``depth`` counts parentheses in ``fts``."""

    fts: str | None = None
    keys: dict[ListKey, tuple[str, ...]] = field(default_factory=dict)
    date_from: datetime | None = None
    date_to: datetime | None = None
    exact: bool = False
    depth: int = 0

    @property
    def is_text(self) -> bool:
        """Whether it is a text condition and nothing else, without loss."""
        return self.exact and self.fts is not None and not self.keys and not self.date_from and not self.date_to


def narrow(root: Node, now: datetime | None = None) -> Narrowing:
    """The narrowing of a compiled query; ``age`` is counted back from ``now``."""
    part = _narrow(root, now)
    sources, languages, countries, groups = (part.keys.get(key, ()) for key in _COLUMNS)
    return Narrowing(part.fts, sources, (), languages, countries, groups, part.date_from, part.date_to, part.exact)


def _narrow(node: Node, now: datetime | None) -> _Part:
    match node:
        case Leaf():
            return _leaf(node)
        case Known(test=test):
            return _key(test)
        case Aged(test=test):
            return _key(Published(test.published(now))) if now else _Part()
        case AllOf(parts=parts):
            return _all(parts, now)
        case AnyOf(parts=parts) | AnyPlace(parts=parts):
            return _any([_narrow(part, now) for part in parts])
        case Loose(words=words):
            return _inexact(_both([_leaf(word) for word in words]))
        case Beside(left=left, right=right):
            return _inexact(_both([_narrow(left, now), _narrow(right, now)]))
        case Apart(left=left):
            return _inexact(_narrow(left, now))
        case Count(least=least, part=part):
            return _narrow(part, now) if least == 1 else _inexact(_narrow(part, now))
        case _:
            return _Part()


def leaf_words(root: Node) -> dict[str, str | None]:
    """Of each leaf that a match can have spans of: the FTS5 expression for the articles that hold its words anywhere.

    The words of a phrase are asked for one by one, which every index can count alike. None: no index knows them.
    """
    found: dict[str, list[Leaf]] = {}
    _collect(root, found)
    return {label: _words(leaves) for label, leaves in found.items()}


def _collect(node: Node, found: dict[str, list[Leaf]]) -> None:
    match node:
        case Leaf():
            found.setdefault(node.label, []).append(node)
        case Loose(whole=whole):
            _collect(whole, found)
        case Written(label=label):
            found.setdefault(label, [])
        case AllOf(parts=parts) | AnyOf(parts=parts) | AnyPlace(parts=parts):
            for part in parts:
                _collect(part, found)
        case Beside(left=left, right=right):
            _collect(left, found)
            _collect(right, found)
        case Apart(left=left):
            _collect(left, found)
        case Count(part=part):
            _collect(part, found)
        case _:
            pass


def _words(leaves: Sequence[Leaf]) -> str | None:
    ways = dict.fromkeys((sequence, leaf.probe.prefix) for leaf in leaves for sequence in leaf.probe.sequences)
    if not ways or any(leaf.probe.scope == "author" for leaf in leaves):
        return None
    parts = []
    for (*firsts, last), prefix in ways:
        words = [*(f'"{word}"' for word in firsts), f'"{last}" *' if prefix else f'"{last}"']
        parts.append(words[0] if len(words) == 1 else f"({' AND '.join(dict.fromkeys(words))})")
    return parts[0] if len(parts) == 1 else f"({' OR '.join(dict.fromkeys(parts))})"


def _inexact(part: _Part) -> _Part:
    return replace(part, exact=False)


def _leaf(leaf: Leaf) -> _Part:
    probe = leaf.probe
    if probe.scope == "author":
        return _Part()
    column = f"{probe.scope} : " if probe.scope in ("title", "body") else ""
    star = " *" if probe.prefix else ""
    phrases = [_Part(f'{column}"{" ".join(sequence)}"{star}', exact=True) for sequence in probe.sequences]
    fts, depth = _joined(phrases, "OR")
    return _Part(fts, exact=not probe.literal and probe.scope in ("text", "title", "body"), depth=depth)


def _joined(parts: Sequence[_Part], operator: str) -> tuple[str | None, int]:
    """The FTS5 expressions of ``parts``, which all have one, joined; and how deep its parentheses go. None if too deep."""
    if len(parts) == 1:
        return parts[0].fts, parts[0].depth
    depth = max(part.depth for part in parts) + 1
    if depth > _DEEPEST:
        return None, 0
    return f"({f' {operator} '.join(part.fts for part in parts if part.fts is not None)})", depth


def _all(nodes: Sequence[Node], now: datetime | None) -> _Part:
    """AND: every part narrows. A negative part is used if it is exact text, and there is something to take it from."""
    positive = _both([_narrow(node, now) for node in nodes if not isinstance(node, NoneOf)])
    negative = [_narrow(node.part, now) for node in nodes if isinstance(node, NoneOf)]
    usable = [part for part in negative if part.is_text]
    if positive.fts is None or not usable:
        return _inexact(positive) if negative else positive
    without, depth = _joined(usable, "OR")
    fts, depth = _joined([positive, _Part(without, depth=depth)], "NOT") if without is not None else (None, 0)
    if fts is None:
        return _inexact(positive)
    return replace(positive, fts=fts, depth=depth, exact=positive.exact and len(usable) == len(negative))


def _both(parts: Sequence[_Part]) -> _Part:
    exact = bool(parts) and all(part.exact for part in parts)
    texts = [part for part in parts if part.fts is not None]
    fts, depth = _joined(texts, "AND") if texts else (None, 0)
    keys: dict[ListKey, tuple[str, ...]] = {}
    for part in parts:
        for key, values in part.keys.items():
            shared = tuple(value for value in keys.get(key, values) if value in values)
            # Nothing shared means that nothing can match; an empty tuple would say "any", so the first list stays.
            exact = exact and bool(shared)
            keys[key] = shared or keys[key]
    froms = [part.date_from for part in parts if part.date_from]
    ends = [part.date_to for part in parts if part.date_to]
    return _Part(fts, keys, max(froms, default=None), min(ends, default=None), exact and (fts is not None or not texts), depth)


def _any(parts: Sequence[_Part]) -> _Part:
    """OR: only what every part says narrows."""
    fts, depth = _joined(parts, "OR") if all(part.fts is not None for part in parts) else (None, 0)
    keys: dict[ListKey, tuple[str, ...]] = {}
    for key in parts[0].keys:
        if all(key in part.keys for part in parts):
            keys[key] = tuple(dict.fromkeys(value for part in parts for value in part.keys[key]))
    date_from, date_to = _hull((part.date_from, part.date_to) for part in parts)
    return _Part(fts, keys, date_from, date_to, exact=fts is not None and all(part.is_text for part in parts), depth=depth)


def _key(test: KeyTest) -> _Part:
    match test:
        case OneOf(key=key, values=values) if key in _COLUMNS:
            return _Part(keys={key: values}, exact=True)
        case Published(spans=spans):
            date_from, date_to = _hull(spans)
            return _Part(date_from=date_from, date_to=date_to, exact=len(spans) == 1)
        case _:
            return _Part()


def _hull(spans: Iterable[tuple[datetime | None, datetime | None]]) -> tuple[datetime | None, datetime | None]:
    """The least span that holds all ``spans``; None is an open end."""
    firsts, ends = zip(*spans, strict=True)
    return _outermost(firsts, min), _outermost(ends, max)


def _outermost(ends: Sequence[T | None], outer: Callable[[Iterable[T]], T]) -> T | None:
    known = [end for end in ends if end is not None]
    return outer(known) if len(known) == len(ends) else None
