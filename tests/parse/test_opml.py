"""OPML in and out."""

from __future__ import annotations

import pickle
from pathlib import Path
from xml.etree import ElementTree as ET

import listparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parse import OpmlFeed, parse_opml, render_opml

WORLD = """\
<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.1">
  <head><title>Mine</title></head>
  <body>
    <outline text="Press" title="Press">
      <outline text="خبرگزاری کوهستان" type="rss" xmlUrl="https://kuhestan-news.example/rss?a=1&amp;b=2" htmlUrl="https://kuhestan-news.example/"/>
      <outline text="North">
        <outline title="North Gazette" text="ng" xmlurl=" https://north-gazette.example/rss " />
      </outline>
      <outline text="Lac" type="rss" xmlUrl="https://courrier-du-lac.example/atom.xml" htmlUrl="javascript:alert(1)"/>
    </outline>
    <outline type="rss" text="Local" xmlUrl="file:///etc/passwd"/>
    <outline type="rss" text="Nothing"/>
    <outline xmlUrl="http://harbour-post.example/rdf"/>
  </body>
</opml>
"""


def test_feeds_in_the_order_of_the_document_with_their_folders() -> None:
    feeds, messages = parse_opml(WORLD.encode())
    assert feeds == (
        OpmlFeed("خبرگزاری کوهستان", "https://kuhestan-news.example/rss?a=1&b=2", "https://kuhestan-news.example/", ("Press",)),
        OpmlFeed("North Gazette", "https://north-gazette.example/rss", None, ("Press", "North")),
        OpmlFeed("Lac", "https://courrier-du-lac.example/atom.xml", None, ("Press",)),
        OpmlFeed("http://harbour-post.example/rdf", "http://harbour-post.example/rdf", None, ()),
    )
    assert messages == (
        'line 10: Lac: htmlUrl "javascript:alert(1)" is not an http(s) address; the feed was taken without it',
        'line 12: Local: "file:///etc/passwd" is not an http(s) address',
        "line 13: Nothing: no xmlUrl",
    )
    assert pickle.loads(pickle.dumps(feeds)) == feeds  # our own bytes


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff", b"<html><body/></html>", b"<rss/>", b'{"feeds": []}', b"<opm", b"&&&"],
)
def test_what_is_no_opml_says_so(body: bytes) -> None:
    assert parse_opml(body) == ((), ("this is not an OPML document: its root element is not <opml>",))


def test_ampersands_that_nobody_escaped_are_mended() -> None:
    feeds, messages = parse_opml(b'<opml><body><outline text="A & B" xmlUrl="https://n.example/?a=1&b=2&copy=3"/></body></opml>')
    assert feeds == (OpmlFeed("A & B", "https://n.example/?a=1&b=2&copy=3"),)
    assert len(messages) == 1
    assert messages[0].endswith("; mended")


def test_a_document_that_breaks_off_yields_what_stood_before() -> None:
    body = '<opml><body>\n<outline xmlUrl="https://n.example/1"/>\n<outline xmlUrl="https://n.example/2" <outline/></body></opml>'
    feeds, messages = parse_opml(body.encode())
    assert [feed.url for feed in feeds] == ["https://n.example/1"]
    assert messages[-1].startswith("line 3: malformed XML")
    cut, _ = parse_opml(b'<opml><body><outline xmlUrl="https://n.example/1"/><outline xmlUrl="https://n.exa')
    assert [feed.url for feed in cut] == ["https://n.example/1"]


def test_entities_are_neither_read_nor_multiplied(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do-not-leak", encoding="utf-8")
    bomb = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    body = (
        f'<!DOCTYPE opml [{bomb}<!ENTITY x SYSTEM "{secret.as_uri()}">]>\n'
        '<opml><body><outline text="&a9;&x;" xmlUrl="https://n.example/1"/></body></opml>'
    )
    feeds, messages = parse_opml(body.encode())
    assert feeds == (OpmlFeed("&a9;&x;", "https://n.example/1"),)
    assert len(messages) == 1


def test_ten_thousand_nested_outlines() -> None:
    depth = 10_000
    leaf = '<outline xmlUrl="https://n.example/1"/>'
    opened, closed = '<outline text="f">' * depth, "</outline>" * depth
    body = f"<opml><body>{opened}{leaf}{closed}{leaf}</body></opml>"
    feeds, messages = parse_opml(body.encode())
    assert [len(feed.category) for feed in feeds] == [20, 0]
    assert messages == ()


def test_ten_thousand_feeds_and_those_that_come_twice() -> None:
    """The importer sees every repeat, with the folder that it stands in."""
    one = '<outline text="N{n}" xmlUrl="https://n{n}.example/feed"/>'
    many = "".join(one.format(n=n) for n in range(10_000))
    body = f'<opml><body><outline text="All">{many}</outline><outline text="Best">{one.format(n=7)}</outline></body></opml>'
    feeds, messages = parse_opml(body.encode())
    assert messages == ()
    assert len(feeds) == 10_001
    assert [feed for feed in feeds if feed.url == "https://n7.example/feed"] == [
        OpmlFeed("N7", "https://n7.example/feed", None, ("All",)),
        OpmlFeed("N7", "https://n7.example/feed", None, ("Best",)),
    ]


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ('xmlUrl="https://n.example/f"', "https://n.example/f"),
        ('XMLURL="https://n.example/f"', "https://n.example/f"),
        ('xmlurl="https://n.example/f" type="RSS"', "https://n.example/f"),
        ('XmlUrl="HTTPS://n.example/f"', "https://n.example/f"),
        ('xmlUrl="feed://n.example/f"', "http://n.example/f"),
        ('xmlUrl="feed:https://n.example/f"', "https://n.example/f"),
        ('xmlUrl="FEED:http://n.example/f"', "http://n.example/f"),
        ('xmlUrl="feed:file:///etc/passwd"', None),
        ('xmlUrl="feed:javascript:alert(1)"', None),
        ('xmlUrl="feed:"', None),
        ('xmlUrl="feed://"', None),
        ('xmlUrl="/f"', None),
        ('xmlUrl="n.example/f"', None),
        ('xmlUrl=""', None),
    ],
)
def test_addresses_in_their_spellings(attributes: str, url: str | None) -> None:
    feeds, messages = parse_opml(f'<OPML version="2.0"><BODY><OUTLINE text="N" {attributes}/></BODY></OPML>'.encode())
    assert [feed.url for feed in feeds] == ([url] if url else [])
    assert len(messages) == (0 if url else 1)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "windows-1251"])
def test_titles_in_their_encoding(codec: str) -> None:
    label = codec.removesuffix("-sig")
    body = (
        f'<?xml version="1.0" encoding="{label}"?><opml><body><outline text="Новости" xmlUrl="https://n.example/"/></body></opml>'
    )
    assert parse_opml(body.encode(codec)) == ((OpmlFeed("Новости", "https://n.example/"),), ())


def test_an_element_of_very_many_attributes_is_refused_with_its_reason() -> None:
    attributes = " ".join(f"a{n}='1'" for n in range(50_000))
    assert parse_opml(f"<opml><body><outline {attributes}/></body></opml>".encode()) == (
        (),
        ("an element has too many attributes",),
    )


def test_what_is_written_can_be_read_again() -> None:
    feeds = (
        OpmlFeed('A "quoted" <b> & more', "https://n.example/?a=1&b=2", "https://n.example/", ("Press & Co", "Nørth")),
        OpmlFeed("河岸日报", "https://he-an-ribao.example/feed", None, ("Press & Co",)),
        OpmlFeed("C", "https://c.example/"),
        OpmlFeed("D", "https://d.example/", None, ("Press & Co",)),
    )
    body = render_opml(feeds, "Ours <&>")
    assert parse_opml(body) == (feeds, ())
    assert b"<title>Ours &lt;&amp;&gt;</title>" in body


def test_what_is_written_is_read_alike_by_a_reader_that_is_not_ours() -> None:
    feeds = (
        OpmlFeed('A "quoted" <b> & more', "https://n.example/?a=1&b=2", "https://n.example/", ("Press & Co", "Nørth")),
        OpmlFeed("河岸日报", "https://he-an-ribao.example/feed", None, ("Press & Co",)),
        OpmlFeed("خبرگزاری کوهستان", "https://kuhestan-news.example/rss", None, ("می\u200cرود",)),
        OpmlFeed("Plain", "http://plain.example/"),
    )
    theirs = listparser.parse(render_opml(feeds, "Ours & theirs"))
    assert not theirs.bozo
    assert (theirs.version, theirs.meta.title) == ("opml2", "Ours & theirs")
    read = [OpmlFeed(feed.title, feed.url, None, tuple(next(iter(feed.categories), ()))) for feed in theirs.feeds]
    assert read == [OpmlFeed(feed.title, feed.url, None, feed.category) for feed in feeds]


def test_what_is_written_has_what_the_specification_requires() -> None:
    """OPML 2.0: version on opml, head before body, text on every outline; type and xmlUrl on a subscription."""
    feeds = (OpmlFeed("A", "https://a.example/", None, ("F",)), OpmlFeed("B", "https://b.example/"))
    root = ET.fromstring(render_opml(feeds, "T"))
    assert (root.tag, root.get("version"), [child.tag for child in root]) == ("opml", "2.0", ["head", "body"])
    outlines = list(root.iter("outline"))
    assert [outline.get("text") for outline in outlines] == ["F", "A", "B"]
    assert [(outline.get("type"), outline.get("xmlUrl")) for outline in outlines] == [
        (None, None),
        ("rss", "https://a.example/"),
        ("rss", "https://b.example/"),
    ]


NAMES = st.sampled_from(["a", "b", 'q"', "d'", "é 新", "R & D", "1 < 2", "]]>"])
FEEDS = st.builds(OpmlFeed, NAMES, st.just("https://n.example/x"), st.none(), st.lists(NAMES, max_size=4).map(tuple))


@given(st.lists(FEEDS, max_size=8))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_the_way_there_and_back_changes_nothing(feeds: list[OpmlFeed]) -> None:
    assert parse_opml(render_opml(feeds, "t")) == (tuple(feeds), ())
