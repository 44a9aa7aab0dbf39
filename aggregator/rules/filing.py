"""Where the rules of a set hang: under the terms that a document must hold, and what is known of it, to be called at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, pairwise
from operator import itemgetter
from typing import Final, Literal, TypeAlias, TypeVar

from aggregator.model.rule import Document, RuleSpec
from aggregator.rules.keys import OneOf
from aggregator.rules.matcher import AllOf, Known, Node
from aggregator.rules.rarity import commonness
from aggregator.rules.reading import Reading
from aggregator.rules.streams import PAIR, Key, Probe, Stream
from aggregator.rules.syntax import Warning_

K = TypeVar("K")
T = TypeVar("T")

STEM = 3
FEW_PAIRS = 40
"""So many pairs of neighbours are looked for one by one; for more all neighbours of a text are made a set."""
MOST_GATES = 16
"""A key with more values (each in its several forms) does not part rules into sections."""

_Gated: TypeAlias = Literal["source", "group", "country", "language"]
_GATED: Final[tuple[_Gated, ...]] = ("source", "group", "country", "language")
Gate: TypeAlias = tuple[_Gated, str] | None
"""A key with its value; None: no key."""


@dataclass(slots=True, eq=False)
class HungRule:
    """A rule as it hangs in a set."""

    spec: RuleSpec
    root: Node
    uses: frozenset[str]
    """The entities that it names, and those that these name."""
    warnings: tuple[Warning_, ...]
    on: tuple[Probe, ...] | None
    """The probes of which one must hit; None: it is evaluated on every document of its sections."""
    gates: tuple[Gate, ...]
    rank: int = 0


def gates(root: Node) -> tuple[Gate, ...]:
    """The sections outside of which ``root`` never holds: those of the narrowest key that it requires, or the one for all."""
    tests = [part.test for part in (root.parts if isinstance(root, AllOf) else (root,)) if isinstance(part, Known)]
    for key in _GATED:
        for test in tests:
            if isinstance(test, OneOf) and test.key == key and len(test.values) <= MOST_GATES:
                return tuple((key, value) for value in test.values)
    return (None,)


def gates_of(document: Document) -> tuple[Gate, ...]:
    """The sections that ``document`` asks."""
    return (None, *((key, getattr(document, key)) for key in _GATED))


@dataclass(slots=True, eq=False)
class _Anchor:
    """A probe whose hit has to be looked at, with the rules that hang on it, and where it is filed."""

    probe: Probe
    rules: list[HungRule] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    beginnings: list[str] = field(default_factory=list)


class _Beginnings:
    """Anchors by the beginnings of words, of ``STEM`` letters or more."""

    def __init__(self) -> None:
        self._filed: dict[str, list[_Anchor]] = {}
        self._lengths: dict[str, Counter[int]] = {}
        """By the first letters: how many filed beginnings have them, for each length."""

    def __bool__(self) -> bool:
        return bool(self._filed)

    def add(self, beginning: str, anchor: _Anchor) -> None:
        """From now on every term that begins so finds ``anchor``."""
        if beginning not in self._filed:
            self._lengths.setdefault(beginning[:STEM], Counter())[len(beginning)] += 1
        self._filed.setdefault(beginning, []).append(anchor)

    def take(self, beginning: str, anchor: _Anchor) -> None:
        """Undo ``add``."""
        if not _take(self._filed, beginning, anchor):
            return
        stem, length = beginning[:STEM], len(beginning)
        self._lengths[stem] -= Counter((length,))
        if not self._lengths[stem]:
            del self._lengths[stem]

    def of(self, terms: set[str]) -> set[_Anchor]:
        """All that the terms begin with."""
        found: set[_Anchor] = set()
        filed, lengths = self._filed, self._lengths
        for term in compress(terms, map(lengths.__contains__, map(itemgetter(slice(STEM)), terms))):
            for length in lengths[term[:STEM]]:
                if (beginning := term[:length]) in filed:
                    found.update(filed[beginning])
        return found


class _Index:
    """What is looked for in one stream of terms, filed by what must be there: a word or, of a phrase, its rarest pair of
    neighbours. Where that is enough the rules themselves are filed. Prefixes of one word have a place of their own."""

    def __init__(self) -> None:
        self._anchors: dict[Probe, _Anchor] = {}
        self._filed: dict[Key, list[HungRule | _Anchor]] = {}
        # The keys of what is filed, once more: two sets meet in a quarter of the time that a set and a dictionary take.
        self._words: set[Key] = set()
        self._rarer: set[str] = set()
        self._pairs: dict[str, list[tuple[str, str]]] = {}
        """By the rarer word of each pair."""
        self._beginnings = _Beginnings()

    def __bool__(self) -> bool:
        return bool(self._filed or self._beginnings)

    def hang(self, rule: HungRule, probe: Probe) -> None:
        """From now on ``probe`` calls ``rule``."""
        for key in probe.enough:
            self._file(key, rule)
        if probe.enough:
            return
        anchor = self._anchors.get(probe)
        if anchor is None:
            anchor = self._anchors[probe] = _Anchor(probe)
            anchor.keys.extend({key for sequence in probe.sequences if (key := self._key(sequence, probe.prefix))})
            anchor.beginnings.extend({sequence[0] for sequence in probe.sequences if probe.prefix and len(sequence) == 1})
            for key in anchor.keys:
                self._file(key, anchor)
            for beginning in anchor.beginnings:
                self._beginnings.add(beginning, anchor)
        anchor.rules.append(rule)

    def _key(self, sequence: Sequence[str], prefix: bool) -> Key:
        """What must be there for ``sequence``; empty for the prefix of one word."""
        whole = sequence[:-1] if prefix else sequence
        if len(whole) < PAIR:
            return "".join(whole)
        return min(pairwise(whole), key=lambda pair: sorted(map(commonness, pair)))

    def _file(self, key: Key, item: HungRule | _Anchor) -> None:
        if key not in self._filed:
            if isinstance(key, str):
                self._words.add(key)
            else:
                rarer = min(key, key=commonness)
                self._rarer.add(rarer)
                self._pairs.setdefault(rarer, []).append(key)
        self._filed.setdefault(key, []).append(item)

    def _unfile(self, key: Key, item: HungRule | _Anchor) -> None:
        if not _take(self._filed, key, item):
            return
        if isinstance(key, str):
            self._words.remove(key)
        elif _take(self._pairs, rarer := min(key, key=commonness), key):
            self._rarer.remove(rarer)

    def free(self, rule: HungRule, probe: Probe) -> None:
        """Undo ``hang``, and drop what nothing else hangs on."""
        for key in probe.enough:
            self._unfile(key, rule)
        if probe.enough:
            return
        anchor = self._anchors[probe]
        anchor.rules.remove(rule)
        if anchor.rules:
            return
        del self._anchors[probe]
        for key in anchor.keys:
            self._unfile(key, anchor)
        for beginning in anchor.beginnings:
            self._beginnings.take(beginning, anchor)

    def call(self, called: set[HungRule], reading: Reading, stream: Stream) -> None:
        """Add the rules of every probe that hits to ``called``."""
        keys = self._words & stream.present
        pairs = list(chain.from_iterable(map(self._pairs.__getitem__, self._rarer & stream.present)))
        if len(pairs) > FEW_PAIRS:
            keys.update(stream.pairs.intersection(pairs))
        else:
            keys.update(pair for pair in pairs if stream.neighbours(pair))
        anchors = self._beginnings.of(stream.present) if self._beginnings else set()
        for item in chain.from_iterable(map(self._filed.__getitem__, keys)):
            if isinstance(item, HungRule):
                called.add(item)
            else:
                anchors.add(item)
        for anchor in anchors:
            if reading.has(anchor.probe):
                called.update(anchor.rules)


class Section:
    """The rules behind one gate."""

    def __init__(self) -> None:
        self._text, self._authors = _Index(), _Index()
        self._unanchored: dict[HungRule, None] = {}

    def __bool__(self) -> bool:
        return bool(self._text or self._authors or self._unanchored)

    def hang(self, rule: HungRule) -> None:
        """Put ``rule`` in."""
        if rule.on is None:
            self._unanchored[rule] = None
        for probe in rule.on or ():
            self._index(probe).hang(rule, probe)

    def free(self, rule: HungRule) -> None:
        """Take ``rule`` out, with all that nothing else hangs on."""
        self._unanchored.pop(rule, None)
        for probe in rule.on or ():
            self._index(probe).free(rule, probe)

    def _index(self, probe: Probe) -> _Index:
        return self._authors if probe.scope == "author" else self._text

    def call(self, called: set[HungRule], reading: Reading) -> None:
        """Add to ``called`` every rule that may hold."""
        called.update(self._unanchored)
        if self._text:
            self._text.call(called, reading, reading.text)
        if self._authors:
            self._authors.call(called, reading, reading.authors)


def _take(shelves: dict[K, list[T]], key: K, item: T) -> bool:
    """Take ``item`` from its shelf; whether that was the last one."""
    shelf = shelves[key]
    shelf.remove(item)
    if not shelf:
        del shelves[key]
    return not shelf
