"""Extracting again: kept pages in, better texts out. Identity, sightings and what was told stay as they are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from aggregator.model.article import ArticleDraft, TextOrigin
from aggregator.pipeline.cpu import Crashed
from aggregator.pipeline.jobs import PageJob, read_article
from aggregator.pipeline.rooms import Rooms
from aggregator.store import records
from aggregator.store.records import Extractable
from aggregator.text import terms

AT_ONCE = 8
"""Pages that are read side by side: enough to keep the workers busy, few enough for memory."""

WORDS = {
    "same": "unchanged",
    "metadata": "with other dates, authors or other metadata",
    "text": "with another headline or text: a new revision",
    "worse": "left alone: nothing would be left of the text",
    "failed": "could not be read",
    "edited": "edited meanwhile",
    "no page": "without a page that is kept",
}
"""What can become of an article, and what it means."""


async def reextract(rooms: Rooms, ids: Sequence[int], *, dry_run: bool) -> Counter[str]:
    """Extract the pages of these articles again, as they are kept. Returns counts by the keys of ``WORDS``.

    A change of headline or text is a revision (``re-extraction``); no alert and no digest tells of it. With ``dry_run`` nothing
    is written. Raises NotFound for an id that there is not.
    """
    outcomes: Counter[str] = Counter()
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        outcomes.update(await asyncio.gather(*(_again(rooms, id_, dry_run=dry_run) for id_ in batch)))
    return outcomes


async def _again(rooms: Rooms, article_id: int, *, dry_run: bool) -> str:
    found = await rooms.store.read(records.extractable, article_id)
    if found is None:
        return "no page"
    made = await rooms.cpu.run(read_article, _job(found))
    if isinstance(made, Crashed):
        return "failed"
    extraction, mark = made
    if found.text_origin is TextOrigin.PAGE and extraction.text_origin is not TextOrigin.PAGE:
        return "worse"
    draft = ArticleDraft(found.source_id, 0, found.page.final_url, extraction, mark, rooms.clock.now(), found.baseline)
    revised = mark.text_hash != found.text_hash or terms(extraction.title) != terms(found.title)
    outcome = "text" if revised else "metadata" if records.differs(found, draft) else "same"
    if not dry_run and not await rooms.store.write(records.store_extraction, found, draft, revised=revised):
        return "edited"
    return outcome


def _job(found: Extractable) -> PageJob:
    page = found.page
    content_type = next((value for name, value in page.headers if name == "content-type"), "")
    addresses = (page.url, page.final_url)
    return PageJob(found.entry, found.source, page.final_url, found.body, content_type, "", page.fetched_at, addresses)
