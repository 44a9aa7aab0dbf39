"""Relevance: Okapi BM25 over what the matcher found, blended with recency. Pure sums: the same on every database.

    relevance = recency * bm25
    bm25      = sum over the leaves of  idf * f * (K1 + 1) / (f + K1 * (1 - B + B * words / mean words))
    idf       = ln(1 + (N - n + 0.5) / (n + 0.5)),  N articles in the archive, n of them with the leaf's words
    f         = hits of the leaf in body and author + TITLE * hits in the title
    recency   = (1 + 2 ** (-age / HALF_LIFE)) / 2

A leaf is what the query says in one place: a word, a phrase, ``@entity`` (all its aliases are one leaf, as synonyms are one
word). What the matcher does not take for a hit, such as a word out of reach of its NEAR, does not count.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009); fields are weighted before they
saturate, after Robertson, Zaragoza and Taylor, Simple BM25 Extension to Multiple Weighted Fields (2004); the idf is
Lucene's, never negative.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta

from aggregator.model.rule import Match
from aggregator.model.search import Statistics
from aggregator.rules.matcher import AllOf, AnyOf, AnyPlace, Apart, Beside, Count, Leaf, Loose, Node, Written

K1 = 1.2
B = 0.75
TITLE = 4.0
"""A hit in the title counts as so many in the body."""
HALF_LIFE = timedelta(days=30)
"""An article is worth twice as much on the day it is published as in the long run; half of that lead is gone after this."""


def frequencies(match: Match) -> dict[str, float]:
    """How often each leaf hit, titles counting more."""
    found: dict[str, float] = {}
    for span in match.spans:
        found[span.leaf] = found.get(span.leaf, 0.0) + (TITLE if span.field == "title" else 1.0)
    return found


def bm25(frequency: Mapping[str, float], words: int, known: Statistics) -> float:
    """The weight of an article of ``words`` words, in which the leaves stand so often."""
    norm = K1 * (1 - B + B * words / known.words) if known.words else K1
    # Summed in the order of the leaves' names, not of their hits, for sums of floats depend on their order.
    return math.fsum(_idf(leaf, known) * often * (K1 + 1) / (often + norm) for leaf, often in sorted(frequency.items()))


def _idf(leaf: str, known: Statistics) -> float:
    holding = min(known.holding.get(leaf, 0), known.articles)
    return math.log1p((known.articles - holding + 0.5) / (holding + 0.5))


def recency(age: timedelta) -> float:
    """1 for an article of now (or, by its date, of tomorrow), towards a half for old ones."""
    return (1.0 + math.exp2(-(max(age, timedelta()) / HALF_LIFE))) / 2.0


def relevance(match: Match, words: int, age: timedelta, known: Statistics) -> float:
    """The score of a match; 0 if the query found nothing but what is known about the article (keys)."""
    return recency(age) * bm25(frequencies(match), words, known)


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
