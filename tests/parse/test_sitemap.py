"""Sitemaps as feeds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.extract import extract_article
from aggregator.model.feed import ParseFailed
from aggregator.model.page import FailureKind

if TYPE_CHECKING:
    from tests.parse.conftest import Feed, Parse

HOST = "https://north-gazette.example"
NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:video="http://www.google.com/schemas/sitemap-video/1.1"'
)


def urlset(*urls: str, head: str = "") -> str:
    return f"{head}<urlset {NAMESPACES}>{''.join(f'<url>{url}</url>' for url in urls)}</urlset>"


def page(number: int, changed: str = "") -> str:
    return f"<loc>{HOST}/{number}</loc>" + (f"<lastmod>{changed}</lastmod>" if changed else "")


def news(number: int, inner: str) -> str:
    return f"<loc>{HOST}/{number}</loc><news:news>{inner}</news:news>"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("AT&amp;T", "AT&T"),
        ("<![CDATA[Smith & Sons]]>", "Smith & Sons"),
        ("R &amp;amp; D", "R & D"),
        ("the &lt;dialog&gt; element", "the <dialog> element"),
        ("&lt;b&gt;bold&lt;/b&gt; \n words", "bold words"),
        ("می\u200cرود", "می\u200cرود"),
        ("t" * 5_000, "t" * 1_000),
    ],
)
def test_titles_are_plain_text(feed: Feed, written: str, title: str) -> None:
    (entry,) = feed(urlset(news(1, f"<news:title>{written}</news:title>"))).entries
    assert entry.title == title


def test_pictures_and_videos_have_titles_and_addresses_of_their_own(feed: Feed) -> None:
    inner = (
        "<image:image><image:loc>/a.jpg</image:loc><image:title>Picture</image:title></image:image>"
        "<image:image><image:loc>/b.jpg</image:loc></image:image>"
        "<video:video><video:title>Video</video:title><video:content_loc>/v.mp4</video:content_loc></video:video>"
    )
    (entry,) = feed(urlset(inner + news(1, "<news:title>Story</news:title>"))).entries
    assert (entry.key, entry.link, entry.title, entry.image_url) == (f"{HOST}/1", f"{HOST}/1", "Story", f"{HOST}/a.jpg")


def test_prefixes_are_spelt_in_many_ways_and_some_are_never_declared(feed: Feed) -> None:
    body = (
        '<sm:urlset xmlns:sm="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://example.org/other"><sm:url>'
        f"<sm:loc>{HOST}/1</sm:loc><n:news><n:title>One</n:title></n:news></sm:url></sm:urlset>"
    )
    assert [entry.title for entry in feed(body).entries] == ["One"]
    undeclared = f"<urlset><url><loc>{HOST}/1</loc><news:news><news:title>One</news:title></news:news></url></urlset>"
    parsed = feed(undeclared)
    assert [entry.title for entry in parsed.entries] == ["One"]
    assert parsed.warnings == ("malformed XML: unbound prefix: line 1, column 55",)


def test_an_address_without_news_is_an_entry_whose_title_its_page_will_give(feed: Feed) -> None:
    parsed = feed(urlset(page(1, "2026-11-20T10:00:00Z"), page(2), page(3, "last week")))
    assert [(entry.title, entry.published_at, entry.published_raw) for entry in parsed.entries] == [
        ("", datetime(2026, 11, 20, 10, tzinfo=UTC), "2026-11-20T10:00:00Z"),
        ("", None, ""),
        ("", None, "last week"),
    ]
    assert len({entry.key for entry in parsed.entries}) == 3


def test_the_page_gives_the_title(feed: Feed, now: datetime) -> None:
    (entry,) = feed(urlset(page(1))).entries
    headline = "Ferry back in service"
    body = f"<html><head><title>{headline}</title></head><body><h1>{headline}</h1><p>The ferry sails again.</p></body></html>"
    made = extract_article(
        body.encode(), url=f"{HOST}/1", content_type="text/html", entry=entry, outlet="North Gazette", outlet_language="en",
        timezone="UTC", seen_at=now, note="",
    )  # fmt: skip
    assert made.title == headline


def test_the_date_of_the_news_wins_and_that_of_the_page_stands_in(feed: Feed) -> None:
    date = "<news:publication_date>{}</news:publication_date>"
    parsed = feed(
        urlset(
            news(1, date.format("2026-11-20")) + "<lastmod>2026-11-22</lastmod>",
            news(2, date.format("2031-01-01")) + "<lastmod>2026-11-22</lastmod>",
        )
    )
    assert [entry.published_at for entry in parsed.entries] == [
        datetime(2026, 11, 20, tzinfo=UTC),
        datetime(2026, 11, 22, tzinfo=UTC),
    ]
    assert [entry.updated_at for entry in parsed.entries] == [datetime(2026, 11, 22, tzinfo=UTC)] * 2


def test_only_web_addresses_are_taken_and_the_others_counted(feed: Feed) -> None:
    body = urlset(
        "<loc>javascript:alert(1)</loc>", "<loc>file:///etc/passwd</loc>", "<lastmod>2026-11-20</lastmod>", page(1), page(1)
    )
    parsed = feed(body)
    assert [entry.link for entry in parsed.entries] == [f"{HOST}/1"]
    assert parsed.warnings == ("3 entries without an http(s) address were left out",)


def test_of_too_many_the_newest_are_kept_in_their_order(feed: Feed) -> None:
    # Oldest first, as many write them; the undated ones count as oldest of all.
    pages = [page(n, f"2026-11-{n:02}" if n else "") for n in range(24)]
    parsed = feed(urlset(*pages, *pages), max_entries=3)
    assert [entry.link for entry in parsed.entries] == [f"{HOST}/22", f"{HOST}/23"]
    assert parsed.warnings == ("48 entries; only the newest 3 were kept",)
    undated = feed(urlset(*map(page, range(24))), max_entries=3)
    assert [entry.link for entry in undated.entries] == [f"{HOST}/{n}" for n in range(3)]


def test_fifty_thousand_pages_cost_what_is_kept(feed: Feed) -> None:
    parsed = feed(urlset(*(page(n, f"2026-11-{n % 20 + 1:02}") for n in range(50_000))), max_entries=4)
    assert [entry.link for entry in parsed.entries] == [f"{HOST}/{n}" for n in (19, 39, 59, 79)]


def test_language_and_name_are_those_of_the_publication(feed: Feed) -> None:
    publication = "<news:publication><news:name>{}</news:name><news:language>{}</news:language></news:publication>"
    one = feed(urlset(news(1, publication.format("河岸日报", "zh-cn")), page(2)))
    assert (one.title, one.language, [entry.language for entry in one.entries]) == ("河岸日报", "zh-cn", ["zh-cn", None])
    two = feed(urlset(news(1, publication.format("A", "en")), news(2, publication.format("B", "fa"))))
    assert (two.title, two.language, [entry.language for entry in two.entries]) == ("A", None, ["en", "fa"])


@pytest.mark.parametrize("end", range(310, 620, 7))
def test_wherever_it_is_cut_no_torn_address_comes_out(parse: Parse, end: int) -> None:
    whole = urlset(*(page(n, "2026-11-20") for n in range(5)))
    parsed = parse(whole[:end])
    assert not isinstance(parsed, ParseFailed)
    assert [entry.link for entry in parsed.entries] == [f"{HOST}/{n}" for n in range(whole[:end].count("</url>"))]
    assert parsed.warnings


def test_an_empty_one_is_a_feed(feed: Feed) -> None:
    parsed = feed(urlset())
    assert (parsed.format, parsed.entries, parsed.warnings) == ("sitemap", (), ())


def test_entities_depth_and_width_are_what_they_are_for_feeds(feed: Feed, parse: Parse) -> None:
    bomb = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    parsed = feed(urlset(news(1, "<news:title>&a9;</news:title>"), head=f"<!DOCTYPE urlset [{bomb}]>"))
    assert [entry.title for entry in parsed.entries] == ["&a9;"]
    deep = parse(urlset("<a>" * 100_000 + "</a>" * 100_000))
    assert isinstance(deep, ParseFailed)
    assert deep.detail == "elements are nested too deep"


def index(*children: str) -> str:
    return f"<sitemapindex {NAMESPACES}>{''.join(f'<sitemap>{child}</sitemap>' for child in children)}</sitemapindex>"


def test_an_index_names_the_sitemaps_to_take_those_for_news_first(parse: Parse) -> None:
    parsed = parse(
        index(
            page(1, "2026-01-01"),
            page(2, "2026-11-01"),
            f"<loc>{HOST}/{'long/' * 60}news.xml</loc>",
            f"<loc>{HOST}/news-sitemap.xml</loc>",
            "<loc>javascript:news</loc>",
            page(3, "2026-10-01"),
        )
    )
    assert isinstance(parsed, ParseFailed)
    assert parsed.kind is FailureKind.NOT_A_FEED
    assert parsed.detail == (
        f"a sitemap index, not a list of pages: take one of its sitemaps, such as {HOST}/news-sitemap.xml, {HOST}/2, {HOST}/3"
    )
    empty = parse(index())
    assert isinstance(empty, ParseFailed)
    assert empty.detail == "an empty sitemap index"
