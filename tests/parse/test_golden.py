"""One whole feed of each format, and all that must come out of it."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.model.feed import FeedEntry, FeedHints, ParsedFeed

if TYPE_CHECKING:
    from tests.parse.conftest import Feed

RSS = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
     xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/">
  <channel>
    <title>خبرگزاری کوهستان</title>
    <link>https://kuhestan-news.example/</link>
    <atom:link href="https://kuhestan-news.example/rss" rel="self" type="application/rss+xml"/>
    <atom:link href="https://hub.kuhestan-news.example/" rel="hub"/>
    <ttl>30</ttl>
    <skipHours><hour>0</hour><hour>1</hour></skipHours>
    <skipDays><day>Friday</day></skipDays>
    <description>اخبار امروز</description>
    <language>fa-IR</language>
    <item>
      <title>نشست شورای شهر&#8204;ها &amp;quot;آغاز&amp;quot; شد</title>
      <link>https://kuhestan-news.example/fa/news/1204?ref=rss&amp;lang=fa</link>
      <guid isPermaLink="false"> kuhestan-1204 </guid>
      <pubDate>Mon, 23 Nov 2026 10:15:00 +0330</pubDate>
      <dc:creator>مریم نمونه</dc:creator>
      <category>سیاست</category>
      <category>شهر</category>
      <category>سیاست</category>
      <description>&lt;p&gt;خلاصه &lt;b&gt;کوتاه&lt;/b&gt;&lt;/p&gt;</description>
      <content:encoded><![CDATA[<p>متن کامل خبر</p>]]></content:encoded>
      <media:content url="https://cdn.kuhestan-news.example/1204.jpg" medium="image"/>
    </item>
    <item>
      <title>باران</title>
      <link>/fa/news/1203</link>
      <pubDate>23.11.2026 08:00</pubDate>
      <enclosure url="/audio/1203.mp3" type="audio/mpeg" length="10"/>
    </item>
  </channel>
</rss>
"""

ATOM = """\
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr" xml:base="https://courrier-du-lac.example/">
  <title type="html">Le Courrier du Lac &amp;amp; des Monts</title>
  <link rel="alternate" type="text/html" href="/"/>
  <link rel="self" href="/atom.xml"/>
  <id>tag:courrier-du-lac.example,2026:feed</id>
  <updated>2026-11-24T09:00:00Z</updated>
  <author><name>La rédaction</name></author>
  <entry>
    <title type="text">Écrire &lt;dialog&gt; sans peine</title>
    <link rel="alternate" type="text/html" href="articles/42"/>
    <link rel="enclosure" type="image/png" href="https://courrier-du-lac.example/42.png"/>
    <id>tag:courrier-du-lac.example,2026:42</id>
    <published>2026-11-23T18:30:00.5+01:00</published>
    <updated>2026-11-24T07:00:00Z</updated>
    <category term="tech" label="Technique"/>
    <summary type="text">5 &lt; 6 &amp; demi</summary>
    <content type="html">&lt;p&gt;Le texte.&lt;/p&gt;</content>
  </entry>
  <entry xml:lang="de">
    <title type="html">Ein &lt;em&gt;Gast&lt;/em&gt;beitrag</title>
    <link href="https://courrier-du-lac.example/articles/41"/>
    <id>tag:courrier-du-lac.example,2026:41</id>
    <author><name>A. Muster</name><email>a@muster.example</email></author>
    <updated>2026-11-22T00:00:00Z</updated>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Ein <b>Satz</b> &amp; mehr.</p></div></content>
  </entry>
</feed>
"""

JSON = """\
{
  "version": "https://jsonfeed.org/version/1.1",
  "title": "河岸日报",
  "home_page_url": "https://he-an-ribao.example/",
  "feed_url": "/feed.json",
  "hubs": [{"type": "rssCloud", "url": "https://cloud.example/"}, {"type": "WebSub", "url": "https://hub.example/"}],
  "language": "zh_CN",
  "authors": [{"name": "编辑部"}],
  "items": [
    {
      "id": 20261123001,
      "url": "https://he-an-ribao.example/a/1",
      "title": "新桥今日通车 <测试>",
      "content_text": "第一段 a < b。\\n\\n第二段。",
      "summary": "简短 & 清楚",
      "image": "https://he-an-ribao.example/1.jpg",
      "date_published": "2026-11-23T08:00:00+08:00",
      "date_modified": "2026-11-23T09:00:00+08:00",
      "tags": ["交通", 7, "交通"]
    },
    {
      "id": "b",
      "external_url": "https://elsewhere.example/x",
      "content_html": "<p>链接</p>",
      "authors": [{"name": "李示例"}],
      "language": "zh-Hant"
    },
    "not an item"
  ]
}
"""

RDF = """\
<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
         xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
  <channel rdf:about="https://harbour-post.example/">
    <title>Harbour Post</title>
    <link>https://harbour-post.example/</link>
    <dc:language>en</dc:language>
    <sy:updatePeriod>daily</sy:updatePeriod>
    <sy:updateFrequency>4</sy:updateFrequency>
    <sy:updateBase>2000-01-01T12:00+00:00</sy:updateBase>
    <items><rdf:Seq><rdf:li rdf:resource="https://harbour-post.example/1"/></rdf:Seq></items>
  </channel>
  <item rdf:about="https://harbour-post.example/1">
    <title>Ferry back in service</title>
    <link>https://harbour-post.example/1</link>
    <description>The ferry sails again.</description>
    <dc:date>2026-11-20T06:00</dc:date>
    <dc:creator>press@harbour-post.example (Sam Sample)</dc:creator>
    <dc:subject>Transport</dc:subject>
  </item>
</rdf:RDF>
"""

SITEMAP = """\
<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc>https://north-gazette.example/2026/11/ferry</loc>
    <lastmod>2026-11-23T09:00:00Z</lastmod>
    <news:news>
      <news:publication><news:name>North Gazette</news:name><news:language>en</news:language></news:publication>
      <news:publication_date>2026-11-23T08:15:00+01:00</news:publication_date>
      <news:title>Ferry back in service &amp;amp; on time</news:title>
      <news:keywords>ferry, harbour, ferry</news:keywords>
    </news:news>
    <image:image><image:loc>https://cdn.north-gazette.example/ferry.jpg</image:loc></image:image>
  </url>
  <url>
    <loc>https://north-gazette.example/2026/11/tunnel</loc>
    <lastmod>2026-11-20</lastmod>
  </url>
</urlset>
"""


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def unwatched(parsed: ParsedFeed) -> ParsedFeed:
    """Without the window for the next parse, whose digests nobody can read; see test_split."""
    assert parsed.window is not None
    return replace(parsed, window=None)


def test_rss_in_persian(feed: Feed) -> None:
    title = 'نشست شورای شهر\u200cها "آغاز" شد'
    link = "https://kuhestan-news.example/fa/news/1204?ref=rss&lang=fa"
    summary, content = "<p>خلاصه <b>کوتاه</b></p>", "<p>متن کامل خبر</p>"
    assert unwatched(feed(RSS, url="https://kuhestan-news.example/rss", timezone="Asia/Tehran")) == ParsedFeed(
        title="خبرگزاری کوهستان",
        site_url="https://kuhestan-news.example/",
        language="fa-ir",
        format="rss20",
        entries=(
            FeedEntry(
                key="kuhestan-1204",
                title=title,
                link=link,
                summary=summary,
                content=content,
                published_at=datetime(2026, 11, 23, 6, 45, tzinfo=UTC),
                updated_at=None,
                published_raw="Mon, 23 Nov 2026 10:15:00 +0330",
                zone_assumed=False,
                has_time=True,
                authors=("مریم نمونه",),
                tags=("سیاست", "شهر"),
                language="fa-ir",
                image_url="https://cdn.kuhestan-news.example/1204.jpg",
                content_hash=digest(title, link, summary, content),
            ),
            FeedEntry(
                key="https://kuhestan-news.example/fa/news/1203",
                title="باران",
                link="https://kuhestan-news.example/fa/news/1203",
                summary="",
                content="",
                published_at=datetime(2026, 11, 23, 4, 30, tzinfo=UTC),
                updated_at=None,
                published_raw="23.11.2026 08:00",
                zone_assumed=True,
                has_time=True,
                authors=(),
                tags=(),
                language="fa-ir",
                image_url=None,
                content_hash=digest("باران", "https://kuhestan-news.example/fa/news/1203", "", ""),
            ),
        ),
        warnings=(),
        hints=FeedHints(ttl=timedelta(minutes=30), skip_hours=(0, 1), skip_days=(5,)),
        hub="https://hub.kuhestan-news.example/",
        self_url="https://kuhestan-news.example/rss",
    )


def test_atom_in_french_and_german(feed: Feed) -> None:
    first, second = "https://courrier-du-lac.example/articles/42", "https://courrier-du-lac.example/articles/41"
    xhtml = "<p>Ein <b>Satz</b> &amp; mehr.</p>"
    assert unwatched(
        feed(ATOM, url="https://courrier-du-lac.example/atom.xml", content_type="application/atom+xml")
    ) == ParsedFeed(
        title="Le Courrier du Lac & des Monts",
        site_url="https://courrier-du-lac.example/",
        language="fr",
        format="atom10",
        entries=(
            FeedEntry(
                key="tag:courrier-du-lac.example,2026:42",
                title="Écrire <dialog> sans peine",
                link=first,
                summary="5 &lt; 6 &amp; demi",
                content="<p>Le texte.</p>",
                published_at=datetime(2026, 11, 23, 17, 30, 0, 500_000, tzinfo=UTC),
                updated_at=datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
                published_raw="2026-11-23T18:30:00.5+01:00",
                zone_assumed=False,
                has_time=True,
                authors=("La rédaction",),
                tags=("Technique",),
                language="fr",
                image_url="https://courrier-du-lac.example/42.png",
                content_hash=digest("Écrire <dialog> sans peine", first, "5 &lt; 6 &amp; demi", "<p>Le texte.</p>"),
            ),
            FeedEntry(
                key="tag:courrier-du-lac.example,2026:41",
                title="Ein Gastbeitrag",
                link=second,
                summary="",
                content=xhtml,
                published_at=datetime(2026, 11, 22, tzinfo=UTC),
                updated_at=datetime(2026, 11, 22, tzinfo=UTC),
                published_raw="2026-11-22T00:00:00Z",
                zone_assumed=False,
                has_time=True,
                authors=("A. Muster",),
                tags=(),
                language="de",
                image_url=None,
                content_hash=digest("Ein Gastbeitrag", second, "", xhtml),
            ),
        ),
        self_url="https://courrier-du-lac.example/atom.xml",
    )


def test_json_feed_in_chinese(feed: Feed) -> None:
    text = "<p>第一段 a &lt; b。</p><p>第二段。</p>"
    assert unwatched(feed(JSON, url="https://he-an-ribao.example/feed.json", content_type="application/feed+json")) == ParsedFeed(
        title="河岸日报",
        site_url="https://he-an-ribao.example/",
        language="zh-cn",
        format="json11",
        entries=(
            FeedEntry(
                key="20261123001",
                title="新桥今日通车 <测试>",
                link="https://he-an-ribao.example/a/1",
                summary="简短 &amp; 清楚",
                content=text,
                published_at=datetime(2026, 11, 23, tzinfo=UTC),
                updated_at=datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
                published_raw="2026-11-23T08:00:00+08:00",
                zone_assumed=False,
                has_time=True,
                authors=("编辑部",),
                tags=("交通", "7"),
                language="zh-cn",
                image_url="https://he-an-ribao.example/1.jpg",
                content_hash=digest("新桥今日通车 <测试>", "https://he-an-ribao.example/a/1", "简短 &amp; 清楚", text),
            ),
            FeedEntry(
                key="b",
                title="",
                link="https://elsewhere.example/x",
                summary="",
                content="<p>链接</p>",
                published_at=None,
                updated_at=None,
                published_raw="",
                zone_assumed=False,
                has_time=False,
                authors=("李示例",),
                tags=(),
                language="zh-hant",
                image_url=None,
                content_hash=digest("", "https://elsewhere.example/x", "", "<p>链接</p>"),
            ),
        ),
        warnings=("1 items are not objects; they were left out",),
        hub="https://hub.example/",
        self_url="https://he-an-ribao.example/feed.json",
    )


def test_rdf(feed: Feed) -> None:
    assert unwatched(feed(RDF, url="https://harbour-post.example/rdf", timezone="Europe/Oslo")) == ParsedFeed(
        title="Harbour Post",
        site_url="https://harbour-post.example/",
        language="en",
        format="rss10",
        entries=(
            FeedEntry(
                key="https://harbour-post.example/1",
                title="Ferry back in service",
                link="https://harbour-post.example/1",
                summary="The ferry sails again.",
                content="",
                published_at=datetime(2026, 11, 20, 5, 0, tzinfo=UTC),
                updated_at=datetime(2026, 11, 20, 5, 0, tzinfo=UTC),
                published_raw="2026-11-20T06:00",
                zone_assumed=True,
                has_time=True,
                authors=("Sam Sample",),
                tags=("Transport",),
                language="en",
                image_url=None,
                content_hash=digest("Ferry back in service", "https://harbour-post.example/1", "The ferry sails again.", ""),
            ),
        ),
        hints=FeedHints(update_every=timedelta(hours=6)),
    )


def test_google_news_sitemap(feed: Feed) -> None:
    first, second = "https://north-gazette.example/2026/11/ferry", "https://north-gazette.example/2026/11/tunnel"
    assert feed(SITEMAP, url="https://north-gazette.example/news-sitemap.xml", timezone="Europe/Oslo") == ParsedFeed(
        title="North Gazette",
        site_url="https://north-gazette.example/",
        language="en",
        format="sitemap",
        entries=(
            FeedEntry(
                key=first,
                title="Ferry back in service & on time",
                link=first,
                summary="",
                content="",
                published_at=datetime(2026, 11, 23, 7, 15, tzinfo=UTC),
                updated_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
                published_raw="2026-11-23T08:15:00+01:00",
                zone_assumed=False,
                has_time=True,
                authors=(),
                tags=("ferry", "harbour"),
                language="en",
                image_url="https://cdn.north-gazette.example/ferry.jpg",
                content_hash=digest("Ferry back in service & on time", first, "", ""),
            ),
            FeedEntry(
                key=second,
                title="",
                link=second,
                summary="",
                content="",
                published_at=datetime(2026, 11, 20, tzinfo=UTC),
                updated_at=datetime(2026, 11, 20, tzinfo=UTC),
                published_raw="2026-11-20",
                zone_assumed=False,
                has_time=False,
                authors=(),
                tags=(),
                language=None,
                image_url=None,
                content_hash=digest("", second, "", ""),
            ),
        ),
    )


def test_results_survive_the_way_to_another_process(feed: Feed) -> None:
    for body in (RSS, ATOM, JSON, RDF, SITEMAP):
        parsed = feed(body)
        assert pickle.loads(pickle.dumps(parsed)) == parsed  # our own bytes
