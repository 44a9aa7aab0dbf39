"""What feeds of rules are made of, and the ids that outlive everything."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aggregator.errors import NotFound
from aggregator.model.syndication import TagAuthority
from aggregator.store import Store
from aggregator.store.syndication import rule_feed, tag_authority


def test_ids_outlive_a_move_to_another_domain(store: Store, now: datetime) -> None:
    first = store.write_now(tag_authority, "monitor.example.org", now)
    later = store.write_now(tag_authority, "elsewhere.example.org", now + timedelta(days=400))
    assert first == later
    assert (first.domain, first.day) == ("monitor.example.org", now.date())
    assert first.tag("match", 7) == f"tag:monitor.example.org,2026-03-02:{first.token}/match/7"


def test_a_rule_that_found_nothing_and_one_that_is_none(applied: Store, now: datetime) -> None:
    authority = TagAuthority("monitor.example.org", now.date(), "k3v9")
    feed = applied.read_now(rule_feed, "strike", authority, "desk", 50)
    assert (feed.items, feed.updated_at, feed.name) == ((), now, "Strike")
    with pytest.raises(NotFound, match="aggregator apply"):
        applied.read_now(rule_feed, "nothing", authority, "desk", 50)
