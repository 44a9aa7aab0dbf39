"""OPML in and out."""

from __future__ import annotations

import pickle
from pathlib import Path

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


NAMES = st.sampled_from(["a", "b", 'q"', "d'", "é 新", "R & D", "1 < 2", "]]>"])
FEEDS = st.builds(OpmlFeed, NAMES, st.just("https://n.example/x"), st.none(), st.lists(NAMES, max_size=4).map(tuple))


@given(st.lists(FEEDS, max_size=8))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_the_way_there_and_back_changes_nothing(feeds: list[OpmlFeed]) -> None:
    assert parse_opml(render_opml(feeds, "t")) == (tuple(feeds), ())
