"""Fingerprints of texts: a hash for equality, a bottom-k sketch of word 3-shingles for likeness (Broder 1997)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from heapq import nsmallest

from aggregator.dedupe.agencies import credit
from aggregator.dedupe.stories import profile
from aggregator.dedupe.urls import url_key
from aggregator.model.article import Extraction, Fingerprint
from aggregator.text import terms

SKETCH_SIZE = 128
"""Values in a full sketch: a Jaccard of .5 is estimated with a standard error of .044."""

LOOKUP_SIZE = 16
"""The store indexes this many smallest sketch values per article; two texts with J = .5 share about 11 of them."""

_FEWEST_TOKENS = 30
_FEWEST_SAMPLED = 12
_BITS = 63  # databases know signed 64-bit integers
_MASK = (1 << _BITS) - 1
# Odd multipliers (from the digits of the golden ratio, e and pi) give each place in a shingle its own hash function.
_FIRST, _SECOND, _THIRD = 0x9E3779B97F4A7C15, 0xADF85458A2BB4A9B, 0x243F6A8885A308D3


def fingerprint(extraction: Extraction, urls: Sequence[str]) -> Fingerprint:
    """What identifies an article, its copies and its story.

    The keys of ``urls`` and of its canonical address, hash and sketch of its folded text, its profile, and whom it credits.
    """
    tokens = terms(extraction.text)
    keys = [url_key(url) for url in (*urls, extraction.canonical_url or "") if url]
    digest = hashlib.sha256(" ".join(tokens).encode("utf-8", "surrogatepass")).hexdigest()
    credited = credit(extraction.text, extraction.title, extraction.authors)
    return Fingerprint(tuple(dict.fromkeys(keys)), digest, _sketch(tokens), len(tokens), profile(extraction), credited)


def _sketch(tokens: Sequence[str]) -> tuple[int, ...]:
    """The smallest hashes of all 3-shingles, ascending; empty under 30 tokens.

    A shingle's hash is a sum of its words' hashes, each multiplied by the odd constant of its place: each word is hashed
    once, and the same on every machine, which Python's ``hash`` is not.
    """
    if len(tokens) < _FEWEST_TOKENS:
        return ()
    known = {token: _hash(token) for token in set(tokens)}
    values = [known[token] for token in tokens]
    shingles = {
        (one * _FIRST + two * _SECOND + three * _THIRD >> 7) & _MASK
        for one, two, three in zip(values, values[1:], values[2:], strict=False)
    }
    return tuple(nsmallest(SKETCH_SIZE, shingles))


def _hash(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def jaccard(a: Sequence[int], b: Sequence[int]) -> float:
    """The Jaccard similarity of two texts' shingle sets by their sketches, 0 to 1; 0 if either is empty.

    Exact if both sketches are complete (under 128 values), else the share of common values among the 128 smallest of both.
    """
    if not a or not b:
        return 0.0
    first, second = set(a), set(b)
    union = sorted(first | second)
    if max(len(a), len(b)) >= SKETCH_SIZE:
        union = union[:SKETCH_SIZE]
    return sum(value in first and value in second for value in union) / len(union)


def containment(a: Sequence[int], b: Sequence[int]) -> float:
    """The share of the shorter text's shingles that the longer has, too, by their sketches; for shortened copies.

    Up to the largest value that both sketches would hold, they are complete: the share there is the share in all. 0 when
    that leaves fewer than 12 of the shorter text's values to judge by.
    """
    limit = min((sketch[-1] for sketch in (a, b) if len(sketch) >= SKETCH_SIZE), default=_MASK)
    first, second = ({value for value in sketch if value <= limit} for sketch in (a, b))
    fewer = min(len(first), len(second))
    return len(first & second) / fewer if fewer >= _FEWEST_SAMPLED else 0.0


def set_size(sketch: Sequence[int]) -> float:
    """How many distinct shingles a text has: exact for an incomplete sketch, else estimated from its largest value."""
    if len(sketch) < SKETCH_SIZE:
        return float(len(sketch))
    return (SKETCH_SIZE - 1) / (sketch[-1] / _MASK)
