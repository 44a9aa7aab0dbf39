"""Versions of rules: one for each change that decides what is found, and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import null, update
from sqlmodel import Session, select

from aggregator.config.settings import Config, HeldRule
from aggregator.errors import ConfigError, NotFound
from aggregator.fetch import host_key
from aggregator.model.rule import Entity, Example, RuleSpec
from aggregator.store import Store, registry, rules
from aggregator.store.tables import RuleRow, RuleVersionRow

HOUR = timedelta(hours=1)


def _apply(store: Store, config: Config, now: datetime, *specs: RuleSpec, aliases: tuple[str, ...] = ("Acme",)) -> None:
    entities = (Entity("acme", "Acme", aliases), Entity("other", "Other", ("Other",)))
    store.write_now(registry.apply, replace(config, rules=specs, entities=entities), now, host_key)


def test_a_version_is_what_changes_the_finding(store: Store, config: Config, now: datetime) -> None:
    rule = RuleSpec("r", "R", "@acme strike")
    _apply(store, config, now, rule)
    _apply(store, config, now + HOUR, replace(rule, query="@acme   strike # a note", name="New", should_match=(Example("x"),)))
    (only,) = store.read_now(rules.versions, "r")
    assert (only.number, only.applied_at, only.aliases) == (1, now, {"acme": ("Acme",)})
    assert (only.spec.name, only.spec.should_match) == ("New", (Example("x"),))
    _apply(store, config, now + 2 * HOUR, replace(rule, query="@acme walkout"))
    _apply(store, config, now + 3 * HOUR, replace(rule, query="@acme walkout"), aliases=("Acme", "Acme Widgets"))
    _apply(store, config, now + 4 * HOUR, replace(rule, query="@acme walkout", min_words=9), aliases=("Acme", "Acme Widgets"))
    _apply(store, config, now + 5 * HOUR, replace(rule, query="@acme walkout", min_words=9), aliases=("Acme", "Acme Widgets"))
    found = store.read_now(rules.versions, "r")
    assert [(version.number, version.spec.query, version.spec.min_words, version.aliases) for version in found] == [
        (1, "@acme   strike # a note", 0, {"acme": ("Acme",)}),
        (2, "@acme walkout", 0, {"acme": ("Acme",)}),
        (3, "@acme walkout", 0, {"acme": ("Acme", "Acme Widgets")}),
        (4, "@acme walkout", 9, {"acme": ("Acme", "Acme Widgets")}),
    ]
    assert [version.applied_at - now for version in found] == [0 * HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]
    assert store.read_now(registry.registered).rule_versions == {"r": 4}


def test_an_entity_that_a_rule_does_not_use_makes_no_version(store: Store, config: Config, now: datetime) -> None:
    rule = RuleSpec("r", "R", "@other strike")
    _apply(store, config, now, rule)
    _apply(store, config, now, rule, aliases=("Acme", "Acme Widgets"))
    assert store.read_now(registry.registered).rule_versions == {"r": 1}


def test_a_rule_that_comes_back_goes_on_counting(store: Store, config: Config, now: datetime) -> None:
    _apply(store, config, now, RuleSpec("r", "R", "strike"))
    _apply(store, config, now)
    assert store.read_now(rules.in_force, ["r"]) == {}
    _apply(store, config, now, RuleSpec("r", "R", "strike"))
    _apply(store, config, now)
    _apply(store, config, now, RuleSpec("r", "R", "walkout"))
    assert [version.number for version in store.read_now(rules.versions, "r")] == [1, 2]


def test_of_a_held_rule_everything_stays(applied: Store, config: Config, now: datetime) -> None:
    written = replace(config.rules[0], query="strike OR walkout")
    held = replace(config, rules=config.rules[1:], held=(HeldRule(written, (ConfigError("x"),)),))
    assert applied.read_now(registry.plan, held) == ()
    assert applied.write_now(registry.apply, held, now, host_key) == ()
    version = applied.read_now(rules.in_force, ["strike", "nothing"])["strike"]
    assert (version.number, version.spec) == (1, config.rules[0])


def test_what_an_older_program_did_not_write_down_is_no_change(applied: Store, config: Config, now: datetime) -> None:
    """As after an upgrade: no key for examples and noise control, and no aliases."""

    def forget(session: Session) -> None:
        for row in (*session.exec(select(RuleRow)), *session.exec(select(RuleVersionRow))):
            row.spec = {
                key: value for key, value in row.spec.items() if key not in ("should_match", "min_words", "first_of_story")
            }
        session.execute(update(RuleVersionRow).values(aliases=null()))

    applied.write_now(forget)
    assert applied.write_now(registry.apply, config, now, host_key) == ()
    (version,) = applied.read_now(rules.versions, "port")
    assert (version.number, version.aliases, version.spec) == (1, {}, config.rules[1])


def test_changed_examples_are_counted_not_shown(applied: Store, config: Config) -> None:
    changed = replace(config, rules=(replace(config.rules[0], should_match=(Example("a strike"),)), config.rules[1]))
    (change,) = applied.read_now(registry.plan, changed)
    assert change.what == ("should_match: 0 → 1 examples",)


def test_a_rule_that_is_not_there_is_not_found(applied: Store) -> None:
    with pytest.raises(NotFound, match="there is no rule 'x'"):
        applied.read_now(rules.versions, "x")
