"""What a reader sees of a hit: marked segments, and short fragments around the hits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from aggregator.model.delivery import Segment

Range: TypeAlias = tuple[int, int]

_BLANK = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?:[.!?؟…۔]+[\"'”’»)\]]*\s+|[。！？]+[」』”]*|\s*\n\s*)")
_SENTENCE_OVER = re.compile(r"(?:[.!?؟…۔。！？][\"'”’»)\]」』]*|\n)\s*$")
_ELLIPSIS = "…"
_WORD_REACH = 24  # How far a cut may move to reach a word boundary; scripts without spaces are cut where the limit falls.


def merge(spans: Iterable[Range], length: int) -> list[Range]:
    """``spans`` clipped to ``0..length``, sorted, with overlapping and touching ones made one; empty ones dropped."""
    merged: list[Range] = []
    for start, end in sorted((max(0, start), min(end, length)) for start, end in spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(text: str, spans: Sequence[Range], start: int, end: int) -> list[Segment]:
    segments: list[Segment] = []
    at = start
    for first, last in spans:
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        if first > at:
            segments.append(Segment(text[at:first]))
        segments.append(Segment(text[first:last], hit=True))
        at = last
    if at < end:
        segments.append(Segment(text[at:end]))
    return segments


def highlight(text: str, spans: Iterable[Range]) -> tuple[Segment, ...]:
    """``text`` as segments, those within ``spans`` marked as hits. The segments joined are ``text`` again."""
    return tuple(_cut(text, merge(spans, len(text)), 0, len(text)))


def snippets(text: str, spans: Iterable[Range], *, width: int = 160, most: int = 2) -> tuple[tuple[Segment, ...], ...]:
    """At most ``most`` fragments of ``text`` around ``spans``, in the order of the text, not overlapping.

    A fragment has at most ``width`` characters, ellipses included; it begins and ends at a sentence or word boundary where one
    is in reach; white space of any kind is one space. Fragments with the most distinct hits are preferred, then the
    earlier ones. Without spans the one fragment is the beginning of the text; an empty text gives none.
    """
    hits = merge(spans, len(text))
    width = max(width, 8)
    if most < 1 or not text.strip():
        return ()
    cores = _choose(text, hits, width - 2, most) if hits else [(0, 0)]
    fragments: list[tuple[Segment, ...]] = []
    done = 0
    for place, core in enumerate(cores):
        ceiling = cores[place + 1][0] if place + 1 < len(cores) else len(text)
        start, end = _widen(text, core, (done, ceiling), width - 2)
        fragments.append(_dress(text, hits, start, end))
        done = end
    return tuple(filter(None, fragments))


def _choose(text: str, hits: Sequence[Range], room: int, most: int) -> list[Range]:
    """The cores of the fragments: runs of neighbouring hits no longer than ``room``, the richest first, then in text order."""
    runs: list[tuple[int, int, int, int]] = []
    for first, (start, end) in enumerate(hits):
        last = first
        seen = {text[start:end].casefold()}
        while last + 1 < len(hits) and hits[last + 1][1] - start <= room:
            last += 1
            seen.add(text[hits[last][0] : hits[last][1]].casefold())
        runs.append((-len(seen), start, first, last))
    chosen: list[Range] = []
    taken: set[int] = set()
    for _, start, first, last in sorted(runs):
        if len(chosen) == most:
            break
        if taken.isdisjoint(range(first, last + 1)):
            taken.update(range(first, last + 1))
            chosen.append((start, max(hits[first][1], hits[last][1])))
    return sorted(chosen)


def _widen(text: str, core: Range, bounds: Range, room: int) -> Range:
    """``core`` grown to at most ``room`` characters within ``bounds``, to sentence or word boundaries."""
    start, end = core[0], min(core[1], core[0] + room)
    start, end = _widen_left(text, start, max(bounds[0], end - room), (room - (end - start)) // 2), end
    limit = min(bounds[1], start + room)
    if limit >= len(text) or limit <= end:
        return start, max(end, limit)
    sentences = [match.end() for match in _SENTENCE.finditer(text, end, limit)]
    if sentences and sentences[-1] - start >= room * 2 // 3:
        return start, sentences[-1]
    return start, _word_end(text, end, limit)


def _widen_left(text: str, start: int, floor: int, half: int) -> int:
    """The beginning of the sentence if it is near enough, else a word boundary at most ``half`` before ``start``."""
    sentence = floor if floor == 0 else None
    for match in _SENTENCE.finditer(text, floor, start):
        sentence = match.end()
    if sentence is not None and start - sentence <= max(half, (start - floor) * 3 // 4):
        return sentence
    begin = max(floor, start - half)
    if begin == 0 or begin >= start or text[begin - 1].isspace():
        return begin
    space = _BLANK.search(text, begin, min(start, begin + _WORD_REACH))
    return space.end() if space else begin


def _word_end(text: str, end: int, limit: int) -> int:
    if text[limit].isspace():
        return limit
    for at in range(limit - 1, max(end, limit - _WORD_REACH) - 1, -1):
        if text[at].isspace():
            return at
    return limit


def _dress(text: str, hits: Sequence[Range], start: int, end: int) -> tuple[Segment, ...]:
    """The fragment ``start..end`` with single spaces, and ellipses where a sentence is cut."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        return ()
    segments = [Segment(_BLANK.sub(" ", segment.text), segment.hit) for segment in _cut(text, hits, start, end)]
    if (before := text[:start]).strip() and not _SENTENCE_OVER.search(before):
        segments = _join(Segment(_ELLIPSIS), *segments)
    if text[end:].strip() and not _SENTENCE_OVER.search(text[:end]):
        segments = [*segments[:-1], *_join(segments[-1], Segment(_ELLIPSIS))]
    return tuple(segments)


def _join(*segments: Segment) -> list[Segment]:
    """The segments, with neighbours of one kind made one."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and joined[-1].hit == segment.hit:
            joined[-1] = Segment(joined[-1].text + segment.text, segment.hit)
        else:
            joined.append(segment)
    return joined
