"""The evaluator: the one place that says whether a query matches, and where. Indexes only choose what is put to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Protocol, TypeAlias

from aggregator.model.rule import Match, Span
from aggregator.rules.ages import Age
from aggregator.rules.expressions import Expression
from aggregator.rules.keys import KeyTest
from aggregator.rules.reading import Reading
from aggregator.rules.streams import Interval, Probe, Scope

MOST_SPANS = 200
"""A match keeps at most so many spans, the first ones."""
MOST_PAIRS = 20_000
"""A NEAR that is itself an operand gives at most so many places to its neighbour."""

Chosen: TypeAlias = Collection[Interval] | None
"""Which intervals of a positional node are asked for; None: all."""


class Node(Protocol):
    """What every compiled node can tell."""

    def holds(self, reading: Reading) -> bool:
        """Whether the node matches."""
        ...

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """The leaves that make a holding node match, with their places."""
        ...


class Positional(Node, Protocol):
    """A node that stands at places in the text."""

    def intervals(self, reading: Reading) -> list[Interval]:
        """Where it stands, sorted, without repeats."""
        ...


@dataclass(frozen=True, slots=True)
class Leaf:
    """A word, phrase or entity alias. ``label`` is the query's own words, ``alias`` the alias as configured."""

    probe: Probe
    label: str
    alias: str = ""

    def holds(self, reading: Reading) -> bool:
        """Whether it stands anywhere in its scope."""
        enough = self.probe.enough
        if not enough:
            return reading.has(self.probe)
        text = reading.text
        for key in enough:  # noqa: SIM110 - half the time of any(), and called for every word of every rule that is looked at
            if key in text.words if isinstance(key, str) else text.neighbours(key):
                return True
        return False

    def intervals(self, reading: Reading) -> list[Interval]:
        """Where it stands."""
        return reading.intervals(self.probe)

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Every place, or the chosen ones."""
        return ((self, interval) for interval in reading.intervals(self.probe) if chosen is None or interval in chosen)


@dataclass(frozen=True, slots=True)
class Known:
    """A key: something known about the article."""

    test: KeyTest

    def holds(self, reading: Reading) -> bool:
        """Whether the article passes."""
        return self.test.holds(reading.document)

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Nothing: a key stands nowhere."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Aged:
    """``age``: a key that asks the time, too."""

    test: Age

    def holds(self, reading: Reading) -> bool:
        """Whether the article passes at the instant of the question."""
        return self.test.holds(reading.document, reading.now)

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Nothing: a key stands nowhere."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Written:
    """A regular expression over the original text of a scope. ``label`` is the query's own words."""

    expression: Expression
    scope: Scope
    label: str

    def holds(self, reading: Reading) -> bool:
        """Whether it stands anywhere in its scope."""
        return any(self.expression.occurs(text) for _, _, text in reading.pieces(self.scope))

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Nothing: its places are characters, not terms; see ``spans``."""
        return iter(())

    def spans(self, reading: Reading) -> Iterator[Span]:
        """Where it stands in the original, in order."""
        for field, offset, text in reading.pieces(self.scope):
            for start, end in self.expression.places(text):
                yield Span(field, offset + start, offset + end, self.label)


@dataclass(frozen=True, slots=True)
class AllOf:
    """AND. Cheap parts come first."""

    parts: tuple[Node, ...]

    def holds(self, reading: Reading) -> bool:
        """Whether every part does."""
        for part in self.parts:  # noqa: SIM110 - half the time of all(), and the hottest loop that there is
            if not part.holds(reading):
                return False
        return True

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Those of every part."""
        for part in self.parts:
            yield from part.hits(reading)


@dataclass(frozen=True, slots=True)
class NoneOf:
    """NOT."""

    part: Node

    def holds(self, reading: Reading) -> bool:
        """Whether the part does not."""
        return not self.part.holds(reading)

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Nothing: what is absent stands nowhere."""
        return iter(())


@dataclass(frozen=True, slots=True)
class AnyOf:
    """OR."""

    parts: tuple[Node, ...]

    def holds(self, reading: Reading) -> bool:
        """Whether some part does."""
        for part in self.parts:  # noqa: SIM110 - as above
            if part.holds(reading):
                return True
        return False

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Those of every part that holds."""
        for part in self.parts:
            if part.holds(reading):
                yield from part.hits(reading, chosen)


@dataclass(frozen=True, slots=True)
class AnyPlace:
    """OR of parts that all have places."""

    parts: tuple[Positional, ...]

    def holds(self, reading: Reading) -> bool:
        """Whether some part does."""
        for part in self.parts:  # noqa: SIM110 - as above
            if part.holds(reading):
                return True
        return False

    def intervals(self, reading: Reading) -> list[Interval]:
        """Where any part stands."""
        return sorted({interval for part in self.parts for interval in part.intervals(reading)})

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Those of every part."""
        for part in self.parts:
            if part.holds(reading):
                yield from part.hits(reading, chosen)


@dataclass(frozen=True, slots=True)
class Loose:
    """``"phrase"~slop``: all ``words`` in their order, with at most ``slop`` other terms between them in all.

    Its places are the shortest such stretches: of two, of which one holds the other, only the inner one counts. ``whole`` is the
    leaf that is told of.
    """

    words: tuple[Leaf, ...]
    slop: int
    whole: Leaf

    def holds(self, reading: Reading) -> bool:
        """Whether it stands anywhere."""
        return all(word.holds(reading) for word in self.words) and bool(self.intervals(reading))

    def intervals(self, reading: Reading) -> list[Interval]:
        """The shortest stretches, each from its first to its last word."""
        stretches = self.words[0].intervals(reading)
        for word in self.words[1:]:
            stretches = _lengthened(stretches, [at for at, _ in word.intervals(reading)])
        longest = len(self.words) + self.slop
        found = [(first, last) for first, last in stretches if last - first < longest]
        return reading.within(self.whole.probe.scope, found)

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """The stretches as wholes."""
        return ((self.whole, interval) for interval in self.intervals(reading) if chosen is None or interval in chosen)


def _lengthened(stretches: Sequence[Interval], positions: Sequence[int]) -> list[Interval]:
    """``stretches`` continued to a later one of ``positions``, sorted both: the shortest ones, none within another."""
    found: list[Interval] = []
    behind = 0
    for index, (first, last) in enumerate(stretches):
        while behind < len(positions) and positions[behind] <= last:
            behind += 1
        # From the latest stretch in front of a position begins the shortest one that ends there.
        after = stretches[index + 1][1] if index + 1 < len(stretches) else None
        if behind < len(positions) and (after is None or positions[behind] <= after):
            found.append((first, positions[behind]))
    return found


@dataclass(frozen=True, slots=True)
class Count:
    """ATLEAST/n: the part stands at n places or more."""

    least: int
    part: Positional

    def holds(self, reading: Reading) -> bool:
        """Whether there are enough places."""
        return len(self.part.intervals(reading)) >= self.least

    def intervals(self, reading: Reading) -> list[Interval]:
        """All places, if there are enough."""
        found = self.part.intervals(reading)
        return found if len(found) >= self.least else []

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Those of the part."""
        return self.part.hits(reading, chosen) if self.holds(reading) else iter(())


class _Neighbours:
    """Intervals ready to be asked for those beside another one."""

    def __init__(self, intervals: Sequence[Interval], distance: int) -> None:
        self._distance = distance
        self._by_first = intervals
        self._firsts = [first for first, _ in intervals]
        self._by_last = sorted(intervals, key=itemgetter(1))
        self._lasts = [last for _, last in self._by_last]
        self._longest = max((last - first for first, last in intervals), default=0)

    def after(self, interval: Interval) -> Sequence[Interval]:
        """Those that begin behind ``interval`` with at most ``distance`` terms between."""
        low = interval[1] + 1
        return self._by_first[bisect_left(self._firsts, low) : bisect_right(self._firsts, low + self._distance)]

    def before(self, interval: Interval) -> Sequence[Interval]:
        """Those that end in front of ``interval`` with at most ``distance`` terms between."""
        high = interval[0] - 1
        return self._by_last[bisect_left(self._lasts, high - self._distance) : bisect_right(self._lasts, high)]

    def beside(self, interval: Interval, *, after: bool, before: bool) -> bool:
        """Whether there is one after, or before, ``interval``."""
        low, high = interval[1] + 1, interval[0] - 1
        return (after and bisect_left(self._firsts, low) < bisect_right(self._firsts, low + self._distance)) or (
            before and bisect_left(self._lasts, high - self._distance) < bisect_right(self._lasts, high)
        )

    def overlap(self, interval: Interval) -> bool:
        """Whether one of them, not ``interval`` itself, shares a term with it."""
        low = bisect_left(self._firsts, interval[0] - self._longest)
        high = bisect_right(self._firsts, interval[1])
        return any(other[1] >= interval[0] and other != interval for other in self._by_first[low:high])


@dataclass(frozen=True, slots=True)
class Beside:
    """NEAR and ONEAR: left and right within ``distance`` terms, not overlapping."""

    left: Positional
    right: Positional
    distance: int
    ordered: bool

    def _pairs(self, reading: Reading) -> Iterator[tuple[Interval, Interval]]:
        rights = _Neighbours(self.right.intervals(reading), self.distance)
        for left in self.left.intervals(reading):
            for right in (*rights.after(left), *(() if self.ordered else rights.before(left))):
                yield left, right

    def holds(self, reading: Reading) -> bool:
        """Whether some pair is close enough."""
        return self.left.holds(reading) and self.right.holds(reading) and next(self._pairs(reading), None) is not None

    def intervals(self, reading: Reading) -> list[Interval]:
        """From the beginning of the first to the end of the second, for every pair."""
        return sorted({_union(left, right) for left, right in islice(self._pairs(reading), MOST_PAIRS)})

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """Those of the pairs that are close enough, and whose whole is among the chosen."""
        lefts, rights = self.left.intervals(reading), self.right.intervals(reading)
        if chosen is None:
            # Each side on its own, so that the time does not grow with the number of pairs.
            to_right, to_left = _Neighbours(rights, self.distance), _Neighbours(lefts, self.distance)
            near_lefts = {left for left in lefts if to_right.beside(left, after=True, before=not self.ordered)}
            near_rights = {right for right in rights if to_left.beside(right, after=not self.ordered, before=True)}
        else:
            pairs = [pair for pair in islice(self._pairs(reading), MOST_PAIRS) if _union(*pair) in chosen]
            near_lefts, near_rights = {left for left, _ in pairs}, {right for _, right in pairs}
        yield from self.left.hits(reading, near_lefts)
        yield from self.right.hits(reading, near_rights)


def _union(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])


@dataclass(frozen=True, slots=True)
class Apart:
    """NOT NEAR and NOT ONEAR: a left that has no right within ``distance`` terms, and that no right overlaps."""

    left: Positional
    right: Positional
    distance: int
    ordered: bool

    def _apart(self, reading: Reading) -> Iterator[Interval]:
        rights = _Neighbours(self.right.intervals(reading), self.distance)
        for left in self.left.intervals(reading):
            if not (rights.beside(left, after=True, before=not self.ordered) or rights.overlap(left)):
                yield left

    def intervals(self, reading: Reading) -> list[Interval]:
        """The left intervals that stand apart."""
        return list(self._apart(reading))

    def holds(self, reading: Reading) -> bool:
        """Whether some left stands apart."""
        return self.left.holds(reading) and next(self._apart(reading), None) is not None

    def hits(self, reading: Reading, chosen: Chosen = None) -> Iterator[tuple[Leaf, Interval]]:
        """The left intervals that stand apart."""
        apart = set(self.intervals(reading))
        return self.left.hits(reading, apart if chosen is None else apart.intersection(chosen))


def _outermost(found: set[tuple[bool, Interval, str, str]]) -> list[tuple[bool, Interval, str, str]]:
    """The hits in order, without aliases inside a longer alias of the same entity: who wrote the long name used that one."""
    reach: dict[tuple[bool, str], int] = {}
    kept = []
    for hit in sorted(found, key=lambda hit: (hit[0], hit[1][0], -hit[1][1], hit[2:])):
        author, (_, end), label, alias = hit
        if alias:
            if end <= reach.get((author, label), -1):
                continue
            reach[author, label] = end
        kept.append(hit)
    return sorted(kept)


def _written(node: Node, reading: Reading) -> Iterator[Span]:
    """The places of the regular expressions that make a holding node match, the first ones of each."""
    match node:
        case Written():
            yield from islice(node.spans(reading), MOST_SPANS)
        case AllOf(parts=parts):
            for part in parts:
                yield from _written(part, reading)
        case AnyOf(parts=parts):
            for part in parts:
                if part.holds(reading):
                    yield from _written(part, reading)
        case _:
            pass


_FIELDS = ("title", "body", "author")


def _in_order(span: Span) -> tuple[int, int, int, str, str]:
    return _FIELDS.index(span.field), span.start, span.end, span.leaf, span.alias


def match(rule: str, root: Node, reading: Reading) -> Match | None:
    """The match of ``root`` on a reading, None if it does not hold. Spans are sorted, without repeats, at most ``MOST_SPANS``."""
    if not root.holds(reading):
        return None
    # Positions order like offsets, and cost nothing; a hostile text has a hundred thousand hits, of which few are kept.
    found = _outermost({(leaf.probe.scope == "author", place, leaf.label, leaf.alias) for leaf, place in root.hits(reading)})
    spans = tuple(
        Span(*reading.place(place, "author" if author else "text"), leaf=label, alias=alias)
        for author, place, label, alias in found[:MOST_SPANS]
    )
    if written := set(_written(root, reading)):
        spans = tuple(sorted({*spans, *written}, key=_in_order)[:MOST_SPANS])
    return Match(rule, spans, tuple(dict.fromkeys(alias for _, _, _, alias in found if alias)))
