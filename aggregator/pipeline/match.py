"""Matching: articles that wait for it in, stored matches with all that they cause out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aggregator.model.article import Article
from aggregator.model.rule import Match
from aggregator.pipeline.rooms import Rooms
from aggregator.rules import RuleSet
from aggregator.store import articles
from aggregator.store.matches import MatchCounts, store_matches
from aggregator.store.search import document

BATCH = 100


async def match_articles(rooms: Rooms) -> MatchCounts:
    """Match one batch of waiting articles against every rule in force. An empty count says that none waits."""
    waiting = await rooms.store.read(articles.articles_due, BATCH)
    if not waiting:
        return MatchCounts()
    active = rooms.active
    found = await asyncio.to_thread(_match, active.ruleset, waiting)
    return await rooms.store.write(store_matches, found, active.watch, rooms.clock.now())


def _match(ruleset: RuleSet, waiting: Sequence[Article]) -> list[tuple[Article, Sequence[Match]]]:
    return [(article, ruleset.match(document(article))) for article in waiting]
