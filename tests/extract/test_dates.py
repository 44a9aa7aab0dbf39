from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.extract.calendars import islamic, solar_hijri
from aggregator.extract.dates import stated_day
from aggregator.extract.datewords import find_dates, read_stamp
from aggregator.extract.relative import find_relative
from aggregator.model.article import DateDecision, DateOrigin, Extraction

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
        "2023年5月13日(土)", "令和5年5月13日", "民國112年5月13日", "13 במאי 2023", "2023 m. gegužės 13 d.",
        "2023. gada 13. maijā", "Σάββατο, 13 Μαΐου 2023", "13 Μάιος 2023", "ngày 13 tháng 5 năm 2023", "13. svibnja 2023.",
        "13 мая 2023", "13 de maig de 2023",
        "23 شوال 1444", "٢٣ شوّال ١٤٤٤ هـ", "1444/10/23", "۲۳ شوال ۱۴۴۴", "شنبه ۲۳ اردیبهشت ۱۴۰۲", "١٣ أيّار ٢٠٢٣",
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


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2023年5月13日 下午3:05", utc(2023, 5, 13, 15, 5)),
        ("2023年5月13日10時30分", utc(2023, 5, 13, 10, 30)),
        ("2023년 5월 13일 오후 3:05", utc(2023, 5, 13, 15, 5)),
        ("13 مايو 2023 - 3:05 مساءً", utc(2023, 5, 13, 15, 5)),
        ("13 Μαΐου 2023, 3:05 μ.μ.", utc(2023, 5, 13, 15, 5)),
        ("13 במאי 2023, 10:30", utc(2023, 5, 13, 10, 30)),
        ("13/05/2023 14h30", utc(2023, 5, 13, 14, 30)),
        ("May 13, 2023, 4:05 p.m. ET", utc(2023, 5, 13, 20, 5)),
        ("January 13, 2023, 4:05 p.m. ET", utc(2023, 1, 13, 21, 5)),
    ],
)
def test_times_of_day(text: str, at: datetime) -> None:
    assert next(find_dates(text, "UTC")).at == at


def test_a_day_and_month_that_may_be_swapped() -> None:
    def days(text: str, zone: str) -> list[str]:
        return [reading.at.date().isoformat() for reading in find_dates(text, zone)]

    assert days("3/4/2023", "Europe/London") == ["2023-04-03", "2023-03-04"]
    assert days("3/4/2023", "America/Chicago") == ["2023-03-04", "2023-04-03"]
    assert days("3.4.2023", "America/Chicago") == ["2023-04-03"]
    assert days("4/4/2023", "UTC") == ["2023-04-04"]
    assert days("3/14/2023", "UTC") == ["2023-03-14"]


def test_midnight_of_the_sources_zone_is_a_day() -> None:
    day = read_stamp("2023-05-12T22:00:00Z", "Europe/Berlin")
    evening = read_stamp("2023-05-12T22:00:00Z", "Europe/London")

    assert day is not None
    assert evening is not None
    assert (day.at, day.has_time) == (utc(2023, 5, 13), False)
    assert (evening.at, evening.has_time) == (utc(2023, 5, 12, 22), True)


HEAD = "<h1>Ferry terminal closes at noon</h1>"
TEXT = "<p>The harbour council voted on Tuesday evening to close the old ferry terminal, after a long debate.</p>" * 3

LONG = "<p>And so it went on and on.</p>" * 100


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


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (_page(after="<div class='comments'><div class='c'><span>Ann, 12 March 2024</span></div></div>"), "related"),
        (_page(after="<a href='/b'><h3>Another story of the day</h3><span>12 March 2024</span></a>"), "related"),
        (_page(head='<meta property="article:modified_time" content="2024-03-12T09:00:00Z">'), "modified"),
        (_page(head='<meta itemprop="dateModified" content="2024-03-12">'), "modified"),
        (_page(after=LONG + "<div><p>12.03.2024</p></div><div><p>11.03.2024</p></div>"), "several"),
        (_page(above="<nav><span>Tuesday 12 March 2024</span></nav>"), "masthead"),
        (_page(above="<div>چهارشنبه ۱ فروردین ۱۴۰۳</div>"), "masthead"),
    ],
)
def test_more_false_dates(extract: Extract, page: str, reason: str) -> None:
    found = extract(page).date

    assert found.at is None
    assert {item.rejected for item in found.candidates} == {reason}
    assert {item.weight for item in found.candidates} == {0.0}


def test_agreement_of_independent_kinds_adds_weight(extract: Extract) -> None:
    page = _page(head=_ld("2024-03-10T08:00:00Z") + _meta("2024-03-10T08:00:00Z"))
    alone = extract(page).date
    backed = extract(page, url="https://a.example/2024/03/10/x").date

    assert 0.7 < alone.candidates[0].weight < 0.85
    assert 0.9 < backed.candidates[0].weight < 1
    assert not {item.rejected for item in backed.candidates} - {""}


def test_the_address_and_the_text_together_outweigh_the_feed(extract: Extract) -> None:
    page = _page(below="<time class='published' datetime='2024-03-01T06:00:00Z'>1 March</time>")
    found = extract(page, url="https://a.example/2024/03/01/x", published_at=FEED).date

    assert (found.at, found.origin) == (utc(2024, 3, 1, 6), DateOrigin.TIME)
    assert [item.rejected for item in found.candidates if item.origin is DateOrigin.FEED] == ["outweighed"]
    assert found.candidates[0].weight == max(item.weight for item in found.candidates)


def test_an_ambiguous_day_is_settled_by_other_evidence(extract: Extract) -> None:
    found = extract(_page(below="<p>03/04/2023</p>"), url="https://a.example/2023/03/04/x").date

    assert found.at == utc(2023, 3, 4)
    assert [item.at for item in found.candidates if item.rejected == "outweighed"] == [utc(2023, 4, 3)]
    assert extract(_page(below="<p>03/04/2023</p>")).date.at == utc(2023, 4, 3)


LOCAL = "<time datetime='2024-03-11T00:00:30+01:00'></time>"


@pytest.mark.parametrize(
    ("page", "fields", "zone", "day"),
    [
        (_page(head=_ld("2024-03-10T02:00:00+03:30")), {}, "+03:30", "2024-03-10"),
        (_page(head=_ld("2024-03-10T20:00:00-0500")), {}, "-05:00", "2024-03-10"),
        (_page(head=_ld("2024-03-10T20:00:00Z")), {}, "+00:00", "2024-03-10"),
        (_page(head=_ld("2024-03-10T20:00:00")), {}, "", "2024-03-10"),
        (_page(head=_ld("2024-03-10")), {}, "", "2024-03-10"),
        (
            _page(head=_ld("2024-03-10T23:00:00Z"), below=LOCAL),
            {},
            "+01:00",
            "2024-03-11",
        ),
        (_page(head=_ld("2024-03-10T23:00:00Z")), {"url": "https://a.example/2024/03/11/x"}, "+00:00", "2024-03-11"),
        (_page(head=_ld("2024-03-10"), below=LOCAL), {}, "", "2024-03-10"),
        (
            None,
            {"published_at": utc(2024, 3, 10, 22, 30), "published_raw": "Mon, 11 Mar 2024 02:00:00 +0330"},
            "+03:30",
            "2024-03-11",
        ),
        (None, {"published_at": FEED, "published_raw": "2024-03-12 06:00", "zone_assumed": True}, "", "2024-03-12"),
    ],
)
def test_zones_are_kept(extract: Extract, page: str | None, fields: dict[str, object], zone: str, day: str) -> None:
    found = extract(page, **fields).date
    stated = stated_day(found)

    assert found.zone == zone
    assert stated is not None
    assert stated.isoformat() == day


def test_no_date_has_no_day() -> None:
    assert stated_day(DateDecision()) is None
    assert stated_day(DateDecision(FEED, has_time=True)) == FEED.date()


def test_a_change_before_the_publication_is_none(extract: Extract) -> None:
    modified = '<meta property="article:modified_time" content="2024-03-09T09:00:00Z">'

    assert extract(_page(head=_meta("2024-03-10T09:00:00Z") + modified)).modified_at is None
    assert extract(_page(head=modified)).modified_at == utc(2024, 3, 9, 9)
    assert extract(_page(below="<p>Updated: 12 March 2024</p>")).modified_at == utc(2024, 3, 12)


@pytest.mark.parametrize(
    "line",
    [
        "<p>Published 10 March 2024, updated 12 March 2024</p>",
        "<p>Updated 12 March 2024 | Published 10 March 2024</p>",
        "<p><b>Updated:</b> 12 March 2024<br><b>Published:</b> 10 March 2024</p>",
        "<p><span>Zuletzt aktualisiert:</span> <span>12.03.2024</span> <span>Erschienen:</span> <span>10.03.2024</span></p>",
        "<p>2024年3月10日 公開 2024年3月12日更新</p>",
        "<p>입력 2024.03.10 09:00 | 수정 2024.03.12 10:00</p>",
        "<p>10 مارس 2024 - آخر تحديث: 12 مارس 2024</p>",
    ],
)
def test_two_dates_in_one_line(extract: Extract, line: str) -> None:
    found = extract(_page(below=line))

    assert found.date.at is not None
    assert found.date.at.date().isoformat() == "2024-03-10"
    assert found.modified_at is not None
    assert found.modified_at.date().isoformat() == "2024-03-12"


def test_a_date_cut_up_by_its_layout(extract: Extract) -> None:
    badge = "<div class='post-date'><b>12</b> <span>March</span> <i>2024</i></div>"

    assert extract(_page(below=badge)).date.at == utc(2024, 3, 12)


def test_the_only_day_far_below_counts_faintly(extract: Extract) -> None:
    found = extract(_page(after=LONG + "<div><p>12.03.2024</p></div>")).date

    assert found.at == utc(2024, 3, 12)
    assert found.candidates[0].weight < 0.3


SEEN = utc(2024, 3, 20, 9, 30)


TOLD = {
    SEEN - timedelta(hours=3): (
        "3 hours ago", "3h ago", "il y a 3 heures", "vor 3 Stunden", "hace 3 horas", "há 3 horas", "3 ore fa", "3 uur geleden",
        "3 timmar sedan", "3 timer siden", "3 tuntia sitten", "3 godziny temu", "před 3 hodinami", "3 órája", "acum 3 ore",
        "3 saat önce", "3 jam yang lalu", "3 часа назад", "3 години тому", "преди 3 часа", "πριν από 3 ώρες", "לפני 3 שעות",
        "منذ 3 ساعات", "۳ ساعت پیش", "3 گھنٹے پہلے", "3 घंटे पहले", "3小时前", "3 小時前", "3時間前", "3시간 전",
    ),
    SEEN - timedelta(hours=2): ("منذ ساعتين", "לפני שעתיים"),
    SEEN - timedelta(hours=1): ("an hour ago", "vor einer Stunde", "il y a une heure", "un'ora fa", "قبل ساعة"),
    SEEN - timedelta(minutes=5): ("5 min ago", "vor 5 Minuten", "۵ دقیقه پیش", "5 минут назад", "5分前", "5분 전"),
    utc(2024, 3, 18): ("2 days ago", "vor 2 Tagen", "2天前", "2일 전", "قبل يومين", "2 gün önce", "2 дня назад"),
    utc(2024, 3, 19): (
        "yesterday", "gestern", "hier", "dün", "دیروز", "أمس", "昨天", "어제", "wczoraj", "вчера", "χθες", "אתמול",
    ),
    utc(2024, 3, 19, 14, 30): ("Gestern, 14:30", "yesterday at 14:30", "昨天 14:30", "dün 14:30", "вчера в 14:30"),
}  # fmt: skip


@pytest.mark.parametrize(("at", "text"), [(at, text) for at, texts in TOLD.items() for text in texts])
def test_dates_told_from_now(text: str, at: datetime) -> None:
    reading = next(find_relative(text, "UTC", SEEN), None)

    assert reading is not None
    assert reading.at == at
    assert text[reading.start : reading.end] == text


@pytest.mark.parametrize("text", ["today's weather", "vor allem", "for 3 hours", "hier spricht er", "", "5 hours"])
def test_what_is_not_told_from_now(text: str) -> None:
    assert not list(find_relative(text, "UTC", SEEN))


def test_today_is_where_the_outlet_is() -> None:
    late = utc(2024, 3, 20, 22)

    assert next(find_relative("امروز", "Asia/Tehran", late)).at == utc(2024, 3, 21)
    assert next(find_relative("today 01:00", "Asia/Tehran", late)).at == utc(2024, 3, 20, 21, 30)


def test_a_relative_date_decides_when_there_is_no_other(extract: Extract) -> None:
    byline = "<div class='byline'>By Ann Lee · 3 hours ago</div>"

    found = extract(_page(below=byline)).date
    assert (found.at, found.origin, found.has_time) == (utc(2024, 3, 20, 6, 30), DateOrigin.VISIBLE, True)
    assert extract(_page(below=byline), published_at=FEED).date.at == FEED
    assert extract(_page(below="<time>yesterday</time>")).date.at == utc(2024, 3, 19)
    assert extract(_page(below="<div><a href='/today'>Today</a> <a href='/hier'>Hier</a></div>")).date.at is None
    assert extract(_page(after="<div class='comments'><p>Bob, 2 hours ago</p></div>")).date.at is None


@pytest.mark.parametrize(
    ("day", "solar", "lunar"),
    [
        # Computed with jdatetime 6.1 and hijridate 2.6.
        ("1979-11-20", (1358, 8, 29), (1400, 1, 1)),
        ("1990-04-26", (1369, 2, 6), (1410, 10, 1)),
        ("2000-01-08", (1378, 10, 18), (1420, 10, 1)),
        ("2011-08-01", (1390, 5, 10), (1432, 9, 1)),
        ("2020-07-31", (1399, 5, 10), (1441, 12, 10)),
        ("2021-03-20", (1399, 12, 30), (1442, 8, 7)),
        ("2023-03-23", (1402, 1, 3), (1444, 9, 1)),
        ("2024-03-11", (1402, 12, 21), (1445, 9, 1)),
        ("2024-07-07", (1403, 4, 17), (1446, 1, 1)),
        ("2026-02-18", (1404, 11, 29), (1447, 9, 1)),
        ("2030-12-26", (1409, 10, 5), (1452, 9, 1)),
        ("2050-01-01", (1428, 10, 12), (1472, 4, 7)),
        ("2077-11-16", (1456, 8, 26), (1500, 12, 30)),
    ],
)
def test_known_days_of_other_calendars(day: str, solar: tuple[int, int, int], lunar: tuple[int, int, int]) -> None:
    assert str(solar_hijri(*solar)) == day
    assert str(islamic(*lunar)) == day


@pytest.mark.parametrize(("calendar", "years"), [(solar_hijri, range(1300, 1500)), (islamic, range(1400, 1501))])
def test_every_day_has_one_date_in_a_calendar(calendar: Callable[[int, int, int], date | None], years: range) -> None:
    days = [calendar(year, month, day) for year in years for month in range(1, 13) for day in range(1, 32)]
    real = [day for day in days if day is not None]

    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(real))
    assert calendar(years[0] - 1, 1, 1) is calendar(years[-1] + 1, 1, 1) is None
    assert [calendar(years[5], *wrong) for wrong in ((0, 1), (13, 1), (1, 0), (1, 32))] == [None] * 4


_DATE_WORDS = (
    "13", "05", "2023", "1402", "1445", "۱۴۰۲", "/", "-", ".", " ", ", ", "May", "Mai", "مايو", "تیر", "رمضان", "ذو الحجة",
    "年", "月", "日", "令和", "元", "10:30", "25:61", "PM", "下午", "+03:30", "-99", "GMT", "ET", "ago", "vor", "há", "gestern",
    "پیش", "前", "ساعت", "時間", "hours", "T", "9999", "0", "00", "99", "²", "٣", "১", "\u200f", "\ud800", "İ", "ß",
)  # fmt: skip
_WORDS = st.sampled_from(_DATE_WORDS)
_WRITTEN = st.one_of(st.text(max_size=60), st.lists(_WORDS, max_size=12).map("".join))
_TAGS = st.sampled_from(["<time>", "</time>", "<p>", "</p>", "<h1>", "<a href=x>", "<footer>"])


@settings(max_examples=300, deadline=None)
@given(_WRITTEN, st.sampled_from(["UTC", "Asia/Tehran", "America/Chicago", "?"]))
def test_reading_never_fails_and_offsets_are_true(text: str, zone: str) -> None:
    read_stamp(text, zone)
    for reading in [*find_dates(text, zone), *find_relative(text, zone, SEEN)]:
        assert 0 <= reading.start < reading.end <= len(text)
        assert reading.at.utcoffset() == timedelta()
        assert reading.has_time or reading.at.time() == time()
        assert re.fullmatch(r"(?:[+-]\d\d:\d\d)?", reading.zone)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(_WORDS, _TAGS), max_size=30))
def test_deciding_never_fails(extract: Extract, parts: list[str]) -> None:
    text = "".join(parts)
    found = extract(f"<html><body>{HEAD}{text}</body></html>".encode("utf-8", "replace"), published_raw=text).date

    assert all(0 <= item.weight <= 1 for item in found.candidates)
    assert (found.at is None) == (found.origin is None)
    assert found.at is None or found.at <= SEEN + timedelta(days=1)
    assert found.at is None or not found.candidates[0].rejected
