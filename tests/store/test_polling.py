"""Claiming sources and storing feeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from aggregator.config.settings import Config
from aggregator.fetch import host_key
from aggregator.manners import Plan
from aggregator.model.feed import FeedEntry, ParsedFeed
from aggregator.model.page import FailureKind, FetchFailed, Validators
from aggregator.model.source import DueSource, History, SourceSpec
from aggregator.store import Store, registry, sources
from aggregator.store.sources import Asked, Conclusion, FeedBody, KeyedEntry, Quiet, Stored
from aggregator.store.tables import EntryRow, SourceRow

LEASE = timedelta(minutes=5)
HISTORY = History()
FEED = ParsedFeed("The Wire", None, "en", "rss20", ())


@pytest.fixture
def wire(applied: Store, now: datetime) -> DueSource:
    applied.write_now(sources.claim_due, now, 10, LEASE)
    return applied.read_now(sources.due_sources, [1])[0]


def _body(now: datetime, sha: str = "abc", etag: str = '"1"') -> FeedBody:
    return FeedBody("http://wire.test/feed", 200, sha, 10, Validators(etag, None), now)


def _store(store: Store, source: DueSource, entries: list[FeedEntry], now: datetime, **body: str) -> int | None:
    keyed = [KeyedEntry(entry, entry.link or "", "wire.test") for entry in entries]
    done = store.write_now(sources.store_feed, source, _body(now, **body), FEED, keyed, lambda stored: _conclude(stored, now))
    return None if done is None else len(done[0].new)


def _conclude(_: Stored, now: datetime) -> Conclusion:
    return Conclusion(HISTORY, Plan(now + timedelta(minutes=30), "soon"))


def test_a_claim_is_exclusive_until_its_lease_runs_out(applied: Store, now: datetime) -> None:
    assert sorted(applied.write_now(sources.claim_due, now, 10, LEASE)) == [(1,), (2,)]
    assert applied.write_now(sources.claim_due, now, 10, LEASE) == []
    assert sorted(applied.write_now(sources.claim_due, now + LEASE, 10, LEASE)) == [(1,), (2,)]


def test_claims_are_fair_over_hosts(store: Store, config: Config, now: datetime) -> None:
    many = tuple(SourceSpec(f"big-{n}", f"http://big.test/{n}") for n in range(20))
    store.write_now(registry.apply, replace(config, sources=many), now, host_key)
    store.write_now(registry.apply, replace(config, sources=(*many, SourceSpec("small", "http://small.test/"))), now, host_key)
    batches = store.write_now(sources.claim_due, now, 9, LEASE)
    assert sorted(map(len, batches)) == [1, 8], "eight of the big host, and the small one waits for nobody"
    assert store.write_now(sources.claim_due, now, 9, LEASE) == [], "one batch in flight for each host"


def test_entries_and_validators_are_stored_together(
    applied: Store, wire: DueSource, now: datetime, make_entry: Callable[..., FeedEntry]
) -> None:
    assert _store(applied, wire, [make_entry("a"), make_entry("b")], now) == 2
    row = applied.read_now(lambda session: session.exec(select(SourceRow).where(SourceRow.id == 1)).one())
    assert (row.etag, row.body_sha256, row.lease_token, row.baseline_at) == ('"1"', "abc", None, now)


def test_when_the_store_fails_the_next_request_is_unconditional(
    applied: Store, wire: DueSource, now: datetime, make_entry: Callable[..., FeedEntry]
) -> None:
    broken = replace(make_entry("b"), key=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)not.null"):
        _store(applied, wire, [make_entry("a"), broken], now)
    applied.write_now(sources.free_leases)
    applied.write_now(sources.claim_due, now, 10, LEASE)
    again = applied.read_now(sources.due_sources, [1])[0]
    assert (again.validators, again.body_sha256, again.baseline) == (Validators(), None, True)
    assert _store(applied, again, [make_entry("a"), make_entry("b")], now) == 2, "nothing was lost, nothing half-done"


def test_a_lost_lease_writes_nothing(
    applied: Store, wire: DueSource, now: datetime, make_entry: Callable[..., FeedEntry]
) -> None:
    late = replace(wire, lease_token="somebody else's")
    assert _store(applied, late, [make_entry("a")], now) is None
    failed = FetchFailed(wire.spec.url, FailureKind.DNS, "no such host", now)
    assert applied.write_now(sources.store_failure, late, failed, HISTORY, Plan(now, ""), Asked()) is False
    assert applied.read_now(lambda session: session.exec(select(EntryRow)).all()) == []


def test_known_entries_stay_edited_ones_come_again(
    applied: Store, wire: DueSource, now: datetime, make_entry: Callable[..., FeedEntry]
) -> None:
    _store(applied, wire, [make_entry("a"), make_entry("b")], now)

    def finish(session: Session) -> None:
        for row in session.exec(select(EntryRow)):
            row.state = "done"
            session.add(row)

    applied.write_now(finish)
    later = now + timedelta(hours=1)
    applied.write_now(sources.claim_due, later, 10, LEASE)
    again = applied.read_now(sources.due_sources, [1])[0]
    assert not again.baseline
    assert (
        _store(applied, again, [make_entry("a"), make_entry("b", title="New headline"), make_entry("c")], later, sha="def") == 1
    )
    rows = applied.read_now(
        lambda session: session.exec(select(EntryRow.key, EntryRow.state, EntryRow.version, EntryRow.baseline)).all()
    )
    assert sorted(rows) == [("a", "done", 1, True), ("b", "pending", 2, True), ("c", "pending", 1, False)]


def test_failure_is_data(applied: Store, wire: DueSource, now: datetime) -> None:
    failed = FetchFailed(wire.spec.url, FailureKind.HTTP, "503 Service Unavailable", now, 503)
    applied.write_now(sources.store_failure, wire, failed, HISTORY, Plan(now + timedelta(hours=1), ""), Asked())
    later = now + timedelta(hours=2)
    applied.write_now(sources.claim_due, later, 10, LEASE)
    again = applied.read_now(sources.due_sources, [1])[0]
    assert again.failures == 1
    plan = Plan(later + timedelta(hours=1), "")
    applied.write_now(sources.store_failure, again, replace(failed, failed_at=later), HISTORY, plan, Asked())
    (health,) = applied.read_now(sources.troubled)
    assert (health.slug, health.kind, health.failures, health.failing_since) == ("wire", "http", 2, now)
    applied.write_now(sources.claim_due, later + timedelta(hours=1), 10, LEASE)
    back = applied.read_now(sources.due_sources, [1])[0]
    applied.write_now(sources.store_quiet, [Quiet(back, "not_modified", 304, Validators('"1"'), later, HISTORY, plan)])
    assert applied.read_now(sources.troubled) == []


def test_six_thousand_entries_are_six_thousand(
    applied: Store, wire: DueSource, now: datetime, make_entry: Callable[..., FeedEntry]
) -> None:
    assert _store(applied, wire, [make_entry(f"k{n}") for n in range(6000)], now) == 6000
    assert len(applied.read_now(lambda session: session.exec(select(EntryRow.id)).all())) == 6000


def test_quiet_polls_are_written_many_at_once_but_for_lost_leases(applied: Store, wire: DueSource, now: datetime) -> None:
    daily = applied.read_now(sources.due_sources, [2])[0]
    later = now + timedelta(hours=1)
    plan = Plan(later, "an hour")
    late = Quiet(replace(daily, lease_token="gone"), "unchanged", 200, Validators('"2"'), now, HISTORY, plan)
    applied.write_now(sources.store_quiet, [Quiet(wire, "not_modified", 304, Validators('"1"'), now, HISTORY, plan), late])
    rows = applied.read_now(lambda session: session.exec(select(SourceRow.slug, SourceRow.etag, SourceRow.next_poll_at)).all())
    assert sorted(rows) == [("daily", None, now), ("wire", '"1"', later)]
    assert applied.write_now(sources.claim_due, now, 10, LEASE) == [], "the other is still leased to somebody"
