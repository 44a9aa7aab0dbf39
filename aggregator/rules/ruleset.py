"""Many rules against a stream of documents: the term-level index that finds the few rules worth evaluating.

Each rule hangs on anchors, a set of words and phrases of which at least one must stand in the text for the rule to match
(the cheapest such set). An anchor is filed under its rarest term; a document's terms look the anchors up, those that are really
there call their rules, and the evaluator decides. Rarity never decides correctness: it is the archive's own count of texts for
each term where one is given, and a guess from the length of words beside it.

A set is changed in place, one rule at a time, and never built again. It is not for two threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, compress, pairwise
from operator import itemgetter
from typing import TypeVar

from aggregator.errors import ConfigErrors, RuleSyntaxError
from aggregator.model.rule import Document, Entity, Match, RuleSpec
from aggregator.rules.compiler import Probes, compile_tree
from aggregator.rules.matcher import AllOf, AnyOf, AnyPlace, Apart, Beside, Count, Leaf, Loose, Node, match
from aggregator.rules.parser import parse
from aggregator.rules.reading import PAIR, Key, Probe, Reading, Stream
from aggregator.rules.syntax import Warning_
from aggregator.text import unspaced

K = TypeVar("K")
T = TypeVar("T")

_LONG = 12
STEM = 3


class Rarity:
    """How often terms occur, as far as one can tell. ``counts``: in how many of the archive's texts a term stands."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = counts or {}

    def commonness(self, term: str) -> float:
        """The count; what lies between two counts is a guess: short words more, characters of unspaced scripts in between."""
        return self._counts.get(term, 0) + (0.03 if unspaced(term) else 2.0 ** -min(len(term), _LONG))

    def cost(self, anchors: Sequence[Probe]) -> float:
        """A guess at how often one of ``anchors`` stands in a text."""
        return sum(
            min(map(self.commonness, sequence)) * (4.0 if probe.prefix and len(sequence) == 1 else 1.0) / len(sequence)
            for probe in anchors
            for sequence in probe.sequences
        )


GUESS = Rarity()


def anchors(node: Node, rarity: Rarity = GUESS) -> tuple[Probe, ...] | None:
    """The cheapest set of probes of which one must hit for ``node`` to hold; None if there is no such set."""
    match node:
        case Leaf(probe=probe):
            return (probe,)
        case Loose(words=words):
            return min(((word.probe,) for word in words), key=rarity.cost)
        case AllOf(parts=parts):
            return _cheapest(parts, rarity)
        case AnyOf(parts=parts) | AnyPlace(parts=parts):
            sets = [anchors(part, rarity) for part in parts]
            return tuple(dict.fromkeys(probe for one in sets for probe in one or ())) if all(sets) else None
        case Beside(left=left, right=right):
            return _cheapest((left, right), rarity)
        case Apart(left=part) | Count(part=part):
            return anchors(part, rarity)
        case _:
            return None


def _cheapest(parts: Iterable[Node], rarity: Rarity) -> tuple[Probe, ...] | None:
    """The cheapest of the parts' sets: each part must hold."""
    sets = [on for part in parts if (on := anchors(part, rarity))]
    return min(sets, key=rarity.cost) if len(sets) > 1 else next(iter(sets), None)


@dataclass(slots=True, eq=False)
class _Rule:
    """A rule as it hangs in the set."""

    spec: RuleSpec
    root: Node
    uses: frozenset[str]
    """The entities that it names, and those that these name."""
    warnings: tuple[Warning_, ...]
    on: tuple[Probe, ...] | None
    rank: int


@dataclass(slots=True, eq=False)
class _Anchor:
    """A probe that is more than a word, with the rules that hang on it, and where it is filed."""

    probe: Probe
    rules: list[_Rule] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    beginnings: list[str] = field(default_factory=list)


class _Index:
    """What is looked for in one stream of terms, filed by what must be there: a word or, of a phrase, its rarest pair of
    neighbours. Where that is enough the rules themselves are filed. Prefixes of one word are filed by their first letters."""

    def __init__(self, rarity: Rarity) -> None:
        self._rarity = rarity
        self._anchors: dict[Probe, _Anchor] = {}
        self._filed: dict[Key, list[_Rule | _Anchor]] = {}
        # The keys of what is filed, once more: two sets meet in a quarter of the time that a set and a dictionary take.
        self._words: set[Key] = set()
        self._pairs: set[Key] = set()
        self._stems: dict[str, dict[str, list[_Anchor]]] = {}

    def __bool__(self) -> bool:
        return bool(self._filed or self._stems)

    def hang(self, rule: _Rule, probe: Probe) -> None:
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
                self._stems.setdefault(beginning[:STEM], {}).setdefault(beginning, []).append(anchor)
        anchor.rules.append(rule)

    def _key(self, sequence: Sequence[str], prefix: bool) -> Key:
        """What must be there for ``sequence``; empty for the prefix of one word."""
        whole = sequence[:-1] if prefix else sequence
        if len(whole) < PAIR:
            return "".join(whole)
        return min(pairwise(whole), key=lambda pair: sorted(map(self._rarity.commonness, pair)))

    def _file(self, key: Key, item: _Rule | _Anchor) -> None:
        self._filed.setdefault(key, []).append(item)
        (self._words if isinstance(key, str) else self._pairs).add(key)

    def _unfile(self, key: Key, item: _Rule | _Anchor) -> None:
        if _take(self._filed, key, item):
            (self._words if isinstance(key, str) else self._pairs).remove(key)

    def free(self, rule: _Rule, probe: Probe) -> None:
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
            stem = beginning[:STEM]
            if _take(self._stems[stem], beginning, anchor) and not self._stems[stem]:
                del self._stems[stem]

    def call(self, called: set[_Rule], reading: Reading, stream: Stream) -> None:
        """Add the rules of every anchor that stands in the document to ``called``."""
        keys = self._words & stream.present
        if self._pairs:
            keys |= self._pairs & stream.pairs
        for item in chain.from_iterable(map(self._filed.__getitem__, keys)):
            if isinstance(item, _Rule):
                called.add(item)
            elif reading.intervals(item.probe):
                called.update(item.rules)
        for anchor in self._begun(stream.present) if self._stems else ():
            if reading.intervals(anchor.probe):
                called.update(anchor.rules)

    def _begun(self, present: set[str]) -> set[_Anchor]:
        """The anchors of all prefixes with which some term begins."""
        found: set[_Anchor] = set()
        for term in compress(present, map(self._stems.__contains__, map(itemgetter(slice(STEM)), present))):
            beginnings = self._stems[term[:STEM]]
            for end in range(STEM, len(term) + 1):
                if (begun := term[:end]) in beginnings:
                    found.update(beginnings[begun])
        return found


def _take(shelves: dict[K, list[T]], key: K, item: T) -> bool:
    """Take ``item`` from its shelf; whether that was the last one."""
    shelf = shelves[key]
    shelf.remove(item)
    if not shelf:
        del shelves[key]
    return not shelf


class _Noting(Mapping[str, Entity]):
    """Entities that note which of them were asked for."""

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        self._entities = entities
        self.asked: set[str] = set()

    def __getitem__(self, slug: str) -> Entity:
        self.asked.add(slug)
        return self._entities[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entities)

    def __len__(self) -> int:
        return len(self._entities)


class RuleSet:
    """Compiled rules in their order. Every change is done wholly, or raises ConfigErrors and leaves the set as it was."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        """``counts``: in how many of the archive's texts a term stands; only the speed depends on it."""
        self._rarity = Rarity(counts)
        self._probes = Probes()
        self._entities: dict[str, Entity] = {}
        self._rules: dict[str, _Rule] = {}
        self._users: dict[str, set[str]] = {}
        self._unanchored: dict[_Rule, None] = {}
        self._text, self._authors = _Index(self._rarity), _Index(self._rarity)
        self._next = 0

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def warnings(self) -> dict[str, tuple[Warning_, ...]]:
        """What a careful colleague would remark, by the rule's slug."""
        return {slug: rule.warnings for slug, rule in self._rules.items() if rule.warnings}

    def put(self, *rules: RuleSpec) -> None:
        """Add rules, or change those that are there, which keep their place. One that is not enabled is removed.

        Raises ConfigErrors with every RuleSyntaxError; ``key`` is the rule's slug.
        """
        self._change(rules, self._entities)

    def remove(self, *slugs: str) -> None:
        """Take rules out, with all that nothing else uses. A slug that is not there raises KeyError before anything is done."""
        for rule in [self._rules[slug] for slug in slugs]:
            self._free(rule)

    def define(self, *entities: Entity) -> None:
        """Add or change entities, and compile the rules anew that use them. Raises as ``put``."""
        known = self._entities | {entity.slug: entity for entity in entities}
        changed = {entity.slug for entity in entities if _differs(self._entities.get(entity.slug), entity)}
        users = {slug for entity in changed for slug in self._users.get(entity, ())}
        self._change([self._rules[slug].spec for slug in users], known)

    def update(self, rules: Iterable[RuleSpec], entities: Iterable[Entity]) -> None:
        """Make this a set of just these rules, in this order: only what differs is compiled. Raises as ``put``."""
        known = {entity.slug: entity for entity in entities}
        changed = {slug for slug in self._entities.keys() | known if _differs(self._entities.get(slug), known.get(slug))}
        again = {slug for entity in changed for slug in self._users.get(entity, ())}
        wanted = {rule.slug: rule for rule in rules if rule.enabled}
        stale = []
        for slug, rule in wanted.items():
            held = self._rules.get(slug)
            if held is None or held.spec.query != rule.query or slug in again:
                stale.append(rule)
        self._change(stale, known, but=wanted)
        for rank, (slug, rule) in enumerate(wanted.items()):
            self._rules[slug].rank, self._rules[slug].spec = rank, rule
        self._next = len(wanted)

    def _change(self, specs: Iterable[RuleSpec], known: dict[str, Entity], but: Mapping[str, RuleSpec] | None = None) -> None:
        """Compile first, then change; every rule that is not among ``but``, if given, goes."""
        compiled, errors = [], []
        gone = [] if but is None else [rule for slug, rule in self._rules.items() if slug not in but]
        for spec in specs:
            if not spec.enabled:
                gone.extend(filter(None, [self._rules.get(spec.slug)]))
                continue
            try:
                compiled.append(self._compiled(spec, known))
            except RuleSyntaxError as error:
                error.key = spec.slug
                errors.append(error)
        if errors:
            raise ConfigErrors(tuple(errors))
        self._entities = known
        for rule in gone:
            self._free(rule)
        for rule in compiled:
            held = self._rules.get(rule.spec.slug)
            if held is None:
                rule.rank = self._next
                self._next += 1
            else:
                rule.rank = held.rank
                self._free(held)
            self._hang(rule)

    def _compiled(self, spec: RuleSpec, known: Mapping[str, Entity]) -> _Rule:
        query, noting = parse(spec.query), _Noting(known)
        root = compile_tree(query, noting, self._probes)
        return _Rule(spec, root, frozenset(noting.asked), query.warnings, anchors(root, self._rarity), 0)

    def _hang(self, rule: _Rule) -> None:
        self._rules[rule.spec.slug] = rule
        for entity in rule.uses:
            self._users.setdefault(entity, set()).add(rule.spec.slug)
        if rule.on is None:
            self._unanchored[rule] = None
        for probe in rule.on or ():
            self._index(probe).hang(rule, probe)

    def _free(self, rule: _Rule) -> None:
        del self._rules[rule.spec.slug]
        for entity in rule.uses:
            self._users[entity].discard(rule.spec.slug)
            if not self._users[entity]:
                del self._users[entity]
        self._unanchored.pop(rule, None)
        for probe in rule.on or ():
            self._index(probe).free(rule, probe)

    def _index(self, probe: Probe) -> _Index:
        return self._authors if probe.scope == "author" else self._text

    def match(self, document: Document, now: datetime | None = None) -> tuple[Match, ...]:
        """The matches of all rules on ``document`` at ``now``, in the order of the rules. A rule with ``age`` needs ``now``."""
        reading = Reading(document, now)
        called = set(self._unanchored)
        self._text.call(called, reading, reading.text)
        if self._authors:
            self._authors.call(called, reading, reading.authors)
        found = [(rule.rank, hit) for rule in called if (hit := match(rule.spec.slug, rule.root, reading)) is not None]
        return tuple(hit for _, hit in sorted(found, key=itemgetter(0)))


def _differs(one: Entity | None, other: Entity | None) -> bool:
    return one is None or other is None or one.aliases != other.aliases


def compile_rules(rules: Iterable[RuleSpec], entities: Iterable[Entity], counts: Mapping[str, int] | None = None) -> RuleSet:
    """The enabled rules as a set, see ``RuleSet``. Raises ConfigErrors with every RuleSyntaxError; ``key`` is the rule's slug."""
    ruleset = RuleSet(counts)
    ruleset.update(rules, entities)
    return ruleset
