"""Old formats and extensions: what each writes in its own way, and what must come out of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.parse.conftest import Feed

HOST = "https://north-gazette.example"

RSS090 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">
<channel><title>T</title><link>https://north-gazette.example/</link><description>d</description></channel>
<image><title>I</title><url>https://north-gazette.example/i.png</url><link>https://north-gazette.example/i</link></image>
<item><title>A</title><link>https://north-gazette.example/a</link></item></rdf:RDF>"""

RSS091 = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>T</title><link>https://north-gazette.example/</link><language>fr</language>
<item><title>&Eacute;t&eacute;</title><link>https://north-gazette.example/a</link>
<description>d &lt;b&gt;e&lt;/b&gt;</description></item></channel></rss>"""

RSS092 = """<rss version="0.92"><channel><title>T</title><link>https://north-gazette.example/</link>
<cloud domain="cloud.example" port="80" path="/" protocol="soap"/>
<item><description>No title, a &lt;a href="/x"&gt;link&lt;/a&gt;.</description><source url="https://other.example/">O</source>
<enclosure url="/p.jpg" type="image/jpeg" length="3"/><category domain="x">C</category></item></channel></rss>"""

RSS093 = """<rss version="0.93"><channel><title>T</title><link>https://north-gazette.example/</link>
<item><title>A</title><link>https://north-gazette.example/a</link><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>
<expirationDate>Mon, 23 Nov 2026 10:00:00 GMT</expirationDate></item></channel></rss>"""

RSS10 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel rdf:about="https://north-gazette.example/"><title>T</title><link>https://north-gazette.example/</link></channel>
<item rdf:about="https://north-gazette.example/about"><title>A</title><link>https://north-gazette.example/a</link>
<description>d</description><dc:date>2026-11-22T10:00Z</dc:date><content:encoded>&lt;p&gt;c&lt;/p&gt;</content:encoded>
<dc:creator>Ada Sample</dc:creator><dc:subject>S</dc:subject></item></rdf:RDF>"""

ATOM03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="fr"><title mode="escaped" type="text/html">T</title>
<link rel="alternate" type="text/html" href="https://north-gazette.example/"/><tagline>t</tagline>
<modified>2026-11-23T10:00:00Z</modified><entry><title>A</title><link rel="alternate" type="text/html" href="/a"/>
<id>tag:n.example,2026:1</id><issued>2026-11-22T08:00:00+01:00</issued><modified>2026-11-23T08:00:00Z</modified>
<created>2026-11-21T08:00:00Z</created><author><name>Ada Sample</name></author><summary type="text/plain">s</summary>
<content type="text/html" mode="escaped">&lt;p&gt;c&lt;/p&gt;</content></entry></feed>"""

JSON10 = """{"version": "https://jsonfeed.org/version/1", "title": "T", "home_page_url": "/", "author": {"name": "Ada Sample"},
"items": [{"id": "1", "url": "/a", "title": "A", "content_text": "c", "banner_image": "/b.jpg",
"date_published": "2026-11-22T10:00:00Z"}]}"""

MEDIA = """<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:dcterms="http://purl.org/dc/terms/"><channel><title>T</title><dc:language>fa</dc:language>
<item><title>A</title><media:group><media:content url="/v.mp4" type="video/mp4"/><media:content url="/p.jpg" medium="image"/>
<media:thumbnail url="/t.jpg"/><media:title>Of the picture</media:title><media:keywords>k1, k2</media:keywords></media:group>
<dc:date>2026-11-23T10:00:00Z</dc:date><dc:creator>Ada Sample</dc:creator><dc:subject>S</dc:subject></item>
<item><title>B</title><dcterms:modified>2026-11-23T10:00:00Z</dcterms:modified>
<dcterms:issued>2026-11-21T10:00:00Z</dcterms:issued></item></channel></rss>"""

BASES = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://n.example/a/"><title>T</title><link href="."/>
<entry xml:base="b/"><id>1</id><link href="x"/></entry>
<entry><id>2</id><link href="x" xml:base="https://o.example/q/"/></entry>
<entry><id>3</id><link href="x"/></entry>
<entry xml:base="../c/"><id>4</id><link href="/x"/></entry></feed>"""

ADA = ("Ada Sample",)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "name", "fields"),
    [
        (RSS090, "rss090", {"title": "A", "link": f"{HOST}/a", "key": f"{HOST}/a"}),
        (RSS091, "rss091u", {"title": "Été", "link": f"{HOST}/a", "summary": "d <b>e</b>", "language": "fr"}),
        (RSS092, "rss092", {"title": "", "link": None, "summary": 'No title, a <a href="/x">link</a>.', "tags": ("C",)}),
        (RSS092, "rss092", {"image_url": f"{HOST}/p.jpg", "published_at": None}),
        (RSS093, "rss093", {"title": "A", "link": f"{HOST}/a", "published_at": at(22, 10)}),
        (RSS10, "rss10", {"title": "A", "link": f"{HOST}/a", "summary": "d", "content": "<p>c</p>", "tags": ("S",)}),
        (RSS10, "rss10", {"key": f"{HOST}/about", "published_at": at(22, 10), "authors": ADA}),
        (
            ATOM03,
            "atom03",
            {"title": "A", "link": f"{HOST}/a", "key": "tag:n.example,2026:1", "summary": "s", "content": "<p>c</p>"},
        ),
        (ATOM03, "atom03", {"published_at": at(22, 7), "updated_at": at(23, 8), "authors": ADA, "language": "fr"}),
        (JSON10, "json10", {"title": "A", "link": f"{HOST}/a", "content": "<p>c</p>", "image_url": f"{HOST}/b.jpg"}),
        (JSON10, "json10", {"published_at": at(22, 10), "authors": ADA}),
    ],
)
def test_old_formats(feed: Feed, body: str, name: str, fields: dict[str, Any]) -> None:
    parsed = feed(body)
    assert (parsed.format, parsed.title, parsed.site_url) == (name, "T", f"{HOST}/")
    (entry,) = parsed.entries
    assert {field: getattr(entry, field) for field in fields} == fields


def test_media_and_dublin_core(feed: Feed) -> None:
    first, second = feed(MEDIA).entries
    assert (first.title, first.image_url, first.tags, first.authors) == ("A", f"{HOST}/p.jpg", ("k1", "k2", "S"), ADA)
    assert (first.published_at, first.language) == (at(23, 10), "fa")
    assert (second.published_at, second.updated_at) == (at(21, 10), at(23, 10))


def test_nested_bases(feed: Feed) -> None:
    parsed = feed(BASES)
    assert parsed.site_url == "https://n.example/a/"
    assert [entry.link for entry in parsed.entries] == [
        "https://n.example/a/b/x",
        "https://o.example/q/x",
        "https://n.example/a/x",
        "https://n.example/x",
    ]
    items = "<channel><title>T</title><link>/</link><item><link>s</link></item></channel>"
    rss = feed(f"<rss version='2.0' xml:base='https://o.example/r/'>{items}</rss>")
    assert (rss.site_url, rss.entries[0].link) == ("https://o.example/", "https://o.example/r/s")
