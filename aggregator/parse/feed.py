"""``parse_feed``: which format a body is in, and what feedparser finds in it as a ``ParsedFeed``."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import feedparser
import feedparser.api
import feedparser.exceptions

from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed
from aggregator.model.page import FailureKind
from aggregator.parse import fields, sax_driver
from aggregator.parse.challenge import find_challenge
from aggregator.parse.charset import to_utf8
from aggregator.parse.dates import FeedDate, read_date
from aggregator.parse.hints import find_hub, read_hints
from aggregator.parse.jsonfeed import parse_json_feed
from aggregator.parse.sitemap import SITEMAP_ROOTS, parse_sitemap
from aggregator.parse.wellformed import check, first_entries

feedparser.api.PREFERRED_XML_PARSERS.insert(0, sax_driver.__name__)

_UTF8 = {"content-type": "application/xml; charset=utf-8"}
_FEED_ROOTS = frozenset(("rss", "feed", "rdf", "channel"))
_NAMED_ROOTS = frozenset(("html", "opml", "svg", "error"))
_FEED_TAG = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|channel|item|entry|urlset|sitemapindex)[\s/>]", re.IGNORECASE)
_HTML_START = re.compile(rb"(?:\s|<!--[^>]{0,500}-->|<\?[^>]{0,200}>)*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_SAMPLE = 200

# What feedparser is known to raise on hostile input: character references out of range, elements that overwrite its own
# state (<links a="b">), declarations its SGML parser cannot read.
_FEEDPARSER_FAILS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    feedparser.exceptions.UndeclaredNamespace,
)

_Node: TypeAlias = dict[str, Any]
"""One of feedparser's dictionaries, always read through ``_text`` and ``_nodes``: any key may hold anything."""


def parse_feed(
    body: bytes, *, url: str, content_type: str, timezone: str, max_entries: int, now: datetime
) -> ParsedFeed | ParseFailed:
    """Take a feed document apart: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1; and sitemaps.

    ``url`` is where the body came from in the end (the base of relative links), ``content_type`` the header as received, or
    "". ``timezone`` (IANA) is for dates that name no zone; ``now`` (aware) only judges whether a date can be true. At most
    ``max_entries`` entries are kept, the first ones (of a sitemap, the newest), with a warning.

    A page that wants to see a human instead of a robot is a failure of its own kind (``FailureKind.CHALLENGE``).
    Nothing in ``body`` makes it raise, short of the lack of memory; an unknown ``timezone`` does (``ZoneInfoNotFoundError``).
    """
    zone = ZoneInfo(timezone)
    data, warnings = to_utf8(body, content_type)
    data = data.lstrip()
    if not data:
        return ParseFailed(FailureKind.NOT_A_FEED, "the body is empty")
    if data.startswith(b"{") or (data.startswith(b"[") and "json" in content_type.lower()):
        parsed = parse_json_feed(data, url=url, zone=zone, max_entries=max_entries, now=now)
        return parsed if isinstance(parsed, ParsedFeed) else _failed(parsed, data)
    if _HTML_START.match(data):
        return _failed("an HTML page, not a feed", data)
    if not _FEED_TAG.search(data):
        return _failed("neither XML nor JSON of a feed", data)
    checked = check(data)
    if not checked.data:
        return _failed(checked.problem, data)
    if checked.root in _NAMED_ROOTS:
        return _failed(f"an XML document with root element <{checked.root}>, not a feed", data)
    notes = [*warnings, *checked.warnings, *filter(None, [checked.problem])]
    if checked.root in SITEMAP_ROOTS:
        sitemap = parse_sitemap(checked.data, checked.root, url=url, zone=zone, max_entries=max_entries, now=now, warnings=notes)
        return sitemap if isinstance(sitemap, ParsedFeed) else _failed(sitemap, data)
    document, total = first_entries(checked.data, max_entries)
    try:
        result: _Node = feedparser.parse(
            io.BytesIO(document), response_headers=_UTF8, sanitize_html=False, resolve_relative_uris=False
        )
    except _FEEDPARSER_FAILS as error:
        return _failed(f"unreadable XML: {type(error).__name__}", data)
    # An empty feed is one, too. A version alone proves little: feedparser takes any declaration of Atom's namespace for it.
    if not (result["entries"] or checked.root in _FEED_ROOTS or (result.get("version") and not checked.root)):
        return _failed("an XML document of another kind, not a feed", data)
    reader = _Reader(result, url, zone, now)
    return reader.read(document, max_entries, total, notes)


def _failed(detail: str, data: bytes) -> ParseFailed:
    sample = fields.without_controls(data[: 4 * _SAMPLE].decode("utf-8", "ignore"))[:_SAMPLE]
    if challenge := find_challenge(data):
        return ParseFailed(FailureKind.CHALLENGE, f"{challenge}, not a feed", sample)
    return ParseFailed(FailureKind.NOT_A_FEED, detail, sample)


def _text(node: _Node, key: str) -> str:
    # dict.get, because feedparser's own get() is slow and maps some keys to others.
    value = dict.get(node, key)
    return value if isinstance(value, str) else ""


def _nodes(node: _Node, key: str) -> list[_Node]:
    value = dict.get(node, key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _node(node: _Node, key: str) -> _Node:
    value = dict.get(node, key)
    return value if isinstance(value, dict) else {}


class _Reader:
    """Reads feedparser's result into our types."""

    def __init__(self, result: _Node, url: str, zone: ZoneInfo, now: datetime) -> None:
        self.feed = _node(result, "feed")
        self.nodes = _nodes(result, "entries")
        self.format = _text(result, "version") or "unknown"
        self.url, self.zone, self.now = url, zone, now
        self.language = fields.language(_text(self.feed, "language"))
        # RFC 4287 §4.2.1: an Atom entry without an author has the feed's. RSS says nothing of the kind.
        self.authors = self._authors(self.feed) if self.format.startswith("atom") else ()

    def read(self, document: bytes, max_entries: int, total: int, warnings: list[str]) -> ParsedFeed:
        """Return the feed. ``document`` is what feedparser was given; ``total`` counts the entries of all that came."""
        total = max(total, len(self.nodes))
        if total > max_entries:
            warnings.append(f"{total} entries; only the first {max_entries} were kept")
        entries, more = fields.distinct([self.entry(node) for node in self.nodes[:max_entries]])
        period, frequency = _text(self.feed, "sy_updateperiod"), _text(self.feed, "sy_updatefrequency")
        links = ((_text(link, "rel"), _text(link, "href")) for link in _nodes(self.feed, "links"))
        hub, self_url = find_hub(links, self.url)
        return ParsedFeed(
            title=self._title(self.feed),
            site_url=fields.http_url(_text(self.feed, "link"), self.url),
            language=self.language,
            format=self.format,
            entries=entries,
            warnings=(*warnings, *more),
            hints=read_hints(_text(self.feed, "ttl"), period, frequency, document),
            hub=hub,
            self_url=self_url,
        )

    def entry(self, node: _Node) -> FeedEntry:
        title, link = self._title(node), self._link(node)
        summary, content = self._summary(node), self._content(node)
        if summary == content:  # feedparser copies the content when there is no summary
            summary = ""
        date, raw = self._published(node)
        return FeedEntry(
            key=fields.entry_key(_text(node, "id"), link, title, content or summary),
            title=title,
            link=link,
            summary=summary,
            content=content,
            published_at=date.at if date else None,
            updated_at=self._updated(node),
            published_raw=raw,
            zone_assumed=date.zone_assumed if date else False,
            has_time=date.has_time if date else False,
            authors=self._authors(node) or self.authors,
            tags=fields.tags(_text(tag, "label") or _text(tag, "term") for tag in _nodes(node, "tags")),
            language=self._language(node),
            image_url=next(self._images(node), None),
            content_hash=fields.content_hash(title, link, summary, content),
        )

    def _title(self, node: _Node) -> str:
        return fields.plain(_text(node, "title"), markup=_is_markup(_node(node, "title_detail")))

    def _link(self, node: _Node) -> str | None:
        link, guid = _text(node, "link"), _text(node, "id")
        links = _nodes(node, "links")
        # feedparser takes a guid for a link unless told otherwise; only a guid that looks like an address is one.
        stated = link != guid or guid.startswith(("http:", "https:", "/")) or any(_text(item, "href") == link for item in links)
        if link and stated and (address := fields.http_url(link, self.url)):
            return address
        for item in links:
            if _text(item, "rel") == "alternate" and (address := fields.http_url(_text(item, "href"), self.url)):
                return address
        if guid.startswith(("http:", "https:")) and not self.format.startswith("atom"):
            return fields.http_url(guid, self.url)
        return None

    def _summary(self, node: _Node) -> str:
        return fields.rich(_text(node, "summary"), markup=_is_markup(_node(node, "summary_detail")))

    def _content(self, node: _Node) -> str:
        """Return the longest of the contents: feedparser files second descriptions (``media:description``) here, too."""
        texts = [
            item
            for item in _nodes(node, "content")
            if _text(item, "type").startswith("text/") or _text(item, "type").endswith("xml")
        ]
        if not texts:
            return ""
        longest = max(texts, key=lambda item: len(_text(item, "value")))
        return fields.rich(_text(longest, "value"), markup=_is_markup(longest))

    def _published(self, node: _Node) -> tuple[FeedDate | None, str]:
        """Return the first date that can be true, with its text; without one, the first text."""
        first = ""
        for key in ("published", "updated", "created"):
            if raw := _text(node, key):
                if date := self._date(node, key):
                    return date, fields.raw_date(raw)
                first = first or raw
        return None, fields.raw_date(first)

    def _updated(self, node: _Node) -> datetime | None:
        date = self._date(node, "updated")
        return date.at if date else None

    def _date(self, node: _Node, key: str) -> FeedDate | None:
        raw = _text(node, key)
        return read_date(raw, self.zone, self.now, dict.get(node, f"{key}_parsed")) if raw else None

    def _authors(self, node: _Node) -> tuple[str, ...]:
        names = [_text(author, "name") for author in _nodes(node, "authors")]
        stated = _text(node, "author")
        if names and "@" in stated and not self.format.startswith("atom"):
            names[-1] = stated  # feedparser cuts "a@outlet.online (Name)" wrong: it knows no top-level domain above four letters
        return fields.authors(names)

    def _language(self, node: _Node) -> str | None:
        """Return the entry's own language, else the ``xml:lang`` in force at its title, else the feed's."""
        declared = _text(node, "language") or _text(_node(node, "title_detail"), "language")
        return (fields.language(declared) if declared else None) or self.language

    def _images(self, node: _Node) -> Iterator[str]:
        """Yield the addresses of pictures, the likelier first."""
        candidates = [_text(media, "url") for media in _nodes(node, "media_content") if _is_image(media)]
        candidates += [_text(media, "url") for media in _nodes(node, "media_thumbnail")]
        candidates += [
            _text(link, "href") for link in _nodes(node, "links") if _text(link, "rel") == "enclosure" and _is_image(link)
        ]
        candidates.append(_text(_node(node, "image"), "href"))
        for candidate in candidates:
            if address := fields.http_url(candidate, self.url):
                yield address


def _is_markup(detail: _Node) -> bool:
    return _text(detail, "type") != "text/plain"


def _is_image(media: _Node) -> bool:
    kind, medium = _text(media, "type"), _text(media, "medium")
    if kind or medium:
        return kind.startswith("image/") or medium == "image"
    return _text(media, "url").partition("?")[0].lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"))
