"""Which of several copies the others copy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aggregator.dedupe import original
from aggregator.model.story import StoryMember

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _member(id_: int, outlet: str, hours: float, *, credit: str = "", published: float | None = None) -> StoryMember:
    stated = None if published is None else NOON + published * HOUR
    return StoryMember(id_, outlet, "A title", f"https://x.test/{id_}", NOON + hours * HOUR, stated, credit, 0.0)


def test_the_agencys_own_outlet_is_the_original_however_late_we_saw_it() -> None:
    members = [_member(1, "Courier", 0, credit="AFP"), _member(2, "Herald", 1, credit="AFP"), _member(3, "AFP", 2)]
    assert original(members) == (3, "the outlet of AFP, credited in 2 of 3")


def test_without_it_the_earliest_is() -> None:
    members = [_member(1, "Courier", 1, credit="AFP"), _member(2, "Herald", 0, credit="AFP")]
    assert original(members) == (2, "the earliest here; it credits AFP itself")
    assert original([*members, _member(3, "Star", -1)]) == (3, "the earliest here; others credit AFP")


def test_a_stated_time_counts_unless_it_lies_after_our_first_sight() -> None:
    members = [_member(1, "Courier", 1), _member(2, "Herald", 2, published=0), _member(3, "Star", 1.5, published=9)]
    assert original(members) == (2, "the earliest")
    assert original(members[2:]) == (3, "the only one")
