"""Sitemaps (https://www.sitemaps.org/protocol.html) as feeds, with what Google News adds: title, date, language, keywords.

A sitemap has no order: where it names more pages than are wanted, the newest are kept. An address without ``news:`` is an
entry, too, with an empty title and ``lastmod`` as its date: outlets take the ``news:`` tags off what is two days old, as Google
asks, and some have none at all. Its title comes from its page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin
from xml.parsers import expat
from zoneinfo import ZoneInfo

from aggregator.model.feed import FeedEntry, ParsedFeed
from aggregator.parse import fields
from aggregator.parse.dates import FeedDate, read_date

SITEMAP_ROOTS = frozenset(("urlset", "sitemapindex"))

# Elements by their local names below the root: prefixes and namespaces are spelt in many ways, places are not.
_LOC, _LASTMOD, _TITLE, _DATE = ("loc",), ("lastmod",), ("news", "title"), ("news", "publication_date")
_NAME, _LANGUAGE = ("news", "publication", "name"), ("news", "publication", "language")
_KEYWORDS, _IMAGE = ("news", "keywords"), ("image", "loc")
_READ = frozenset((_LOC, _LASTMOD, _TITLE, _DATE, _NAME, _LANGUAGE, _KEYWORDS, _IMAGE))
_LONGEST_TEXT = 4_000
_FINAL = True

_MOST_CHILDREN = 1_000
_SHOWN_CHILDREN, _LONGEST_SHOWN = 3, 200


class _Page(NamedTuple):
    """One ``url`` or ``sitemap`` element: its texts by place, its address, its date, and its number in the document."""

    texts: dict[tuple[str, ...], str]
    link: str
    date: FeedDate | None
    number: int


@dataclass(slots=True)
class _Reader:
    """Handlers for expat. Keeps the ``most`` newest pages (twice as many in between, so that sorting stays rare)."""

    url: str
    zone: ZoneInfo
    now: datetime
    most: int
    pages: list[_Page] = field(default_factory=list)
    total: int = 0
    unusable: int = 0
    path: list[str] = field(default_factory=list)
    texts: dict[tuple[str, ...], str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.pieces.append
        try:
            parser.Parse(data, _FINAL)
        except expat.ExpatError:
            return  # the caller knows, and what stands whole before the break counts

    def start(self, name: str, _: dict[str, str]) -> None:
        self.path.append(name.rpartition(":")[2].lower())
        self.pieces.clear()
        if len(self.path) == 2:
            self.texts = {}

    def end(self, _: str) -> None:
        place = tuple(self.path[2:]) if len(self.path) <= 5 else ()
        if place in _READ:
            self.texts.setdefault(place, "".join(self.pieces).strip()[:_LONGEST_TEXT])
        self.pieces.clear()
        if len(self.path) == 2 and self.path[1] in ("url", "sitemap"):
            self.page()
        self.path.pop()

    def page(self) -> None:
        link = fields.http_url(self.texts.get(_LOC, ""), self.url)
        if not link:
            self.unusable += 1
            return
        self.total += 1
        stated = (self.texts.get(place, "") for place in (_DATE, _LASTMOD))
        date = next((date for raw in stated if raw and (date := read_date(raw, self.zone, self.now))), None)
        self.pages.append(_Page(self.texts, link, date, self.total))
        if len(self.pages) > 2 * self.most:
            self.trim()

    def trim(self) -> None:
        """Leave the newest, in the order of the document. What has no date is older than everything."""
        if len(self.pages) > self.most:
            self.pages.sort(key=lambda page: (page.date is None, -page.date.at.timestamp() if page.date else 0.0, page.number))
            del self.pages[self.most :]
            self.pages.sort(key=lambda page: page.number)


def parse_sitemap(
    data: bytes, root: str, *, url: str, zone: ZoneInfo, max_entries: int, now: datetime, warnings: list[str]
) -> ParsedFeed | str:
    """Read a sitemap in UTF-8, checked and without DOCTYPE, whose root element is one of ``SITEMAP_ROOTS``.

    The other arguments are as for ``parse_feed``; ``warnings`` are those so far. A sitemap index gives a string that names up to
    three of its sitemaps, those for news first.
    """
    if root == "sitemapindex":
        reader = _Reader(url, zone, now, _MOST_CHILDREN)
        reader.read(data)
        return _children(reader)
    reader = _Reader(url, zone, now, max_entries)
    reader.read(data)
    reader.trim()
    warnings = list(warnings)
    if reader.unusable:
        warnings.append(f"{reader.unusable} entries without an http(s) address were left out")
    if reader.total > max_entries:
        warnings.append(f"{reader.total} entries; only the newest {max_entries} were kept")
    entries, more = fields.distinct([_entry(page, reader) for page in reader.pages])
    names = (page.texts.get(_NAME, "") for page in reader.pages)
    languages = {entry.language for entry in entries} - {None}
    return ParsedFeed(
        title=fields.plain(next(filter(None, names), ""), markup=False),
        site_url=fields.http_url(urljoin(url, "/"), url),
        language=languages.pop() if len(languages) == 1 else None,
        format="sitemap",
        entries=entries,
        warnings=(*warnings, *more),
    )


def _entry(page: _Page, reader: _Reader) -> FeedEntry:
    texts, date = page.texts, page.date
    title = fields.plain(texts.get(_TITLE, ""), markup=False)
    changed = read_date(texts.get(_LASTMOD, ""), reader.zone, reader.now)
    return FeedEntry(
        key=fields.entry_key("", page.link, title, ""),
        title=title,
        link=page.link,
        summary="",
        content="",
        published_at=date.at if date else None,
        updated_at=changed.at if changed else None,
        published_raw=fields.raw_date(texts.get(_DATE) or texts.get(_LASTMOD, "")),
        zone_assumed=date.zone_assumed if date else False,
        has_time=date.has_time if date else False,
        authors=(),
        tags=fields.tags(texts.get(_KEYWORDS, "").split(",")),
        language=fields.language(texts.get(_LANGUAGE, "")),
        image_url=fields.http_url(texts.get(_IMAGE, ""), reader.url),
        content_hash=fields.content_hash(title, page.link, "", ""),
    )


def _children(reader: _Reader) -> str:
    shown = [page for page in reader.pages if len(page.link) <= _LONGEST_SHOWN]
    shown.sort(key=lambda page: ("news" not in page.link.lower(), -page.date.at.timestamp() if page.date else 0.0, page.number))
    addresses = ", ".join(page.link for page in shown[:_SHOWN_CHILDREN])
    return (
        f"a sitemap index, not a list of pages: take one of its sitemaps, such as {addresses}"
        if addresses
        else "an empty sitemap index"
    )
