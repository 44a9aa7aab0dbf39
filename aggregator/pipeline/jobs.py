"""What runs inside the worker processes: one function per kind of document. Heavy libraries are imported here, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.dedupe import fingerprint
from aggregator.extract import extract_article
from aggregator.model.article import Extraction, Fingerprint
from aggregator.model.feed import FeedEntry
from aggregator.model.source import SourceSpec
from aggregator.parse import parse_feed

__all__ = ["PageJob", "parse_feed", "read_article"]


@dataclass(frozen=True, slots=True)
class PageJob:
    """An entry and, if it could be had, its page. ``note`` says why there is none."""

    entry: FeedEntry
    source: SourceSpec
    url: str
    body: bytes | None
    content_type: str
    note: str
    seen_at: datetime


def read_article(job: PageJob) -> tuple[Extraction, Fingerprint]:
    """Extract the article and take its fingerprint."""
    made = extract_article(
        job.body,
        url=job.url,
        content_type=job.content_type,
        entry=job.entry,
        outlet=job.source.title,
        outlet_language=job.source.language,
        timezone=job.source.timezone,
        seen_at=job.seen_at,
        note=job.note,
    )
    return made, fingerprint(made, [url for url in (job.entry.link, job.url) if url])
