"""From an analyst's marked articles to words that tell them apart: what a rule might add or exclude.

Scores are Dunning's log-likelihood ratio on counts of articles (T. Dunning, Accurate Methods for the Statistics of Surprise
and Coincidence, 1993): it is sound for the small counts that a handful of marks gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aggregator.model.rule import Document
from aggregator.text import tokenize, unspaced

SHORTEST = 3
"""Letters of a word that is worth a suggestion."""
LEAST_SUPPORT = 2
"""In so many marked articles a word must stand: what stands in one alone may be chance."""
CHANCE = 0.001
"""How likely it may be that one of all the words tried looks as good by chance alone (Bonferroni's bound)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word, a phrase of two words or a key, as a query. ``hits`` and ``misses`` are the marked articles that have it."""

    query: str
    hits: frozenset[int]
    misses: frozenset[int]


def likelihood_ratio(with_it: int, marked: int, elsewhere: int, others: int) -> float:
    """How surprising it is that ``with_it`` of ``marked`` articles have a word, and ``elsewhere`` of ``others``; never negative.

    It is 0 where the marked ones have it no more often than the others.
    """
    both, total = with_it + elsewhere, marked + others
    if not marked or not others or with_it * others <= elsewhere * marked:
        return 0.0
    cells = (
        (with_it, both * marked),
        (elsewhere, both * others),
        (marked - with_it, (total - both) * marked),
        (others - elsewhere, (total - both) * others),
    )
    return 2 * sum(seen * math.log(seen * total / expected) for seen, expected in cells if seen)


def by_chance(ratio: float, tried: int) -> float:
    """A bound for how likely it is that one of ``tried`` words has this ratio by chance (chi-square, one degree of freedom)."""
    return min(1.0, tried * math.erfc(math.sqrt(ratio / 2)))


def candidates(hits: Mapping[int, Document], misses: Mapping[int, Document]) -> list[Candidate]:
    """Everything that stands in at least two hits or in at least two misses, by how many have it, longer words first."""
    where: dict[tuple[str, ...], tuple[set[int], set[int]]] = {}
    written: dict[tuple[str, ...], str] = {}
    for side, documents in enumerate((hits, misses)):
        for number, document in documents.items():
            for key, spelling in _grams(document):
                where.setdefault(key, (set(), set()))[side].add(number)
                written.setdefault(key, spelling)
    found = [
        Candidate(f'"{written[key]}"', frozenset(good), frozenset(bad))
        for key, (good, bad) in where.items()
        if max(len(good), len(bad)) >= LEAST_SUPPORT
    ]
    return sorted(found, key=lambda one: (-len(one.hits) - len(one.misses), -len(one.query), one.query))


def _grams(document: Document) -> Iterable[tuple[tuple[str, ...], str]]:
    """The words and pairs of neighbouring words of a text, as terms and as written."""
    for text in (document.title, document.body):
        tokens = tokenize(text)
        for token in tokens:
            if len(token.term) >= SHORTEST and not token.term.isdigit() and not unspaced(token.term):
                yield (token.term,), text[token.start : token.end]
        for left, right in pairwise(tokens):
            if len(left.term) + len(right.term) >= 2 * SHORTEST or unspaced(left.term):
                # Whatever stands between them, blank or hyphen: a phrase finds the others, too.
                joined = " ".join((text[left.start : left.end], text[right.start : right.end]))
                yield (left.term, right.term), joined.replace(" ", "") if unspaced(left.term) else joined


def key_candidates(hits: Mapping[int, Document], misses: Mapping[int, Document]) -> list[Candidate]:
    """The sources, groups and languages of at least two misses, as keys of a query."""
    found: dict[str, tuple[set[int], set[int]]] = {}
    for side, documents in enumerate((hits, misses)):
        for number, document in documents.items():
            for key, value in (("source", document.source), ("group", document.group), ("lang", document.language)):
                if value and '"' not in value:
                    found.setdefault(f'{key}:"{value}"', (set(), set()))[side].add(number)
    return [Candidate(key, frozenset(good), frozenset(bad)) for key, (good, bad) in found.items() if len(bad) >= LEAST_SUPPORT]


def suggested_query(query: str, additions: Sequence[str], exclusions: Sequence[str]) -> str:
    """``query`` with alternatives added, and with exclusions."""
    query = query.strip()
    # A comment ends with its line.
    whole = f"({query}\n)" if "#" in query else f"({query})" if " " in query else query
    if additions:
        whole = f"({' OR '.join((whole, *additions))})" if exclusions else " OR ".join((whole, *additions))
    return " ".join((whole, *(f"-{exclusion}" for exclusion in exclusions)))
