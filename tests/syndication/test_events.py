"""Bodies of webhooks, and their signatures."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from aggregator.model.delivery import MatchedArticle
from aggregator.model.rule import Match
from aggregator.syndication.events import digest_sent, matched, source_failing
from aggregator.syndication.signing import key_of, signatures

Make = Callable[..., MatchedArticle]
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
NASTY = ["🚇\u202e" * 20_000, '"\\' * 20_000, "\ud800\x00\uffff" * 20_000, "ت" * 50_000, "https://a.example/" + "\u200b" * 1900]


@pytest.mark.parametrize("text", NASTY, ids=["emoji", "escapes", "no characters", "persian", "invisible"])
def test_bodies_are_json_below_20_kilobytes_whatever_an_outlet_writes(text: str, match: Make) -> None:
    found = match(title=text, url=text, outlet=text, group=text, text=text)
    bodies = (
        matched(replace(found.article, source_slug="site"), Match("tunnel", (), (text,) * 500), 7, text, NOW),
        digest_sent(3, "desk", text, NOW),
        source_failing("site", text, "http", text, NOW, NOW),
    )
    for body in bodies:
        assert len(body.encode()) < 20_000
        assert set(json.loads(body)) == {"type", "timestamp", "data"}


def test_a_match_is_told_by_ids_and_links(match: Make) -> None:
    found = match(title="Tunnel closed", group="wire", copy_of=11, story=12, hits=("tunnel",))
    said = json.loads(matched(found.article, Match("tunnel", (), ("The Tunnel",)), 7, "Harbour tunnel", NOW))
    assert said == {
        "type": "article.matched",
        "timestamp": "2026-11-23T12:30:00Z",
        "data": {
            "match": 7, "rule": "tunnel", "rule_name": "Harbour tunnel", "article": 1, "text": 11, "story": 12,
            "title": "Tunnel closed", "url": "https://outlet.example/1", "source": "source-Northport Courier",
            "outlet": "Northport Courier", "group": "wire", "language": "en", "published": "2026-11-23T12:00:00Z",
            "first_seen": "2026-11-23T12:05:00Z", "revision": 1, "names": ["The Tunnel"],
        },
    }  # fmt: skip


def test_a_day_is_told_as_a_day_and_no_date_as_none(match: Make) -> None:
    day = match(at=datetime(2026, 11, 20, tzinfo=UTC), has_time=False).article
    said = [
        json.loads(matched(article, Match("t", (), ()), 7, "", NOW))["data"] for article in (day, replace(day, published_at=None))
    ]
    assert [data["published"] for data in said] == ["2026-11-20", None]


@settings(max_examples=30)
@given(
    key=st.binary(min_size=24, max_size=64), old=st.binary(min_size=24, max_size=64), body=st.text(st.characters(codec="utf-8"))
)
def test_the_specifications_own_package_signs_the_same(key: bytes, old: bytes, body: str) -> None:
    secrets = [f"whsec_{base64.b64encode(each).decode()}" for each in (key, old)]
    theirs = [Webhook(secret).sign("evt_1", NOW, body) for secret in secrets]
    assert signatures(secrets, "evt_1", int(NOW.timestamp()), body.encode()) == " ".join(theirs)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("whsec_", "0 bytes"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "23 bytes"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "65 bytes"),
        ("hunter2 hunter2", "whsec_ and base64"),
        ("whsec_hünter2", "whsec_ and base64"),
    ],
)
def test_a_key_that_is_none_is_refused_without_being_shown(secret: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        key_of(secret)
    assert "hunter2" not in str(refused.value)
