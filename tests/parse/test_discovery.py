"""Feeds that a page names, and where they often are."""

from __future__ import annotations

import pickle
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parse.discovery import MOST_FOUND, FoundFeed, How, common_paths, find_feeds

URL = "https://north-gazette.example/local/index.html"
HOST = "https://north-gazette.example"
RSS = "application/rss+xml"


def find(body: str | bytes, *, url: str = URL, content_type: str = "text/html") -> tuple[FoundFeed, ...]:
    return find_feeds(body.encode() if isinstance(body, str) else body, url=url, content_type=content_type)


def link(href: str, media_type: str = RSS, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<link rel="alternate" type="{media_type}" href="{href}"{more}>'


def urls(body: str | bytes, *, url: str = URL) -> list[str]:
    return [feed.url.removeprefix(HOST) for feed in find(body, url=url)]


def test_a_page_with_everything() -> None:
    found = find(
        f"""<!DOCTYPE html><html><head><title>North Gazette</title>
        <link rel="stylesheet" href="/feed.css"><link rel="icon" href="/feed.ico">
        {link("/comments/feed/", title="North Gazette » Comments Feed")}
        {link("/feed/", title="North Gazette &raquo; Feed")}
        {link("feed.json", "application/feed+json", title="JSON")}
        {link("https://cdn.example/atom", "application/atom+xml; charset=utf-8")}
        </head><body><a href="/rss.xml" title="All news">RSS</a>
        <a href="/sport/feed"><img alt=""><b>Sport</b> as a feed</a><a href="/local/">Local</a></body></html>"""
    )
    assert found == (
        FoundFeed(f"{HOST}/feed/", "North Gazette » Feed", RSS, How.LINK),
        FoundFeed(f"{HOST}/local/feed.json", "JSON", "application/feed+json", How.LINK),
        FoundFeed("https://cdn.example/atom", "", "application/atom+xml", How.LINK),
        FoundFeed(f"{HOST}/rss.xml", "All news", "", How.ANCHOR),
        FoundFeed(f"{HOST}/sport/feed", "Sport as a feed", "", How.ANCHOR),
        FoundFeed(f"{HOST}/comments/feed/", "North Gazette » Comments Feed", RSS, How.LINK),
    )
    assert pickle.loads(pickle.dumps(found)) == found  # our own bytes


@pytest.mark.parametrize(
    ("element", "found"),
    [
        (link("/x", "application/atom+xml"), True),
        (link("/x", "Application/RSS+XML"), True),
        (link("/x", "application/rss"), True),
        (link("/x", "application/x.atom+xml"), True),
        (link("/x", "application/rdf+xml"), True),
        (link("/x", "text/xml"), True),
        (link("/x", "application/json"), True),
        ("<LINK HREF=/x REL='Alternate nofollow' TYPE=application/rss+xml>", True),
        ("<link rel=feed href=/x>", True),
        ("<link rel=alternate href=/x/rss.xml>", True),
        ("<link rel=alternate href=/x>", False),
        ("<link rel=alternate hreflang=fa href=/fa/feed>", False),
        (link("/x", "text/html"), False),
        (link("/x", "application/json+oembed"), False),
        (link("/wp-json/wp/v2/posts/1", "application/json"), False),
        (link("/oembed?format=xml", "text/xml"), False),
        ("<link rel='alternate stylesheet' type=text/xml href=/x>", False),
        ("<link rel=search type=application/opensearchdescription+xml href=/x>", False),
        (f"<link type={RSS} href=/x>", False),
        (link("", RSS), False),
    ],
)
def test_link_elements(element: str, found: bool) -> None:
    assert bool(find(element)) is found


@pytest.mark.parametrize(
    ("href", "found"),
    [
        ("/rss", True),
        ("/feed/", True),
        ("/feeds", True),
        ("/news.rss", True),
        ("/index.rdf", True),
        ("/world/index.xml", True),
        ("/feeds/politics.xml", True),
        ("/feed.json", True),
        ("/?feed=rss2", True),
        ("/index.php?format=feed&amp;type=rss", True),
        ("/news?rss", True),
        ("//feeds.north-gazette.example/all", True),
        ("feed://north-gazette.example/all", True),
        ("feed:https://north-gazette.example/all", True),
        ("/feedback", False),
        ("/newsfeed-of-the-day.html", False),
        ("/brass", False),
        ("/sitemap.xml", False),
        ("/rss.html", False),
        ("https://reader.example/add?url=https%3A%2F%2Fn.example%2Ffeed", False),
        ("https://reader.example/i/https://n.example/feed/", False),
        ("https://feeds.example/", False),
        ("javascript:'/rss.xml'", False),
        ("feed:javascript:alert(1)//rss.xml", False),
        ("data:application/rss+xml,rss.xml", False),
        ("ftp://n.example/rss.xml", False),
        ("http://[::1/rss.xml", False),
        ("/" + "a" * 2048 + "/rss.xml", False),
    ],
)
def test_links_that_look_like_feeds(href: str, found: bool) -> None:
    feeds = find(f'<a href="{href}">x</a>')
    assert [feed.how for feed in feeds] == [How.ANCHOR] * found
    assert all(feed.url.startswith(("http://", "https://")) for feed in feeds)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("/a/", f"{HOST}/a/feed"),
        ("https://other.example/", "https://other.example/feed"),
        ("javascript:alert(1)//", f"{HOST}/local/feed"),
        ("", f"{HOST}/local/feed"),
    ],
)
def test_addresses_start_from_the_base_element(base: str, expected: str) -> None:
    body = f'<head><base href="{base}"><base href="https://late.example/">{link("feed")}</head>'
    if not base:
        body = body.replace('<base href="https://late.example/">', "")
    assert [feed.url for feed in find(body)] == [expected]


def test_repeats_and_the_page_itself_are_left_out() -> None:
    body = (
        f'<a href="/rss/">A</a>{link("/rss", title="B")}{link("http://north-gazette.example/rss/")}<a href="/rss#top">C</a>'
        f'{link("/feed")}<a href="/feed">D</a>{link("/")}'
    )
    assert find(body, url=f"{HOST}/") == (
        FoundFeed(f"{HOST}/rss", "B", RSS, How.LINK),
        FoundFeed(f"{HOST}/feed", "", RSS, How.LINK),
    )


@pytest.mark.parametrize(
    "title",
    ["Comments Feed", "Kommentar-Feed", "flux des commentaires", "Comentários", "Комментарии", "نظرات", "评论", "コメント"],
)
def test_feeds_of_comments_come_last(title: str) -> None:
    assert urls(link("/a", title=title) + '<a href="/rss">x</a>' + link("/b")) == ["/b", "/rss", "/a"]


def test_scripts_comments_and_text_fields_name_nothing() -> None:
    body = (
        "<script>var x = '<a href=/rss.xml>';</script><style><a href=/rss.xml></style><!-- <a href=/rss.xml> --><textarea>"
        "<a href=/rss.xml></textarea><title><a href=/rss.xml></title><div data-x='<a href=/rss.xml>'></div>"
    )
    assert urls(body) == []
    assert urls("<noscript><a href=/rss.xml>x</a></noscript>") == ["/rss.xml"]


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        (link("/x", title="خبرگزاری کوهستان"), "text/html; charset=utf-8", "خبرگزاری کوهستان"),
        (link("/x", title="Новости").encode("windows-1251"), "text/html; charset=windows-1251", "Новости"),
        (('<meta charset="windows-1251">' + link("/x", title="Новости")).encode("windows-1251"), "", "Новости"),
        (link("/x", title="Élan").encode("latin-1"), "", "Élan"),
        (link("/x", title="新闻").encode("utf-16"), "", "新闻"),
        ("<?xml version='1.0' encoding='utf-8'?>" + link("/x", title="A &amp;amp; B\x00\n C"), "", "A & B C"),
        (link("/x", title="t" * 999), "", "t" * 200),
    ],
)
def test_titles_in_their_encoding(body: str | bytes, content_type: str, title: str) -> None:
    assert [feed.title for feed in find(body, content_type=content_type)] == [title]


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"<", b"%PDF-1.7\x00\xff", b"{}", b"\xff\xfe", b"<?xml", b"<!DOCTYPE", b"<rss><channel/></rss>"]
)
def test_what_is_no_page_names_no_feeds(body: bytes) -> None:
    assert find(body) == ()


@pytest.mark.parametrize(
    "flood",
    [
        "<a " + " ".join(f"a{n}=1" for n in range(100_000)) + ">",
        "<div>" * 100_000,
        "<a href='/feed'>x" * 40_000,
        "".join(f"<a href='/feeds/{n}.xml'>x" for n in range(30_000)),
        "<a href='/feed/" + "x" * 800_000 + "'>",
        "<!--" * 100_000,
        "<a href='" * 80_000,
        "<a href=/feed>" + "x <b>" * 100_000,
        "<" * 800_000,
    ],
    ids=["attributes", "depth", "one-link", "links", "long-address", "comments", "quotes", "long-text", "angles"],
)
def test_a_hostile_page_costs_its_length(flood: str) -> None:
    body = (link("/good") + flood).encode()
    tracemalloc.start()
    found = find(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0].url == f"{HOST}/good"
    assert len(found) <= MOST_FOUND
    assert peak < 20_000_000


def test_what_stands_deep_below_is_found() -> None:
    assert urls("<div>" * 1_000 + "<a href=/rss.xml>x</a>") == ["/rss.xml"]


@given(st.text(alphabet="<>/=\"' abaselinkhrefedtyp:.-!#\x00\u202e\ud800", max_size=200))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_stands_in_it_only_web_addresses_come_out(body: str) -> None:
    for feed in find((link("/x", title=body.replace('"', "")) + body).encode("utf-8", "replace")):
        assert feed.url.startswith(("http://", "https://"))
        assert feed.title == " ".join(feed.title.split())


# Common paths


def test_common_paths_of_a_site_and_of_a_section() -> None:
    assert common_paths("https://n.example") == (
        "https://n.example/feed",
        "https://n.example/rss",
        "https://n.example/rss.xml",
        "https://n.example/feed.xml",
        "https://n.example/atom.xml",
        "https://n.example/index.xml",
        "https://n.example/feed.json",
        "https://n.example/news-sitemap.xml",
    )
    assert common_paths("http://n.example:8080/blog/post.html?x=1#y")[:4] == (
        "http://n.example:8080/blog/feed",
        "http://n.example:8080/blog/rss.xml",
        "http://n.example:8080/blog/feed.xml",
        "http://n.example:8080/feed",
    )
    assert len(common_paths("http://n.example/a/b/")) == 8
    assert common_paths("javascript:alert(1)") == common_paths("") == ()
