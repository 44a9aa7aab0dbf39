"""Who wrote it: JSON-LD, metadata, byline, then the feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from trafilatura.metadata import extract_author

from aggregator.extract.document import BAD_TREE, Page, clean_line, squash

_METAS = (
    "author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author", "byl", "authors",
    "cxenseparse:author",
)  # fmt: skip
_SPLIT = re.compile(r"\s*[,;|/&•]\s*(?:and\s)?|\s+(?:and|AND|And|und|et|y|e|i|och|og|en|ve|и|و)\s+")
_BY = re.compile(r"^(?:(?:written |posted )?by|von|par|por|text|story|автор|نویسنده|بقلم|كتب)\b[:\s]+", re.IGNORECASE)
_NOBODY_WORDS = (
    "admin administrator author editor editorial staff redaktion redaction redacción redazione redactie newsroom "
    "webmaster root user unknown anonymous none null"
)
_NOBODY = frozenset(_NOBODY_WORDS.split())
_ADDRESS = re.compile(r"https?:|www\.|@|\.(?:com|org|net|html?)\b|[<>{}\\=]", re.IGNORECASE)
_MOST = 12


def find_authors(page: Page | None, feed_authors: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The authors, by the first kind of evidence that names a person; ``names`` are the outlet's and are nobody's."""
    outlet = {squash(name) for name in names if name}
    for evidence in _evidence(page, feed_authors):
        people = _people(evidence, outlet)
        if people:
            return people
    return ()


def _evidence(page: Page | None, feed_authors: Sequence[str]) -> Iterable[list[str]]:
    """Raw author lines, best evidence first; a list at a time, so that the dearer ways are tried only if need be."""
    if page:
        yield [name for node in page.articles[:2] for name in _names(node.get("author") or node.get("creator"), persons=True)]
        yield [value for name in _METAS[:2] for value in page.metas.get(name, [])]
        yield [value for name in _METAS[2:] for value in page.metas.get(name, [])]
        try:
            yield [extract_author(page.tree) or ""]
        except BAD_TREE:
            # Heuristics over arbitrary class names; a page they cannot read names nobody.
            yield []
    yield list(feed_authors)
    if page:
        yield [name for node in page.articles[:2] for name in _names(node.get("author"), persons=False)]


def _names(value: Any, *, persons: bool) -> list[str]:
    """The names in a JSON-LD ``author``: a string, an object, or a list of either. ``persons``: leave out organisations."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [] if persons and "Organization" in str(value.get("@type")) else _names(value.get("name"), persons=persons)
    if isinstance(value, list):
        return [name for item in value[:_MOST] for name in _names(item, persons=persons)]
    return []


def _is_outlet(key: str, outlet: set[str]) -> bool:
    """Whether a name is the outlet's or begins with it ("Northern Herald staff")."""
    return any(key == name or (len(name) > 3 and key.startswith(f"{name} ")) for name in outlet)


def _people(lines: Iterable[str], outlet: set[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for line in lines:
        if "://" in line:
            continue
        for part in _SPLIT.split(clean_line(line)[:300]):
            name = _BY.sub("", part).strip(" .:-–—\"'()")
            key = squash(name)
            if (
                2 <= len(name) <= 60
                and key
                and not _is_outlet(key, outlet)
                and key not in _NOBODY
                and not _ADDRESS.search(name)
                and not key.isdigit()
            ):
                found.setdefault(key, name)
    return tuple(found.values())[:_MOST]
