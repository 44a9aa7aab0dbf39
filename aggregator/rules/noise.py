"""Noise control at the rule: what keeps an article from matching, as a part of the query, so that it is the same everywhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aggregator.model.rule import RuleSpec
from aggregator.rules.keys import OneOf, build


def with_noise_control(rule: RuleSpec) -> RuleSpec:
    """``rule`` with its ``min_words`` and exclusions written into its query: what is compiled, searched for and explained."""
    tests = [f"words>={rule.min_words}"] if rule.min_words else []
    tests += [f"-{key}:{_listed(values)}" for key, values in _excluded(rule) if values]
    if not tests:
        return rule
    # A query may end with a comment: the parenthesis stands on a line of its own.
    query = f"({rule.query}\n) {' '.join(tests)}"
    return replace(rule, query=query, min_words=0, exclude_sources=(), exclude_groups=())


def key_values(key: str, values: Collection[str]) -> tuple[str, ...]:
    """What an article may have for ``key:(values)`` to hold, to the letter; ``key`` is source, lang, country or group."""
    test = build(key, ":", tuple(values))
    return test.values if isinstance(test, OneOf) else ()


def _excluded(rule: RuleSpec) -> tuple[tuple[str, Collection[str]], ...]:
    return ("source", rule.exclude_sources), ("group", rule.exclude_groups)


def _listed(values: Collection[str]) -> str:
    quoted = [f'"{value}"' for value in values]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"
