"""Bytes become entries: RSS, RDF and Atom (feedparser), JSON Feed, sitemaps and OPML (our own), dates, characters, keys.

Everything here is pure: no network, no file, no clock. ``parse_feed``, ``parse_opml``, ``find_feeds`` and ``judge_robots`` are
made to run inside a worker process on input that nobody trusts; deadline and memory are capped by whoever runs them.

| module | holds |
|---|---|
| ``feed`` | ``parse_feed``: which format it is, and feedparser's result as ``ParsedFeed`` |
| ``jsonfeed`` | JSON Feed 1.0 and 1.1 |
| ``sitemap`` | sitemaps with and without Google News |
| ``hints`` | how often a feed wants to be asked, and its hub |
| ``links`` | the same hub in the HTTP ``Link`` header |
| ``challenge`` | pages that want to see a human |
| ``discovery`` | ``find_feeds``: which feeds a page names; ``common_paths``: where they often are |
| ``robots`` | robots.txt |
| ``opml`` | lists of subscriptions, read and written |
| ``charset`` | which encoding the bytes are in, whatever their labels say |
| ``wellformed`` | DOCTYPE off, broken references mended, torn ends cut, before an XML parser sees the document |
| ``split`` | a document cut into envelope and entries, so that only new entries are parsed |
| ``strict`` | feedparser's strict parser, by a shorter way |
| ``dates`` | what outlets write where a date belongs |
| ``fields`` | plain titles, HTML without control characters, http(s) addresses, keys and hashes |

``discovery`` and ``robots`` are imported from where they stand: with them this package would load lxml for nothing.
"""

from aggregator.parse.feed import parse_feed
from aggregator.parse.links import read_links
from aggregator.parse.opml import OpmlFeed, parse_opml, render_opml

__all__ = ["OpmlFeed", "parse_feed", "parse_opml", "read_links", "render_opml"]
