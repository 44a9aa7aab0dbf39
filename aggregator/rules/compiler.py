"""Syntax tree and entities to a compiled query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import cast
from weakref import WeakValueDictionary

from aggregator.errors import ConfigError, RuleSyntaxError
from aggregator.model.rule import Document, Entity, Match
from aggregator.rules.ages import Age
from aggregator.rules.entities import flatten
from aggregator.rules.lexer import syntax_error
from aggregator.rules.literals import plain
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
    Positional,
    Written,
    match,
)
from aggregator.rules.narrowing import Narrowing, narrow
from aggregator.rules.parser import parse
from aggregator.rules.ranking import leaf_words
from aggregator.rules.reading import Reading
from aggregator.rules.streams import Probe, Scope
from aggregator.rules.syntax import And, AtLeast, EntityRef, Field, Key, Near, Not, Or, Pattern, Query, Term, Warning_
from aggregator.rules.syntax import Node as SyntaxNode
from aggregator.text import ZWNJ, spellings, tokenize, unspaced

MOST_TERMS = 500


class Probes:
    """The probes of any number of queries; equal ones are one, as long as a query holds it."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[object, ...], Probe] = WeakValueDictionary()

    def __getstate__(self) -> dict[str, object]:
        return {"known": dict(self._known)}

    def __setstate__(self, state: dict[str, Mapping[tuple[object, ...], Probe]]) -> None:
        self._known = WeakValueDictionary(state["known"])

    def probe(self, text: str, *, exact: bool, prefix: bool, scope: Scope) -> Probe:
        """The probe for a word or phrase as written, which must hold at least one term."""
        tokens = tokenize(text)
        words = tuple(token.term for token in tokens)
        # A word of an unspaced script matches as a substring already, so that its * adds nothing.
        prefix = prefix and not unspaced(words[-1])
        if exact:
            literal = plain(text[tokens[0].start : tokens[-1].end])
            sequences: tuple[tuple[str, ...], ...] = (words,)
        else:
            gaps = [text[left.end : right.start] for left, right in pairwise(tokens)]
            literal = ""
            sequences = spellings(words, [set(gap) == {ZWNJ} for gap in gaps], prefix=prefix)
        return self.shared(sequences, prefix=prefix, literal=literal, scope=scope)

    def shared(self, sequences: tuple[tuple[str, ...], ...], *, prefix: bool, literal: str, scope: Scope) -> Probe:
        """The one probe for these terms."""
        key = (sequences, prefix, literal, scope)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Probe(sequences, prefix, literal, scope)
        return known


def compile_tree(query: Query, entities: Mapping[str, Entity], probes: Probes) -> Node:
    """The evaluator's tree for ``query``. Raises RuleSyntaxError for unknown or broken entities and too many terms."""
    return _Compiler(query, entities, probes).node(query.root, "text")


class _Compiler:
    def __init__(self, query: Query, entities: Mapping[str, Entity], probes: Probes) -> None:
        self._query = query
        self._entities = entities
        self._probes = probes
        self._count = 0

    def node(self, node: SyntaxNode, scope: Scope) -> Node:
        match node:
            case Term() | EntityRef() | Near() | AtLeast():
                return self._positional(node, scope)
            case Pattern(expression=expression, at=at):
                return Written(expression, scope, self._query.text[at.start : at.end])
            case Key(test=test):
                return Aged(test) if isinstance(test, Age) else Known(test)
            case Field(name=name, part=part):
                return self.node(part, cast("Scope", name))
            case Not(part=part):
                return NoneOf(self.node(part, scope))
            case And(parts=parts):
                return AllOf(tuple(sorted((self.node(part, scope) for part in parts), key=_cost)))
            case Or(parts=parts):
                return _any(self.node(part, scope) for part in parts)

    def _positional(self, node: SyntaxNode, scope: Scope) -> Positional:
        """A node that the parser let stand beside NEAR."""
        match node:
            case Term():
                return self._term(node, scope)
            case EntityRef():
                return self._entity(node, scope)
            case Field(name=name, part=part):
                return self._positional(part, cast("Scope", name))
            case Or(parts=parts):
                return AnyPlace(tuple(self._positional(part, scope) for part in parts))
            case AtLeast(count=count, part=part):
                return Count(count, self._positional(part, scope))
            case Near():
                left, right = self._positional(node.left, scope), self._positional(node.right, scope)
                return (Apart if node.negated else Beside)(left, right, node.distance, node.ordered)
            case _:
                raise AssertionError("the parser lets nothing else stand here")

    def _counted(self, node: Term | EntityRef) -> None:
        self._count += 1
        if self._count > MOST_TERMS:
            raise self._error(node, f"the query has more than {MOST_TERMS} terms, aliases of entities included", "split the rule")

    def _term(self, node: Term, scope: Scope) -> Positional:
        self._counted(node)
        probe = self._probes.probe(node.text, exact=node.exact, prefix=node.prefix, scope=scope)
        leaf = Leaf(probe, self._query.text[node.at.start : node.at.end])
        return self._loose(node, leaf) if node.slop else leaf

    def _loose(self, node: Term, whole: Leaf) -> Positional:
        """Every spelling of the phrase, word by word; with ``=`` each word as written."""
        ways: list[Positional] = []
        for sequence in whole.probe.sequences:
            literals = [""] * len(sequence)
            if node.exact:
                literals = [plain(node.text[token.start : token.end]) for token in tokenize(node.text)]
            last = len(sequence) - 1
            words = (
                self._probes.shared(
                    ((term,),), prefix=whole.probe.prefix and at == last, literal=literal, scope=whole.probe.scope
                )
                for at, (term, literal) in enumerate(zip(sequence, literals, strict=True))
            )
            ways.append(Loose(tuple(Leaf(word, whole.label) for word in words), node.slop, whole))
        return ways[0] if len(ways) == 1 else AnyPlace(tuple(ways))

    def _entity(self, node: EntityRef, scope: Scope) -> Positional:
        try:
            aliases = flatten(node.slug, self._entities)
        except ConfigError as error:
            raise self._error(node, error.message, error.hint) from error
        leaves: list[Positional] = []
        for alias in aliases:
            self._counted(node)
            probe = self._probes.probe(alias.text, exact=alias.exact, prefix=alias.prefix, scope=scope)
            leaves.append(Leaf(probe, f"@{node.slug}", alias.written))
        return AnyPlace(tuple(leaves))

    def _error(self, node: Term | EntityRef, message: str, hint: str) -> RuleSyntaxError:
        return syntax_error(self._query.text, node.at.start, node.at.end, message, hint)


def _any(parts: Iterable[Node]) -> Node:
    nodes = tuple(parts)
    if all(isinstance(node, Leaf | Loose | AnyPlace | Beside | Apart | Count) for node in nodes):
        return AnyPlace(cast("tuple[Positional, ...]", nodes))
    return AnyOf(nodes)


def _cost(node: Node) -> int:
    """Keys first, then words; what looks at positions last."""
    match node:
        case Known() | Aged():
            return 0
        case Leaf():
            return 1
        case _:
            return 2


class CompiledQuery:
    """A query ready to be put to documents, or to be narrowed for an index."""

    def __init__(self, query: Query, root: Node) -> None:
        self.query = query
        self._root = root

    @property
    def warnings(self) -> tuple[Warning_, ...]:
        """What a careful colleague would remark."""
        return self.query.warnings

    def match(self, document: Document, now: datetime | None = None) -> Match | None:
        """The match (with an empty ``rule``), or None. A query with ``age`` needs ``now``, or raises ValueError."""
        return match("", self._root, Reading(document, now))

    def holds(self, document: Document, now: datetime | None = None) -> bool:
        """Whether there is a match, for less than the match itself."""
        return self._root.holds(Reading(document, now))

    def narrowing(self, now: datetime | None = None) -> Narrowing:
        """What an index can be asked so that no true match is lost. Without ``now`` it cannot be asked for ``age``."""
        return narrow(self._root, now)

    def leaf_words(self) -> dict[str, str | None]:
        """By leaf, what an index can be asked to tell how common its words are: an FTS5 expression, or None."""
        return leaf_words(self._root)


def compile_query(query: str, entities: Mapping[str, Entity]) -> CompiledQuery:
    """Parse and compile. Raises RuleSyntaxError, for the entities that ``query`` uses, too."""
    parsed = parse(query)
    return CompiledQuery(parsed, compile_tree(parsed, entities, Probes()))
