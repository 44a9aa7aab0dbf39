"""Terms in a row: what a word or phrase is looked for as, and where it stands among them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise
from typing import Literal, TypeAlias

from aggregator.text import index_text, terms

Scope: TypeAlias = Literal["text", "title", "body", "lead", "author", "quoted", "unquoted", "cites"]
Interval: TypeAlias = tuple[int, int]
"""First and last term position, both included."""
Key: TypeAlias = str | tuple[str, str]
"""A word, or two neighbours."""

GAP = 101
"""Empty positions between title and body, and between authors: one more than the widest NEAR, so that nothing reaches across."""
PAIR = 2
FEW_WORDS = 16
"""So many words are looked for in the line of all terms; for more the terms are made a set, which costs more than folding."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Probe:
    """A word or phrase to look for; shared by all rules that ask for the same.

    It hits where one of ``sequences`` stands; with ``prefix`` the last term is only the beginning of one. ``literal``, if any, is
    what the original must say at that place, character for character.
    """

    sequences: tuple[tuple[str, ...], ...]
    prefix: bool
    literal: str
    scope: Scope
    enough: tuple[Key, ...] = field(init=False)
    """Words and pairs of neighbours of which one anywhere in title or body is enough; empty if positions must be looked at."""

    def __post_init__(self) -> None:
        plain = not self.prefix and not self.literal and self.scope == "text" and max(map(len, self.sequences)) <= PAIR
        object.__setattr__(self, "enough", tuple(map(_key, self.sequences)) if plain else ())


def _key(sequence: tuple[str, ...]) -> Key:
    return sequence[0] if len(sequence) == 1 else (sequence[0], sequence[1])


class _Terms:
    """The terms of some texts in a row, ``GAP`` empty positions behind each text; come apart into words as late as can be."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts, self._asked = texts, 0

    @cached_property
    def rows(self) -> list[list[str]]:
        """The terms of each text."""
        return list(map(terms, self._texts))

    @cached_property
    def line(self) -> str:
        """All terms, each between blanks. Terms hold no blanks, so that counting blanks counts positions."""
        lines = map(" ".join, self.rows) if "rows" in self.__dict__ else map(index_text, self._texts)
        return " " + "".join(f"{line} {' ' * GAP}" if line else " " * GAP for line in lines)

    @cached_property
    def words(self) -> set[str]:
        """All terms."""
        return set(chain.from_iterable(self.rows))

    def __contains__(self, word: object) -> bool:
        self._asked += 1
        if self._asked <= FEW_WORDS and "words" not in self.__dict__:
            return f" {word} " in self.line
        return word in self.words


class Stream:
    """The terms of some texts in a row, and where words and phrases stand among them.

    Many rules look all terms up in sets. A single one asks for so few words that it is cheaper to look for them in the line.
    """

    def __init__(self, *texts: str) -> None:
        self._terms = _Terms(texts)
        self.words: Container[str] = self._terms
        """The terms, to be asked for one by one."""

    @cached_property
    def present(self) -> set[str]:
        """The terms. Worth its time when many are looked up."""
        self.words = found = self._terms.words
        return found

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """All terms with their next neighbours. Worth its time when many are looked up."""
        return set(chain.from_iterable(map(pairwise, self._terms.rows)))

    def neighbours(self, pair: tuple[str, str]) -> bool:
        """Whether the second of ``pair`` stands behind the first anywhere."""
        if "pairs" in self.__dict__:
            return pair in self.pairs
        first, second = pair
        return first in self.words and second in self.words and f" {first} {second} " in self._terms.line

    def find(self, probe: Probe) -> list[Interval]:
        """Where ``probe``'s sequences stand, sorted, without regard to its scope and literal."""
        if len(probe.sequences) == 1:
            return self._find(probe.sequences[0], probe.prefix)
        found = {interval for sequence in probe.sequences for interval in self._find(sequence, probe.prefix)}
        return sorted(found)

    def _find(self, sequence: Sequence[str], prefix: bool) -> list[Interval]:
        if not self._may_hold(sequence[:-1] if prefix else sequence):
            return []
        line, wanted = self._terms.line, f" {' '.join(sequence)}{'' if prefix else ' '}"
        found: list[Interval] = []
        first, counted, longer = 0, 0, len(sequence) - 1
        at = line.find(wanted)
        while at >= 0:
            first += line.count(" ", counted, at)
            counted = at
            found.append((first, first + longer))
            at = line.find(wanted, at + 1)
        return found

    def _may_hold(self, sequence: Sequence[str]) -> bool:
        """A quick no: a word, or two neighbours where they are known, that are not there."""
        words = self.words
        return all(word in words for word in sequence) and (
            "pairs" not in self.__dict__ or self.pairs.issuperset(pairwise(sequence))
        )
