"""A feed document cut by bytes into its entries and what stands around them, so that only what is new need be parsed.

A feed that changed has one to three new entries among thirty to a hundred that were parsed before. Each entry is known by a
digest of its bytes; the document without the known ones is a small feed of its own. That is sound only if an entry means the
same whatever stands around it, so everything that its meaning may hang on goes into one digest, the envelope's:

* the start tags of the elements it stands in, with their namespaces, ``xml:base`` and ``xml:lang``;
* what feedparser remembered when the entry began (``strict.Reading.state``: the same before every entry and after the last);
* what ``feed`` lends to entries: the feed's language and authors; the document's address, the source's zone, the format;
* the version of the parsers.

Titles, build dates and all else of the feed may change from poll to poll and are read anew each time.

A document is not cut, and parsed as a whole, when entries stand in each other or in different places, when elements that begin
or end a feed stand among or inside them, when an entry is an empty element, or when there are more than ``MOST`` of them.
Comments, CDATA sections and processing instructions are no danger: expat, not a pattern, says where elements are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

MOST = 1_000
"""Entries above which a document is not cut: the window of such a feed would cost more to keep than it saves."""

MARKED = frozenset(("item", "entry", "rss", "feed", "rdf", "channel"))
"""Local names, in lower case, of the elements that matter for cutting."""

MOST_MARKS = 2 * MOST + 16

_VERSION = 1  # to be raised when the same bytes become another FeedEntry
_ENTRIES = ("item", "entry")
_START_TAG = re.compile(rb"""<[^<>"']+(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""")
_END_TAG = re.compile(rb"</(?:[^<>\s:]+:)?(item|entry)\s*>", re.IGNORECASE)


class Mark(NamedTuple):
    """Start or end of an element of ``MARKED``: where its tag begins, and how many elements are open around it."""

    name: str
    offset: int
    depth: int
    opens: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """A document and where its entries are. ``frame`` is the start tags of the elements that the entries stand in."""

    data: bytes
    frame: bytes
    spans: tuple[tuple[int, int], ...]

    def digests(self) -> list[str]:
        """Return the digest of each entry's bytes."""
        view = memoryview(self.data)
        return [digest(view[start:end]) for start, end in self.spans]

    def with_entries(self, numbers: Sequence[int]) -> bytes:
        """Return the document with these of its entries only; ``numbers`` ascend."""
        wanted, pieces, place = frozenset(numbers), [], 0
        for number, (start, end) in enumerate(self.spans):
            if number not in wanted:
                pieces.append(self.data[place:start])
                place = end
        return b"".join((*pieces, self.data[place:]))


def cut(data: bytes, marks: Sequence[Mark]) -> Cut | None:
    """Cut a well-formed document, of which ``marks`` are all marked elements in order; None where that would not be safe."""
    if len(marks) > MOST_MARKS:
        return None
    opened: list[Mark] = []
    around: tuple[Mark, ...] = ()
    seen: set[str] = set()
    spans: list[tuple[int, int]] = []
    start = -1
    for mark in marks:
        if mark.name not in _ENTRIES:
            if not mark.opens and start < 0:
                opened.pop()
            elif spans or start >= 0 or mark.name in seen:
                return None
            else:
                seen.add(mark.name)
                opened.append(mark)
        elif mark.opens:
            # All elements around the entries are marked ones, and the same for each entry.
            if start >= 0 or mark.depth != len(opened) or (spans and around != tuple(opened)):
                return None
            start, around = mark.offset, tuple(opened)
        else:
            end = _END_TAG.match(data, mark.offset)
            if not end:  # it has no end tag: an empty element
                return None
            spans.append((start, end.end()))
            start = -1
    if not spans or len(spans) > MOST:
        return None
    tags = [tag[0] for mark in around if (tag := _START_TAG.match(data, mark.offset))]
    return Cut(data, b"".join(tags), tuple(spans)) if len(tags) == len(around) else None


def digest(entry: bytes | memoryview) -> str:
    """Return what an entry's bytes are known by: BLAKE2b, 128 bits, in hex."""
    return blake2b(entry, digest_size=16).hexdigest()


def envelope(*parts: object) -> str:
    """Return the digest of what the meaning of entries hangs on, beside their bytes; parts need a ``repr`` that says it all."""
    return digest(repr((_VERSION, parts)).encode())
