"""Matching: articles that wait for it in, stored matches with all that they cause out."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from aggregator.model.article import Article
from aggregator.model.rule import Match
from aggregator.pipeline.edits import read_edit
from aggregator.pipeline.mishap import survived
from aggregator.pipeline.rooms import Active, Rooms
from aggregator.pipeline.volumes import parted
from aggregator.rules import RuleSet
from aggregator.store import articles, volumes
from aggregator.store.matches import Edit, MatchCounts, store_matches
from aggregator.store.search import document

BATCH = 100


async def match_articles(rooms: Rooms, without: Collection[int] = ()) -> MatchCounts:
    """Match one batch of waiting articles, but for ``without``, against every rule in force. An empty count: none waits."""
    return await _match_all(rooms, await rooms.store.read(articles.articles_due, BATCH, without))


async def match_apart(rooms: Rooms, without: Collection[int] = ()) -> dict[int, MatchCounts | Exception]:
    """The same, each article by itself: for a batch that fails, by the fault of one. By id, with the exceptions."""
    ids = await rooms.store.read(articles.ids_due, BATCH, without)
    return {id_: await survived(_match_one(rooms, id_)) for id_ in ids}


async def _match_one(rooms: Rooms, article_id: int) -> MatchCounts:
    found = await rooms.store.read(articles.articles_by_id, [article_id])
    return await _match_all(rooms, list(found.values()))


async def _match_all(rooms: Rooms, waiting: Sequence[Article]) -> MatchCounts:
    if not waiting:
        return MatchCounts()
    before, now = await rooms.store.read(articles.states_before, waiting), rooms.clock.now()
    async with rooms.matching:
        active = rooms.active
        found, named = parted(await asyncio.to_thread(_match, active.ruleset, waiting, now))
        edits = await asyncio.to_thread(_edits, active, before, waiting, now) if before else {}
    if named:  # told again after a kill, they are still noted once
        await rooms.store.write(volumes.note_mentions, named, now)
    return await rooms.store.write(store_matches, found, active.watch, now, edits)


def _edits(active: Active, before: Mapping[int, Article], waiting: Sequence[Article], now: datetime) -> dict[int, Edit]:
    known = (article for article in waiting if article.id in before)
    return {article.id: read_edit(before[article.id], article, active, now) for article in known}


def _match(ruleset: RuleSet, waiting: Sequence[Article], now: datetime) -> list[tuple[Article, Sequence[Match]]]:
    return [(article, ruleset.match(document(article), now)) for article in waiting]
