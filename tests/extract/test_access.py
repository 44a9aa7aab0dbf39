from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.extract import EXTRACTOR
from aggregator.model.article import Access, Extraction, TextOrigin

Extract = Callable[..., Extraction]
SUMMARY = "<p>The harbour council of Port Ellery voted to close the ferry terminal.</p>"


def _page(inner: str, *, head: str = "") -> str:
    return (
        f"<html><head><title>Ferry closes</title>{head}</head><body><article><h1>Ferry closes</h1>{inner}</article></body></html>"
    )


def _ld(fields: str) -> str:
    return f'<script type="application/ld+json">{{"@type":"NewsArticle","headline":"Ferry closes",{fields}}}</script>'


@pytest.mark.parametrize(
    "call",
    [
        "Subscribe to continue reading", "Already a subscriber? Log in", "Dieser Artikel ist nur für Abonnenten.",
        "Il vous reste 80 % de cet article à lire. La suite est réservée aux abonnés.", "Contenido exclusivo para suscriptores",
        "Aby czytać dalej, kup dostęp", "Материал доступен только по подписке", "訂閱會員，閱讀全文",
        "この記事は有料会員限定です。残り420文字",
        "구독자 전용 기사입니다", "Bu haber sadece abonelere açıktır, sadece aboneler okuyabilir",
    ],
)  # fmt: skip
def test_a_text_that_ends_in_a_call_to_subscribe_is_a_beginning(extract: Extract, paragraphs: str, call: str) -> None:
    found = extract(_page(f'<div class="text">{paragraphs}</div><div class="offer"><p>{call}</p></div>'))

    assert found.access is Access.PAYWALL
    assert "only the beginning" in found.note
    assert found.text.startswith("The harbour council")


def test_json_ld_says_that_the_rest_is_paid_for(extract: Extract, paragraphs: str) -> None:
    closed = _ld(
        '"isAccessibleForFree":"False","hasPart":{"@type":"WebPageElement","isAccessibleForFree":false,"cssSelector":".rest"}'
    )

    assert extract(_page(paragraphs, head=closed)).access is Access.PAYWALL
    assert extract(_page(f'<div class="rest">{paragraphs}</div>', head=closed)).access is Access.OPEN, "the paid part is there"
    assert extract(_page(paragraphs, head=_ld('"isAccessibleForFree":true'))).access is Access.OPEN


def test_an_article_is_open(extract: Extract, paragraphs: str) -> None:
    footer = "<footer><p>Already a subscriber? Log in.</p></footer>"
    page = _page(paragraphs * 3 + "<p>Readers subscribe to papers to read the news, says a study.</p>").replace(
        "</body>", f"{footer}</body>"
    )
    found = extract(page)

    assert (found.access, found.note) == (Access.OPEN, "")


CONSENT = (
    "<html><head><title>Before you continue</title></head><body><h1>Before you continue</h1><p>We and "
    "our partners use cookies to store "
    "personal data. Do you consent to our partners using cookies, or do you reject all "
    "cookies?</p><p>You may withdraw your consent "
    "at any time in the privacy settings. Our vendors process personal data.</p></body></html>"
)


def test_a_consent_pages_text_is_never_the_articles(extract: Extract) -> None:
    found = extract(CONSENT, title="Ferry closes", summary=SUMMARY)

    assert found.access is Access.CONSENT
    assert found.text == "The harbour council of Port Ellery voted to close the ferry terminal."
    assert (found.text_origin, found.title) == (TextOrigin.FEED, "Ferry closes")
    assert "consent" in found.note
    assert extract(CONSENT).text == ""
    assert extract(CONSENT).text_origin is TextOrigin.NONE


def test_an_article_on_cookies_is_an_article(extract: Extract, paragraphs: str) -> None:
    inner = f"{paragraphs}<p>The council's own site asks for consent before it sets cookies, an inspector of privacy found.</p>"

    assert extract(_page(inner)).access is Access.OPEN


def test_comments_stand_apart(extract: Extract, paragraphs: str) -> None:
    remarks = "".join(
        f"<li><p>Remark {n}: my grandfather built that terminal, and it was never closed for a day.</p></li>" for n in range(4)
    )
    found = extract(_page(f'{paragraphs}<div id="comments"><h3>Comments</h3><ol>{remarks}</ol><a href="#">Reply</a></div>'))

    assert "grandfather" not in found.text
    assert found.comments.startswith("Remark 0: my grandfather")
    assert found.comments.count("\n") == 3


def test_comments_are_bounded(extract: Extract, paragraphs: str) -> None:
    remarks = "".join(f"<p>Remark {n}: {'my grandfather built that terminal ' * 20}.</p>" for n in range(200))
    found = extract(_page(f'{paragraphs}<section class="comments-area">{remarks}</section>'))

    assert 10_000 < len(found.comments) <= 20_000
    assert "Remark" not in found.text


def test_a_short_page_gives_way_to_the_feeds_longer_summary(extract: Extract, paragraphs: str) -> None:
    found = extract(_page("<p>Read the whole story in our application for telephones, from tomorrow on.</p>"), summary=paragraphs)

    assert found.text_origin is TextOrigin.FEED
    assert "shorter" in found.note


def test_every_extraction_says_what_made_it(extract: Extract) -> None:
    assert extract(None, summary="x").extractor == EXTRACTOR >= 3
