"""Whatever the bytes are: a value comes back, and it keeps the promises of the model."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model.feed import ParsedFeed, ParseFailed
from aggregator.parse import parse_feed, parse_opml
from aggregator.parse.discovery import find_feeds
from aggregator.parse.robots import judge_robots, read_robots
from tests.fuzz import parse as fuzz

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RSS = b"""<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>T</title><link>/</link>
<item><title>A &amp; B</title><guid>1</guid><link>https://n.example/1</link><pubDate>23 Nov 2026 10:00 GMT</pubDate>
<description><![CDATA[<p>x</p>]]></description></item>
<item><title>C</title><media:thumbnail url='/t.jpg'/></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr" xml:base="/b/"><title type="html">&lt;b&gt;T</title>
<entry><id>1</id><link href="a"/><updated>2026-11-23T10:00:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></content><author><name>N</name></author></entry></feed>"""
JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [
{"id": 1, "url": "/a", "tags": ["x"], "date_published": "2026-11-23T10:00:00Z", "authors": [{"name": "N"}]},
{"id": 1, "content_html": "<p>"}]}"""
SITEMAP = b"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://n.example/1</loc><lastmod>2026-11-23</lastmod><news:news><news:title>A &amp; B</news:title>
<news:publication><news:language>en</news:language></news:publication></news:news></url><url><loc>/2</loc></url></urlset>"""
FRAGMENTS = b"""< > & ]]> <![CDATA[ <!-- &#xD800; &#99999999999; &#x110000; &nbsp; <!DOCTYPE [ <? </item> <item> </channel>
' " { , \\ud800 <links/> <image> <source> <title/> <author> <content> <svg><title> </svg> <textinput><name>
<media:rating> </media:rating> <media:credit> </media_keywords> <itunes:category> <category> </category> <enclosure/>
<description> <a:b/> <ttl>9</ttl> <skipHours> <hour>3 </skipHours> <loc> </loc> </url> <url> <news:title> <sitemapindex>
\x00 \xff \xef\xbb\xbf""".split()
ELEMENTS = (b"<links a='b'/>", b"<authors a='b'/>", b"<content mode='base64'>AAA", b"<source url='x'>", b"<tags a='1'/>")


def call(body: bytes, content_type: str = "text/xml") -> ParsedFeed | ParseFailed:
    return parse_feed(body, url="https://n.example/f", content_type=content_type, timezone="Asia/Tehran", max_entries=50, now=NOW)


def check(parsed: ParsedFeed | ParseFailed) -> None:
    if isinstance(parsed, ParseFailed):
        assert parsed.detail
        assert len(parsed.sample) <= 200
        return
    assert set(parsed.hints.skip_hours) <= set(range(24))
    assert all(address is None or address.startswith(("http://", "https://")) for address in (parsed.hub, parsed.self_url))
    assert len({entry.key for entry in parsed.entries}) == len(parsed.entries) <= 50
    for entry in parsed.entries:
        assert 0 < len(entry.key) <= 512
        assert len(entry.content_hash) == 64
        assert all(address is None or address.startswith(("http://", "https://")) for address in (entry.link, entry.image_url))
        assert entry.published_at is None or entry.published_at.tzinfo is UTC
        assert entry.title == " ".join(entry.title.split())
        repr(entry).encode()  # no lone surrogates


@given(st.binary(max_size=300), st.sampled_from(["", "text/xml", "application/json", "text/xml; charset=utf-7"]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_arbitrary_bytes(body: bytes, content_type: str) -> None:
    check(call(body, content_type))
    parse_opml(body)
    find_feeds(body, url="https://n.example/", content_type=content_type)
    judge_robots(read_robots(body), "aggregator", ("https://n.example/",))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A feed with pieces cut out, repeated, and hostile fragments put in."""
    body = draw(st.sampled_from((RSS, ATOM, JSON, SITEMAP)))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 40)))
        body = body[:start] + draw(st.sampled_from((b"", *FRAGMENTS, *ELEMENTS, body[start:end] * 2))) + body[end:]
    return body


@given(mutated())
@settings(max_examples=250, deadline=None, derandomize=True)
def test_mutated_feeds(body: bytes) -> None:
    check(call(body))
    parse_opml(body)
    find_feeds(body, url="https://n.example/", content_type="")


def test_the_fuzzer_finds_nothing_in_a_short_run() -> None:
    fates, findings = fuzz.run(seed=1, count=100)
    assert findings == []
    assert fates["known in part"] > 20  # it does try what it is for
