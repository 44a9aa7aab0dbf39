"""Atom 1.0 (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterator

from aggregator.model.syndication import RuleFeed
from aggregator.syndication.dates import rfc3339
from aggregator.syndication.entries import Entry, entries, line
from aggregator.syndication.xml import DECLARATION, element


def atom(feed: RuleFeed) -> str:
    """The feed as an Atom document."""
    lines = [DECLARATION, '<feed xmlns="http://www.w3.org/2005/Atom">', *_head(feed)]
    for entry in entries(feed):
        lines += ["<entry>", *_entry(entry), "</entry>"]
    return "\n".join([*lines, "</feed>", ""])


def _head(feed: RuleFeed) -> Iterator[str]:
    yield element("id", feed.authority.tag("rule", feed.rule_id))
    yield element("title", f"{line(feed.name)} · {line(feed.instance)}", type="text")
    yield element("updated", rfc3339(feed.updated_at))
    yield f"<author>{element('name', line(feed.instance))}</author>"
    if feed.self_url:
        yield element("link", rel="self", type="application/atom+xml", href=feed.self_url)
    if feed.home_url:
        yield element("link", rel="alternate", type="text/html", href=feed.home_url)
    yield element("generator", "aggregator")


def _entry(entry: Entry) -> Iterator[str]:
    language = {"xml_lang": entry.language} if entry.language else {}
    yield element("id", entry.id)
    yield element("title", entry.title, type="text", **language)
    yield element("updated", rfc3339(entry.updated))
    if entry.published is not None:
        yield element("published", rfc3339(entry.published))
    for name in entry.authors or (entry.outlet,):
        yield f"<author>{element('name', name)}</author>"
    if entry.url:
        yield element("link", rel="alternate", href=entry.url)
    for tag in entry.tags:
        yield element("category", term=tag)
    yield element("content", entry.html, type="html", **language)
