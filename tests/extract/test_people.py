from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.model.article import Extraction

Extract = Callable[..., Extraction]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>By Ines Talvik and Omar Reyes</p>", ("Ines Talvik", "Omar Reyes")),
        ("<p>Von Ines Talvik</p>", ("Ines Talvik",)),
        ("<p>Par Inès Talvik et Omar Reyes</p>", ("Inès Talvik", "Omar Reyes")),
        ("<p>Автор: Инна Тальвик</p>", ("Инна Тальвик",)),
        ("<p>نویسنده: مریم رضایی</p>", ("مریم رضایی",)),
        ("<p>記者王小明／台北報導</p>", ("王小明",)),
        ("<p>홍길동 기자</p>", ("홍길동",)),
        ('<p class="info">von <a href="/autoren/name/talvik">Dr. Ines Talvik</a></p>', ("Dr. Ines Talvik",)),
        ('<span class="article__byline">By Ines Talvik</span>', ("Ines Talvik",)),
        ('<meta name="articleAuthor" content="Ines Talvik">', ("Ines Talvik",)),
        ("<p>By the time the council met, Ines Talvik had left the hall.</p>", ()),
        ("<p>By Northern Herald</p>", ()),
        ('<div class="comments"><span class="author">harbour_rat</span></div>', ()),
        ('<div class="related-list"><a href="/author/moor">Egon Moor</a></div>', ()),
    ],
)
def test_authors_that_the_page_shows(extract: Extract, paragraphs: str, markup: str, expected: tuple[str, ...]) -> None:
    page = f"<html><body><article><h1>Ferry terminal closes</h1>{markup}{paragraphs}</article></body></html>"

    assert extract(page).authors == expected


def test_a_byline_is_no_line_of_the_text(extract: Extract, paragraphs: str) -> None:
    page = f"<html><body><article><h1>Ferry terminal closes</h1><p>By Ines Talvik</p>{paragraphs}</article></body></html>"

    assert extract(page).text.startswith("The harbour council")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<script type="application/ld+json">{"@type":"NewsArticle","articleSection":["Harbour","World"]}</script>', "Harbour"),
        ('<meta property="article:section" content="Harbour">', "Harbour"),
        (
            """<script type="application/ld+json">{"@graph":[{"@type":"BreadcrumbList","itemListElement":[{"name":"Home"},
            {"item":{"name":"Harbour"}},{"name":"Ferry terminal closes"}]}]}</script>""", "Harbour",
        ),
        ("", ""),
    ],
)  # fmt: skip
def test_section(extract: Extract, paragraphs: str, head: str, expected: str) -> None:
    page = f"<html><head>{head}</head><body><article><h1>Ferry terminal closes</h1>{paragraphs}</article></body></html>"

    assert extract(page).section == expected


def test_section_by_the_pages_own_breadcrumb(extract: Extract, paragraphs: str) -> None:
    trail = '<nav class="breadcrumb"><a href="/">Home</a> <a href="/harbour">Harbour</a> <span>Ferry terminal closes</span></nav>'

    assert (
        extract(f"<html><body>{trail}<article><h1>Ferry terminal closes</h1>{paragraphs}</article></body></html>").section
        == "Harbour"
    )
