"""What a rule might add or exclude, found in marked articles and proved on the archive."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.errors import RuleSyntaxError
from aggregator.model.rule import Document, Entity, RuleSpec
from aggregator.rules import compile_query, with_noise_control
from aggregator.rules.suggestion import (
    CHANCE,
    LEAST_SUPPORT,
    Candidate,
    by_chance,
    candidates,
    key_candidates,
    likelihood_ratio,
    suggested_query,
)
from aggregator.store import Store, backtests

MOST_LOOKED_UP = 200
"""Candidates that the archive is asked about."""
MOST_TRIED = 8
"""The best candidates, which are tried on the archive."""
MOST_PARTS = 3
"""Additions, and exclusions, of one suggestion."""
FEW = 20
"""So many other articles an addition may bring to any rule; to one that finds more, as many as it finds."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something to add (or to exclude): ``hits`` and ``misses`` are the marked articles that change sides by it, ``others`` how
    many unmarked articles come (or go); ``archive`` of ``size`` articles have it. ``score`` is the log-likelihood ratio.
    """

    query: str
    hits: frozenset[int]
    misses: frozenset[int]
    others: int
    archive: int
    size: int
    score: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What a back-test of a query finds: of the marked hits, of the marked misses, and the other articles."""

    hits: frozenset[int]
    misses: frozenset[int]
    others: frozenset[int]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``query`` is "" when there is nothing to suggest; ``why`` says what stands in the way, for what remains undone."""

    before: Proof
    after: Proof
    additions: tuple[Part, ...]
    exclusions: tuple[Part, ...]
    query: str
    why: tuple[str, ...]


class Adviser:
    """Looks for a better query for one rule. ``hits`` and ``misses`` are what an analyst marked, by article."""

    def __init__(
        self,
        store: Store,
        rule: RuleSpec,
        entities: Mapping[str, Entity],
        hits: Mapping[int, Document],
        misses: Mapping[int, Document],
        since: datetime | None,
    ) -> None:
        self._store, self._rule, self._entities, self._since = store, rule, entities, since
        self._hits, self._misses = hits, misses
        self._size = store.read_now(backtests.size)

    def suggest(self) -> Suggestion:
        """The best query that was found, proved on the archive; or why there is none."""
        before = self._prove(self._rule.query)
        missed, wrong = self._hits.keys() - before.hits, before.misses
        additions, no_addition = self._additions(missed, before)
        exclusions, no_exclusion = self._exclusions(wrong, before)
        why = tuple(filter(None, (no_addition, no_exclusion)))
        if not additions and not exclusions:
            return Suggestion(before, before, (), (), "", why or ("the rule finds every hit and no miss",))
        query = suggested_query(self._rule.query, [part.query for part in additions], [part.query for part in exclusions])
        try:
            after = self._prove(query)
        except RuleSyntaxError as error:
            return Suggestion(before, before, (), (), "", (*why, f"with its changes the query is refused: {error.message}"))
        better = len(after.hits) - len(after.misses) > len(before.hits) - len(before.misses) and after.hits >= before.hits
        if not better:
            return Suggestion(before, before, (), (), "", (*why, "what seemed to help does not, once it is tried on the archive"))
        return Suggestion(before, after, additions, exclusions, query, why)

    def _prove(self, query: str) -> Proof:
        found = self._backtest(query)
        whole = compile_query(with_noise_control(replace(self._rule, query=query)).query, self._entities)
        # The marked ones are put to the matcher, each on its own day: the archive's window need not hold them.
        hits, misses = (
            frozenset(id_ for id_, document in marked.items() if whole.holds(document, document.published_at))
            for marked in (self._hits, self._misses)
        )
        return Proof(hits, misses, frozenset(found - self._hits.keys() - self._misses.keys()))

    def _backtest(self, query: str) -> set[int]:
        compiled = compile_query(query, self._entities)
        return {hit.article_id for hit in self._store.read_now(backtests.backtest, compiled, self._since, None, self._rule)}

    def _additions(self, missed: Collection[int], before: Proof) -> tuple[tuple[Part, ...], str]:
        if not missed:
            return (), ""
        if len(self._hits) < LEAST_SUPPORT:
            return (), "one hit is too few to learn words from: mark more"
        known = [one for one in candidates(self._hits, self._misses) if one.hits & set(missed) and not one.misses]
        scored = self._scored([one for one in known if len(one.hits) >= LEAST_SUPPORT], of_misses=False)
        limit, parts = max(FEW, len(before.others)), []
        for one, archive, score in scored[: MOST_TRIED * 2]:
            others = self._backtest(one.query) - before.others - self._hits.keys() - self._misses.keys()
            if len(others) <= limit:
                parts.append(Part(one.query, one.hits & set(missed), one.misses, len(others), archive, self._size, score))
        chosen = _cover(parts, missed, of_misses=False)
        left = len(set(missed).difference(*(part.hits for part in chosen)))
        what = f"for {left} of the hits that it does not find no word or phrase tells them from the misses and the archive"
        return chosen, what if left else ""

    def _exclusions(self, wrong: Collection[int], before: Proof) -> tuple[tuple[Part, ...], str]:
        if not wrong:
            return (), ""
        if len(wrong) < LEAST_SUPPORT:
            return (), "one miss that it finds is too few to learn words from: mark more"
        if not before.hits:
            return (), "it finds no hit, so that nothing tells what of its findings is to be kept"
        found = {id_: document for id_, document in self._misses.items() if id_ in wrong}
        known = [*key_candidates(self._hits, found), *candidates(self._hits, found)]
        scored = self._scored([one for one in known if not one.hits and len(one.misses) >= LEAST_SUPPORT], of_misses=True)
        limit, parts = max(FEW, len(before.others)) // 2, []
        for one, archive, score in scored[:MOST_TRIED]:
            # Everything that the rule finds and that has it would go.
            others = self._backtest(f"({self._rule.query}\n) {one.query}") & before.others
            if len(others) <= limit:
                parts.append(Part(one.query, one.hits, one.misses & set(wrong), len(others), archive, self._size, score))
        chosen = _cover(parts, wrong, of_misses=True)
        left = len(set(wrong).difference(*(part.misses for part in chosen)))
        what = f"for {left} of the misses that it finds no word, source or language tells them from the hits"
        return chosen, what if left else ""

    def _scored(self, known: list[Candidate], *, of_misses: bool) -> list[tuple[Candidate, int, float]]:
        """Those that are no chance, best first, with the number of articles in the archive that have them."""
        scored = []
        marked = len(self._misses if of_misses else self._hits)
        for one in known[:MOST_LOOKED_UP]:
            own = len(one.misses if of_misses else one.hits)
            archive = self._store.read_now(backtests.bare_count, compile_query(one.query, self._entities))
            score = likelihood_ratio(own, marked, max(0, archive - own), max(0, self._size - marked))
            if by_chance(score, len(known)) < CHANCE:
                scored.append((one, archive, score))
        return sorted(scored, key=lambda row: (-row[2], len(row[0].query), row[0].query))


def _cover(parts: list[Part], wanted: Collection[int], *, of_misses: bool) -> tuple[Part, ...]:
    """Few parts that cover much: each time the one that helps most, of equals the least likely by chance."""
    left, chosen = set(wanted), list[Part]()
    while left and len(chosen) < MOST_PARTS and parts:
        best = max(parts, key=lambda part: (len((part.misses if of_misses else part.hits) & left), part.score, -part.others))
        own = best.misses if of_misses else best.hits
        if not own & left:
            break
        chosen.append(best)
        left -= own
    return tuple(chosen)
