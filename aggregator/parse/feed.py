"""``parse_feed``: which format a body is in, and what feedparser finds in it as a ``ParsedFeed``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed, SeenEntry, Window
from aggregator.model.page import FailureKind
from aggregator.parse import fields
from aggregator.parse.challenge import find_challenge
from aggregator.parse.charset import to_utf8
from aggregator.parse.dates import FeedDate, is_hopeless, read_date
from aggregator.parse.hints import find_hub, read_hints
from aggregator.parse.jsonfeed import parse_json_feed
from aggregator.parse.sitemap import SITEMAP_ROOTS, parse_sitemap
from aggregator.parse.split import Cut, cut, envelope
from aggregator.parse.strict import FAILS, VERSION, Node, Reading, parsed_date, read_xml
from aggregator.parse.wellformed import check, first_entries

_FEED_ROOTS = frozenset(("rss", "feed", "rdf", "channel"))
_NAMED_ROOTS = frozenset(("html", "opml", "svg", "error"))
_FEED_TAG = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|channel|item|entry|urlset|sitemapindex)[\s/>]", re.IGNORECASE)
_HTML_START = re.compile(rb"(?:\s|<!--[^>]{0,500}-->|<\?[^>]{0,200}>)*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_SAMPLE = 200
_DATES = ("published", "updated", "created")


def parse_feed(
    body: bytes,
    *,
    url: str,
    content_type: str,
    timezone: str,
    max_entries: int,
    now: datetime,
    known: Window | None = None,
) -> ParsedFeed | ParseFailed:
    """Take a feed document apart: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1; and sitemaps.

    ``url`` is where the body came from in the end (the base of relative links), ``content_type`` the header as received, or
    "". ``timezone`` (IANA) is for dates that name no zone; ``now`` (aware) only judges whether a date can be true. At most
    ``max_entries`` entries are kept, the first ones (of a sitemap, the newest), with a warning.

    ``known`` is the ``window`` of the last parse of this feed: entries that it has, byte for byte, are not parsed again where it
    is certain that they would come out the same (see ``split``), and stand in ``kept`` instead of ``entries``.

    A page that wants to see a human instead of a robot is a failure of its own kind (``FailureKind.CHALLENGE``).
    Nothing in ``body`` makes it raise, short of the lack of memory; an unknown ``timezone`` does (``ZoneInfoNotFoundError``).
    """
    zone = ZoneInfo(timezone)
    data, warnings = to_utf8(body, content_type)
    data = data.lstrip()
    if not data:
        return ParseFailed(FailureKind.NOT_A_FEED, "the body is empty")
    if data.startswith(b"{") or (data.startswith(b"[") and "json" in content_type.lower()):
        parsed = parse_json_feed(data, url=url, zone=zone, max_entries=max_entries, now=now, known=known)
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
    part = cut(checked.data, checked.marks)
    if part and len(part.spans) > max_entries:
        part = None
    if part and known and (shorter := _read_new(part, known, url, zone, now, warnings)):
        return shorter
    document, total = (part.data, len(part.spans)) if part else first_entries(checked.data, max_entries)
    try:
        reading = read_xml(document)
    except FAILS as error:
        return _failed(f"unreadable XML: {type(error).__name__}", data)
    # An empty feed is one, too. A version alone proves little: feedparser takes any declaration of Atom's namespace for it.
    if not (reading.entries or checked.root in _FEED_ROOTS or (reading.version and not checked.root)):
        return _failed("an XML document of another kind, not a feed", data)
    reader = _Reader(reading, document, url, zone, now)
    return reader.read(max_entries, total, notes, part)


def _read_new(part: Cut, known: Window, url: str, zone: ZoneInfo, now: datetime, warnings: tuple[str, ...]) -> ParsedFeed | None:
    """Parse the entries that ``known`` does not have; None when the document must be parsed as a whole."""
    digests = part.digests()
    seen = {entry.digest: entry for entry in known.entries if entry.digest}
    new = [number for number, digest in enumerate(digests) if digest not in seen]
    if len(new) == len(digests):
        return None
    # The first entry is parsed in any case: what surrounds entries shows there, and it proves that known ones come out the same.
    numbers = sorted({0, *new})
    try:
        document = part.with_entries(numbers)
        reader = _Reader(read_xml(document), document, url, zone, now)
    except FAILS:
        return None
    if len(reader.nodes) != len(numbers) or reader.envelope(part) != known.envelope:
        return None
    parsed = {number: reader.entry(node) for number, node in zip(numbers, reader.nodes, strict=True)}
    again = {
        number: reader.seen(node, parsed[number], digests[number]) for number, node in zip(numbers, reader.nodes, strict=True)
    }
    window = tuple(again.get(number) or seen[digest] for number, digest in enumerate(digests))
    # Entries of one key need each other to be told apart.
    if window[0] != seen.get(digests[0], window[0]) or len({entry.key for entry in window}) < len(window):
        return None
    kept = tuple(entry for entry in window if entry.digest in seen)
    return reader.parsed(tuple(parsed[number] for number in new), warnings, kept, Window(known.envelope, window))


def _failed(detail: str, data: bytes) -> ParseFailed:
    sample = fields.without_controls(data[: 4 * _SAMPLE].decode("utf-8", "ignore"))[:_SAMPLE]
    if challenge := find_challenge(data):
        return ParseFailed(FailureKind.CHALLENGE, f"{challenge}, not a feed", sample)
    return ParseFailed(FailureKind.NOT_A_FEED, detail, sample)


def _text(node: Node, key: str) -> str:
    # dict.get, because feedparser's own get() is slow and maps some keys to others.
    value = dict.get(node, key)
    return value if isinstance(value, str) else ""


def _nodes(node: Node, key: str) -> list[Node]:
    value = dict.get(node, key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _node(node: Node, key: str) -> Node:
    value = dict.get(node, key)
    return value if isinstance(value, dict) else {}


class _Reader:
    """Reads feedparser's result into our types."""

    def __init__(self, reading: Reading, document: bytes, url: str, zone: ZoneInfo, now: datetime) -> None:
        self.document = document
        self.feed, self.nodes, self.state = reading.feed, reading.entries, reading.state
        self.format = reading.version or "unknown"
        self.url, self.zone, self.now = url, zone, now
        self._dates: dict[str, FeedDate | None] = {}
        self.language = fields.language(_text(self.feed, "language"))
        # RFC 4287 §4.2.1: an Atom entry without an author has the feed's. RSS says nothing of the kind.
        self.authors = self._authors(self.feed) if self.format.startswith("atom") else ()

    def read(self, max_entries: int, total: int, warnings: list[str], part: Cut | None) -> ParsedFeed:
        """Return the feed. ``total`` counts the entries of the document, of which feedparser may not have seen all; ``part`` is
        the document cut, if that was possible."""
        total = max(total, len(self.nodes))
        if total > max_entries:
            warnings.append(f"{total} entries; only the first {max_entries} were kept")
        entries, more = fields.distinct([self.entry(node) for node in self.nodes[:max_entries]])
        window = None
        if part and not more and len(entries) == len(self.nodes) == len(part.spans) and (around := self.envelope(part)):
            window = Window(around, tuple(map(self.seen, self.nodes, entries, part.digests())))
        return self.parsed(entries, (*warnings, *more), (), window)

    def parsed(
        self, entries: tuple[FeedEntry, ...], warnings: tuple[str, ...], kept: tuple[SeenEntry, ...], window: Window | None
    ) -> ParsedFeed:
        """Return the feed with these entries."""
        period, frequency = _text(self.feed, "sy_updateperiod"), _text(self.feed, "sy_updatefrequency")
        links = ((_text(link, "rel"), _text(link, "href")) for link in _nodes(self.feed, "links"))
        hub, self_url = find_hub(links, self.url)
        return ParsedFeed(
            title=self._title(self.feed),
            site_url=fields.http_url(_text(self.feed, "link"), self.url),
            language=self.language,
            format=self.format,
            entries=entries,
            warnings=warnings,
            hints=read_hints(_text(self.feed, "ttl"), period, frequency, self.document),
            hub=hub,
            self_url=self_url,
            kept=kept,
            window=window,
        )

    def envelope(self, part: Cut) -> str:
        """Return the digest of all that entries of ``part`` may have from elsewhere, "" if they have it from each other."""
        if self.state is None:
            return ""
        return envelope(VERSION, part.frame, self.state, self.format, self.language, self.authors, self.url, self.zone.key)

    def seen(self, node: Node, entry: FeedEntry, digest: str) -> SeenEntry:
        """Return what to know an entry by. One whose dates may read otherwise tomorrow has no digest, and is always parsed."""
        for key in _DATES:
            if raw := _text(node, key):
                date = self._date(node, key)
                if not (date.settled if date else is_hopeless(raw, self.zone, self.now)):
                    digest = ""
        return SeenEntry(digest, entry.key, entry.link, entry.title)

    def entry(self, node: Node) -> FeedEntry:
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

    def _title(self, node: Node) -> str:
        return fields.plain(_text(node, "title"), markup=_is_markup(_node(node, "title_detail")))

    def _link(self, node: Node) -> str | None:
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

    def _summary(self, node: Node) -> str:
        return fields.rich(_text(node, "summary"), markup=_is_markup(_node(node, "summary_detail")))

    def _content(self, node: Node) -> str:
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

    def _published(self, node: Node) -> tuple[FeedDate | None, str]:
        """Return the first date that can be true, with its text; without one, the first text."""
        first = ""
        for key in _DATES:
            if raw := _text(node, key):
                if date := self._date(node, key):
                    return date, fields.raw_date(raw)
                first = first or raw
        return None, fields.raw_date(first)

    def _updated(self, node: Node) -> datetime | None:
        date = self._date(node, "updated")
        return date.at if date else None

    def _date(self, node: Node, key: str) -> FeedDate | None:
        raw = _text(node, key)
        if not raw:
            return None
        if raw not in self._dates:  # most are asked for more than once
            self._dates[raw] = read_date(raw, self.zone, self.now)
        # What we cannot read, feedparser may; the same text may have come to it from another element.
        return self._dates[raw] or read_date(raw, self.zone, self.now, lambda: parsed_date(node, key))

    def _authors(self, node: Node) -> tuple[str, ...]:
        names = [_text(author, "name") for author in _nodes(node, "authors")]
        stated = _text(node, "author")
        if names and "@" in stated and not self.format.startswith("atom"):
            names[-1] = stated  # feedparser cuts "a@outlet.online (Name)" wrong: it knows no top-level domain above four letters
        return fields.authors(names)

    def _language(self, node: Node) -> str | None:
        """Return the entry's own language, else the ``xml:lang`` in force at its title, else the feed's."""
        declared = _text(node, "language") or _text(_node(node, "title_detail"), "language")
        return (fields.language(declared) if declared else None) or self.language

    def _images(self, node: Node) -> Iterator[str]:
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


def _is_markup(detail: Node) -> bool:
    return _text(detail, "type") != "text/plain"


def _is_image(media: Node) -> bool:
    kind, medium = _text(media, "type"), _text(media, "medium")
    if kind or medium:
        return kind.startswith("image/") or medium == "image"
    return _text(media, "url").partition("?")[0].lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"))
