"""Edits after publication: what they mean for the rules, and the mails of rules that watch for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from aggregator.model.article import Article
from aggregator.model.record import BY_PUBLISHER
from aggregator.model.rule import Entity
from aggregator.pipeline.letters import alert_mails
from aggregator.pipeline.linking import links_of
from aggregator.pipeline.rooms import Active, Rooms
from aggregator.rules import CompiledQuery, compile_query
from aggregator.store import edits
from aggregator.store.matches import Edit, matched_articles
from aggregator.store.registry import registered
from aggregator.store.search import document
from aggregator.text import terms

SHOWN = 120
"""Characters of an old headline that are told."""


def read_edit(before: Article, after: Article, active: Active, now: datetime) -> Edit:
    """What changed from one state of an article to the next: rules that match only since, another headline, names.

    Both states are put to the rules as of ``now``: that time passes is no edit.
    """
    if after.revision_reason not in BY_PUBLISHER:
        return Edit()
    earlier = {match.rule for match in active.ruleset.match(document(before), now)}
    later = {match.rule for match in active.ruleset.match(document(after), now)}
    return Edit(frozenset(later - earlier), "; ".join(silent_changes(before, after, active.config.entities)))


def silent_changes(before: Article, after: Article, entities: tuple[Entity, ...]) -> list[str]:
    """What an analyst wants to know of an edit, in words: the headline that was, the watched names that came and went."""
    told = []
    if terms(before.title) != terms(after.title):
        told.append(f"the headline was “{before.title[:SHOWN]}”")
    queries = watched(entities)
    for name, query in queries.items():
        was, is_ = query.match(document(before)) is not None, query.match(document(after)) is not None
        if was != is_:
            told.append(f"{name} was {'added' if is_ else 'taken out'}")
    return told


def watched(entities: tuple[Entity, ...]) -> Mapping[str, CompiledQuery]:
    """Each entity by its name, as a query."""
    known = {entity.slug: entity for entity in entities}
    return {entity.name: compile_query(f"@{entity.slug}", known) for entity in entities}


async def send_edits(rooms: Rooms) -> int:
    """Mail what rules that watch edits are to be told. Returns how many edits went out."""
    due = await rooms.store.read(edits.due_edits)
    if not due:
        return 0
    now, config, known = rooms.clock.now(), rooms.active.config, await rooms.store.read(registered)
    found = {item.match_id: item for item in await rooms.store.read(matched_articles, [edit.match_id for edit in due])}
    what: dict[int, list[str]] = {}
    for edit in due:
        what.setdefault(edit.match_id, []).append(edit.what)
    items = []
    for match_id, told in what.items():
        item = found[match_id]
        note = f"Changed after publication: {'; '.join(dict.fromkeys(told))}."
        items.append(replace(item, article=replace(item.article, note=note)))
    links = await links_of(rooms.store, config.settings, now)
    mails = alert_mails(config, known, items, f"edit:{due[0].id}", now, links)
    await rooms.store.write(edits.dispatch_edits, [edit.id for edit in due], mails, now)
    return len(due)
