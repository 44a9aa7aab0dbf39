"""What an index can be asked before the matcher decides: always a superset of the true matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Literal, TypeAlias, TypeVar

from aggregator.model.rule import Document
from aggregator.rules.keys import KeyTest, ListKey, OneOf, Published, UrlHolds, WordCount
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
from aggregator.rules.reading import Reading
from aggregator.rules.streams import Probe, Scope

_DEEPEST = 12  # FTS5's parser has a stack of a hundred symbols; what is nested deeper is left to the matcher.
_MOST_NEARS = 64
"""A nearness of alternatives is asked for as so many nearnesses at most; of more, the words are asked for, anywhere."""
_MOST_WORDS = 16
"""A loose phrase of more words is asked for as its words, anywhere."""
_Column: TypeAlias = ListKey | Literal["url"]
_SINGLE: tuple[_Column, ...] = ("source", "language", "country", "group")
"""Of which an article has one value, and the index the same."""
_OTHERS: tuple[_Column, ...] = ("domain", "tag", "url")
_Expression: TypeAlias = tuple[str | None, int]
"""An FTS5 expression, and how deep its parentheses go."""
T = TypeVar("T", datetime, int)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """``fts`` is an FTS5 MATCH expression over a table whose columns are ``title`` and ``body``, holding ``index_text()``
    of each, with ``tokenize='ascii'``; None: no word need occur. ``byline`` is one over the terms of the authors' names, with
    something between two names that no term is; None: nothing is asked of them.

    ``sources``, ``languages``, ``countries``, ``groups``: the article's value is one of these, to the letter (empty: any).
    ``tags``: one of its tags is. ``domains``: its host is one of these, or ends with a dot and one. ``urls``: its address,
    casefolded, holds one. ``date_from <= published < date_to`` in UTC, ``least_words <= words <= most_words`` (None: open).
    ``authors`` and ``titles``: what must hold of the authors alone, and of the title alone (None: nothing), which no index
    knows to the letter; see ``may_be_by`` and ``may_be_titled``.
    ``exact``: all this together says neither more nor less than the query, so that nothing is left to verify but spans.
    """

    fts: str | None = None
    byline: str | None = None
    sources: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    date_from: datetime | None = None
    date_to: datetime | None = None
    least_words: int | None = None
    most_words: int | None = None
    authors: Node | None = None
    titles: Node | None = None
    exact: bool = False

    @property
    def by_words(self) -> bool:
        """Whether some word must occur, or some name: then an index says where to look."""
        return self.fts is not None or self.byline is not None

    def may_be_by(self, authors: Sequence[str]) -> bool:
        """Whether an article by these authors may match."""
        return self.authors is None or self.authors.holds(Reading(Document("", "", authors=tuple(authors))))

    def may_be_titled(self, title: str) -> bool:
        """Whether an article with this title may match."""
        return self.titles is None or self.titles.holds(Reading(Document(title, "")))


@dataclass(frozen=True, slots=True)
class _Part:
    """The same for one node. ``exact`` is about all that together; the depths count parentheses in ``fts`` and ``byline``."""

    fts: str | None = None
    byline: str | None = None
    keys: dict[_Column, tuple[str, ...]] = field(default_factory=dict)
    dates: tuple[datetime | None, datetime | None] = (None, None)
    words: tuple[int | None, int | None] = (None, None)
    authors: Node | None = None
    titles: Node | None = None
    exact: bool = False
    depth: int = 0
    byline_depth: int = 0

    @property
    def text(self) -> _Expression:
        """What is asked of title and body."""
        return self.fts, self.depth

    @property
    def names(self) -> _Expression:
        """What is asked of the authors."""
        return self.byline, self.byline_depth

    @property
    def _is_words(self) -> bool:
        return self.exact and not self.keys and self.dates == self.words == (None, None)

    @property
    def is_text(self) -> bool:
        """Whether it is a text condition and nothing else, without loss."""
        return self._is_words and self.fts is not None and self.byline is None

    @property
    def is_names(self) -> bool:
        """Whether it is a condition on authors and nothing else, without loss."""
        return self._is_words and self.byline is not None and self.fts is None


def narrow(root: Node, now: datetime | None = None) -> Narrowing:
    """The narrowing of a compiled query; ``age`` is counted back from ``now``."""
    part = _narrow(root, now)
    sources, languages, countries, groups, domains, tags, urls = (part.keys.get(key, ()) for key in (*_SINGLE, *_OTHERS))
    return Narrowing(
        part.fts, part.byline, sources, domains, languages, countries, groups, tags, urls, *part.dates, *part.words, part.authors,
        part.titles, part.exact,
    )  # fmt: skip


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
            return _loose(node) or _inexact(_both([_leaf(word) for word in words]))
        case Beside(left=left, right=right):
            return _beside(node) or _inexact(_both([_narrow(left, now), _narrow(right, now)]))
        case Apart(left=left):
            return _inexact(_narrow(left, now))
        case Count(least=least, part=part):
            return _narrow(part, now) if least == 1 else _inexact(_narrow(part, now))
        case Written(scope="author"):
            return _Part(authors=node)
        case Written(scope="title"):
            return _Part(titles=node)
        case _:
            return _Part()


def _inexact(part: _Part) -> _Part:
    return replace(part, exact=False)


def _leaf(leaf: Leaf) -> _Part:
    probe = leaf.probe
    column = _column(probe.scope)
    phrases = [(f"{column}{_phrase(sequence, probe.prefix)}", 0) for sequence in probe.sequences]
    fts, depth = _joined(phrases, "OR")
    if probe.scope == "author":
        return _Part(byline=fts, authors=leaf, exact=not probe.literal and fts is not None, byline_depth=depth)
    return _Part(fts, exact=_plain(probe), depth=depth)


def _phrase(sequence: Sequence[str], prefix: bool) -> str:
    return f'"{" ".join(sequence)}"{" *" if prefix else ""}'


def _column(*scopes: Scope) -> str:
    """The column filter for what stands in all of ``scopes`` at once."""
    return next((f"{scope} : " for scope in scopes if scope in ("title", "body")), "")


def _plain(probe: Probe) -> bool:
    """Whether the index knows all that ``probe`` asks."""
    return not probe.literal and probe.scope in ("text", "title", "body")


def _loose(node: Loose) -> _Part | None:
    """FTS5's NEAR of all words: it minds no order, and may take one word for two of them, but keeps the distance."""
    probes = [word.probe for word in node.words]
    if not 1 < len(probes) <= _MOST_WORDS or probes[0].scope == "author":
        return None
    words = " ".join(_phrase(probe.sequences[0], probe.prefix) for probe in probes)
    # It counts the words between the first and the last.
    return _Part(f"{_column(probes[0].scope)}NEAR({words}, {len(probes) + node.slop - 2})")


def _beside(node: Beside) -> _Part | None:
    """FTS5's NEAR of every pair, which counts as we do, but minds no order and lets operands overlap; None if one has none."""
    lefts, rights = _probes(node.left), _probes(node.right)
    if lefts is None or rights is None:
        return None
    nears, exact = list[_Expression](), not node.ordered
    for left in lefts:
        for right in rights:
            column = _column(left.scope, right.scope)
            # What has no term in common cannot overlap.
            apart = not (left.prefix or right.prefix) and {*chain(*left.sequences)}.isdisjoint(chain(*right.sequences))
            exact = exact and apart and _plain(left) and _plain(right) and {left.scope, right.scope} != {"title", "body"}
            nears += (
                (f"{column}NEAR({_phrase(one, left.prefix)} {_phrase(other, right.prefix)}, {node.distance})", 0)
                for one in left.sequences
                for other in right.sequences
            )
            if len(nears) > _MOST_NEARS:
                return None
    fts, depth = _joined(nears, "OR")
    return _Part(fts, exact=exact, depth=depth)


def _probes(node: Node) -> list[Probe] | None:
    """What ``node`` stands for at every place of its; None if it is more than one word or phrase of several, or an author."""
    match node:
        case Leaf(probe=probe):
            return None if probe.scope == "author" else [probe]
        case AnyPlace(parts=parts):
            found = [_probes(part) for part in parts]
            return [probe for part in found for probe in part or ()] if all(found) else None
        case _:
            return None


def _joined(parts: Sequence[_Expression], operator: str) -> _Expression:
    """All ``parts`` joined; none if one is none, or the parentheses go too deep."""
    if len(parts) == 1:
        return parts[0]
    texts = [text for text, _ in parts if text is not None]
    depth = max((depth for _, depth in parts), default=0) + 1
    if not texts or len(texts) < len(parts) or depth > _DEEPEST:
        return None, 0
    return f"({f' {operator} '.join(texts)})", depth


def _all(nodes: Sequence[Node], now: datetime | None) -> _Part:
    """AND: every part narrows. A negative part is used if it is exact text, and there is something to take it from."""
    positive = _both([_narrow(node, now) for node in nodes if not isinstance(node, NoneOf)])
    negative = [_narrow(node.part, now) for node in nodes if isinstance(node, NoneOf)]
    usable = [part for part in negative if part.is_text]
    if positive.fts is None or not usable:
        return _inexact(positive) if negative else positive
    without = _joined([part.text for part in usable], "OR")
    fts, depth = _joined([positive.text, without], "NOT")
    if fts is None:
        return _inexact(positive)
    return replace(positive, fts=fts, depth=depth, exact=positive.exact and len(usable) == len(negative))


def _both(parts: Sequence[_Part]) -> _Part:
    exact = bool(parts) and all(part.exact for part in parts)
    texts = [part.text for part in parts if part.fts is not None]
    names = [part.names for part in parts if part.byline is not None]
    (fts, depth), (byline, byline_depth) = _joined(texts, "AND"), _joined(names, "AND")
    exact = exact and (fts is not None or not texts) and (byline is not None or not names)
    keys: dict[_Column, tuple[str, ...]] = {}
    for part in parts:
        for key, values in part.keys.items():
            if key in keys and key not in _SINGLE:
                continue  # one tag may be this, and another that: the first list is asked for
            shared = tuple(value for value in keys.get(key, values) if value in values)
            # Nothing shared means that nothing can match; an empty tuple would say "any", so the first list stays.
            exact = exact and bool(shared)
            keys[key] = shared or keys[key]
    dates, words = _within(part.dates for part in parts), _within(part.words for part in parts)
    authors, titles = _each(part.authors for part in parts), _each(part.titles for part in parts)
    return _Part(fts, byline, keys, dates, words, authors, titles, exact, depth, byline_depth)


def _each(nodes: Iterable[Node | None]) -> Node | None:
    """What says all of ``nodes``; None says nothing."""
    asked = tuple(node for node in nodes if node is not None)
    return AllOf(asked) if len(asked) > 1 else asked[0] if asked else None


def _some(nodes: Iterable[Node | None]) -> Node | None:
    """What says that one of ``nodes`` holds; None says nothing."""
    asked = tuple(nodes)
    known = tuple(node for node in asked if node is not None)
    return AnyOf(known) if len(known) == len(asked) else None


def _within(spans: Iterable[tuple[T | None, T | None]]) -> tuple[T | None, T | None]:
    """What all ``spans`` share; None is an open end."""
    bounds = tuple(spans)
    firsts = [first for first, _ in bounds if first is not None]
    ends = [end for _, end in bounds if end is not None]
    return max(firsts, default=None), min(ends, default=None)


def _any(parts: Sequence[_Part]) -> _Part:
    """OR: only what every part says narrows."""
    fts, depth = _joined([part.text for part in parts], "OR")
    byline, byline_depth = _joined([part.names for part in parts], "OR")
    exact = fts is not None and all(part.is_text for part in parts)
    exact = exact or (byline is not None and all(part.is_names for part in parts))
    keys: dict[_Column, tuple[str, ...]] = {}
    for key in parts[0].keys:
        if all(key in part.keys for part in parts):
            keys[key] = tuple(dict.fromkeys(value for part in parts for value in part.keys[key]))
    dates, words = _hull(part.dates for part in parts), _hull(part.words for part in parts)
    authors, titles = _some(part.authors for part in parts), _some(part.titles for part in parts)
    return _Part(fts, byline, keys, dates, words, authors, titles, exact, depth, byline_depth)


def _key(test: KeyTest) -> _Part:
    match test:
        case OneOf(key=key, values=values):
            return _Part(keys={key: values}, exact=key in _SINGLE)
        case UrlHolds(values=values):
            return _Part(keys={"url": values})
        case Published(spans=spans):
            return _Part(dates=_hull(spans), exact=len(spans) == 1)
        case WordCount(spans=numbers):
            return _Part(words=_hull(numbers), exact=len(numbers) == 1)
        case _:
            return _Part()


def _hull(spans: Iterable[tuple[T | None, T | None]]) -> tuple[T | None, T | None]:
    """The least span that holds all ``spans``; None is an open end."""
    firsts, ends = zip(*spans, strict=True)
    return _outermost(firsts, min), _outermost(ends, max)


def _outermost(ends: Sequence[T | None], outer: Callable[[Iterable[T]], T]) -> T | None:
    known = [end for end in ends if end is not None]
    return outer(known) if len(known) == len(ends) else None
