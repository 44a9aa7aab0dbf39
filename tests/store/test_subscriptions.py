"""Subscriptions in the store: what the files ask for, what readers do, and what is owed to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from aggregator.config.settings import Config
from aggregator.errors import Conflict, NotFound
from aggregator.fetch import host_key
from aggregator.model.delivery import Subscription, SubscriptionState
from aggregator.store import Store, registry, subscriptions
from aggregator.store.tables import SubscriptionRow

HOUR = timedelta(hours=1)
WIRES = Subscription("wires", "ana", rules=("port",), groups=("wire",))


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """The statements here are SQLAlchemy's; tests/store/test_articles.py runs what they cause on both databases."""
    return sqlite_store


@pytest.fixture
def with_more(applied: Store, config: Config, now: datetime) -> Config:
    """The configuration with one subscription more, applied."""
    more = replace(config, subscriptions=(WIRES,))
    applied.write_now(registry.apply, more, now, host_key)
    return more


def _following(store: Store) -> list[str]:
    return [each.subscription.slug for each in store.read_now(subscriptions.followers)]


def test_apply_shows_what_stands_beside_the_readers_own(applied: Store, config: Config, now: datetime) -> None:
    more = replace(config, subscriptions=(WIRES,))
    (change,) = applied.write_now(registry.apply, more, now, host_key)
    assert (change.noun, change.slug, change.verb) == ("subscription", "wires", "added")
    assert applied.write_now(registry.apply, more, now, host_key) == ()
    changed = replace(config, subscriptions=(replace(WIRES, cap=3),))
    assert [change.what for change in applied.write_now(registry.apply, changed, now, host_key)] == [("cap: 0 → 3",)]
    assert [(change.slug, change.verb) for change in applied.write_now(registry.apply, config, now, host_key)] == [
        ("wires", "removed")
    ]
    assert _following(applied) == ["ana", "ben"]


def test_a_readers_own_subscription_goes_and_comes_with_him(applied: Store, config: Config, now: datetime) -> None:
    ana, ben = config.recipients
    for people, following in (
        ((replace(ana, digest=False), ben), ["ben"]),
        ((replace(ana, enabled=False), ben), ["ben"]),
        ((ben,), ["ben"]),
        ((ana, ben), ["ana", "ben"]),
    ):
        applied.write_now(registry.apply, replace(config, recipients=people), now, host_key)
        assert _following(applied) == following
    ids = applied.read_now(lambda session: session.exec(select(SubscriptionRow.id, SubscriptionRow.slug)).all())
    assert list(ids) == [(1, "ana"), (2, "ben")], "it came back as the same"


@pytest.mark.parametrize("way", ["removed", "disabled", "stopped", "pending"])
def test_what_comes_back_counts_from_then_on(applied: Store, with_more: Config, now: datetime, way: str) -> None:
    later = now + 5 * HOUR
    if way == "stopped":
        applied.write_now(subscriptions.stop, 3, "asked by phone", now + HOUR)
        applied.write_now(subscriptions.resume, 3, later)
    elif way == "pending":
        applied.write_now(_set_state, "pending")
        applied.write_now(subscriptions.confirm, 3, later)
    else:
        gone = () if way == "removed" else (replace(WIRES, enabled=False),)
        applied.write_now(registry.apply, replace(with_more, subscriptions=gone), now + HOUR, host_key)
        assert "wires" not in _following(applied)
        applied.write_now(registry.apply, with_more, later, host_key)
    wires = applied.read_now(subscriptions.subscriber, "wires")
    assert (wires.id, wires.begun_at, wires.covered_until) == (3, later, later)
    assert wires.receives(later)


def _set_state(session: Session, state: str) -> None:
    session.get_one(SubscriptionRow, 3).state = state


def test_who_stopped_it_is_not_subscribed_again_by_the_files(applied: Store, with_more: Config, now: datetime) -> None:
    applied.write_now(subscriptions.stop, 3, "unsubscribed by link", now)
    applied.write_now(subscriptions.stop, 3, "again", now + HOUR)
    for config in (with_more, replace(with_more, subscriptions=()), with_more):
        applied.write_now(registry.apply, config, now + HOUR, host_key)
    wires = applied.read_now(subscriptions.subscriber, "wires")
    assert (wires.state, wires.stopped_at, wires.stop_reason) == (SubscriptionState.STOPPED, now, "unsubscribed by link")
    assert _following(applied) == ["ana", "ben"]
    (said,) = applied.read_now(subscriptions.stopped_by_readers, with_more)
    assert "wires was stopped on 2026-03-02 (unsubscribed by link)" in said
    assert "`aggregator subscription resume wires`" in said
    assert applied.read_now(subscriptions.stopped_by_readers, replace(with_more, subscriptions=())) == ()
    with pytest.raises(Conflict, match="resume wires"):
        applied.write_now(subscriptions.confirm, 3, now)
    with pytest.raises(Conflict, match="only an active one"):
        applied.write_now(subscriptions.pause_until, 3, now)


def test_a_pause_sends_nothing_and_forgets_nothing(applied: Store, with_more: Config, now: datetime) -> None:
    applied.write_now(subscriptions.pause_until, 3, now + HOUR)
    wires = applied.read_now(subscriptions.subscriber, "wires")
    assert [wires.receives(at) for at in (now, now + HOUR)] == [False, True]
    assert "wires" in _following(applied)
    applied.write_now(subscriptions.resume, 3, now)
    again = applied.read_now(subscriptions.subscriber, "wires")
    assert (again.receives(now), again.begun_at) == (True, wires.begun_at)


def test_what_waits_for_its_reader_counts_nothing(applied: Store, with_more: Config, now: datetime) -> None:
    applied.write_now(_set_state, "pending")
    assert _following(applied) == ["ana", "ben"]
    assert not applied.read_now(subscriptions.subscriber, "wires").receives(now)
    with pytest.raises(Conflict, match="has not confirmed"):
        applied.write_now(subscriptions.resume, 3, now)


def test_what_is_not_there_is_not_found(applied: Store, now: datetime) -> None:
    with pytest.raises(NotFound, match="subscription list"):
        applied.write_now(subscriptions.stop, 99, "x", now)
    with pytest.raises(NotFound, match="aggregator apply"):
        applied.read_now(subscriptions.subscriber, "absent")
