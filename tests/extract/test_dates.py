from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.extract.datewords import find_dates, read_stamp
from aggregator.model.article import DateOrigin, Extraction

Extract = Callable[..., Extraction]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("raw", "zone", "at", "has_time"),
    [
        ("2023-05-13T10:30:00Z", "UTC", utc(2023, 5, 13, 10, 30), True),
        ("2023-05-13T10:30:00+03:30", "UTC", utc(2023, 5, 13, 7), True),
        ("2023-05-13T10:30:00 +0200", "UTC", utc(2023, 5, 13, 8, 30), True),
        ("2023-05-13 10:30", "Asia/Tehran", utc(2023, 5, 13, 7), True),
        ("2023-05-13 10:30", "Europe/Paris", utc(2023, 5, 13, 8, 30), True),
        ("2023-05-13", "Asia/Tehran", utc(2023, 5, 13), False),
        ("2023-05-13T00:00:00+02:00", "UTC", utc(2023, 5, 13), False),
        ("Sat, 13 May 2023 10:30:00 GMT", "Asia/Tehran", utc(2023, 5, 13, 10, 30), True),
        ("Sat May 13 2023 10:30:00 GMT+0200 (CEST)", "UTC", utc(2023, 5, 13, 8, 30), True),
        ("May 13, 2023, 4:05 p.m. EDT", "UTC", utc(2023, 5, 13, 20, 5), True),
        ("1683973800", "UTC", utc(2023, 5, 13, 10, 30), True),
        ("1683973800000", "UTC", utc(2023, 5, 13, 10, 30), True),
        ("20230513T103000Z", "UTC", utc(2023, 5, 13, 10, 30), True),
        ("2023-05-13 10:30", "Mars/Olympus", utc(2023, 5, 13, 10, 30), True),
    ],
)
def test_stamps(raw: str, zone: str, at: datetime, has_time: bool) -> None:
    reading = read_stamp(raw, zone)

    assert reading is not None
    assert (reading.at, reading.has_time) == (at, has_time)


@pytest.mark.parametrize(
    "raw", ["", "soon", "2023-13-40", "31.02.2023", "2023", "May 2023", "0001-01-01T00:00:00+14:00", "1" * 60]
)
def test_what_is_no_date(raw: str) -> None:
    assert read_stamp(raw, "UTC") is None


@pytest.mark.parametrize(
    "text",
    [
        "13.05.2023", "13. 5. 2023", "13/05/2023", "2023/5/13", "13.05.23 | 10:30 Uhr", "05/13/2023", "May 13th, 2023",
        "13 May 2023", "13. Mai 2023", "13 mai 2023", "13 de mayo de 2023", "13 de maio de 2023", "13 maggio 2023",
        "13 mei 2023", "13 maja 2023", "13 мая 2023 г.", "13 травня 2023", "13 Mayıs 2023", "2023. május 13.",
        "13. toukokuuta 2023", "13 Μαΐου 2023",
        "13 مايو 2023", "١٣ مايو ٢٠٢٣", "13 أيار 2023", "۱۳ مه ۲۰۲۳", "۲۳ اردیبهشت ۱۴۰۲", "1402/02/23",
        "23 ارديبهشت 1402", "13 מאי 2023",
        "2023年5月13日", "2023년 5월 13일", "13 मई 2023", "Published: 13-May-2023",
    ],
)  # fmt: skip
def test_written_days(text: str) -> None:
    reading = next(find_dates(text, "UTC"), None)

    assert reading is not None
    assert reading.at.date().isoformat() == "2023-05-13"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2 تير 1399 - 12:09:08 ب.ظ", utc(2020, 6, 22, 7, 39, 8)),
        ("1 فروردین 1403", utc(2024, 3, 20)),
        ("30 اسفند 1399", utc(2021, 3, 20)),
    ],
)
def test_solar_hijri_days(text: str, at: datetime) -> None:
    reading = next(find_dates(text, "Asia/Tehran"))

    assert reading.at.replace(hour=0, minute=0, second=0) == at.replace(hour=0, minute=0, second=0)
    assert reading.at == at or reading.at - at == timedelta(hours=-1)  # daylight saving time in Tehran until 2022


HEAD = "<h1>Ferry terminal closes at noon</h1>"
TEXT = "<p>The harbour council voted on Tuesday evening to close the old ferry terminal, after a long debate.</p>" * 3


def _page(head: str = "", above: str = "", below: str = "", after: str = "") -> str:
    return f"<html><head>{head}</head><body>{above}<div class='content'>{HEAD}{below}{TEXT}</div>{after}</body></html>"


def _ld(stamp: str, kind: str = "NewsArticle") -> str:
    return f'<script type="application/ld+json">{{"@graph":[{{"@type":["{kind}"],"datePublished":"{stamp}"}}]}}</script>'


def _meta(stamp: str) -> str:
    return f'<meta property="article:published_time" content="{stamp}">'


@pytest.mark.parametrize(
    ("page", "at", "origin"),
    [
        (_page(head=_ld("2024-03-10T08:00:00+01:00")), utc(2024, 3, 10, 7), DateOrigin.JSONLD),
        (_page(head=_ld("2024-03-10", "Report") + _meta("2024-03-10T09:15:00Z")), utc(2024, 3, 10, 9, 15), DateOrigin.META),
        (_page(head=_meta("2024-03-10T09:15:00Z")), utc(2024, 3, 10, 9, 15), DateOrigin.META),
        (_page(below="<time datetime='2024-03-10T09:15:00Z'>10 March</time>"), utc(2024, 3, 10, 9, 15), DateOrigin.TIME),
        (_page(below="<div class='meta'>10.03.2024 09:15 | Herald</div>"), utc(2024, 3, 10, 9, 15), DateOrigin.VISIBLE),
        (_page(below="<div>20.03.2024 09:15</div>"), utc(2024, 3, 20, 9, 15), DateOrigin.VISIBLE),
        (_page(above="<div>10 March 2024</div>"), utc(2024, 3, 10), DateOrigin.VISIBLE),
    ],
)  # fmt: skip
def test_page_evidence_without_a_feed_date(extract: Extract, page: str, at: datetime, origin: DateOrigin) -> None:
    found = extract(page).date

    assert (found.at, found.origin) == (at, origin)


def test_the_address_is_evidence(extract: Extract) -> None:
    for url in ("https://a.example/2024/03/10/x", "https://a.example/x-20240310.html", "https://a.example/n/2024/mar/10/x"):
        found = extract(_page(), url=url).date
        assert (found.at, found.origin, found.has_time) == (utc(2024, 3, 10), DateOrigin.URL, False)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (_page(above="<header class='site-header'><span>12 March 2024</span></header>"), "masthead"),
        (_page(above="<div>20 March 2024</div>"), "masthead"),
        (
            _page(after="<article><time datetime='2024-03-12'>12 March</time></article>").replace(
                "<article>", "<article class='teaser'>"
            ),
            "related",
        ),
        (_page(after="<aside><time datetime='2024-03-12'>12 March</time></aside>"), "related"),
        (_page(below="<ul class='related-links'><li>12.03.2024 Other story</li></ul>"), "related"),
        (_page(below="<figure><figcaption>The pier on 12 March 2024</figcaption></figure>"), "caption"),
        (_page(below="<p>© 12 March 2024 Herald</p>"), "copyright"),
        (_page(below="<p>Updated: 12 March 2024</p>"), "modified"),
        (_page(head=_meta("2024-04-30T00:10:00Z")), "future"),
        (_page(head=_meta("1990-01-01T10:00:00Z")), "too old"),
    ],
)
def test_false_dates_are_rejected_with_the_reason(extract: Extract, page: str, reason: str) -> None:
    found = extract(page).date

    assert found.at is None
    assert found.candidates
    assert {item.rejected for item in found.candidates} == {reason}


FEED = utc(2024, 3, 12, 6)
DAY_ONLY = {"has_time": False, "published_at": utc(2024, 3, 12)}


@pytest.mark.parametrize(
    ("page", "fields", "at", "origin"),
    [
        (_page(head=_ld("2024-03-12T06:03:00Z")), {}, FEED, DateOrigin.FEED),
        (_page(head=_ld("2024-03-12T05:58:00Z")), {"zone_assumed": True}, utc(2024, 3, 12, 5, 58), DateOrigin.JSONLD),
        (_page(head=_ld("2024-03-12T05:58:00Z")), DAY_ONLY, utc(2024, 3, 12, 5, 58), DateOrigin.JSONLD),
        (_page(head=_ld("2024-03-01T06:00:00Z")), {}, utc(2024, 3, 1, 6), DateOrigin.JSONLD),
        (_page(head=_ld("2024-03-18T06:00:00Z")), {}, FEED, DateOrigin.FEED),
        (_page(below="<time datetime='2024-03-01T06:00:00Z'>1 March</time>"), {}, FEED, DateOrigin.FEED),
        (_page(below="<p>1 March 2024</p>"), {}, FEED, DateOrigin.FEED),
        (_page(below="<p>12 March 2024 07:20</p>"), DAY_ONLY, utc(2024, 3, 12, 7, 20), DateOrigin.VISIBLE),
        (_page(), {"url": "https://a.example/2024/03/01/x"}, FEED, DateOrigin.FEED),
        (_page(), {"url": "https://a.example/2024/03/01/", "published_at": utc(2024, 3, 20, 9)}, utc(2024, 3, 1), DateOrigin.URL),
        (_page(), {"published_at": None, "updated_at": FEED, "has_time": True}, FEED, DateOrigin.FEED),
        (_page(head=_meta("2024-03-10T09:00:00Z")), {"published_at": utc(2025, 1, 1)}, utc(2024, 3, 10, 9), DateOrigin.META),
    ],
)  # fmt: skip
def test_feed_and_page(extract: Extract, page: str, fields: dict[str, object], at: datetime, origin: DateOrigin) -> None:
    found = extract(page, **{"published_at": FEED, **fields}).date

    assert (found.at, found.origin) == (at, origin)
    assert any(item.origin is DateOrigin.FEED for item in found.candidates)


def test_a_date_in_a_sentence_is_not_the_articles(extract: Extract) -> None:
    assert extract(_page(below="<p>The quay was built on 7 May 2023.</p>")).date.at is None


def test_an_articles_own_footer_may_hold_its_date(extract: Extract) -> None:
    footer = "<div class='footer'><time datetime='2024-03-12'>12 March</time></div>"
    page = f"<html><body><article>{HEAD}{TEXT}{footer}</article></body></html>"

    assert extract(page).date.at == utc(2024, 3, 12)


def test_without_a_page_the_feed_decides(extract: Extract) -> None:
    assert extract(None, published_at=FEED).date.at == FEED
    assert extract(None).date.at is None


def test_naive_page_dates_are_in_the_sources_zone(extract: Extract) -> None:
    assert extract(_page(head=_ld("2024-03-10T12:00:00")), timezone="Asia/Tehran").date.at == utc(2024, 3, 10, 8, 30)


def test_the_article_s_own_json_ld_counts_not_a_neighbours(extract: Extract) -> None:
    node = '{"@type":"NewsArticle","headline":"Other","datePublished":"2024-01-01T01:00:00Z"}'
    other = f'<script type="application/ld+json">{node}</script>'
    own = other.replace("Other", "Ferry terminal closes at noon").replace("2024-01-01", "2024-03-10")

    assert extract(_page(head=other + own)).date.at == utc(2024, 3, 10, 1)


def test_broken_json_ld_still_yields_its_date(extract: Extract) -> None:
    broken = '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2024-03-10T09:00:00Z",,}</script>'

    assert extract(_page(head=broken)).date.at == utc(2024, 3, 10, 9)


def test_modified_at(extract: Extract) -> None:
    page = _page(head=_meta("2024-03-10T09:00:00Z") + '<meta property="article:modified_time" content="2024-03-11T09:00:00Z">')

    assert extract(page).modified_at == utc(2024, 3, 11, 9)
    assert extract(None, updated_at=FEED).modified_at == FEED
    assert extract(None, updated_at=utc(2030, 1, 1)).modified_at is None
