"""Pruning: old records out. Articles, matches and the accounting of digests and deliveries stay."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.pipeline.rooms import Rooms
from aggregator.store import maintenance


@dataclass(frozen=True, slots=True)
class PruneReport:
    """How many rows went."""

    fetches: int
    messages: int


async def prune(rooms: Rooms) -> PruneReport:
    """Drop what is older than its retention."""
    keep, now = rooms.active.config.settings.retention, rooms.clock.now()
    return PruneReport(*await rooms.store.write(maintenance.prune, now - keep.fetch_log, now - keep.sent_messages))
