"""What ``parse_feed`` makes of feeds that are odd, broken or hostile."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfoNotFoundError

import pytest

from aggregator.model.feed import ParseFailed
from aggregator.model.page import FailureKind

if TYPE_CHECKING:
    from tests.parse.conftest import Entry, Feed, Parse

RDF_NAMESPACE = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
ITEM_A = "<item><title>A</title></item>"
ITEM = "<item><title>T{n}</title><link>https://north-gazette.example/{n}</link><guid>g{n}</guid></item>"


def rss(*items: str, head: str = "", namespaces: str = "") -> str:
    return f'{head}<rss version="2.0"{namespaces}><channel><title>North Gazette</title>{"".join(items)}</channel></rss>'


# Formats


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<rss version="0.91"><channel><title>T</title><item><title>A</title></item></channel></rss>', "rss091u"),
        ('<rss version="0.92"><channel><title>T</title><item><title>A</title></item></channel></rss>', "rss092"),
        ('<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>T</title><entry><title>A</title></entry></feed>', "atom03"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>A</title></entry></feed>', "atom10"),
        (
            '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry><a:title>A</a:title></a:entry></a:feed>',
            "atom10",
        ),
        (
            f'<rdf:RDF {RDF_NAMESPACE} xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>T</title></channel>{ITEM_A}</rdf:RDF>',
            "rss090",
        ),
        ('{"version": "https://jsonfeed.org/version/1", "title": "T", "items": [{"id": 1, "title": "A"}]}', "json10"),
        ('{"title": "T", "items": [{"id": "1", "title": "A"}]}', "json11"),
    ],
)
def test_every_format_is_recognised(feed: Feed, body: str, expected: str) -> None:
    parsed = feed(body)
    assert (parsed.format, parsed.title, [entry.title for entry in parsed.entries]) == (expected, "T", ["A"])


@pytest.mark.parametrize(
    "body",
    [
        rss(),
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>North Gazette</title></feed>',
        '{"title": "North Gazette", "items": []}',
    ],
)
def test_a_feed_without_entries_is_a_feed(feed: Feed, body: str) -> None:
    parsed = feed(body)
    assert (parsed.title, parsed.entries, parsed.warnings) == ("North Gazette", (), ())


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the body is empty"),
        (b" \r\n\x00\n", "the body is empty"),
        (b"\xef\xbb\xbf", "the body is empty"),
        (b"<!DOCTYPE html><html><head><title>Oops</title></head><body><item>x</item></body></html>", "an HTML page, not a feed"),
        (b"\n<!-- cached --><HTML lang=en><body>Sign in", "an HTML page, not a feed"),
        (
            b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
            "an HTML page, not a feed",
        ),
        (b'{"error": "not found"}', "JSON, but not a JSON Feed"),
        (b'{"items": ', "malformed JSON"),
        (b'{"items":' + b"[" * 200_000, "JSON nested too deep"),
        (b"Not Found", "neither XML nor JSON of a feed"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "neither XML nor JSON of a feed"),
        (
            b'<opml version="2.0"><body><outline text="channel"/><channel/></body></opml>',
            "an XML document with root element <opml>, not a feed",
        ),
        (b"<zoo><channel/></zoo>", "an XML document of another kind, not a feed"),
    ],
)
def test_what_is_no_feed_says_so(parse: Parse, body: bytes, detail: str) -> None:
    parsed = parse(body)
    assert isinstance(parsed, ParseFailed)
    assert (parsed.kind, parsed.detail) == (FailureKind.NOT_A_FEED, detail)


def test_a_failure_shows_the_beginning_without_control_characters(parse: Parse) -> None:
    parsed = parse("<!doctype html><title>Störung\x1b[31m\u009b</title>" + "x" * 1000)
    assert isinstance(parsed, ParseFailed)
    assert parsed.sample.startswith("<!doctype html><title>Störung[31m</title>xxx")
    assert len(parsed.sample) == 200


def test_json_is_told_by_its_first_character_or_its_type(feed: Feed, parse: Parse) -> None:
    assert feed(' \n{"items": [{"id": "a"}]}', content_type="text/plain").entries[0].key == "a"
    assert isinstance(parse("[]", content_type="application/json"), ParseFailed)
    assert feed(rss(ITEM.format(n=1)), content_type="application/json").entries[0].key == "g1"  # the type lies


def test_json_feed_of_wrong_types_is_read_as_far_as_it_goes(feed: Feed) -> None:
    item = {
        "id": 12.50,
        "url": ["x"],
        "title": {"a": 1},
        "content_text": None,
        "authors": "Me",
        "author": {"name": "Ada Sample"},
        "tags": "news",
        "date_published": 5,
        "attachments": [{"url": "https://n.example/p.png", "mime_type": "image/png"}, 3],
        "title2": "\ud800",
    }
    (entry,) = feed(json.dumps({"items": [item], "title": 3, "language": 4})).entries
    assert (entry.key, entry.link, entry.title, entry.content, entry.tags) == ("12.5", None, "", "", ())
    assert (entry.authors, entry.image_url) == (("Ada Sample",), "https://n.example/p.png")


def test_an_unknown_zone_is_our_mistake_and_raises(parse: Parse) -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        parse(rss(), timezone="Mars/Olympus")


# Order, limits, keys


def test_entries_keep_their_order_up_to_the_limit(feed: Feed) -> None:
    body = rss(*(ITEM.format(n=n) for n in range(30)))
    assert [entry.key for entry in feed(body).entries] == [f"g{n}" for n in range(30)]
    short = feed(body, max_entries=7)
    assert [entry.key for entry in short.entries] == [f"g{n}" for n in range(7)]
    assert short.warnings == ("30 entries; only the first 7 were kept",)
    items = {"items": [{"id": n} for n in range(5)]}
    assert feed(json.dumps(items), max_entries=2).warnings == ("5 entries; only the first 2 were kept",)


def test_a_feed_of_very_many_entries_costs_what_is_kept(feed: Feed) -> None:
    parsed = feed(rss(*(ITEM.format(n=n) for n in range(50_000))), max_entries=2)
    assert [entry.title for entry in parsed.entries] == ["T0", "T1"]
    assert parsed.warnings == ("50000 entries; only the first 2 were kept",)


def test_an_end_in_a_comment_does_not_cut_the_document(feed: Feed) -> None:
    parsed = feed(rss(ITEM.format(n=1), "<item><!-- </item> --><title>T2</title></item>", ITEM.format(n=3)), max_entries=2)
    assert [entry.title for entry in parsed.entries] == ["T1", "T2"]


def test_the_key_is_the_guid_else_the_link_else_a_digest(feed: Feed) -> None:
    parsed = feed(
        rss(
            "<item><guid isPermaLink='false'>\n  A 1 </guid><link>https://n.example/a</link></item>",
            "<item><guid> </guid><link> https://n.example/b </link></item>",
            "<item><title>C</title><description>text</description></item>",
            "<item><title>C</title><description>other text</description></item>",
            f"<item><guid isPermaLink='false'>{'x' * 513}</guid></item>",
            f"<item><guid isPermaLink='false'>{'x' * 514}</guid></item>",
        )
    )
    keys = [entry.key for entry in parsed.entries]
    assert keys[:2] == ["A 1", "https://n.example/b"]
    assert all(key.startswith("sha256:") and len(key) == 71 for key in keys[2:])
    assert len(set(keys)) == 6
    assert parsed.warnings == ()


def test_the_key_does_not_depend_on_where_the_feed_was_fetched(feed: Feed) -> None:
    body = rss("<item><guid>12</guid><link>https://n.example/a</link></item>")
    assert (
        feed(body, url="http://n.example/rss").entries[0].key
        == feed(body, url="https://www.n.example/rss").entries[0].key
        == "12"
    )


def test_repeats_of_an_entry_go_and_a_broken_guid_is_made_distinct(feed: Feed) -> None:
    one = "<item><guid isPermaLink='false'>g</guid><link>https://n.example/{n}</link><title>{n}</title></item>"
    assert [entry.title for entry in feed(rss(one.format(n=1), one.format(n=1))).entries] == ["1"]
    parsed = feed(rss(one.format(n=1), ITEM.format(n=9), one.format(n=2), one.format(n=1)))
    assert [entry.key for entry in parsed.entries] == ["g#https://n.example/1", "g9", "g#https://n.example/2"]
    assert parsed.warnings == ("2 entries share their key with a different entry; link or digest was added to it",)


def test_a_guid_and_link_shared_by_different_texts_get_a_digest(feed: Feed) -> None:
    one = "<item><guid>g</guid><link>https://n.example/</link><title>{n}</title></item>"
    keys = [entry.key for entry in feed(rss(one.format(n=1), one.format(n=2))).entries]
    assert all(key.startswith("g#") and len(key) == 18 for key in keys)
    assert len(set(keys)) == 2


def test_without_guid_and_link_the_date_tells_repeated_notices_apart(feed: Feed) -> None:
    notice = "<item><title>Level crossing closed</title><pubDate>{d} Nov 2026 08:00 GMT</pubDate></item>"
    parsed = feed(rss(notice.format(d=20), notice.format(d=21), notice.format(d=21)))
    assert [entry.published_raw[:2] for entry in parsed.entries] == ["20", "21"]
    assert len({entry.key for entry in parsed.entries}) == 2


def test_the_content_hash_sees_edits_and_nothing_else(entry: Entry) -> None:
    plain = "<guid>1</guid><title>A</title><link>https://n.example/a</link><description>text</description>"
    before = entry(plain)
    assert entry(plain + "<pubDate>20 Nov 2026 08:00 GMT</pubDate>").content_hash == before.content_hash
    for edited in (plain.replace("A", "B"), plain.replace("/a", "/b"), plain.replace("text", "texts")):
        assert entry(edited).content_hash != before.content_hash
        assert entry(edited).key == before.key


# Titles, texts, people


@pytest.mark.parametrize(
    ("xml", "title"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("AT&amp;amp;amp;T", "AT&T"),
        ("<![CDATA[AT&T and <b>more</b>]]>", "AT&T and more"),
        ("A &lt;b&gt;bold&lt;/b&gt; word", "A bold word"),
        ("&amp;lt;b&amp;gt;Twice&amp;lt;/b&amp;gt;", "Twice"),
        ("one&lt;br/&gt;two&amp;nbsp;three", "one two three"),
        ("How to use &lt;dialog&gt; today", "How to use <dialog> today"),
        ("1 &lt; 2", "1 < 2"),
        ("I &lt;3 this", "I <3 this"),
        ("  a\n\t b\u00a0\u00a0c\u3000d ", "a b c d"),
        ("Null&#8203;break", "Null\u200bbreak"),
        ("می\u200cرود", "می\u200cرود"),
        ("gnp.\u202etxt", "gnp.\u202etxt"),
        ("&lt;![CDATA[Wrapped]]&gt;", "Wrapped"),
        ("caf&amp;eacute; &amp;#8212; bar", "café — bar"),
        ("", ""),
        ("&lt;img src=x onerror=alert(1)&gt;&lt;/img&gt;", ""),
    ],
)
def test_titles_are_plain_text(entry: Entry, xml: str, title: str) -> None:
    assert entry(f"<title>{xml}</title><guid>1</guid>").title == title


def test_control_characters_are_taken_out(feed: Feed, entry: Entry) -> None:
    body = rss("<item><title>A\x00B\x08C\u0081D\ufeffE\ufffe</title><description>F\x0cG\x7fH\u008d</description></item>")
    parsed = feed(body)
    assert (parsed.entries[0].title, parsed.entries[0].summary) == ("ABCDE", "FGH")
    assert parsed.warnings == ()  # and the document stays well-formed
    assert entry("<title>A&amp;#27;&amp;#x1b;[31mB</title>").title == "A[31mB"


def test_long_fields_are_cut(entry: Entry) -> None:
    long = entry(f"<title>{'t' * 5000}</title><description>{'d' * 1_200_000}</description>")
    assert (len(long.title), len(long.summary)) == (1000, 1_000_000)


def test_scripts_in_every_field_are_only_text(entry: Entry) -> None:
    attack = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    hostile = entry(f"<title>{attack}</title><dc:creator>{attack}</dc:creator><category>{attack}</category>")
    assert (hostile.title, hostile.authors, hostile.tags) == ('">alert(1)', ('">alert(1)',), ('">alert(1)',))


@pytest.mark.parametrize(
    ("inner", "summary", "content"),
    [
        ("<description>&lt;p&gt;s&lt;/p&gt;</description>", "<p>s</p>", ""),
        ("<content:encoded>&lt;p&gt;c&lt;/p&gt;</content:encoded>", "", "<p>c</p>"),
        ("<content:encoded>c</content:encoded><description>s</description>", "s", "c"),
        ("<description>s</description><content:encoded>c</content:encoded>", "s", "c"),
        ("<media:group><media:description>m &amp;lt; n</media:description></media:group>", "m &lt; n", ""),
        ("<description>short</description><media:description>a longer one</media:description>", "short", "a longer one"),
    ],
)
def test_summary_and_content(entry: Entry, inner: str, summary: str, content: str) -> None:
    got = entry(inner)
    assert (got.summary, got.content) == (summary, content)


@pytest.mark.parametrize(
    ("inner", "authors"),
    [
        ("<author>desk@north-gazette.example (Nora Sample)</author>", ("Nora Sample",)),
        ("<author>Nora Sample &lt;desk@n.example&gt;</author>", ("Nora Sample",)),
        ("<author>desk@north-gazette.example</author>", ()),
        ("<dc:creator>Nora Sample</dc:creator><dc:creator>Olaf Beispiel</dc:creator>", ("Nora Sample", "Olaf Beispiel")),
        ("<dc:creator>Nora Sample</dc:creator><dc:creator>Nora Sample</dc:creator>", ("Nora Sample",)),
        ("<dc:creator>@nora</dc:creator>", ("@nora",)),
        ("", ()),
    ],
)
def test_authors(entry: Entry, inner: str, authors: tuple[str, ...]) -> None:
    assert entry(f"<title>t</title>{inner}").authors == authors


def test_tags_are_few_short_and_unlike(entry: Entry) -> None:
    tags = entry("".join(f"<category>{'c' * 150}{n % 50}</category><category>k{n}</category>" for n in range(100))).tags
    assert len(tags) == 30
    assert tags[0] == "c" * 100
    assert tags[1:4] == ("k0", "k1", "k2")


@pytest.mark.parametrize(
    ("declared", "language"),
    [("EN_us", "en-us"), ("fa", "fa"), (" zh-Hans-CN ", "zh-hans-cn"), ("English", None), ("", None), ('"><b>', None)],
)
def test_language_as_declared(feed: Feed, declared: str, language: str | None) -> None:
    text = declared.replace("<", "&lt;")
    parsed = feed(rss(f"<language>{text}</language>", ITEM.format(n=1)))
    assert (parsed.language, parsed.entries[0].language) == (language, language)


# Addresses


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://n.example/a?b=1&amp;c=2#d", "https://n.example/a?b=1&c=2#d"),
        (" \n https://n.example/a\n", "https://n.example/a"),
        ("https://n.example/a\n b", "https://n.example/a%20b"),
        ("/a", "https://north-gazette.example/a"),
        ("a", "https://north-gazette.example/feeds/a"),
        ("//n.example/a", "https://n.example/a"),
        ("www.north-gazette.example/a/b", "https://www.north-gazette.example/a/b"),
        ("HTTP://n.example/a", "http://n.example/a"),
        ("https://n.example/خبر/می\u200cرود", "https://n.example/خبر/می\u200cرود"),
        ("https://n.example/a\u202eb", "https://n.example/ab"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("\u0001javascript:alert(1)", None),
        ("javascript://youtube.example/%0Aalert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("mailto:a@b.example", None),
        ("http://", None),
        ("https:///", None),
        ("http://[::1", None),
        ("http://n.example:99999/", None),
        ("https://n.example\\@evil.example/", None),
        ("https://n.example/" + "a" * 2048, None),
        ("", None),
    ],
)
def test_only_absolute_http_links_survive(entry: Entry, link: str, expected: str | None) -> None:
    got = entry(f"<title>kept</title><link>{link}</link>")
    assert (got.title, got.link) == ("kept", expected)


def test_a_guid_is_a_link_only_if_it_looks_like_one(entry: Entry) -> None:
    assert entry("<guid>https://n.example/1</guid>").link == "https://n.example/1"
    assert entry("<guid>https://n.example/1</guid><link></link>").link == "https://n.example/1"
    assert entry("<guid>story-1</guid>").link is None
    assert entry("<guid>javascript:alert(1)</guid>").link is None


def test_xml_base_counts(feed: Feed) -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/blog/"><title>T</title>'
        '<entry><id>1</id><link href="a"/></entry>'
        '<entry xml:base="https://n.example/x/"><id>2</id><link href="b"/></entry></feed>'
    )
    assert [entry.link for entry in feed(body).entries] == ["https://north-gazette.example/blog/a", "https://n.example/x/b"]


def test_hostile_base_cannot_make_a_link(feed: Feed) -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="javascript:alert(1)//"><title>T</title>'
        '<link href="x"/><entry><id>1</id><link href="a"/></entry></feed>'
    )
    parsed = feed(body)
    assert {parsed.site_url, parsed.entries[0].link} <= {
        None,
        "https://north-gazette.example/feeds/a",
        "https://north-gazette.example/feeds/x",
    }


@pytest.mark.parametrize(
    ("inner", "image"),
    [
        ('<media:content url="https://n.example/a.mp4" type="video/mp4"/><media:thumbnail url="/t.jpg"/>', "/t.jpg"),
        ('<media:content url="https://north-gazette.example/p" type="image/webp"/>', "/p"),
        ('<media:content url="/p.PNG?w=1"/>', "/p.PNG?w=1"),
        ('<enclosure url="/e.jpg" type="image/jpeg" length="1"/>', "/e.jpg"),
        ('<enclosure url="/e.mp3" type="audio/mpeg" length="1"/>', None),
        ('<enclosure url="data:image/png;base64,AA" type="image/png"/><media:thumbnail url="file:///x.png"/>', None),
        ('<media:thumbnail url="javascript:alert(1)"/><enclosure url="/e.jpg" type="image/jpeg"/>', "/e.jpg"),
    ],
)
def test_image(entry: Entry, inner: str, image: str | None) -> None:
    assert entry(f"<title>t</title>{inner}").image_url == (f"https://north-gazette.example{image}" if image else None)


# Dates in their place


def test_a_date_that_cannot_be_true_is_not_believed_but_shown(entry: Entry, now: datetime) -> None:
    far = (now + timedelta(days=3)).isoformat()
    future = entry(f"<title>t</title><pubDate>{far}</pubDate>")
    assert (future.published_at, future.published_raw, future.has_time) == (None, far, False)
    mended = entry(f"<title>t</title><pubDate>{far}</pubDate><dc:date>2026-11-20T10:00:00Z</dc:date>")
    assert (mended.published_at, mended.published_raw) == (datetime(2026, 11, 20, 10, tzinfo=UTC), "2026-11-20T10:00:00Z")
    words = entry("<title>t</title><pubDate> next\n week </pubDate>")
    assert (words.published_at, words.published_raw) == (None, "next week")


def test_a_naive_date_is_in_the_zone_of_the_source(entry: Entry) -> None:
    naive = entry("<title>t</title><pubDate>Mon, 23 Nov 2026 10:00:00</pubDate>", timezone="Asia/Tehran")
    assert (naive.published_at, naive.zone_assumed) == (datetime(2026, 11, 23, 6, 30, tzinfo=UTC), True)
    stated = entry("<title>t</title><pubDate>Mon, 23 Nov 2026 10:00:00 +0000</pubDate>", timezone="Asia/Tehran")
    assert (stated.published_at, stated.zone_assumed) == (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), False)
    day = entry("<title>t</title><pubDate>2026-11-23</pubDate>", timezone="Asia/Tehran")
    assert (day.published_at, day.has_time, day.zone_assumed) == (datetime(2026, 11, 23, tzinfo=UTC), False, False)


# Broken XML


def test_truncated_xml_gives_its_whole_entries(feed: Feed) -> None:
    whole = rss(*(ITEM.format(n=n) for n in range(5)))
    cut = whole[: whole.index("<title>T3") + 8]
    parsed = feed(cut)
    assert [entry.key for entry in parsed.entries] == ["g0", "g1", "g2"]
    assert parsed.warnings == ("the document is cut off; what follows its last whole entry was left out",)


@pytest.mark.parametrize("end", range(60, 380, 7))
def test_wherever_it_is_cut_no_torn_entry_comes_out(parse: Parse, end: int) -> None:
    whole = rss(*(ITEM.format(n=n) for n in range(5)))
    parsed = parse(whole[:end])
    assert not isinstance(parsed, ParseFailed)
    assert [entry.title for entry in parsed.entries] == [f"T{n}" for n in range(whole[:end].count("</item>"))]


def test_truncation_inside_cdata(feed: Feed) -> None:
    parsed = feed(rss(ITEM.format(n=1), "<item><title>T2</title><description><![CDATA[<p>long")[:-30])
    assert [entry.key for entry in parsed.entries] == ["g1"]


@pytest.mark.parametrize(
    "broken",
    [
        "<title>Smith & Sons</title>",
        "<title>Smith &nbsp;&amp; Sons</title>",
        "<title>Smith &#0;&#x1F;&#55296;&#xFFFFFFFF;&amp; Sons</title>",
        "<title><![CDATA[Smith & Sons]]></title><dc:creator>Q&A</dc:creator>",
        "<title>Smith &amp; Sons</title><creator>&mdash;&unknown;</creator>",
    ],
)
def test_bad_references_are_mended(feed: Feed, broken: str) -> None:
    parsed = feed(rss(f"<item>{broken}</item>", ITEM.format(n=2), namespaces=' xmlns:dc="http://purl.org/dc/elements/1.1/"'))
    assert [entry.title for entry in parsed.entries] == ["Smith & Sons", "T2"]
    assert len(parsed.warnings) == 1
    assert parsed.warnings[0].endswith("; mended")


def test_what_follows_the_document_is_ignored(feed: Feed) -> None:
    parsed = feed(rss(ITEM.format(n=1)) + "<script>track()</script>")
    assert [entry.key for entry in parsed.entries] == ["g1"]
    assert parsed.warnings == ("something follows the end of the document; it was ignored",)


def test_xml_that_cannot_be_mended_is_read_loosely(feed: Feed) -> None:
    parsed = feed(rss("<item><title>a < b</title><media:thumbnail url='/t.jpg'></item>", ITEM.format(n=2)))
    assert [entry.title for entry in parsed.entries] == ["a < b", "T2"]
    assert "malformed XML" in parsed.warnings[-1]


def test_leading_blank_lines_and_marks_do_no_harm(feed: Feed) -> None:
    parsed = feed("\ufeff\ufeff\n\n " + rss(ITEM.format(n=1), head='<?xml version="1.0"?>'))
    assert ([entry.key for entry in parsed.entries], parsed.warnings) == (["g1"], ())


# Hostile XML


def test_billion_laughs_are_not_even_begun(feed: Feed) -> None:
    bomb = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    parsed = feed(rss("<item><title>&a9;</title></item>", head=f'<?xml version="1.0"?>\n<!DOCTYPE rss [{bomb}]>'))
    assert parsed.entries[0].title == "&a9;"


def test_quadratic_blowup_stays_small(feed: Feed) -> None:
    head = f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100_000}">]>'
    parsed = feed(rss(f"<item><title>t</title><description>{'&a;' * 2000}</description></item>", head=head))
    assert len(parsed.entries[0].summary) < 20_000


def test_external_entities_are_not_read(feed: Feed, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do-not-leak", encoding="utf-8")
    head = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]>'
    parsed = feed(rss("<item><title>a &x; b</title></item>", head=head))
    assert "do-not-leak" not in repr(parsed)
    assert parsed.entries[0].title.startswith("a ")


def test_a_remote_dtd_is_not_fetched(feed: Feed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        head = f'<!DOCTYPE rss PUBLIC "-//X//DTD//EN" "http://127.0.0.1:{port}/rss.dtd" [<!ENTITY y SYSTEM "http://127.0.0.1:{port}/y">]>'
        assert feed(rss("<item><title>t &y; &eacute;</title></item>", head=head)).entries[0].title.endswith("é")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_doctype_hidden_in_a_doctype_is_refused(parse: Parse) -> None:
    inner = """' [<!ENTITY a "lol">]><rss version="2.0"><channel><item><title>&a;</title></item></channel></rss>"""
    body = f"""<!DOCTYPE rss SYSTEM '<!DOCTYPE '><rss version="2.0"><channel>{inner}</channel></rss>"""
    parsed = parse(body)
    assert isinstance(parsed, ParseFailed) or "lol" not in [entry.title for entry in parsed.entries]


def test_elements_nested_too_deep_or_with_too_many_attributes_are_refused_at_once(parse: Parse) -> None:
    deep = parse(rss("<item>" + "<a>" * 100_000 + "</a>" * 100_000 + "</item>"))
    assert isinstance(deep, ParseFailed)
    assert deep.detail == "elements are nested too deep"
    attributes = " ".join(f"a{n}='1'" for n in range(50_000))
    wide = parse(rss(f"<item {attributes}/>"))
    assert isinstance(wide, ParseFailed)
    assert wide.detail == "an element has too many attributes"


@pytest.mark.parametrize(
    "inner",
    [
        '<links a="b"/><link>x</link>',
        '<tags a="1"/><category>x</category>',
        '<authors q="1"/><author>x</author>',
        '<title_detail x="1"/>',
    ],
)
def test_elements_that_overwrite_feedparsers_state_do_not_raise(parse: Parse, inner: str) -> None:
    parsed = parse(rss(f"<item><title>t</title>{inner}</item>"))
    assert isinstance(parsed, ParseFailed) or parsed.entries[0].title == "t"
