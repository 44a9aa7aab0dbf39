"""Applying a configuration."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, select

from aggregator.config.settings import Config
from aggregator.fetch import host_key
from aggregator.manners import Plan
from aggregator.model.page import Validators
from aggregator.model.source import History
from aggregator.store import Store, outbox, registry, sources
from aggregator.store.sources import Quiet
from aggregator.store.tables import RuleRow, SourceRow


def test_apply_shows_and_does_and_then_has_nothing_to_do(store: Store, config: Config, now: datetime) -> None:
    planned = store.read_now(registry.plan, config)
    assert [(change.noun, change.slug, change.verb) for change in planned] == [
        ("source", "wire", "added"), ("source", "daily", "added"), ("rule", "strike", "added"), ("rule", "port", "added"),
        ("recipient", "ana", "added"), ("recipient", "ben", "added"),
    ]  # fmt: skip
    assert store.write_now(registry.apply, config, now, host_key) == planned
    assert store.write_now(registry.apply, config, now, host_key) == ()


def test_a_change_names_old_and_new(applied: Store, config: Config, now: datetime) -> None:
    changed = replace(config, rules=(replace(config.rules[0], query="strike OR walkout"), config.rules[1]))
    (change,) = applied.write_now(registry.apply, changed, now, host_key)
    assert (change.slug, change.what) == ("strike", ("query: 'strike' → 'strike OR walkout'",))
    versions = applied.read_now(registry.registered).rule_versions
    assert versions == {"strike": 2, "port": 1}


def test_what_is_removed_keeps_its_row_and_comes_back_as_the_same(applied: Store, config: Config, now: datetime) -> None:
    before = applied.read_now(registry.registered).rules["port"]
    less = replace(config, rules=config.rules[:1], sources=config.sources[:1])
    verbs = {(change.noun, change.slug): change.verb for change in applied.write_now(registry.apply, less, now, host_key)}
    assert verbs == {("source", "daily"): "removed", ("rule", "port"): "removed"}
    assert "port" not in applied.read_now(registry.registered).rules
    assert applied.write_now(sources.claim_due, now, 10, timedelta(minutes=1)) == [(1,)]
    applied.write_now(registry.apply, config, now, host_key)
    assert applied.read_now(registry.registered).rules["port"] == before


def test_a_new_address_voids_what_belonged_to_the_old(applied: Store, config: Config, now: datetime) -> None:
    applied.write_now(sources.claim_due, now, 10, timedelta(minutes=1))
    (wire,) = applied.read_now(sources.due_sources, [1])
    later = now + timedelta(hours=1)
    applied.write_now(
        sources.store_quiet, [Quiet(wire, "not_modified", 304, Validators('"x"', "yesterday"), now, History(), Plan(later, ""))]
    )
    moved = replace(config, sources=(replace(config.sources[0], url="http://new.test/feed"), config.sources[1]))
    applied.write_now(registry.apply, moved, now, host_key)

    def row(session: Session) -> tuple[object, ...]:
        source = session.exec(select(SourceRow).where(SourceRow.slug == "wire")).one()
        return source.etag, source.last_modified, source.body_sha256, source.host, source.next_poll_at

    assert applied.read_now(row) == (None, None, None, "new.test", now)


def test_a_shorter_interval_takes_effect_at_once(applied: Store, config: Config, now: datetime) -> None:
    applied.write_now(sources.claim_due, now, 10, timedelta(minutes=1))
    (wire,) = applied.read_now(sources.due_sources, [1])
    applied.write_now(
        sources.store_quiet, [Quiet(wire, "unchanged", 200, Validators(), now, History(), Plan(now + timedelta(hours=6), ""))]
    )
    quicker = replace(config, sources=(replace(config.sources[0], interval=timedelta(minutes=10)), config.sources[1]))
    applied.write_now(registry.apply, quicker, now, host_key)
    (health,) = [row for row in applied.read_now(sources.health) if row.slug == "wire"]
    assert health.next_poll_at == now + timedelta(minutes=10)


def test_a_mended_address_lifts_the_rest(applied: Store, config: Config, now: datetime) -> None:
    applied.write_now(outbox.suppress, "ana", "550 no such user")
    assert applied.read_now(registry.registered).suppressed == {"ana"}
    mended = replace(config, recipients=(replace(config.recipients[0], address="ana@example.net"), config.recipients[1]))
    applied.write_now(registry.apply, mended, now, host_key)
    assert applied.read_now(registry.registered).suppressed == frozenset()


def test_rules_keep_the_order_of_the_file(applied: Store, config: Config, now: datetime) -> None:
    applied.write_now(registry.apply, replace(config, rules=config.rules[::-1]), now, host_key)
    order = applied.read_now(lambda session: session.exec(select(RuleRow.slug).order_by(RuleRow.position)).all())  # type: ignore[arg-type]
    assert list(order) == ["port", "strike"]
