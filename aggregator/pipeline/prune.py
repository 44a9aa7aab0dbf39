"""Pruning: old records out. Articles, matches and the accounting of digests and deliveries stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aggregator.alerts import DAYS
from aggregator.dedupe import STORY_WINDOW
from aggregator.pipeline.rooms import Rooms
from aggregator.store import maintenance, pages, rechecks, stories, volumes


@dataclass(frozen=True, slots=True)
class PruneReport:
    """How many rows went, and how many stories are over."""

    fetches: int
    messages: int
    pages: int
    stories: int


async def prune(rooms: Rooms) -> PruneReport:
    """Drop what is older than its retention."""
    settings, now = rooms.active.config.settings, rooms.clock.now()
    keep, archive = settings.retention, settings.archive
    records = await rooms.store.write(maintenance.prune, now - keep.fetch_log, now - keep.sent_messages)
    await rooms.store.write(
        rechecks.prune_rechecks, now - max(settings.articles.recheck, default=timedelta()), now - keep.fetch_log
    )
    gone = await rooms.store.write(pages.prune_pages, now - archive.pages if archive.pages else None, archive.max_bytes)
    closed = 0
    while step := await rooms.store.write(stories.close, now - STORY_WINDOW):
        closed += step
    await rooms.store.write(stories.fade)
    await rooms.store.write(volumes.prune_mentions, now - timedelta(days=DAYS + 2))
    return PruneReport(*records, gone, closed)
