"""Subscriptions in the store: what a feed's hub becomes, and what waits until it is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from aggregator.config.settings import Config
from aggregator.fetch import host_key
from aggregator.manners import Plan
from aggregator.manners.websub import Intent, Step, next_step
from aggregator.model.feed import FeedEntry, ParsedFeed
from aggregator.model.page import Validators
from aggregator.model.source import History, Move
from aggregator.model.websub import Standing, Subscription
from aggregator.store import Store, moves, registry, sources, websub
from aggregator.store.codec import HISTORY
from aggregator.store.sources import Conclusion, FeedBody, KeyedEntry
from aggregator.store.tables import EntryRow, PushRow, SourceRow, WebsubRow

HUB, TOPIC, BASE = "https://hub.test/", "https://wire.test/feed", "https://me.test/websub/"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WIRE, DAILY = 1, 2


def _of(store: Store, source: int = WIRE) -> Subscription:
    found = store.read_now(websub.of_source, source)
    assert found is not None
    return found


def _all(store: Store) -> list[tuple[int | None, str]]:
    return list(store.read_now(lambda session: session.exec(select(WebsubRow.source_id, WebsubRow.state)).all()))


def _subscribe(store: Store, now: datetime, source: int = WIRE, lease: timedelta = 10 * DAY) -> Subscription:
    """A subscription that the hub has confirmed."""
    store.write_now(websub.note_hub, source, HUB, TOPIC, now)
    fresh = _of(store, source)
    assert store.write_now(websub.requested, fresh, BASE + fresh.token, now)
    assert store.write_now(websub.answered, fresh.id, "subscribe", TOPIC, lease, "", now) is Intent.CONFIRMED
    return _of(store, source)


def test_w2_each_subscription_has_a_random_address_and_a_secret_of_its_own(applied: Store, now: datetime) -> None:
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now)
    applied.write_now(websub.note_hub, DAILY, HUB, TOPIC, now)
    wire, daily = _of(applied, WIRE), _of(applied, DAILY)
    assert len({wire.token, daily.token, wire.secret, daily.secret}) == 4
    for word in (wire.token, wire.secret):
        assert len(word) * 6 >= 128, "bits"
        assert len(word) < 200, "bytes: the most that a secret may have (section 5.1)"
        assert word.replace("-", "").replace("_", "").isalnum()
    found = applied.read_now(websub.by_token, wire.token)
    assert found == wire
    assert applied.read_now(websub.by_token, "") is None


def test_a_feed_without_a_hub_leaves_no_trace(applied: Store, now: datetime) -> None:
    applied.write_now(websub.note_hub, WIRE, None, TOPIC, now)
    assert _all(applied) == []
    assert applied.read_now(websub.of_source, WIRE) is None


def test_the_same_hub_again_changes_nothing(applied: Store, now: datetime) -> None:
    before = _subscribe(applied, now)
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now + 5 * DAY)
    assert _of(applied) == before


@pytest.mark.parametrize("change", [("https://other.test/", TOPIC), (HUB, TOPIC + "2"), (None, TOPIC)])
def test_another_hub_or_topic_begins_anew_and_the_old_one_is_told(
    applied: Store, now: datetime, change: tuple[str | None, str]
) -> None:
    old = _subscribe(applied, now)
    applied.write_now(websub.note_hub, WIRE, *change, now + DAY)
    left = applied.read_now(websub.by_token, old.token)
    assert left == replace(
        old, source_id=None, slug="", standing=Standing.LEAVING, due_at=now + DAY, trusted=False
    )  # with its hub, topic and secret
    if change[0] is None:
        assert applied.read_now(websub.of_source, WIRE) is None
    else:
        fresh = _of(applied)
        assert (fresh.hub, fresh.topic, fresh.standing, fresh.lease_until) == (*change, Standing.NEW, None)
        assert {fresh.token, fresh.secret}.isdisjoint({old.token, old.secret})


def test_a_feed_that_names_another_topic_each_time_does_not_keep_the_hub_busy(applied: Store, now: datetime) -> None:
    _subscribe(applied, now)
    for hour in range(1, 48):
        applied.write_now(websub.note_hub, WIRE, HUB, f"{TOPIC}?{hour}", now + hour * HOUR)
    assert _of(applied).topic == f"{TOPIC}?24", "one change a day"


def test_a_subscription_that_never_ran_has_nothing_to_end(applied: Store, now: datetime) -> None:
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now)
    applied.write_now(websub.note_hub, WIRE, None, None, now + DAY)
    assert _all(applied) == []


def _without(config: Config, how: str) -> Config:
    wire, daily = config.sources
    changed = {
        "removed": (daily,),
        "disabled": (replace(wire, enabled=False), daily),
        "another feed": (replace(wire, url="http://wire.test/feed2"), daily),
    }
    return replace(config, sources=changed[how])


def test_a_source_that_was_merged_into_another_lets_its_subscription_go(applied: Store, now: datetime) -> None:
    """Both have the same address now: one of them is polled, and one told."""
    old = _subscribe(applied, now)
    move = Move("http://wire.test/feed", "http://daily.test/feed", "301 three times")
    assert applied.write_now(moves.apply_move, WIRE, move, "daily.test", now) == "daily"
    assert applied.read_now(websub.by_token, old.token) is None
    assert [found.standing for found in applied.write_now(websub.due, BASE, now, 10)] == [Standing.LEAVING]


@pytest.mark.parametrize("how", ["removed", "disabled", "another feed"])
def test_a_source_that_is_no_longer_the_same_lets_its_subscription_go(
    applied: Store, config: Config, now: datetime, how: str
) -> None:
    old = _subscribe(applied, now)
    applied.write_now(registry.apply, _without(config, how), now + HOUR, host_key)
    assert applied.read_now(websub.by_token, old.token) is None, "at once"
    (leaving,) = applied.write_now(websub.due, BASE, now + HOUR, 10)
    assert (leaving.id, leaving.standing, next_step(leaving, now + HOUR)) == (old.id, Standing.LEAVING, Step.UNSUBSCRIBE)
    applied.write_now(registry.apply, config, now + 2 * HOUR, host_key)
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now + 2 * HOUR)
    assert _of(applied).token != old.token, "and may come back"


def test_another_feed_is_noted_at_once_not_after_the_calm_day(applied: Store, config: Config, now: datetime) -> None:
    old = _subscribe(applied, now)
    applied.write_now(registry.apply, _without(config, "another feed"), now + HOUR, host_key)
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC + "2", now + HOUR)
    assert _of(applied).topic == TOPIC + "2"
    assert _of(applied).token != old.token


def test_due_comes_in_order_and_within_bounds(applied: Store, now: datetime, plan_of: Callable[[str], str]) -> None:
    applied.write_now(websub.note_hub, DAILY, HUB, TOPIC, now - HOUR)
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now)
    assert [found.slug for found in applied.write_now(websub.due, BASE, now, 10)] == ["daily", "wire"]
    assert [found.slug for found in applied.write_now(websub.due, BASE, now, 1)] == ["daily"]
    assert [found.slug for found in applied.write_now(websub.due, BASE, now - HOUR, 10)] == ["daily"]
    assert "ix_websub_due_at" in plan_of("SELECT id FROM websub WHERE due_at <= '2026-01-01'")


def test_a_request_is_made_once(applied: Store, now: datetime) -> None:
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now)
    fresh = _of(applied)
    assert applied.write_now(websub.requested, fresh, BASE, now)
    assert not applied.write_now(websub.requested, fresh, BASE, now)
    asked = _of(applied)
    assert (asked.standing, asked.requested_at, asked.due_at) == (Standing.PENDING, now, now + HOUR)


def test_a_hub_that_has_checked_does_not_fail_any_more(applied: Store, now: datetime) -> None:
    """It checks before it answers, and then its answer is lost."""
    before = _subscribe(applied, now)
    assert not applied.write_now(websub.failed, before.id, now, "connection was broken off", now)
    assert _of(applied) == before


def test_failures_add_up_and_one_check_makes_up_for_all(applied: Store, now: datetime) -> None:
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now)
    at = now
    for number in range(1, 4):
        known = _of(applied)
        assert applied.write_now(websub.requested, known, BASE, at)
        assert applied.write_now(websub.failed, known.id, at, "503", at)
        failing = _of(applied)
        assert (failing.standing, failing.failures, failing.detail) == (Standing.FAILED, number, "503")
        assert failing.due_at >= at + HOUR * 2 ** (number - 1)
        at = failing.due_at
    assert applied.write_now(websub.answered, failing.id, "subscribe", TOPIC, DAY, "", at) is Intent.CONFIRMED
    active = _of(applied)
    assert (active.standing, active.failures, active.detail, active.lease_until) == (Standing.ACTIVE, 0, "", at + DAY)


def test_a_renewal_that_fails_leaves_the_lease_as_it_is(applied: Store, now: datetime) -> None:
    before = _subscribe(applied, now)
    at = before.due_at
    assert applied.write_now(websub.requested, before, BASE, at)
    assert _of(applied).standing is Standing.RENEWING
    assert applied.write_now(websub.failed, before.id, at, "503", at, at + 2 * HOUR)
    after = _of(applied)
    assert (after.standing, after.lease_until, after.failures) == (Standing.ACTIVE, before.lease_until, 1)
    assert after.due_at == at + 2 * HOUR, "as the hub asked"


def test_a_denial_is_asked_again_after_a_week(applied: Store, now: datetime) -> None:
    before = _subscribe(applied, now)
    applied.write_now(websub.taken, _push(applied, before, now), 1)
    assert applied.write_now(websub.answered, before.id, "denied", TOPIC, DAY, "not for you", now) is Intent.DENIED
    denied = _of(applied)
    assert (denied.standing, denied.detail, denied.due_at) == (Standing.DENIED, "not for you", now + 7 * DAY)
    assert not denied.runs(now)
    assert applied.read_now(websub.subscribed, [WIRE, DAILY], now) == {WIRE: False}


def test_what_is_left_is_told_three_times_at_most_and_gone_when_the_hub_checks(applied: Store, now: datetime) -> None:
    old = _subscribe(applied, now)
    applied.write_now(websub.note_hub, WIRE, None, None, now + DAY)
    at = now + DAY
    for number in range(3):
        (leaving,) = applied.write_now(websub.due, BASE, at, 10)
        assert (next_step(leaving, at), leaving.failures) == (Step.UNSUBSCRIBE, number)
        assert applied.write_now(websub.requested, leaving, BASE, at)
        assert applied.write_now(websub.failed, old.id, at, "503", at) is True
        at += HOUR
    (leaving,) = applied.write_now(websub.due, BASE, at, 10)
    assert next_step(leaving, at) is Step.FORGET
    assert applied.write_now(websub.answered, old.id, "subscribe", TOPIC, DAY, "", at) is Intent.REFUSED
    assert applied.write_now(websub.answered, old.id, "unsubscribe", TOPIC, DAY, "", at) is Intent.ENDED
    assert _all(applied) == []
    assert applied.write_now(websub.answered, old.id, "unsubscribe", TOPIC, DAY, "", at) is Intent.REFUSED


def test_when_our_own_address_changes_everything_is_asked_for_anew(applied: Store, now: datetime) -> None:
    old = _subscribe(applied, now)
    _subscribe(applied, now, DAILY)
    applied.write_now(websub.note_hub, DAILY, None, None, now + DAY)
    assert applied.write_now(websub.due, BASE, now + DAY, 10)[0].standing is Standing.LEAVING
    (moved,) = applied.write_now(websub.due, "https://new.test/websub/", now + DAY, 10)
    assert (moved.id, moved.standing, moved.lease_until) == (old.id, Standing.NEW, None)
    assert _all(applied) == [(WIRE, "new")], "the hub of the other one cannot reach us any more"


def _push(store: Store, subscription: Subscription, now: datetime, body: bytes = b"<rss/>") -> Any:
    assert store.write_now(websub.pushed, subscription.id, body, "text/xml", now)
    return store.write_now(websub.next_push, now, HOUR)


def test_polls_rest_only_while_the_hub_proves_itself(applied: Store, now: datetime) -> None:
    """The last new entry came from it, and its lease runs. Otherwise the source is polled as if there were no hub."""
    resting: Callable[[datetime], bool] = lambda at: applied.read_now(websub.subscribed, [WIRE], at)[WIRE]  # noqa: E731
    assert applied.read_now(websub.subscribed, [WIRE], now) == {}
    hub = _subscribe(applied, now)
    assert not resting(now), "it has sent nothing yet"
    applied.write_now(websub.taken, _push(applied, hub, now), 0)
    assert not resting(now), "nothing new"
    applied.write_now(websub.taken, _push(applied, hub, now), 2)
    assert resting(now)
    assert not resting(now + 10 * DAY), "the lease has ended"
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now + HOUR, 0)
    assert resting(now + HOUR), "a poll that finds nothing new proves it right"
    applied.write_now(websub.note_hub, WIRE, HUB, TOPIC, now + 2 * HOUR, 1)
    assert not resting(now + 2 * HOUR), "a poll that finds something new proves it wrong"
    applied.write_now(websub.taken, _push(applied, hub, now), 1)
    assert resting(now + 3 * HOUR), "until it brings something again"
    assert (_of(applied).pushes, _of(applied).last_push_at) == (3, now)


def test_pushes_wait_in_order_are_leased_and_dropped_after_three_tries(applied: Store, now: datetime) -> None:
    hub = _subscribe(applied, now)
    first = _push(applied, hub, now, b"1")
    second = _push(applied, hub, now, b"2")
    assert (first.body, second.body, second.source_id, second.content_type) == (b"1", b"2", WIRE, "text/xml")
    assert applied.write_now(websub.next_push, now, HOUR) is None
    applied.write_now(websub.taken, second, 0)
    for later in (1, 2):
        assert applied.write_now(websub.next_push, now + later * HOUR, HOUR) == first
    assert applied.write_now(websub.next_push, now + 3 * HOUR, HOUR) is None
    assert applied.read_now(lambda session: session.exec(select(PushRow.id)).all()) == []


def test_a_hub_cannot_fill_the_disk(applied: Store, now: datetime) -> None:
    hub, other = _subscribe(applied, now), _subscribe(applied, now, DAILY)
    for number in range(websub.WAITING):
        assert applied.write_now(websub.pushed, hub.id, b"%d" % number, "", now)
    assert not applied.write_now(websub.pushed, hub.id, b"more", "", now)
    assert applied.write_now(websub.pushed, other.id, b"else", "", now), "others are not held up"
    assert _of(applied).pushes == websub.WAITING


def test_what_comes_for_a_subscription_given_up_meanwhile_is_not_kept(applied: Store, now: datetime) -> None:
    hub = _subscribe(applied, now)
    applied.write_now(websub.note_hub, WIRE, None, None, now + DAY)
    assert applied.write_now(websub.pushed, hub.id, b"<rss/>", "", now + DAY)
    applied.write_now(websub.forget, hub.id)
    assert applied.write_now(websub.pushed, hub.id, b"<rss/>", "", now + DAY)
    assert applied.read_now(lambda session: session.exec(select(PushRow.id)).all()) == []


def test_w6_a_push_stores_entries_and_touches_nothing_of_the_poll(
    applied: Store, now: datetime, make_entry: Callable[..., FeedEntry]
) -> None:
    assert applied.read_now(websub.push_target, WIRE) is None, "before the first poll all is old"
    applied.write_now(sources.claim_due, now, 10, HOUR)
    (due, _) = applied.read_now(sources.due_sources, [WIRE, DAILY])
    keyed = [KeyedEntry(make_entry(key), f"http://wire.test/{key}", "wire.test") for key in "ab"]
    body = FeedBody("http://wire.test/feed", 200, "abc", 10, Validators('"1"', None), now)
    feed = ParsedFeed("The Wire", None, "en", "rss20", ())
    concluded = Conclusion(History(polled_at=now), Plan(now + HOUR, "in an hour"))
    assert applied.write_now(sources.store_feed, due, body, feed, keyed, lambda _: concluded) is not None
    row: Callable[[], Any] = lambda: applied.read_now(  # noqa: E731
        lambda session: session.exec(select(SourceRow).where(SourceRow.id == WIRE)).one().model_dump()
    )
    before = row()

    target = applied.read_now(websub.push_target, WIRE)
    assert target is not None
    later = now + timedelta(minutes=5)
    learnt = History(rate=2.0)

    def push(*entries: KeyedEntry) -> int:
        return applied.write_now(websub.store_push, target, entries, 0, lambda _: learnt, later)

    assert push(keyed[1]) == 0
    assert row() == before
    assert push(keyed[1], KeyedEntry(make_entry("c"), "http://wire.test/c", "wire.test")) == 1
    assert row() == before | {"history": HISTORY.dump_text(learnt)}
    entries = applied.read_now(lambda session: session.exec(select(EntryRow.key, EntryRow.baseline).order_by(EntryRow.key)).all())
    assert list(entries) == [("a", True), ("b", True), ("c", False)], "nothing vanishes, and news is news"


@pytest.mark.parametrize("how", ["removed", "disabled", "another feed"])
def test_a_push_for_what_is_not_polled_finds_no_target(applied: Store, config: Config, now: datetime, how: str) -> None:
    applied.write_now(registry.apply, _without(config, how), now, host_key)
    assert applied.read_now(websub.push_target, WIRE) is None
    assert applied.read_now(websub.push_target, 99) is None
