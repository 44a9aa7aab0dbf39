"""Versions of a rule: whether two of them find the same, and an old one beside new entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias

from aggregator.model.rule import Entity, RuleSpec
from aggregator.rules.entities import flatten
from aggregator.rules.parser import parse
from aggregator.rules.syntax import EntityRef, Node

Aliases: TypeAlias = Mapping[str, tuple[str, ...]]
"""The aliases, those of inner entities included, of each entity that a query names."""


def aliases_used(query: str, entities: Mapping[str, Entity]) -> dict[str, tuple[str, ...]]:
    """The aliases that ``query`` looks for, by entity. Raises RuleSyntaxError, and ConfigError for a broken entity."""
    if "@" not in query:
        return {}
    slugs = dict.fromkeys(ref.slug for ref in _references(parse(query).root))
    return {slug: tuple(alias.written for alias in flatten(slug, entities)) for slug in sorted(slugs)}


def same_meaning(one: RuleSpec, other: RuleSpec) -> bool:
    """Whether two rules find the same with the same aliases: layout, comments, names and notes change nothing."""
    noise = ("min_words", "exclude_sources", "exclude_groups", "first_of_story")
    if any(getattr(one, name) != getattr(other, name) for name in noise):
        return False
    return one.query == other.query or _sense(parse(one.query).root) == _sense(parse(other.query).root)


def pinned(rule: RuleSpec, version: int, aliases: Aliases) -> tuple[RuleSpec, tuple[Entity, ...]]:
    """A former version of a rule, made to stand beside today's entities: its own are renamed (``@mek--rule-v3``)."""
    query = rule.query
    for ref in sorted(_references(parse(query).root), key=lambda ref: ref.at.start, reverse=True):
        if ref.slug in aliases:
            query = f"{query[: ref.at.start]}@{_pinned_slug(ref.slug, rule, version)}{query[ref.at.end :]}"
    entities = (Entity(_pinned_slug(slug, rule, version), slug, names) for slug, names in aliases.items())
    return replace(rule, query=query), tuple(entities)


def _pinned_slug(slug: str, rule: RuleSpec, version: int) -> str:
    # No configured slug has two hyphens in a row, so that none can be the same.
    return f"{slug}--{rule.slug}-v{version}"


def _references(node: Any) -> Iterator[EntityRef]:
    if isinstance(node, EntityRef):
        yield node
    for field in fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "at"):
                yield from _references(part)


def _sense(node: Node | Any) -> Any:
    """A tree without its places in the text."""
    if isinstance(node, tuple):
        return tuple(map(_sense, node))
    if not is_dataclass(node):
        return node
    return (type(node), *(_sense(getattr(node, field.name)) for field in fields(node) if field.name not in ("at", "quoted")))
