"""A rule whose examples fail: the others go on, and its old version finds what it found, with the aliases of its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aggregator.app import open_app
from aggregator.config.settings import Config, HeldRule
from aggregator.errors import ConfigError
from aggregator.model.rule import Entity, Lane, RuleSpec
from aggregator.store.tables import MatchRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]


async def test_the_old_version_goes_on_with_its_own_aliases(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    birds = RuleSpec("birds", "Birds", "@bird", Lane.NOW)
    other = RuleSpec("other", "Other", "sorrelwood")
    config = replace(desk(site.source(), rules=(birds, other)), entities=(Entity("bird", "Bird", ("quillback",)),))
    fails = (ConfigError("the rule does not find “a bird”"),)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        changed = replace(birds, query="@bird sings")
        await app.apply(
            replace(config, rules=(other,), entities=(Entity("bird", "Bird", ("wren",)),), held=(HeldRule(changed, fails),))
        )
        site.publish("one", on_page="quillback")
        site.publish("two", on_page="wren")
        site.publish("three", on_page="sorrelwood")
        clock.at += timedelta(hours=1)
        await app.settle()
        second, first = sorted(rows(app, MatchRow), key=lambda row: len(row.aliases))
        assert (first.rule_version, first.aliases, [span[3] for span in first.spans]) == (1, ["quillback"], ["@bird--birds-v1"])
        assert [span[3] for span in second.spans] == ["sorrelwood"]
        await app.apply(replace(config, rules=(changed, other)))
        site.publish("four", on_page="quillback sings")
        clock.at += timedelta(hours=1)
        await app.settle()
        assert [row.rule_version for row in rows(app, MatchRow)] == [1, 1, 2]


async def test_a_new_rule_that_is_held_is_not_there(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    held = HeldRule(RuleSpec("birds", "Birds", "quillback"), (ConfigError("x"),))
    config = replace(desk(site.source(), rules=(RuleSpec("other", "Other", "sorrelwood"),)), held=(held,))
    async with open_app(config, clock=clock) as app:
        await app.settle()
        site.publish("one", on_page="quillback")
        clock.at += timedelta(hours=1)
        await app.settle()
        assert rows(app, MatchRow) == []


async def test_noise_control_keeps_articles_from_matching(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    rules = (
        RuleSpec("long", "Long", "quillback", min_words=10_000),
        RuleSpec("elsewhere", "Elsewhere", "quillback OR wren", exclude_sources=("site",)),
        RuleSpec("all", "All", "quillback", min_words=10),
    )
    async with open_app(desk(site.source(), rules=rules), clock=clock) as app:
        await app.settle()
        site.publish("one", on_page="quillback")
        clock.at += timedelta(hours=1)
        await app.settle()
        assert [row.rule_id for row in rows(app, MatchRow)] == [3]
