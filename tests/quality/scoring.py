"""The scores, free of any page: n-gram F1 of texts, equality of titles, recall of authors, and means over halves."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


def tokens(text: str) -> list[str]:
    """The words of a text, lower-cased."""
    return re.findall(r"\w+", text.lower())


def text_score(gold: str, found: str, *, characters: bool = False) -> tuple[float, float, float]:
    """F1, precision and recall of ``found`` over multisets of word 4-grams; over those of 3 ``characters`` if asked for.

    Character n-grams are for scripts without blanks between words. A text shorter than an n-gram is one n-gram.
    """
    right, ours = _grams(gold, characters=characters), _grams(found, characters=characters)
    common = (right & ours).total()
    precision = common / ours.total() if ours else float(not right)
    recall = common / right.total() if right else float(not ours)
    return (2 * precision * recall / (precision + recall) if common else float(not right and not ours)), precision, recall


def _grams(text: str, *, characters: bool) -> Counter[tuple[str, ...]]:
    units: Sequence[str] = re.findall(r"\w", text) if characters else re.findall(r"\w+", text)
    size = 3 if characters else 4
    if not units:
        return Counter()
    return Counter(tuple(units[n : n + size]) for n in range(max(1, len(units) - size + 1)))


def same_title(gold: str, found: str) -> bool:
    """Whether two titles have the same words, whatever their case and signs."""
    return tokens(gold) == tokens(found)


def same_authors(gold: Iterable[str], found: Iterable[str]) -> bool:
    """Whether at least half of the gold's words are among those found."""
    right, ours = set(tokens(" ".join(gold))), set(tokens(" ".join(found)))
    return 2 * len(right & ours) >= len(right)


def half_of(key: str) -> str:
    """``a`` or ``b``: which half of the data an item belongs to, by the hash of its key. Tune on one, check on the other."""
    return "ab"[hashlib.sha256(key.encode()).digest()[0] & 1]


@dataclass
class Tally:
    """Means of scores by name: added one by one, given out together."""

    values: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, value: float) -> None:
        """One value of a score."""
        self.values[name].append(value)

    def means(self) -> dict[str, float]:
        """Name to mean, in the order of the first value of each."""
        return {name: round(sum(values) / len(values), 4) for name, values in self.values.items()}
