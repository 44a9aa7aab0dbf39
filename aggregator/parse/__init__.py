"""Bytes become entries: RSS, RDF and Atom (feedparser), JSON Feed and OPML (our own), dates, characters, keys.

Everything here is pure: no network, no file, no clock. ``parse_feed`` and ``parse_opml`` are made to run inside a worker
process on input that nobody trusts; deadline and memory are capped by whoever runs them.

| module | holds |
|---|---|
| ``feed`` | ``parse_feed``: which format it is, and feedparser's result as ``ParsedFeed`` |
| ``jsonfeed`` | JSON Feed 1.0 and 1.1 |
| ``opml`` | lists of subscriptions, read and written |
| ``charset`` | which encoding the bytes are in, whatever their labels say |
| ``wellformed`` | DOCTYPE off, broken references mended, torn ends cut, before an XML parser sees the document |
| ``split`` | a document cut into envelope and entries, so that only new entries are parsed |
| ``strict`` | feedparser's strict parser, by a shorter way |
| ``dates`` | what outlets write where a date belongs |
| ``fields`` | plain titles, HTML without control characters, http(s) addresses, keys and hashes |
"""

from aggregator.parse.feed import parse_feed
from aggregator.parse.opml import OpmlFeed, parse_opml, render_opml

__all__ = ["OpmlFeed", "parse_feed", "parse_opml", "render_opml"]
