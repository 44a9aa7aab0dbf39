"""Persian and its affixes: joined (میخواهد), ZWNJ-split (می‌خواهد) and space-split (می خواهد) spellings of one word.

ZWNJ separates tokens, so the split spellings are two terms and the joined one is one. The query is widened, never the text:
a word or phrase stands for the set of term sequences that readers take for the same. This only adds alternatives in which
every part stands at its place, so it cannot hit a stem inside another word, offsets stay true, and every index can answer it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

ZWNJ = "\u200c"
MOST_SPELLINGS = 16
"""A phrase stands for at most so many sequences; the one that was written comes first and is never lost."""

_MOST_TERMS = 64  # Of a longer phrase only the beginning varies; what is tried grows with the depth of the call stack.
_PREFIXES = ("می", "نمی")
_PLURALS = ("ها", "های", "هایی", "هایم", "هایت", "هایش", "هایمان", "هایتان", "هایشان")
_SUFFIXES = (*_PLURALS, "ای", "ام", "ایم", "اید", "اند", "تر", "ترین")
_SHORTEST_STEM = 3


def _arabic_script(term: str) -> bool:
    return all("\u0600" <= char <= "\u06ff" for char in term)


def _splits(term: str, cut: bool) -> Iterator[tuple[str, ...]]:
    """The term itself, then every way to part known affixes from a stem of at least three letters; no suffix if ``cut``."""
    yield (term,)
    for prefix in _PREFIXES if _arabic_script(term) else ():
        stem = term.removeprefix(prefix)
        if stem != term and len(stem) >= _SHORTEST_STEM:
            yield (prefix, stem)
            if not cut:
                yield from ((prefix, *rest) for rest in _suffix_splits(stem))
    if not cut:
        yield from _suffix_splits(term)


def _suffix_splits(term: str) -> Iterator[tuple[str, ...]]:
    for suffix in _SUFFIXES:
        stem = term.removesuffix(suffix)
        if stem != term and len(stem) >= _SHORTEST_STEM:
            yield (stem, suffix)


def _joins(left: str, right: str, zwnj: bool) -> bool:
    """Whether ``left right`` may be written as one: at a ZWNJ always, at another gap next to an affix that is never a word."""
    return _arabic_script(left + right) and (zwnj or left in _PREFIXES or right in _PLURALS)


def _spellings(terms: Sequence[str], zwnj: Sequence[bool], at: int, prefix: bool) -> Iterator[tuple[str, ...]]:
    if at == len(terms):
        yield ()
        return
    last = at == len(terms) - 1
    for tail in _spellings(terms, zwnj, at + 1, prefix):
        for head in _splits(terms[at], last and prefix):
            yield head + tail
    if not last and _joins(terms[at], terms[at + 1], zwnj[at]):
        joined = [*terms[:at], terms[at] + terms[at + 1], *terms[at + 2 :]]
        yield from _spellings(joined, [*zwnj[:at], *zwnj[at + 1 :]], at, prefix)


def spellings(terms: Sequence[str], zwnj: Sequence[bool], *, prefix: bool = False) -> tuple[tuple[str, ...], ...]:
    """All term sequences that ``terms`` stands for, the given one first, without repeats, at most ``MOST_SPELLINGS``.

    ``zwnj[i]`` tells that only a ZWNJ parted ``terms[i]`` from ``terms[i + 1]``. With ``prefix`` the last term is the
    beginning of a word, and is not split.
    """
    given = tuple(terms)
    if not any("\u0600" <= char <= "\u06ff" for term in given for char in term[:1]):
        return (given,)
    begun, rest = given[:_MOST_TERMS], given[_MOST_TERMS:]
    varied = _spellings(begun, zwnj[: len(begun) - 1], 0, prefix and not rest)
    found = dict.fromkeys((given, *((*way, *rest) for way in islice(varied, MOST_SPELLINGS * 4))))
    return tuple(islice(found, MOST_SPELLINGS))
