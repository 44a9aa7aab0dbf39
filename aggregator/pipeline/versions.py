"""Which version of each rule is in force: that of the files, or, where an example of it fails, the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aggregator.config.settings import Config
from aggregator.errors import ConfigError
from aggregator.model.rule import Entity, RuleSpec
from aggregator.rules import compile_query, pinned, with_noise_control
from aggregator.store import Store, rules
from aggregator.store.rules import RuleVersion


def kept_versions(store: Store, config: Config) -> dict[str, RuleVersion]:
    """The versions that stay in force in the place of rules that are held, by rule. One that no longer compiles does not."""
    if not config.held:
        return {}
    found = store.read_now(rules.in_force, [each.rule.slug for each in config.held])
    return {slug: version for slug, version in found.items() if _compiles(version, config)}


def _compiles(version: RuleVersion, config: Config) -> bool:
    try:
        rule, entities = frozen(version)
        compile_query(with_noise_control(rule).query, {entity.slug: entity for entity in (*config.entities, *entities)})
    except ConfigError:
        return False
    return True


def frozen(version: RuleVersion) -> tuple[RuleSpec, tuple[Entity, ...]]:
    """A version's rule with the aliases of its own time, as entities to stand beside today's."""
    rule = replace(version.spec, slug=version.rule)
    return (rule, ()) if version.aliases is None else pinned(rule, version.number, version.aliases)


def rules_in_force(config: Config, kept: Mapping[str, RuleVersion]) -> tuple[list[RuleSpec], list[Entity]]:
    """What is compiled: the rules with their noise control, a kept version with its own aliases; and all entities."""
    compiled, entities = [], list(config.entities)
    for rule in config.rules:
        if (version := kept.get(rule.slug)) is not None:
            rule, own = frozen(version)
            entities.extend(own)
        compiled.append(with_noise_control(rule))
    return compiled, entities
