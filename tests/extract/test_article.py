from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from aggregator.model.article import Extraction, TextOrigin

Extract = Callable[..., Extraction]


def test_without_a_page_the_feeds_content_stands_in_and_the_reason_is_kept(extract: Extract) -> None:
    found = extract(
        None, title="Ferry terminal closes", content="<p>First &amp; last.</p><script>x()</script><p>Second<br>line</p>",
        summary="short", note="page answered 403",
    )  # fmt: skip

    assert found.text == "First & last.\nSecond\nline"
    assert (found.text_origin, found.note, found.title) == (TextOrigin.FEED, "page answered 403", "Ferry terminal closes")


def test_without_content_the_summary_stands_in(extract: Extract) -> None:
    assert extract(None, summary="Plain words, no mark-up.").text == "Plain words, no mark-up."


def test_without_any_text_there_is_none(extract: Extract) -> None:
    found = extract(None, title="Only a title", note="page timed out")

    assert (found.text, found.text_origin, found.note) == ("", TextOrigin.NONE, "page timed out")


def test_the_syndication_line_of_a_feed_is_dropped(extract: Extract) -> None:
    content = (
        '<p>News of the day.</p><p>The post <a href="/a">Ferry closes</a> appeared first on <a href="/">Northern Herald</a>.</p>'
    )

    assert extract(None, content=content).text == "News of the day."


def test_a_page_much_shorter_than_the_feed_gives_way(extract: Extract, paragraphs: str) -> None:
    found = extract("<html><body><article><h1>T</h1><p>Subscribe to read on.</p></article></body></html>", content=paragraphs)

    assert found.text.startswith("The harbour council")
    assert found.text_origin is TextOrigin.FEED
    assert "shorter" in found.note


def test_a_page_longer_than_the_summary_wins(extract: Extract, paragraphs: str) -> None:
    found = extract(f"<html><body><article><h1>T</h1>{paragraphs}</article></body></html>", summary="<p>The harbour council.</p>")

    assert found.text_origin is TextOrigin.PAGE
    assert found.text.count("\n") == 4


@pytest.mark.parametrize(
    ("content_type", "body"), [("application/pdf", b"%PDF-1.7 x"), ("image/png", b"\x89PNG"), ("", b"%PDF-1.4")]
)
def test_what_is_not_html_leaves_the_feeds_text(extract: Extract, content_type: str, body: bytes) -> None:
    found = extract(body, content_type=content_type, summary="From the feed.")

    assert (found.text, found.text_origin) == ("From the feed.", TextOrigin.FEED)
    assert "not HTML" in found.note


STRANGE_LD = (
    b'<html><script type="application/ld+json">{"@type":"NewsArticle","datePublished":{"a":1},"headline":["x"],'
    b'"author":[[[{"name":5}]]],"keywords":{"a":1},"image":[[]],"publisher":"x"}</script><body><p>a</p></body></html>'
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 500,
        bytes(range(256)) * 40,
        b"<div>" * 20_000,
        b"<a " * 20_000,
        b"\xff\xfe<\x00h\x00",
        b'<?xml version="1.0" encoding="nonsense"?><html/>',
        b'<script type="application/ld+json">' + b"[" * 20_000 + b"</script><p>x",
        STRANGE_LD,
        b'<meta name="date" content="9999-12-31T23:59:59-14:00"><meta name="pubdate" content="0001-01-01T00:00:00+14:00">b',
        b'<html><head><link rel="canonical" href="http://[bad"><base href="http://[::1"></head><time datetime="99">x</time>',
    ],
    ids=range(11),
)
@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=bogus", "text/html; charset=utf-16"])
def test_no_bytes_raise(extract: Extract, body: bytes, content_type: str) -> None:
    found = extract(body, content_type=content_type, summary="The feed's own words.", timezone="No/Such")

    assert found.text
    assert found.text_origin is TextOrigin.PAGE or (found.text == "The feed's own words." and found.note)


@pytest.mark.parametrize(
    ("encoding", "content_type", "head"),
    [
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("windows-1251", "text/html", '<meta charset="windows-1251">'),
        ("windows-1251", "text/html; charset=windows-1251", ""),
        ("utf-16", "text/html", ""),
        ("windows-1251", "text/html; charset=utf-8", ""),
    ],
    ids=["header lies", "meta", "header", "byte order mark", "declared UTF-8, is not"],
)
def test_the_right_charset_is_found(extract: Extract, encoding: str, content_type: str, head: str) -> None:
    text = "Совет порта проголосовал за закрытие старого причала после трёхчасового обсуждения на вечернем заседании."
    page = f"<html><head>{head}<title>Порт закрывает причал</title></head><body><p>{text}</p><p>{text} Ещё раз.</p></body></html>"

    found = extract(page.encode(encoding), content_type=content_type)

    assert found.title == "Порт закрывает причал"
    assert "трёхчасового обсуждения" in found.text
    assert found.language == "ru"


def test_c0_characters_and_nbsp_do_not_survive(extract: Extract, paragraphs: str) -> None:
    found = extract(
        f"<html><body><article><h1>A\x0bB&#7;&nbsp;C</h1>{paragraphs}<p>end\x01&nbsp;of it</p></article></body></html>"
    )

    assert not any(ord(char) < 32 and char != "\n" for char in found.title + found.text)
    assert "\xa0" not in found.title + found.text


def test_results_travel_between_processes(extract: Extract, paragraphs: str) -> None:
    found = extract(f"<html><body><h1>Ferry terminal closes</h1>{paragraphs}</body></html>")

    assert pickle.loads(pickle.dumps(found)) == found


def test_canonical_address(extract: Extract) -> None:
    def canonical(head: str, url: str = "https://m.herald.example/news/item-7?utm_source=x") -> str | None:
        return extract(f"<html><head>{head}</head><body><p>x</p></body></html>", url=url).canonical_url

    assert (
        canonical('<link rel="canonical" href="https://www.herald.example/news/item-7">')
        == "https://www.herald.example/news/item-7"
    )
    assert canonical('<link rel="canonical" href="/news/item-7">') == "https://m.herald.example/news/item-7"
    assert (
        canonical('<meta property="og:url" content="https://herald.example/news/item-7">') == "https://herald.example/news/item-7"
    )
    assert canonical('<link rel="canonical" href="https://herald.example/">') is None
    assert canonical('<link rel="canonical" href="https://other.example/news/item-7">') is None
    assert canonical('<link rel="canonical" href="javascript:alert(1)">') is None
    assert canonical('<link rel="canonical" href="http://localhost/">', "http://localhost/") == "http://localhost/"
    amp = "https://herald-example.cdn.ampproject.org/c/s/herald.example/a"
    assert canonical('<link rel="canonical" href="https://herald.example/a">', amp) == "https://herald.example/a"


@pytest.mark.parametrize(
    ("url", "declared", "expected"),
    [
        ("/harbour/2024/item-7", "/harbour/2024/item-7?utm_source=feed&id=4#top", "/harbour/2024/item-7?id=4"),
        ("/harbour/ferry-terminal-closes/amp/", "/harbour/ferry-terminal-closes/", "/harbour/ferry-terminal-closes/"),
        ("/harbour/ferry-terminal-closes/2", "/harbour/ferry-terminal-closes", "/harbour/ferry-terminal-closes"),
        ("/harbour/ferry-terminal-closes", "/harbour/", None),
        ("/harbour/ferry-terminal-closes", "/harbour/mayor-opens-school-garden", None),
        ("/harbour/ferry-terminal-closes-991827", "/news/991827/the-old-pier-shuts", "/news/991827/the-old-pier-shuts"),
        ("/node/991827/print", "/harbour/ferry-terminal-closes", "/harbour/ferry-terminal-closes"),
        ("/a/old-words-for-this-text", "/harbour/ferry-terminal-closes", "/harbour/ferry-terminal-closes"),
        ("/index.php?id=7", "/index.php?id=7&print=1", "/index.php?id=7"),
    ],
)
def test_a_canonical_address_that_cannot_be_true_is_not_believed(
    extract: Extract, url: str, declared: str, expected: str | None
) -> None:
    site = "https://herald.example"
    head = f'<link rel="canonical" href="{site}{declared}">'
    page = f"<html><head>{head}</head><body><h1>Ferry terminal closes</h1><p>x</p></body></html>"

    assert extract(page, url=f"{site}{url}").canonical_url == (f"{site}{expected}" if expected else None)


def test_when_rel_canonical_lies_the_next_witness_is_asked(extract: Extract) -> None:
    head = (
        '<link rel="canonical" href="https://herald.example/"><script type="application/ld+json">{"@type":"NewsArticle",'
        '"mainEntityOfPage":{"@id":"https://herald.example/harbour/ferry-terminal-closes"}}</script>'
    )
    page = f"<html><head>{head}</head><body><h1>Ferry terminal closes</h1><p>x</p></body></html>"

    found = extract(page, url="https://m.herald.example/harbour/ferry-terminal-closes?print=1")
    assert found.canonical_url == "https://herald.example/harbour/ferry-terminal-closes"


def test_site_name_picture_and_tags(extract: Extract) -> None:
    head = (
        '<meta property="og:site_name" content="The Northern Herald"><meta property="og:image" content="/i/ferry.jpg">'
        '<meta property="article:tag" content="Harbour"><meta name="keywords" content="ferry, harbour, Ellery">'
    )
    found = extract(f"<html><head>{head}</head><body><p>x</p></body></html>", tags=("Transport", "FERRY"))

    assert found.site_name == "The Northern Herald"
    assert found.image_url == "https://herald.example/i/ferry.jpg"
    assert found.tags == ("Harbour", "ferry", "Ellery", "Transport")


def test_at_most_thirty_tags(extract: Extract) -> None:
    assert len(extract(None, tags=tuple(f"tag {number}" for number in range(50))).tags) == 30


def test_the_feeds_picture_must_be_http(extract: Extract) -> None:
    assert extract(None, image_url="data:image/png;base64,AA").image_url is None
    assert extract(None, image_url="https://img.example/1.png").image_url == "https://img.example/1.png"


def _ld(author: str) -> str:
    return f'<script type="application/ld+json">{{"@type":"NewsArticle","author":{author}}}</script>'


@pytest.mark.parametrize(
    ("head", "feed", "expected"),
    [
        (_ld('[{"name":"Ines Talvik"},{"name":"E. Moor"}]'), (), ("Ines Talvik", "E. Moor")),
        (_ld('"Ines Talvik"'), ("Omar Reyes",), ("Ines Talvik",)),
        ('<meta name="author" content="By Ines Talvik and Omar Reyes, Jo Lind">', (), ("Ines Talvik", "Omar Reyes", "Jo Lind")),
        ('<meta name="author" content="https://herald.example/people/ines">', ("Ines Talvik",), ("Ines Talvik",)),
        ('<meta name="author" content="Northern Herald staff">', ("admin", "Ines Talvik", "ines talvik"), ("Ines Talvik",)),
        (_ld('{"@type":"Organization","name":"Northern Herald"}'), (), ()),
        (_ld('{"@type":"Organization","name":"Coastal Wire"}'), (), ("Coastal Wire",)),
        ("", ("Juan de la Cruz",), ("Juan de la Cruz",)),
    ],
)
def test_authors(extract: Extract, head: str, feed: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert extract(f"<html><head>{head}</head><body><p>x</p></body></html>", authors=feed).authors == expected


def test_joiners_of_persian_words_survive(extract: Extract) -> None:
    words = "رأی‌گیری در بندر‌آزاد آغاز شد و مردم می‌روند"
    paragraphs = "".join(f"<p>{n}: {words} {n}. {words}.{chr(1)}</p>" for n in range(6))
    page = f"<html><body><article><h1>رأی‌گیری</h1>{paragraphs}</article></body></html>"

    text = extract(page, title="رأی‌گیری").text

    assert text.count(words) == 12
    assert not any(0x10600 <= ord(char) <= 0x1077F for char in text), "no stand-in is left"
