"""Dossiers and the account of our manners: what the tables say of a source, taken together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from aggregator.config.settings import Config
from aggregator.errors import NotFound
from aggregator.fetch import host_key
from aggregator.model.dossier import Conduct, Delay
from aggregator.model.feed import FeedHints
from aggregator.model.source import Gap, History, Move, SourceSpec, Trouble
from aggregator.store import Store, hosts, moves, registry
from aggregator.store.codec import HISTORY
from aggregator.store.dossier import WEEK, dossier, missed_between, scores
from aggregator.store.hosts import Robots
from aggregator.store.tables import ArticleRow, FetchRow, GapRow, SourceRow, StoryRow, WebsubRow

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def put(applied: Store) -> Callable[..., None]:
    """Write rows as they are."""

    def write(*rows: SQLModel) -> None:
        applied.write_now(lambda session: session.add_all(rows))

    return write


@pytest.fixture
def change(applied: Store) -> Callable[..., None]:
    """Set columns of the source "wire"."""

    def write(**values: Any) -> None:
        def unit(session: Session) -> None:
            row = session.exec(select(SourceRow).where(SourceRow.slug == "wire")).one()
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)

        applied.write_now(unit)

    return write


def _poll(at: datetime, outcome: str = "not_modified", status: int | None = 304, source: int = 1, **values: Any) -> FetchRow:
    return FetchRow(source_id=source, at=at, outcome=outcome, status=status, **{"conditional": True, **values})


def _article(at: datetime | None, seen: datetime, **values: Any) -> ArticleRow:
    values = {"has_time": True, "baseline": False, **values}
    return ArticleRow(
        source_id=1, story_id=1, url="http://wire.test/", title="t", text="", text_origin="page", text_hash="", authors=[],
        tags=[], date_evidence=[], sketch=[], published_at=at, first_seen_at=seen, **values,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("wirr", "there is no source wirr: did you mean wire?"),
        ("dail", "there is no source dail: did you mean daily?"),
        ("i", "there is no source i: did you mean daily or wire?"),
        ("zzz", "there is no source zzz: `aggregator source list` names them all."),
    ],
)
def test_an_unknown_slug_is_answered_with_near_ones(applied: Store, now: datetime, asked: str, said: str) -> None:
    with pytest.raises(NotFound) as error:
        applied.read_now(dossier, asked, now)
    assert str(error.value) == said


def test_a_new_source_has_little_to_tell(applied: Store, now: datetime) -> None:
    found = applied.read_now(dossier, "wire", now)
    assert (found.title, found.group, found.url, found.url_in_force) == (
        "The Wire",
        "wire",
        "http://wire.test/feed",
        "http://wire.test/feed",
    )
    assert (found.next_poll_at, found.last_fetch_at, found.trouble, found.history) == (now, None, Trouble.NONE, History())
    assert (found.moves, found.gaps, found.polls, found.robots, found.delay, found.hub) == ((), (), (), (), None, None)
    assert found.score.whole == found.score.week == Conduct(None, now)
    assert found.score.whole.per_hour == 0


def test_moves_merges_and_proposals_stand_in_it(applied: Store, change: Callable[..., None], now: datetime) -> None:
    change(proposed_url="http://daily.test/feed")
    applied.write_now(moves.move_by_hand, "wire", None, now, host_key)
    found = applied.read_now(dossier, "wire", now)
    assert (found.url, found.url_in_force, found.merged_into) == ("http://wire.test/feed", "http://daily.test/feed", "daily")
    assert (found.proposed_url, found.next_poll_at) == (None, None)
    applied.write_now(moves.undo_move, "wire", now + HOUR, host_key)
    found = applied.read_now(dossier, "wire", now + HOUR)
    assert (found.url_in_force, found.merged_into, found.next_poll_at) == ("http://wire.test/feed", "", now + HOUR)
    (past,) = found.moves
    assert (past.at, past.move, past.merged_into, past.undone_at) == (
        now,
        Move("http://wire.test/feed", "http://daily.test/feed", "by the operator"),
        "daily",
        now + HOUR,
    )


def test_a_move_by_hand_leaves_the_troubles_of_the_old_address_behind(
    applied: Store, change: Callable[..., None], now: datetime
) -> None:
    lost = History(trouble=Trouble.GONE, strikes=9, repeats=3, gone_days=(now.date(),), sample="<html>", rate=2.0)
    change(history=HISTORY.dump_text(lost), trouble="gone", failing_since=now, failures=9, allowed_at=now + 30 * DAY)
    applied.write_now(moves.move_by_hand, "wire", "http://new.test/feed", now, host_key)
    found = applied.read_now(dossier, "wire", now)
    assert (found.trouble, found.failing_since, found.failures, found.allowed_at) == (Trouble.NONE, None, 0, None)
    assert found.history == History(rate=2.0)
    assert found.host == "new.test"


def test_who_rested_for_another_wakes_when_that_one_goes(applied: Store, config: Config, now: datetime) -> None:
    for without in (config.sources[:1], (config.sources[0], replace(config.sources[1], enabled=False))):
        applied.write_now(moves.move_by_hand, "wire", "http://daily.test/feed", now, host_key)
        assert applied.read_now(dossier, "wire", now).merged_into == "daily"
        applied.write_now(registry.apply, replace(config, sources=without), now + HOUR, host_key)
        found = applied.read_now(dossier, "wire", now + HOUR)
        assert (found.merged_into, found.url_in_force, found.next_poll_at) == ("", "http://daily.test/feed", now + HOUR)
        applied.write_now(registry.apply, config, now, host_key)


def test_what_was_taken_out_is_still_told_of(applied: Store, config: Config, now: datetime) -> None:
    applied.write_now(registry.apply, replace(config, sources=config.sources[1:]), now, host_key)
    found = applied.read_now(dossier, "wire", now)
    assert (found.removed_at, found.next_poll_at) == (now, None)
    assert [score.slug for score in applied.read_now(scores, now)] == ["daily"]


def test_hosts_robots_and_hubs_stand_in_it(applied: Store, config: Config, put: Callable[..., None], now: datetime) -> None:
    spec = replace(config.sources[0], site_url="https://www.wire.test/home")
    applied.write_now(registry.apply, replace(config, sources=(spec, config.sources[1])), now, host_key)
    for origin in ("http://wire.test", "https://www.wire.test", "https://else.test"):
        applied.write_now(hosts.store_robots, origin, Robots("rules", "User-agent: *", now, now + DAY))
    applied.write_now(hosts.throttle, "wire.test", now + HOUR, 2)
    hub: dict[str, Any] = {
        "source_url": spec.url,
        "hub": "http://hub.test/",
        "topic": "t",
        "state": "active",
        "lease_until": now + DAY,
        "pushes": 3,
    }
    put(WebsubRow(source_id=1, token="known-to-it", secret="known-to-us", created_at=now, due_at=now, **hub))
    found = applied.read_now(dossier, "wire", now)
    assert [(note.origin, note.state, note.at) for note in found.robots] == [
        ("http://wire.test", "rules", now),
        ("https://www.wire.test", "rules", now),
    ]
    assert (found.throttled_until, found.throttles) == (now + HOUR, 2)
    assert found.hub is not None
    assert (found.hub.hub, found.hub.pushes, "known-to" in repr(found)) == ("http://hub.test/", 3, False)
    assert applied.read_now(dossier, "wire", now + HOUR).throttled_until is None


def test_the_last_polls_come_newest_first(applied: Store, put: Callable[..., None], now: datetime) -> None:
    put(*[_poll(now - HOUR * (20 - number)) for number in range(20)])
    put(_poll(now, "fetched", 200, bytes=512, entries=40, new_entries=12, conditional=False, early=True))
    found = applied.read_now(dossier, "wire", now)
    assert [poll.at for poll in found.polls] == [now - HOUR * back for back in range(10)]
    newest = found.polls[0]
    assert (newest.outcome, newest.status, newest.size, newest.entries, newest.new) == ("fetched", 200, 512, 40, 12)
    assert (newest.conditional, newest.early, found.polls[1].conditional) == (False, True, True)


def test_conduct_counts_what_a_publisher_sees(applied: Store, put: Callable[..., None], now: datetime) -> None:
    put(
        _poll(now - 10 * DAY, "fetched", 200, conditional=False),
        _poll(now - 8 * DAY, "failed", 429, early=True),
        _poll(now - 4 * DAY, "failed", 503, conditional=False),
        _poll(now - 2 * DAY),
        _poll(now - DAY, "unchanged", 200),
        _poll(now - HOUR, source=2),
    )
    score = applied.read_now(dossier, "wire", now).score
    assert score.whole == Conduct(now - 10 * DAY, now, 5, 1, 2, 2, 1, 1, 1)
    assert score.week == Conduct(now - 4 * DAY, now, 3, 1, 1, 1, 0, 1, 0)
    assert score.week.per_hour == 3 / 96
    assert Conduct(now - timedelta(minutes=5), now, polls=2).per_hour == 2, "five minutes are no measure of an hour"


def test_scores_put_the_worst_first_and_know_what_was_asked(
    store: Store, config: Config, change: Callable[..., None], put: Callable[..., None], now: datetime
) -> None:
    specs = tuple(SourceSpec(name, f"http://{name}.test/") for name in ("calm", "blind", "told", "early"))
    store.write_now(registry.apply, replace(config, sources=(*config.sources, *specs)), now, host_key)
    by_slug = {name: number for number, name in enumerate(("wire", "daily", "calm", "blind", "told", "early"), 1)}
    put(
        _poll(now - HOUR, source=by_slug["calm"]),
        _poll(now - HOUR, "fetched", 200, source=by_slug["blind"], conditional=False),
        _poll(now - HOUR, "failed", 429, source=by_slug["told"]),
        _poll(now - 30 * DAY, source=by_slug["early"], early=True),
    )
    change(history=HISTORY.dump_text(History(cache=2 * HOUR, hints=FeedHints(ttl=HOUR))))
    found = store.read_now(scores, now)
    assert [score.slug for score in found][:4] == ["early", "told", "blind", "calm"]
    assert {score.slug: score.asked for score in found} == dict.fromkeys(by_slug) | {"wire": 2 * HOUR}
    assert [score.slug for score in store.read_now(scores, now, ("calm", "wire"))] == ["calm", "wire"]


def test_the_delay_is_the_median_of_what_has_a_time_of_day_and_was_news(
    applied: Store, put: Callable[..., None], now: datetime
) -> None:
    put(StoryRow(created_at=now, newest_at=now))
    put(
        _article(now - HOUR, now - HOUR + timedelta(minutes=4)),
        _article(now - HOUR, now - HOUR + timedelta(minutes=10)),
        _article(now + HOUR, now),  # a clock that is fast
        _article(now - 2 * DAY, now, has_time=False),
        _article(now - 2 * DAY, now, baseline=True),
        _article(None, now),
        _article(now - 40 * DAY, now - 31 * DAY),
    )
    found = applied.read_now(dossier, "wire", now)
    assert (found.delay, found.articles) == (Delay(timedelta(minutes=4), 3), 7)
    assert applied.read_now(dossier, "daily", now).delay is None


def test_gaps_are_summed_and_the_last_ones_shown(applied: Store, put: Callable[..., None], now: datetime) -> None:
    put(*[_gap(now - DAY * number, 10 + number) for number in range(7)])
    found = applied.read_now(dossier, "wire", now)
    assert (found.gap_count, found.missed) == (7, 91)
    assert [(past.found_at, past.gap.estimate) for past in found.gaps] == [(now - DAY * n, 10 + n) for n in range(5)]


def _gap(found: datetime, estimate: int, source: int = 1) -> GapRow:
    return GapRow(
        source_id=source, found_at=found, published_after=found - 2 * HOUR, published_before=found - HOUR, estimate=estimate
    )


def test_what_was_missed_in_a_window_is_told_by_source(
    applied: Store, config: Config, put: Callable[..., None], now: datetime
) -> None:
    put(_gap(now - WEEK, 5), _gap(now - HOUR, 7), _gap(now, 100), _gap(now - DAY, 30, source=2), _gap(now - 9 * DAY, 100))
    wire, daily = sorted(applied.read_now(missed_between, now - WEEK, now), key=lambda missed: missed.gap.estimate)
    assert (wire.slug, wire.title, wire.gaps) == ("wire", "The Wire", 2)
    assert wire.gap == Gap(now - WEEK - 2 * HOUR, now - 2 * HOUR, 12)
    assert (daily.slug, daily.gaps, daily.gap.estimate) == ("daily", 1, 30)
    assert [missed.slug for missed in applied.read_now(missed_between, now - WEEK, now)] == ["daily", "wire"]
    applied.write_now(registry.apply, replace(config, sources=config.sources[:1]), now, host_key)
    assert [missed.slug for missed in applied.read_now(missed_between, now - WEEK, now)] == ["wire"]
