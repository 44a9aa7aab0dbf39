"""Many rules against a stream of documents: the term-level index that finds the few rules worth evaluating.

Each rule hangs on anchors, a set of words and phrases of which at least one must stand in the text for the rule to match
(the cheapest such set). An anchor is filed under its rarest term; a document's terms look the anchors up, those that are really
there call their rules, and the evaluator decides. Rules that require a source, group, country or language hang apart from the
others, in a section that only such documents ask. Rarity never decides correctness: it is a guess from the
length of words.

A set is changed in place, one rule at a time, and never built again. It is not for two threads at once.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter

from aggregator.errors import ConfigErrors, RuleSyntaxError
from aggregator.model.rule import Document, Entity, Match, RuleSpec
from aggregator.rules.compiler import Probes, compile_tree
from aggregator.rules.filing import Gate, HungRule, Section, gates, gates_of
from aggregator.rules.matcher import match
from aggregator.rules.parser import parse
from aggregator.rules.rarity import anchors
from aggregator.rules.reading import Reading
from aggregator.rules.syntax import Warning_


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

    def __init__(self) -> None:
        self._probes = Probes()
        self._entities: dict[str, Entity] = {}
        self._rules: dict[str, HungRule] = {}
        self._users: dict[str, set[str]] = {}
        self._sections: dict[Gate, Section] = {}
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
        with _unswept():
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

    def _compiled(self, spec: RuleSpec, known: Mapping[str, Entity]) -> HungRule:
        query, noting = parse(spec.query), _Noting(known)
        root = compile_tree(query, noting, self._probes)
        return HungRule(spec, root, frozenset(noting.asked), query.warnings, anchors(root), gates(root))

    def _hang(self, rule: HungRule) -> None:
        self._rules[rule.spec.slug] = rule
        for entity in rule.uses:
            self._users.setdefault(entity, set()).add(rule.spec.slug)
        for gate in rule.gates:
            if gate not in self._sections:
                self._sections[gate] = Section()
            self._sections[gate].hang(rule)

    def _free(self, rule: HungRule) -> None:
        del self._rules[rule.spec.slug]
        for entity in rule.uses:
            self._users[entity].discard(rule.spec.slug)
            if not self._users[entity]:
                del self._users[entity]
        for gate in rule.gates:
            self._sections[gate].free(rule)
            if not self._sections[gate]:
                del self._sections[gate]

    def match(self, document: Document, now: datetime | None = None) -> tuple[Match, ...]:
        """The matches of all rules on ``document`` at ``now``, in the order of the rules. A rule with ``age`` needs ``now``."""
        reading, called = Reading(document, now), set[HungRule]()
        for gate in gates_of(document):
            if section := self._sections.get(gate):
                section.call(called, reading)
        found = [(rule.rank, hit) for rule in called if (hit := match(rule.spec.slug, rule.root, reading)) is not None]
        return tuple(hit for _, hit in sorted(found, key=itemgetter(0)))


@contextmanager
def _unswept() -> Iterator[None]:
    """Without the collector of cycles, which takes its time: a compiled rule holds none, and nearly all of it stays."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def _differs(one: Entity | None, other: Entity | None) -> bool:
    return one is None or other is None or one.aliases != other.aliases


def compile_rules(rules: Iterable[RuleSpec], entities: Iterable[Entity]) -> RuleSet:
    """The enabled rules as a set, see ``RuleSet``. Raises ConfigErrors with every RuleSyntaxError; ``key`` is the rule's slug."""
    ruleset = RuleSet()
    ruleset.update(rules, entities)
    return ruleset
