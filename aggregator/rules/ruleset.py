"""Many rules against a stream of documents: the term-level index that finds the few rules worth evaluating.

Each rule hangs on anchors, a set of words and phrases of which at least one must stand in the text for the rule to match
(the cheapest such set). An anchor is filed under its rarest term; a document's terms look the anchors up, those that are really
there call their rules, and the evaluator decides. Rarity is a guess from the length of words: it never decides correctness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from aggregator.errors import ConfigError, ConfigErrors, RuleSyntaxError
from aggregator.model.rule import Document, Entity, Match, RuleSpec
from aggregator.rules.compiler import Probes, compile_tree
from aggregator.rules.matcher import AllOf, AnyOf, AnyPlace, Apart, Beside, Count, Leaf, Loose, Node, match
from aggregator.rules.parser import parse
from aggregator.rules.reading import STEM, Probe, Reading, Stream
from aggregator.rules.syntax import Warning_
from aggregator.text import unspaced

_LONG = 12


def _commonness(term: str) -> float:
    """A guess at how often a term occurs: short ones more, and single characters of unspaced scripts in between."""
    return 0.03 if unspaced(term) else 2.0 ** -min(len(term), _LONG)


def _cost(anchors: Sequence[Probe]) -> float:
    """A guess at how often one of ``anchors`` stands in a text."""
    return sum(
        min(map(_commonness, sequence)) * (4.0 if probe.prefix and len(sequence) == 1 else 1.0) / len(sequence)
        for probe in anchors
        for sequence in probe.sequences
    )


def anchors(node: Node) -> tuple[Probe, ...] | None:
    """The cheapest set of probes of which one must hit for ``node`` to hold; None if there is no such set."""
    match node:
        case Leaf(probe=probe):
            return (probe,)
        case Loose(words=words):
            return min(((word.probe,) for word in words), key=_cost)
        case AllOf(parts=parts):
            return min(filter(None, map(anchors, parts)), key=_cost, default=None)
        case AnyOf(parts=parts) | AnyPlace(parts=parts):
            sets = [anchors(part) for part in parts]
            return tuple(dict.fromkeys(probe for one in sets for probe in one or ())) if all(sets) else None
        case Beside(left=left, right=right):
            return min(filter(None, (anchors(left), anchors(right))), key=_cost, default=None)
        case Apart(left=part) | Count(part=part):
            return anchors(part)
        case _:
            return None


class _Index:
    """Anchors by their rarest term, with the other terms that they need; and prefixes of one word by themselves."""

    def __init__(self) -> None:
        self._by_term: dict[str, list[tuple[Probe, frozenset[str]]]] = {}
        self._by_prefix: dict[str, list[Probe]] = {}
        self._by_stem: dict[str, list[str]] = {}
        self._authors = False

    def add(self, probe: Probe) -> None:
        self._authors |= probe.scope == "author"
        for sequence in probe.sequences:
            whole = sequence[:-1] if probe.prefix else sequence
            if whole:
                rarest = min(whole, key=_commonness)
                self._by_term.setdefault(rarest, []).append((probe, frozenset(whole) - {rarest}))
                continue
            if sequence[0] not in self._by_prefix:
                self._by_stem.setdefault(sequence[0][:STEM], []).append(sequence[0])
            self._by_prefix.setdefault(sequence[0], []).append(probe)

    def hits(self, reading: Reading) -> Iterator[Probe]:
        """Every anchor that stands in the document, some perhaps twice."""
        streams = (reading.text, reading.authors) if self._authors else (reading.text,)
        for stream in streams:
            present = stream.present
            for term in self._by_term.keys() & present:
                for probe, others in self._by_term[term]:
                    if others <= present and (probe.word is not None or reading.intervals(probe)):
                        yield probe
            if self._by_prefix:
                yield from self._prefix_hits(reading, stream)

    def _prefix_hits(self, reading: Reading, stream: Stream) -> Iterator[Probe]:
        for stem in self._by_stem.keys() & stream.stems.keys():
            for prefix in self._by_stem[stem]:
                if stream.beginning_with(prefix):
                    yield from (probe for probe in self._by_prefix[prefix] if reading.intervals(probe))


class RuleSet:
    """Compiled rules in their order. Adding or changing a rule means compiling a new set."""

    def __init__(self, rules: Sequence[tuple[RuleSpec, Node, tuple[Warning_, ...]]], probes: Probes) -> None:
        self._rules = [(rule.slug, root) for rule, root, _ in rules]
        self.warnings = {rule.slug: warnings for rule, _, warnings in rules if warnings}
        self._vocabulary = probes.vocabulary
        self._index = _Index()
        self._unanchored: list[int] = []
        self._hanging: dict[Probe, list[int]] = {}
        for number, (_, root) in enumerate(self._rules):
            self._hang(number, root)

    def __len__(self) -> int:
        return len(self._rules)

    def _hang(self, number: int, root: Node) -> None:
        on = anchors(root)
        if on is None:
            self._unanchored.append(number)
            return
        for probe in on:
            if probe not in self._hanging:
                self._hanging[probe] = []
                self._index.add(probe)
            self._hanging[probe].append(number)

    def match(self, document: Document, now: datetime | None = None) -> tuple[Match, ...]:
        """The matches of all rules on ``document`` at ``now``, in the order of the rules. A rule with ``age`` needs ``now``."""
        reading = Reading(document, self._vocabulary, now)
        called = set(self._unanchored)
        for probe in self._index.hits(reading):
            called.update(self._hanging[probe])
        matches = (match(*self._rules[number], reading) for number in sorted(called))
        return tuple(found for found in matches if found is not None)


def compile_rules(rules: Iterable[RuleSpec], entities: Iterable[Entity]) -> RuleSet:
    """Compile the enabled rules. Raises ConfigErrors with every RuleSyntaxError; ``key`` is the rule's slug."""
    known = {entity.slug: entity for entity in entities}
    probes = Probes()
    compiled: list[tuple[RuleSpec, Node, tuple[Warning_, ...]]] = []
    errors: list[ConfigError] = []
    for rule in rules:
        if not rule.enabled:
            continue
        try:
            query = parse(rule.query)
            compiled.append((rule, compile_tree(query, known, probes), query.warnings))
        except RuleSyntaxError as error:
            error.key = rule.slug
            errors.append(error)
    if errors:
        raise ConfigErrors(tuple(errors))
    return RuleSet(compiled, probes)
