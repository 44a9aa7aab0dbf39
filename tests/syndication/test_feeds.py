"""Feeds of a rule, read back by feedparser, by our own parser, and by the standard library's strict ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from aggregator.model.delivery import MatchedArticle
from aggregator.model.feed import ParsedFeed
from aggregator.model.syndication import FeedFormat, FoundArticle, RuleFeed, TagAuthority, WrittenFeed
from aggregator.parse import parse_feed
from aggregator.syndication import write_feed

Make = Callable[..., MatchedArticle]
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
AUTHORITY = TagAuthority("monitor.example.org", date(2026, 11, 1), "k3v9")
NS = {"a": "http://www.w3.org/2005/Atom"}
XML = (FeedFormat.ATOM, FeedFormat.RSS)
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}-\d\d-\d\d:[\w/]+", re.ASCII)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def feed_of(*matches: MatchedArticle, **values: Any) -> RuleFeed:
    items = tuple(FoundArticle(match, match.matched_at) for match in matches)
    updated = max((item.updated_at for item in items), default=NOW)
    given: dict[str, Any] = {"name": "Harbour tunnel", "instance": "Press desk", **values}
    return RuleFeed(AUTHORITY, 7, "tunnel", updated_at=updated, items=items, **given)


def written(form: FeedFormat, *matches: MatchedArticle, **values: Any) -> WrittenFeed:
    return write_feed(feed_of(*matches, **values), form)


def theirs(document: WrittenFeed) -> Any:
    return feedparser.parse(BytesIO(document.body), response_headers={"content-type": document.media_type})


def ours(document: WrittenFeed) -> ParsedFeed:
    parsed = parse_feed(
        document.body, url="https://monitor.example.org/feed", content_type=document.media_type, timezone="UTC",
        max_entries=100, now=NOW,
    )  # fmt: skip
    assert isinstance(parsed, ParsedFeed)
    return parsed


PERSIAN = "تونل بندر بسته شد؛ می‌گویند «تعمیر»"
HARD = {
    "persian": PERSIAN,
    "both": f"Tunnel: {PERSIAN}",
    "end of CDATA": "one ]]> two",
    "script": "<script>alert(1)</script> & <b>bold</b> &amp; &lt;",
    "quotes": "\"it's\" 'so'",
    "emoji": "🚇 closed",
}


@pytest.mark.parametrize("title", HARD.values(), ids=HARD.keys())
@pytest.mark.parametrize("form", FeedFormat)
def test_what_an_outlet_wrote_comes_back_as_it_was(form: FeedFormat, title: str, match: Make) -> None:
    document = written(form, match(title=title, text=title, hits=(title,)))
    (entry,) = ours(document).entries
    if "<" not in title:  # our own parser takes what looks like markup for markup, whatever a feed says of it
        assert entry.title == title
    (shown,) = lxml_html.fragment_fromstring(entry.content or entry.summary, create_parent=True).findall(".//p[2]")
    assert shown.text_content() == title
    assert entry.key == "tag:monitor.example.org,2026-11-01:k3v9/match/1"
    assert entry.link == "https://outlet.example/1"
    if form is FeedFormat.JSON:
        assert json.loads(document.body)["items"][0]["title"] == title
        return
    parsed = theirs(document)
    assert not parsed.bozo
    assert parsed.entries[0].title == title
    assert parsed.entries[0].id == entry.key


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"], ids=ascii)
@pytest.mark.parametrize("form", FeedFormat)
def test_what_xml_forbids_is_replaced(form: FeedFormat, bad: str, match: Make) -> None:
    text = f"mud{bad}dy water"
    item = match(title=text, text=text, outlet=text, group=text, note=text, aliases=(text,), hits=("water",))
    item = replace(item, article=replace(item.article, authors=(text,), tags=(text,)))
    document = written(form, item, name=text, instance=text)
    body = document.body.decode()
    assert bad not in body
    assert body.count("mud\ufffddy water") >= 8
    (entry,) = ours(document).entries
    assert entry.title == "mud\ufffddy water"
    if form in XML:
        ET.fromstring(document.body)
        assert not theirs(document).bozo


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it keeps nothing but a count
@given(texts=st.lists(st.text(st.characters(), max_size=40), min_size=8, max_size=8))
def test_any_text_makes_a_well_formed_feed(match: Make, texts: list[str]) -> None:
    title, text, outlet, group, note, alias, name, url = texts
    article = match(title=title, text=text, outlet=outlet, group=group, note=note, aliases=(alias,), url=url)
    for form in FeedFormat:
        document = written(form, article, name=name, instance=group)
        if form is FeedFormat.JSON:
            assert json.loads(document.body)["items"][0]["title"]
        else:
            root = ET.fromstring(document.body)
            assert all(element.get("href", "http").startswith("http") for element in root.iter())
        assert len(ours(document).entries) == 1


def test_an_atom_feed_has_what_rfc_4287_requires(match: Make) -> None:
    """Sections 4.1.1, 4.1.2 and 4.2: what must be there once, what at most once, and in which form."""
    undated = match(at=None, url="javascript:alert(1)", text="", title="")
    document = written(
        FeedFormat.ATOM, match(hits=("tunnel",)), undated, self_url="https://m.example.org/f", home_url="https://m.example.org/"
    )
    feed = ET.fromstring(document.body)
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
    for place in (feed, *feed.findall("a:entry", NS)):
        for name in ("id", "title", "updated"):
            assert len(place.findall(f"a:{name}", NS)) == 1, name
        for name in ("published", "content", "summary", "rights", "source", "generator", "subtitle"):
            assert len(place.findall(f"a:{name}", NS)) <= 1, name
        assert TAG.fullmatch(place.findtext("a:id", "", NS))
        assert RFC3339.fullmatch(place.findtext("a:updated", "", NS))
        assert all(author.findtext("a:name", "", NS) for author in place.findall("a:author", NS))
        assert place.find("a:author", NS) is not None
        assert place.findtext("a:title", "", NS)
        assert place.find("a:title", NS).get("type") == "text"  # type: ignore[union-attr]
        alternates = [link for link in place.findall("a:link", NS) if link.get("rel") == "alternate"]
        assert len(alternates) <= 1
        assert alternates or place.find("a:content", NS) is not None
    ids = [element.text for element in feed.iter("{http://www.w3.org/2005/Atom}id")]
    assert len(set(ids)) == len(ids) == 3
    assert [link.get("href") for link in feed.findall("a:link", NS)] == ["https://m.example.org/f", "https://m.example.org/"]
    assert b"javascript" not in document.body


def test_a_json_feed_has_what_the_specification_requires(match: Make) -> None:
    feed = json.loads(written(FeedFormat.JSON, match(), match(url="ftp://x.example/")).body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == "Harbour tunnel · Press desk"
    for item in feed["items"]:
        assert TAG.fullmatch(item["id"])
        assert item["content_html"]
        assert datetime.fromisoformat(item["date_modified"]) >= datetime.fromisoformat(item["date_published"])
    assert feed["items"][0]["url"] == "https://outlet.example/1"
    assert "url" not in feed["items"][1]


def test_an_rss_feed_has_what_the_specification_requires(match: Make) -> None:
    channel = ET.fromstring(written(FeedFormat.RSS, match()).body).find("channel")
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    guid = channel.find("item/guid")
    assert guid is not None
    assert guid.attrib == {"isPermaLink": "false"}
    assert channel.findtext("item/pubDate") == "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("form", FeedFormat)
def test_language_direction_hits_and_names(form: FeedFormat, match: Make) -> None:
    item = match(title=PERSIAN, text=f"{PERSIAN}. <script>alert(1)</script>", language="fa", outlet="Pezhvak", group="wire",
                 hits=("تعمیر",), aliases=("تعمیر", "<i>"))  # fmt: skip
    (entry,) = ours(written(form, item)).entries
    content = lxml_html.fragment_fromstring(entry.content or entry.summary, create_parent=True)
    (story,) = content.findall("div")
    assert (story.get("lang"), story.get("dir")) == ("fa", "rtl")
    assert [hit.text for hit in story.iter("strong")] == ["تعمیر", "تعمیر"]
    assert [paragraph.text_content() for paragraph in content.findall("p")] == ["Pezhvak (wire)", "Names used: تعمیر, <i>."]
    assert {element.tag for element in content.iter()} == {"div", "p", "strong"}
    assert b'"fa"' in written(form, item).body or b">fa<" in written(form, item).body


def test_nothing_turns_a_readers_list_round(match: Make) -> None:
    (entry,) = ours(written(FeedFormat.ATOM, match(title="\u202egnp.exe\u2069 tunnel\n closed"))).entries
    assert entry.title == "gnp.exe tunnel closed"


@pytest.mark.parametrize("form", FeedFormat)
def test_the_same_feed_is_the_same_bytes_and_a_change_is_another_entity(form: FeedFormat, match: Make) -> None:
    first, second = match(), match(seen=NOW + timedelta(hours=1))
    one = written(form, first)
    assert one == written(form, first)
    assert re.fullmatch(r'"[0-9a-f]{32}"', one.etag)
    assert one.last_modified == "Mon, 23 Nov 2026 12:05:00 GMT"
    two = written(form, second, first)
    assert two.etag != one.etag
    assert two.last_modified == "Mon, 23 Nov 2026 13:30:00 GMT"
    assert [entry.key for entry in ours(two).entries][1] == ours(one).entries[0].key


@pytest.mark.parametrize("form", FeedFormat)
def test_a_rule_that_found_nothing_yet_is_a_feed(form: FeedFormat) -> None:
    document = written(form)
    assert document.last_modified == "Mon, 23 Nov 2026 12:30:00 GMT"
    if form is FeedFormat.JSON:
        assert json.loads(document.body)["items"] == []
    else:
        ET.fromstring(document.body)


def test_a_day_without_a_time_is_no_instant(match: Make) -> None:
    feed = ET.fromstring(written(FeedFormat.ATOM, match(at=datetime(2026, 11, 20, tzinfo=UTC), has_time=False, seen=NOW)).body)
    assert feed.find("a:entry/a:published", NS) is None
    assert feed.findtext("a:entry/a:updated", "", NS) == "2026-11-23T12:30:00Z"
