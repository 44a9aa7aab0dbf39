"""The exact headline of an article, by a vote among the page's evidence and the feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from aggregator.extract.document import Page, Tree, clean_line, squash, words

_SEPARATOR = re.compile(r"\s+(?:[|\-–—−·•»›:]|::|//)+\s+|\s*[|»›]\s*")
_PREFIX = re.compile(r"^(.{2,60}?)(?::\s+|\s+[|\-–—»›]\s+)")
_TAGS = re.compile(r"</?(?:a|b|br|em|font|i|mark|p|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE)
_CUT = re.compile(r"\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*$")
_DATE_TAIL = re.compile(r"[\d./\- :]{6,}")
_HEADS = ("h1", "h2", "h3")
_OTHER_HEADS = ("b", "strong", "font", "span", "div", "p", "td", "a", "header", "h4", "h5", "h6")
_SET_OFF = re.compile(r"\s+[|\-–—»·]\s")
_QUOTES = re.compile("[‘’“”„‚«»‹›]")
_METADATA = 3
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class _Vote:
    """One piece of evidence for the wording ``text``. ``rank``: whose spelling is kept, lowest first."""

    text: str
    weight: float
    rank: int


def clean_title(text: str, names: Iterable[str]) -> str:
    """A title on one line, without mark-up and without the outlet's ``names`` before or after it."""
    text = clean_line(_TAGS.sub("", text))[:_LONGEST]
    names = [name for name in names if len(name) > 1]
    for name in names:
        text = _around(name).sub("", text)
    keys = {squash(name).replace(" ", "") for name in names} - {""}
    text = _without_tail(text, keys)
    while (found := _PREFIX.match(text)) and squash(found[1]).replace(" ", "") in keys:
        text = text[found.end() :]
    return text.strip()


@lru_cache(maxsize=256)
def _around(name: str) -> re.Pattern[str]:
    """Finds an outlet's name before or behind a title."""
    name = re.escape(name)
    return re.compile(rf"^{name}\s*[:|–—-]\s+(?=\S)|(?<=\S)\s+[:|–—-]\s+{name}$", re.IGNORECASE)


def _without_tail(text: str, keys: set[str]) -> str:
    """``Headline | Outlet`` and ``Headline | Outlet | 13.05.2023`` cut before the outlet, as often as it stands there."""
    rest = text
    while (cuts := list(_SEPARATOR.finditer(rest))) and cuts[-1].start():
        tail, rest = rest[cuts[-1].end() :], rest[: cuts[-1].start()]
        if squash(tail).replace(" ", "") in keys:
            text = rest
        elif not _DATE_TAIL.fullmatch(tail):
            break
    return text


def headline_elements(tree: Tree, key: str) -> list[Tree]:
    """The elements whose whole text is the headline (``key``: squashed): ``h1`` to ``h3`` first, else any small element."""
    heads = [element for name in _HEADS for element in tree.iter(name) if squash(_text(element)) == key]
    if heads or not key:
        return heads
    size = len(key) * 2 + 20
    small = (element for element in tree.iter(*_OTHER_HEADS) if len(element) <= 2)
    return [element for element in small if (text := _text(element, size)) and squash(text) == key]


def _text(element: Tree, limit: int = 2 * _LONGEST) -> str:
    """The text of a small element; empty if it is longer than a headline can be."""
    parts, size = [], 0
    for part in element.itertext():
        size += len(part)
        if size > limit + 200:
            return ""
        parts.append(part)
    return clean_line("".join(parts))


def choose_headline(page: Page | None, feed_title: str, names: Sequence[str]) -> str:
    """The headline that most evidence agrees on; the feed's own counts most, a ``<title>`` least.

    Spelling: the page's heading before the feed (it keeps typographic quotes) before metadata. A feed title cut off
    with an ellipsis votes for whatever continues it; a ``<title>`` with a known headline inside votes for that.
    ``names`` are the outlet's names. Empty only if there is no evidence at all.
    """
    votes = list(_votes(page, names)) if page else []
    feed = clean_title(feed_title, names)
    if feed:
        votes.append(_Vote(_uncut(feed, votes), 1.6, 1))
    outlet_keys = {squash(name) for name in names}
    votes = [vote for vote in votes if words(vote.text) and squash(vote.text) not in outlet_keys]
    groups: dict[str, list[_Vote]] = {}
    for vote in votes:
        groups.setdefault(squash(_inner(vote, votes)), []).append(vote)
    if not groups:
        return feed
    best = max(groups, key=lambda key: (sum(vote.weight for vote in groups[key]), -min(vote.rank for vote in groups[key])))
    return _spelling([vote for vote in groups[best] if squash(vote.text) == best])


def _uncut(feed: str, votes: Sequence[_Vote]) -> str:
    """A shortened feed title in full, if a title of the page continues it."""
    if not _CUT.search(feed):
        return feed
    start = squash(_CUT.sub("", feed))
    return next((vote.text for vote in votes if len(start) >= 10 and squash(vote.text).startswith(start)), feed)


def _inner(vote: _Vote, votes: Sequence[_Vote]) -> str:
    """The shorter headline that a metadata title is, plus a section's or an outlet's name before or behind it."""
    if vote.rank < _METADATA:
        return vote.text
    for other in sorted(votes, key=lambda item: -len(item.text)):
        if other.rank >= vote.rank or not 8 <= len(other.text) < len(vote.text):
            continue
        before, found, behind = vote.text.partition(other.text)
        if found and len(before) < 30 and (not behind or (not before and _SET_OFF.match(behind))):
            return other.text
    return vote.text


def _spelling(votes: Sequence[_Vote]) -> str:
    """The best spelling of one headline: no rubbish, no capitals if another has none, typographic quotes, then by rank."""

    def flaws(vote: _Vote) -> tuple[bool, bool, int, int]:
        quotes = len(_QUOTES.findall(vote.text))
        return "\ufffd" in vote.text or "&#" in vote.text, vote.text.isupper(), -quotes, vote.rank

    return min(votes, key=flaws).text


def _votes(page: Page, names: Sequence[str]) -> Iterable[_Vote]:
    """The page's evidence, without outlet names."""
    heads = [title for element in page.tree.iter("h1") if (title := clean_title(_text(element), names))]
    distinct = list(dict.fromkeys(heads))[:6]
    for title in distinct:
        yield _Vote(title, 1.0 if len(distinct) == 1 else 0.6, 0)
    for node in page.articles[:1]:
        if isinstance(node.get("headline"), str) and (title := clean_title(node["headline"], names)):
            yield _Vote(title, 1.0, 2)
    for name, weight in (("og:title", 1.1), ("twitter:title", 0.3), ("title", 0.2)):
        if title := clean_title(page.meta(name), names):
            yield _Vote(title, weight, _METADATA)
    element = page.tree.find(".//title")
    if element is not None and (title := clean_title(_text(element), names)):
        yield _Vote(title, 0.5, _METADATA + 1)
