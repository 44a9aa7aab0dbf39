"""RSS 2.0, with Dublin Core for authors who have no mail address, and languages."""

from __future__ import annotations

from collections.abc import Iterator

from aggregator.model.syndication import RuleFeed
from aggregator.syndication.dates import http_date
from aggregator.syndication.entries import Entry, entries, line
from aggregator.syndication.xml import DECLARATION, element

_BEGIN = '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">'


def rss(feed: RuleFeed) -> str:
    """The feed as an RSS document. A channel must have a link: where there is none, it is the feed's own id."""
    lines = [DECLARATION, _BEGIN, "<channel>", *_head(feed)]
    for entry in entries(feed):
        lines += ["<item>", *_item(entry), "</item>"]
    return "\n".join([*lines, "</channel>", "</rss>", ""])


def _head(feed: RuleFeed) -> Iterator[str]:
    yield element("title", f"{line(feed.name)} · {line(feed.instance)}")
    yield element("link", feed.home_url or feed.authority.tag("rule", feed.rule_id))
    yield element("description", f"What the rule {line(feed.rule)} has found.")
    yield element("lastBuildDate", http_date(feed.updated_at))
    yield element("generator", "aggregator")
    if feed.self_url:
        yield element("atom:link", rel="self", type="application/rss+xml", href=feed.self_url)


def _item(entry: Entry) -> Iterator[str]:
    yield element("guid", entry.id, isPermaLink="false")
    yield element("title", entry.title)
    if entry.url:
        yield element("link", entry.url)
    yield element("pubDate", http_date(entry.published or entry.updated))
    for name in entry.authors or (entry.outlet,):
        yield element("dc:creator", name)
    if entry.language:
        yield element("dc:language", entry.language)
    for tag in entry.tags:
        yield element("category", tag)
    yield element("description", entry.html)
