"""Where a site's feeds are: what its page says, and where they often are when it says nothing.

The page is read by lxml, which the house has anyway, as a stream of tags: in C, in a time that grows with its length, loading and
running nothing. Not as a tree: an element of 300,000 attributes would take minutes. Not by the standard library's
``html.parser``: it takes eight seconds for 40 kB of quotes that nobody closes (Python 3.11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import etree
from w3lib.encoding import html_body_declared_encoding

from aggregator.parse import fields
from aggregator.parse.charset import to_utf8

MOST_FOUND = 50
_MOST_BYTES = 3_000_000
_MOST_TAGS, _MOST_GATHERED = 20_000, 1_000
_MOST_PATHS = 8
_LONGEST_TITLE = 200


class How(StrEnum):
    """How a feed was found: ``LINK`` is the outlet's own word, ``ANCHOR`` a link whose address looks like a feed's."""

    LINK = "link"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that a page names. ``url`` is absolute http(s), ``title`` plain text or "", ``media_type`` as declared or ""."""

    url: str
    title: str
    media_type: str
    how: How


# What pages declare for RSS, Atom and JSON Feed, in all spellings met.
_FEED_TYPE = re.compile(r"application/(?:(?:x[.-])?(?:rss|atom|rdf)(?:\+xml)?|feed\+json)|text/(?:rss|atom|rdf)(?:\+xml)?")
# These may be a feed as well as anything else (WordPress names its API as application/json).
_PERHAPS = frozenset(("application/xml", "text/xml", "application/json"))
_NO_FEED = re.compile(r"wp-json|oembed|opensearch|sitemap|wlwmanifest|xmlrpc|manifest\.json", re.IGNORECASE)
_FEED_PATH = re.compile(
    r"(?:^|/)(?:feeds?|rss|rss2|atom|rdf)/?$"
    r"|(?:^|[/._-])(?:feed|rss|rss2|atom|index|news|all)\.(?:xml|rdf|rss|atom)$"
    r"|\.(?:rss|rdf|atom)$|(?:^|/)feed\.json$|(?:^|/)(?:feeds?|rss)/[^/]{1,80}\.xml$",
    re.IGNORECASE,
)
_FEED_QUERY = re.compile(
    r"(?:^|[&;])(?:format|type|output|alt|view)=(?:feed|rss|atom)\b|(?:^|[&;])(?:feed=|rss(?:=|$))", re.IGNORECASE
)
_FEED_HOST = re.compile(r"(?:feeds?|feeds2|rss)\.", re.IGNORECASE)
# Reader services carry the feed's address inside their own: https://reader.example/add?url=https%3A%2F%2F…
_CARRIED = re.compile(r"https?(?::|%3a)(?:/|%2f)", re.IGNORECASE)
_COMMENTS = re.compile(
    r"comment|kommentar|coment[aá]rio|reacti(?:e|ons?)|yorum|коммента|коментар|نظر|دیدگاه|تعليق|评论|評論|コメント|댓글",
    re.IGNORECASE,
)


def find_feeds(body: bytes, *, url: str, content_type: str) -> tuple[FoundFeed, ...]:
    """Return the feeds that an HTML page names, the likeliest first: ``<link rel=alternate>``, then links that look like one.

    Each kind in the order of the page, but feeds of comments last. ``url`` is the page's final address, ``content_type`` the
    header's value or "". Relative addresses start from ``<base href>``. ``feed:`` addresses are taken for the http(s) they stand
    for; other schemes, repeats (scheme and last slash aside) and the page itself are left out. At most ``MOST_FOUND``.
    Pure; nothing raises: what is no page names no feeds. At most 3 MB are read.
    """
    reader = _Reader(url)
    parser = etree.HTMLParser(encoding="utf-8", recover=True, no_network=True, target=reader)
    with suppress(etree.LxmlError, ValueError):  # what stood before the trouble counts
        etree.fromstring(_decoded(body[:_MOST_BYTES], content_type), parser)
    found: dict[str, FoundFeed] = {}
    here = _same(url)
    for feed in reader.close():
        known = found.get(key := _same(feed.url))
        if key != here and (known is None or (known.how is How.ANCHOR and feed.how is How.LINK)):
            found[key] = feed
    return tuple(sorted(found.values(), key=_rank))[:MOST_FOUND]


def common_paths(url: str) -> tuple[str, ...]:
    """Return where the feed of the site at ``url`` may be when its page names none, the likeliest first, eight at most.

    A page below the root is asked for feeds beside it, too. Each costs its site a request: stop at the first feed.
    """
    here = fields.http_url(url, "")
    if not here:
        return ()
    beside = urljoin(here, ".")
    guesses = ["/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json", "/news-sitemap.xml"]
    if urlsplit(beside).path.strip("/"):
        guesses = ["feed", "rss.xml", "feed.xml", *guesses]
    return tuple(dict.fromkeys(urljoin(beside, guess) for guess in guesses))[:_MOST_PATHS]


def _decoded(body: bytes, content_type: str) -> bytes:
    """Return the page in UTF-8. Where the header names no charset, the page's ``<meta>`` is asked."""
    if "charset" not in content_type.lower():
        content_type = f"text/html; charset={html_body_declared_encoding(body[:4096]) or ''}"
    return to_utf8(body, content_type)[0]


def _rank(feed: FoundFeed) -> tuple[bool, bool]:
    return bool(_COMMENTS.search(feed.title) or _COMMENTS.search(urlsplit(feed.url).path)), feed.how is How.ANCHOR


def _same(url: str) -> str:
    """Return what two spellings of one address have in common."""
    return urldefrag(url)[0].partition("://")[2].rstrip("/")


class _Reader:
    """The target of lxml's parser: gathers feeds from the tags as they come."""

    def __init__(self, url: str) -> None:
        self._url, self._base, self._based = url, url, False
        self._feeds: list[FoundFeed] = []
        self._tags = 0
        self._anchor: FoundFeed | None = None
        self._words = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        href = attributes.get("href")
        if not href or tag not in ("a", "base", "link") or self._tags >= _MOST_TAGS or len(self._feeds) >= _MOST_GATHERED:
            return
        self._tags += 1
        if tag == "base":
            # The first counts (HTML §4.2.3).
            self._base, self._based = self._base if self._based else fields.http_url(href, self._url) or self._url, True
        elif tag == "link":
            if feed := _link(attributes, href, self._base):
                self._feeds.append(feed)
        else:
            self._finish()
            self._anchor, self._words = _anchor(attributes, href, self._base), ""

    def data(self, text: str) -> None:
        if self._anchor and len(self._words) < _LONGEST_TITLE:
            self._words += text[:_LONGEST_TITLE]

    def end(self, tag: str) -> None:
        if tag == "a":
            self._finish()

    def _finish(self) -> None:
        if self._anchor:
            title = self._anchor.title or fields.plain(self._words, markup=False, limit=_LONGEST_TITLE)
            self._feeds.append(replace(self._anchor, title=title))
            self._anchor = None

    def close(self) -> list[FoundFeed]:
        """Return what was found (lxml's name for the end of the document)."""
        self._finish()
        return self._feeds


def _link(attributes: Mapping[str, str], href: str, base: str) -> FoundFeed | None:
    relations = attributes.get("rel", "").lower().split()
    media_type = _media_type(attributes)
    if "stylesheet" in relations or not {"alternate", "feed"}.intersection(relations):
        return None
    address = fields.feed_url(href, base)
    if not address or _NO_FEED.search(address):
        return None
    stated = _FEED_TYPE.fullmatch(media_type) or media_type in _PERHAPS or "feed" in relations
    # Without a type it may be a translation of the page.
    if not stated and (media_type or "hreflang" in attributes or not _looks_like_feed(address)):
        return None
    return FoundFeed(address, fields.plain(attributes.get("title", ""), markup=False, limit=_LONGEST_TITLE), media_type, How.LINK)


def _anchor(attributes: Mapping[str, str], href: str, base: str) -> FoundFeed | None:
    address = fields.feed_url(href, base)
    if not address or not (href.strip().lower().startswith("feed:") or _looks_like_feed(address)):
        return None
    words = attributes.get("title") or attributes.get("aria-label") or ""
    return FoundFeed(address, fields.plain(words, markup=False, limit=_LONGEST_TITLE), _media_type(attributes), How.ANCHOR)


def _media_type(attributes: Mapping[str, str]) -> str:
    return attributes.get("type", "").partition(";")[0].strip().lower()[:_LONGEST_TITLE]


def _looks_like_feed(address: str) -> bool:
    parts = urlsplit(address)
    if _NO_FEED.search(address) or _CARRIED.search(f"{parts.path}?{parts.query}"):
        return False
    return bool(
        _FEED_PATH.search(parts.path)
        or _FEED_QUERY.search(parts.query)
        or (_FEED_HOST.match(parts.netloc) and parts.path.strip("/"))
    )
