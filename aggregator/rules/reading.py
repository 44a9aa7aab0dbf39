"""A document as the matcher reads it: terms with positions, and back to offsets in the original."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from aggregator.model.rule import Document
from aggregator.rules.literals import says, stands
from aggregator.rules.streams import GAP, Interval, Probe, Scope, Stream
from aggregator.text import Offsets, attributions, offsets, quotations, terms

AUTHORS = 1 << 30
"""Where the positions of authors begin: beyond every text, so that no word of it is near an author, nor in the same place."""
LEAD = 100
"""The lead is the title and so many tokens of the body."""
AUTHORS_JOINED_BY = ", "


def _parted(text: str, *, quoted: bool) -> list[Interval]:
    """The quotations of ``text``, or else what stands around them, their marks included."""
    inside = [(start, end) for start, end in quotations(text)]
    if quoted:
        return inside
    return list(zip([0, *(end for _, end in inside)], [*(start for start, _ in inside), len(text)], strict=True))


class Reading:
    """One document, analysed once for any number of queries. Everything is computed when first needed.

    ``now`` is the instant of the question: of matching for a live alert, of asking for a search. Only ``age`` needs it.
    """

    def __init__(self, document: Document, now: datetime | None = None) -> None:
        self.document = document
        self._now = now
        self._found: dict[Probe, list[Interval]] = {}
        self._literals: dict[Probe, bool | None] = {}

    @cached_property
    def text(self) -> Stream:
        """The terms of title and body. A key, a regular expression or a literal may fail without them."""
        return Stream(self.document.title, self.document.body)

    @cached_property
    def _title_end(self) -> int:
        return len(terms(self.document.title))

    @cached_property
    def _body_start(self) -> int:
        return self._title_end + GAP

    @property
    def now(self) -> datetime:
        """The instant of the question. Raises ValueError if nobody gave it, for a guess would be a wrong answer."""
        if self._now is None:
            raise ValueError("a query with age: needs the instant of the question")
        return self._now

    @cached_property
    def authors(self) -> Stream:
        """The authors' names, far enough from each other."""
        return Stream(*self.document.authors)

    def has(self, probe: Probe) -> bool:
        """Whether ``probe`` hits anywhere. Of a literal the original tells, for less than its places."""
        known = self._stands(probe) if probe.literal and probe.scope in ("text", "title", "body") else None
        return bool(self.intervals(probe)) if known is None else known

    def intervals(self, probe: Probe) -> list[Interval]:
        """Where ``probe`` hits, sorted. Positions of the scope ``author`` begin at ``AUTHORS``."""
        found = self._found.get(probe)
        if found is None:
            found = self._found[probe] = self._look(probe)
        return found

    def _look(self, probe: Probe) -> list[Interval]:
        if probe.literal and probe.scope != "author" and self._stands(probe) is False:
            return []  # a quick no: exact offsets cost a second analysis of the text
        if probe.scope == "author":
            found = [(AUTHORS + first, AUTHORS + last) for first, last in self.authors.find(probe)]
        else:
            found = self.within(probe.scope, self.text.find(probe))
        if probe.literal:
            return [interval for interval in found if self._says(interval, probe)]
        return found

    def within(self, scope: Scope, found: list[Interval]) -> list[Interval]:
        """Those of ``found`` that stand within ``scope``; those of the authors are beyond every text."""
        match scope:
            case "title":
                return [interval for interval in found if interval[1] < self._title_end]
            case "body":
                return [interval for interval in found if interval[0] >= self._body_start]
            case "lead":
                return [interval for interval in found if interval[1] < self._body_start + LEAD]
            case "quoted":
                return [interval for interval in found if self._quoted_as_one(interval)] if found else []
            case "unquoted":
                return [interval for interval in found if self._unquoted(interval)] if found else []
            case "cites":
                return [interval for interval in found if self._cited(interval)] if found else []
            case "text" | "author":
                return found

    def _quoted_as_one(self, interval: Interval) -> bool:
        """Whether one quotation holds all of ``interval``."""
        firsts, lasts = self._quotations
        at = bisect_right(firsts, interval[0]) - 1
        return at >= 0 and interval[1] <= lasts[at]

    def _unquoted(self, interval: Interval) -> bool:
        """Whether no quotation holds any of ``interval``."""
        firsts, lasts = self._quotations
        at = bisect_left(lasts, interval[0])
        return at == len(lasts) or interval[1] < firsts[at]

    def _cited(self, interval: Interval) -> bool:
        """Whether one attribution holds all of ``interval``."""
        return any(first <= interval[0] and interval[1] <= last for first, last in self._attributions)

    @cached_property
    def _attributions(self) -> list[Interval]:
        """First and last positions of what names a source, in title and body."""
        places: list[Interval] = []
        for text, base in ((self.document.title, 0), (self.document.body, self._body_start)):
            if found := attributions(text):
                starts = (self._body_offsets if base else self._title_offsets).starts
                places.extend((base + bisect_left(starts, start), base + bisect_left(starts, end) - 1) for start, end in found)
        return places

    @cached_property
    def _quotations(self) -> tuple[list[int], list[int]]:
        """First and last positions of the quotations of title and body that hold any term, ascending."""
        firsts: list[int] = []
        lasts: list[int] = []
        for text, base in ((self.document.title, 0), (self.document.body, self._body_start)):
            if not (quoted := quotations(text)):
                continue
            starts = (self._body_offsets if base else self._title_offsets).starts
            for start, end in quoted:
                first, after = bisect_left(starts, start), bisect_left(starts, end)
                if first < after:
                    firsts.append(base + first)
                    lasts.append(base + after - 1)
        return firsts, lasts

    def pieces(self, scope: Scope) -> Iterator[tuple[str, int, str]]:
        """The original text of ``scope`` in pieces, for regular expressions: field, offset in it, and text.

        The lead's body ends with its last term; every quotation, and what stands between two, is a piece of its own.
        """
        title, body = ("title", 0, self.document.title), ("body", 0, self.document.body)
        match scope:
            case "title":
                yield title
            case "body":
                yield body
            case "text":
                yield from (title, body)
            case "lead":
                yield title
                ends = self._body_offsets.ends[:LEAD]
                yield ("body", 0, self.document.body[: ends[-1] if ends else 0])
            case "author":
                at = 0
                for author in self.document.authors:
                    yield ("author", at, author)
                    at += len(author) + len(AUTHORS_JOINED_BY)
            case "quoted" | "unquoted":
                for field_, _, text in (title, body):
                    yield from ((field_, start, text[start:end]) for start, end in _parted(text, quoted=scope == "quoted"))
            case "cites":
                for field_, _, text in (title, body):
                    yield from ((field_, start, text[start:end]) for start, end in attributions(text))

    def _stands(self, probe: Probe) -> bool | None:
        """Whether a literal stands in title and body, or that one of them in which it is looked for; None: not known yet."""
        if probe not in self._literals:
            title, body = self.document.title, self.document.body
            texts = (title, body) if probe.scope not in ("title", "body") else (title,) if probe.scope == "title" else (body,)
            told = [stands(text, probe) for text in texts] if self._composed else [None]
            self._literals[probe] = True if True in told else None if None in told else False
        return self._literals[probe]

    @cached_property
    def _composed(self) -> bool:
        return unicodedata.is_normalized("NFC", self.document.title) and unicodedata.is_normalized("NFC", self.document.body)

    def _says(self, interval: Interval, probe: Probe) -> bool:
        name, start, end = self.place(interval, probe.scope)
        return says(self._original(name)[start:end], probe)

    def _original(self, name: str) -> str:
        match name:
            case "title":
                return self.document.title
            case "body":
                return self.document.body
            case _:
                return AUTHORS_JOINED_BY.join(self.document.authors)

    def place(self, interval: Interval, scope: Scope) -> tuple[str, int, int]:
        """Field name, start and end offset of an interval in the original; authors count as joined by a comma and a space."""
        first, last = interval
        if scope == "author":
            return "author", self._author_offsets[first - AUTHORS][0], self._author_offsets[last - AUTHORS][1]
        if last < self._title_end:
            return "title", *self._title_offsets.span(first, last)
        return "body", *self._body_offsets.span(first - self._body_start, last - self._body_start)

    @cached_property
    def _title_offsets(self) -> Offsets:
        return Offsets(self.document.title)

    @cached_property
    def _body_offsets(self) -> Offsets:
        return Offsets(self.document.body)

    @cached_property
    def _author_offsets(self) -> list[Interval]:
        found: list[Interval] = []
        base = 0
        for author in self.document.authors:
            found.extend((base + start, base + end) for start, end in offsets(author))
            found.extend([(0, 0)] * GAP)
            base += len(author) + len(AUTHORS_JOINED_BY)
        return found
