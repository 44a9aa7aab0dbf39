"""Feeds of our own: what a rule has found, for any feed reader.

Everything here is pure, and the same input gives the same bytes, so that an entity tag can be made of them. What strangers
wrote is text: titles are no markup, snippets are escaped, links are http(s) or left out, and what XML forbids is replaced.

| module | holds |
|---|---|
| ``entries`` | what is said of each article, once for all formats |
| ``atom`` | Atom 1.0 (RFC 4287) |
| ``jsonfeed`` | JSON Feed 1.1 |
| ``rss`` | RSS 2.0, with Dublin Core for what it lacks |
| ``xml`` | characters and elements |
"""

from aggregator.syndication.writing import write_feed

__all__ = ["write_feed"]
