"""Outlets made for load tests."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import feedparser
import pytest

from aggregator.newsroom import MARKER_WORDS, FeedFormat, Newsroom

Get = Callable[..., Any]


def make(start: datetime, clock: Any, *, outlets: int = 8, entries: int = 60, seed: int = 7, separate: bool = True) -> Newsroom:
    return Newsroom.synthetic(
        outlets, entries, start=start, spacing=timedelta(minutes=10), seed=seed, clock=clock, port=0, separate_hosts=separate
    )


def texts(room: Newsroom, until: datetime) -> list[tuple[str, str]]:
    return [(story.title, story.text) for story in room.stories(until).values()]


def test_the_same_seed_gives_the_same_stories(start: datetime, clock: Any) -> None:
    until = start + timedelta(days=1)
    with make(start, clock) as one, make(start, clock, separate=False) as two, make(start, clock, seed=8) as other:
        assert texts(one, until) == texts(two, until)
        assert set(texts(one, until)).isdisjoint(texts(other, until))
        assert len(set(texts(one, until))) == 8 * 60


def test_stories_come_one_by_one(start: datetime, clock: Any) -> None:
    with make(start, clock) as room:
        assert [len(urls) for urls in room.truth(start - timedelta(seconds=1)).values()] == [0] * 8
        assert [len(urls) for urls in room.truth(start).values()] == [1] + [0] * 7
        assert [len(urls) for urls in room.truth(start + timedelta(minutes=25)).values()] == [3] * 5 + [2] * 3
        assert [len(urls) for urls in room.truth(start + timedelta(days=9)).values()] == [60] * 8


def test_feeds_show_the_newest_entries(start: datetime, clock: Any, get: Get) -> None:
    clock.advance(days=1)
    with make(start, clock) as room:
        assert {outlet.format for outlet in room.outlets} == set(FeedFormat)
        for outlet in room.outlets:
            body = get(outlet.feed_url).body
            if outlet.format is FeedFormat.JSON:
                links = [item["url"] for item in json.loads(body)["items"]]
            else:
                links = [entry.link for entry in feedparser.parse(BytesIO(body)).entries]
            assert 30 <= len(links) <= 40
            assert links == list(reversed(room.truth(clock.at)[outlet.slug]))[: len(links)]


def test_pages_hold_the_text(start: datetime, clock: Any, get: Get) -> None:
    clock.advance(days=1)
    with make(start, clock, outlets=20, entries=3) as room:
        for url, story in room.stories(clock.at).items():
            page = get(url).body.decode()
            assert all(f"<p>{paragraph}</p>" in page for paragraph in story.paragraphs)
        assert get(f"{room.outlets[0].site_url}e/3").status == 404
        assert get(f"{room.outlets[0].site_url}e/01").status == 404


def test_markers_can_be_counted_by_a_plain_regular_expression(start: datetime, clock: Any) -> None:
    with make(start, clock, outlets=16, entries=100) as room:
        stories = texts(room, start + timedelta(days=9))
    for marker in MARKER_WORDS:
        hits = [len(re.findall(rf"(?<!\w){marker}(?!\w)", f"{title}\n{text}")) for title, text in stories]
        assert max(hits) == 1
        assert 0.05 < sum(hits) / len(stories) < 0.12
        assert sum(marker in text for _, text in stories) == sum(hits)


def test_every_story_names_itself(start: datetime, clock: Any) -> None:
    with make(start, clock) as room:
        names = Counter(word for title, _ in texts(room, start + timedelta(days=9)) for word in re.findall(r"no7x\d+x\d+", title))
    assert len(names) == 8 * 60
    assert set(names.values()) == {1}


def test_synthetic_outlets_take_no_stories(start: datetime, clock: Any) -> None:
    with make(start, clock) as room, pytest.raises(ValueError, match="makes its own stories"):
        room.publish("synthetic-00000", "Title", ["Text."], start)


@pytest.mark.parametrize("outlets", [0, 20_001])
def test_the_number_of_outlets_has_bounds(start: datetime, clock: Any, outlets: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 20000"):
        make(start, clock, outlets=outlets)
