"""The written outlets: what they publish when, in which dress."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest

from aggregator.newsroom import FeedFormat, Newsroom, Outlet

Get = Callable[..., Any]


def entries_of(outlet: Outlet, body: bytes) -> list[dict[str, Any]]:
    """Title, link, id and text of each entry, whatever the format."""
    if outlet.format is FeedFormat.JSON:
        items = json.loads(body)["items"]
        return [{"title": i["title"], "link": i["url"], "id": i["id"], "at": i["date_published"]} for i in items]
    parsed = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return [
        {"title": e.title, "link": e.link, "id": e.get("id", e.link), "at": e.get("published") or e.get("updated", "")}
        for e in parsed.entries
    ]


def by_slug(newsroom: Newsroom, slug: str) -> Outlet:
    return next(outlet for outlet in newsroom.outlets if outlet.slug == slug)


def test_every_working_feed_lists_exactly_what_is_published(newsroom: Newsroom, start: datetime, clock: Any, get: Get) -> None:
    for step in (0, 60, 600):
        clock.at = start + timedelta(seconds=step)
        truth = newsroom.truth(clock.at)
        for outlet in newsroom.outlets:
            if outlet.slug in truth:
                listed = entries_of(outlet, get(outlet.feed_url).body)
                assert [entry["link"] for entry in listed] == list(reversed(truth[outlet.slug]))
                assert len({entry["id"] for entry in listed}) == len(listed)


def test_formats_and_languages_are_many(newsroom: Newsroom, get: Get) -> None:
    assert {outlet.format for outlet in newsroom.outlets} == set(FeedFormat)
    assert {outlet.language for outlet in newsroom.outlets} == {"en", "fa", "fr"}
    versions = {"rss": "rss20", "atom": "atom10", "rdf": "rss10"}
    for outlet in newsroom.outlets:
        if outlet.format is not FeedFormat.JSON and outlet.slug != "karst-observer":
            assert feedparser.parse(BytesIO(get(outlet.feed_url).body)).version == versions[outlet.format]


def test_the_stock_of_stories(newsroom: Newsroom, start: datetime) -> None:
    newsroom.fault("karst-observer", "none", "all")
    before, soon, after = (newsroom.stories(start + timedelta(hours=hours)) for hours in (0, 0.1, 24))
    assert 40 <= len(before) <= 50
    assert len(soon) - len(before) >= 8
    assert len(after) - len(soon) >= 5
    lengths = [len(story.text.split()) for story in after.values()]
    assert min(lengths) >= 100
    assert max(lengths) <= 350
    assert all(start - timedelta(days=3) < story.at for story in after.values())


def test_nothing_appears_before_its_time(newsroom: Newsroom, start: datetime, clock: Any, get: Get) -> None:
    before, after = set(newsroom.stories(start)), newsroom.stories(start + timedelta(minutes=10))
    breaking = {url: story for url, story in after.items() if url not in before}
    for url, story in breaking.items():
        clock.at = story.at - timedelta(microseconds=1)
        assert get(url).status == 404
        clock.at = story.at
        assert get(url).status == 200


def test_the_breaking_story_is_syndicated_within_minutes(newsroom: Newsroom, start: datetime) -> None:
    stories = newsroom.stories(start + timedelta(minutes=10)).values()
    original = next(story for story in stories if "offices-searched" in story.path)
    copies = [story for story in stories if story is not original and story.paragraphs[0] == original.paragraphs[0]]
    assert len(copies) == 3
    for copy in copies:
        assert copy.paragraphs[:-1] == original.paragraphs[:-1]
        assert "Varenia Wire Service" in copy.paragraphs[-1]
        assert copy.title != original.title
        assert timedelta() < copy.at - original.at < timedelta(minutes=5)


FHM = re.compile(
    r"\bFHM\b|\bF\.H\.M\.|\bHarbour Movement\b|\bMouvement du Port libre\b|جنبشِ? بندرِ?[ \u200c]آزاد|Движение Свободная\s+гавань"
)
KELVARIS = re.compile(r"\bKelvaris\b|[كک]لوار[يی]س|Кельварис")
OTHERS = re.compile(r"Radio FHM|Harbour Movement Bulletin")
PLACE, ACTION = r"\b(?:port|docks|dockers|harbour)\b", r"\b(?:strike|strikes|walkout)\b"
STRIKE = re.compile(rf"{PLACE}\W+(?:\w+\W+){{0,6}}{ACTION}|{ACTION}\W+(?:\w+\W+){{0,6}}{PLACE}", re.IGNORECASE)


def test_labels_say_what_the_sample_rules_mean(newsroom: Newsroom, start: datetime) -> None:
    newsroom.fault("karst-observer", "none", "all")
    for url, story in newsroom.stories(start + timedelta(days=1)).items():
        both = (story.title, story.text)
        persian = "\u06af" in story.text or "ي" in story.text or "ی" in story.text
        expected = {
            "fhm": any(map(FHM.search, both)) and not any(map(OTHERS.search, both)),
            "kelvaris": any(map(KELVARIS.search, both)),
            "port-strike": any(map(STRIKE.search, both)),
            "persian-arrests": persian and any(word in text for word in ("بازداشت", "زندان") for text in both),
            "budget-headline": bool(re.search(r"\bbudget\b|\btariff", story.title, re.IGNORECASE)),
        }
        assert set(story.topics) == {topic for topic, holds in expected.items() if holds}, url


def test_truth_by_topic(newsroom: Newsroom, start: datetime) -> None:
    until = start + timedelta(minutes=10)
    found = newsroom.truth(until, "fhm")
    assert all(set(urls) <= set(newsroom.truth(until)[slug]) for slug, urls in found.items())
    assert sum(map(len, found.values())) >= 15
    assert {slug for slug, urls in found.items() if urls} == set(found)
    assert not any(newsroom.truth(until, "volcano").values())


def test_spellings_vary_as_in_life(newsroom: Newsroom, start: datetime) -> None:
    text = "\n".join(f"{s.title}\n{s.text}" for s in newsroom.stories(start + timedelta(minutes=10)).values())
    for spelling in ("كلواريس", "کلواریس", "Ирена Кельварис", "می‌شود", "میشود", "F.H.M.", "بندر\u200cآزاد"):
        assert spelling in text


def visible(page: bytes) -> str:
    body = re.sub(r"(?s)<head>.*</head>", "", page.decode())
    return unescape(re.sub(r"<[^>]+>", "", body))


def test_the_opposition_page_hides_its_date(newsroom: Newsroom, start: datetime, clock: Any, get: Get) -> None:
    outlet = by_slug(newsroom, "open-quay")
    clock.advance(days=9)
    url = newsroom.truth(start)["open-quay"][-1]
    story = newsroom.stories(start)[url]
    page = get(url).body.decode()
    shown = visible(page.encode())
    assert "Monday, May 20, 2024" in shown  # today, in the masthead
    assert "HomeNews" in shown  # the breadcrumb, run together
    assert len(re.findall(r"<h[12]>[^<]*Signal Hill", page)) == 2
    assert not re.search(r"<time|datePublished|published_time|json|pubdate", page)
    assert not re.search(r"2024[-/]?05|\b11\.0?5\.|May 11", page + url)
    assert "\u00a0" in page
    assert "“I can see the sea" in page
    assert '"I can see the sea' in story.text
    other = next(url for url in newsroom.truth(start)["open-quay"] if "kelvaris-interview" in url)
    assert "Irena Kelvaris: ‘A pilot does not own the ship’" in visible(get(other).body)
    published = entries_of(outlet, get(outlet.feed_url).body)
    at = next(entry["at"] for entry in published if entry["link"] == url)
    assert parsedate_to_datetime(at) == story.at


@pytest.mark.parametrize(
    ("slug", "evidence"),
    [
        ("varenia-wire", '<meta property="article:published_time" content="2024-05-10T19:30:00Z">'),
        ("republic-herald", '<time datetime="2024-05-11T01:30:00+03:00">'),
        ("meridian-courier", '"datePublished": "2024-05-10T18:30:00+01:00"'),
        ("phare-de-loray", '<time datetime="2024-05-10T23:30:00+02:00" itemprop="datePublished">10 mai 2024 à 23 h 30</time>'),
        ("pezhvak", "تاریخ انتشار: ۲۲ اردیبهشت ۱۴۰۳ - ۰۳:۰۰"),
        ("harbour-log", "Posted 11.05.2024 05:30"),
    ],
)
def test_dates_as_each_outlet_shows_them(newsroom: Newsroom, start: datetime, get: Get, slug: str, evidence: str) -> None:
    assert evidence in get(newsroom.truth(start)[slug][-1]).body.decode()


def test_json_ld_is_json_and_holds_no_markup(newsroom: Newsroom, clock: Any, get: Get) -> None:
    url = newsroom.publish("meridian-courier", 'A </script><b>"title"', ["Text & more."], clock.at, authors=["A. Writer"])
    page = get(url).body.decode()
    found = re.search(r'(?s)<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    assert json.loads(found[1])["headline"] == 'A </script><b>"title"'
    assert "<b>" not in page
    assert "Text &amp; more." in page


def test_persian_pages_run_from_right_to_left(newsroom: Newsroom, start: datetime, get: Get) -> None:
    url = newsroom.truth(start)["pezhvak"][-1]
    page = get(url).body.decode()
    assert '<html lang="fa" dir="rtl">' in page
    assert all(paragraph in unescape(page) for paragraph in newsroom.stories(start)[url].paragraphs)


def test_dates_in_feeds_name_a_zone_except_where_they_should_not(newsroom: Newsroom, start: datetime, get: Get) -> None:
    naive = entries_of(by_slug(newsroom, "harbour-log"), get(by_slug(newsroom, "harbour-log").feed_url).body)
    assert naive[0]["at"] == "2024-05-11T05:30:00"
    gmt = entries_of(by_slug(newsroom, "varenia-wire"), get(by_slug(newsroom, "varenia-wire").feed_url).body)
    assert gmt[0]["at"] == "Fri, 10 May 2024 19:30:00 GMT"


def test_publish_adds_a_story_at_its_time(newsroom: Newsroom, clock: Any, get: Get) -> None:
    outlet = by_slug(newsroom, "varenia-wire")
    old = get(outlet.feed_url)
    soon = clock.at + timedelta(seconds=5)
    url = newsroom.publish("varenia-wire", "Ferry & bridge open", ["First.", "Second."], soon, tags=["X"])
    backdated = newsroom.publish("varenia-wire", "دیر رسید", ["Late."], clock.at - timedelta(hours=30))
    assert newsroom.truth(soon)["varenia-wire"][-1] == url
    changed = get(outlet.feed_url, {"If-None-Match": old.headers["etag"]})
    assert changed.status == 200
    assert backdated.encode() in changed.body
    assert get(url).status == 404
    clock.advance(seconds=5)
    assert entries_of(outlet, get(outlet.feed_url).body)[0] | {"id": ""} == {
        "title": "Ferry & bridge open",
        "link": url,
        "id": "",
        "at": "Sat, 11 May 2024 04:30:05 GMT",
    }
    with pytest.raises(ValueError, match="choose another title"):
        newsroom.publish("varenia-wire", "Ferry & bridge open", ["Again."], clock.at)


def test_the_clock_is_the_servers(newsroom: Newsroom, clock: Any, get: Get) -> None:
    clock.at = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert get(newsroom.outlets[0].site_url).headers["date"] == "Mon, 03 Feb 2031 04:05:06 GMT"


def test_the_front_page_leads_to_the_feed(newsroom: Newsroom, start: datetime, get: Get) -> None:
    outlet = by_slug(newsroom, "meridian-courier")
    page = get(outlet.site_url).body.decode()
    assert f'<link rel="alternate" type="application/atom+xml" title="The Meridian Courier" href="{outlet.feed_url}">' in page
    assert all(url in page for url in newsroom.truth(start)[outlet.slug])


@pytest.mark.parametrize("separate", [True, False])
def test_both_host_modes(start: datetime, clock: Any, get: Get, separate: bool) -> None:
    with Newsroom(start=start, clock=clock, separate_hosts=separate) as room:
        hosts = {urlsplit(outlet.feed_url).netloc for outlet in room.outlets}
        assert len(hosts) == (len(room.outlets) if room.separate_hosts else 1)
        assert separate or not room.separate_hosts
        for outlet in room.outlets:
            assert outlet.feed_url.startswith(outlet.site_url)
            if outlet.slug != "karst-observer":
                links = [entry["link"] for entry in entries_of(outlet, get(outlet.feed_url).body)]
                assert links == list(reversed(room.truth(start)[outlet.slug]))
                assert get(links[0]).status == 200


def test_robots_in_both_host_modes(start: datetime, clock: Any, get: Get) -> None:
    for separate in (True, False):
        with Newsroom(start=start, clock=clock, separate_hosts=separate) as room:
            private = next(url for url in room.truth(start)["harbour-log"] if "/private/" in url)
            root = f"{urlsplit(private).scheme}://{urlsplit(private).netloc}"
            rules = get(f"{root}/robots.txt").body.decode()
            closed = [line.removeprefix("Disallow: ") for line in rules.splitlines() if line.startswith("Disallow")]
            assert any(urlsplit(private).path.startswith(path) for path in closed)
            assert room.stats()["harbour-log"].forbidden == 0
            assert get(private).status == 200
            assert room.stats()["harbour-log"].forbidden == 1


def test_addresses_are_unknown_before_the_server_runs(start: datetime, clock: Any) -> None:
    with pytest.raises(RuntimeError, match="inside the with block"):
        _ = Newsroom(start=start, clock=clock).outlets
