from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.extract import extract_article
from aggregator.model.article import Extraction
from aggregator.model.feed import FeedEntry

SEEN = datetime(2024, 3, 20, 9, 30, tzinfo=UTC)


def _entry(**fields: Any) -> FeedEntry:
    blank: dict[str, Any] = {
        "key": "k1", "title": "", "link": "https://herald.example/a", "summary": "", "content": "", "published_at": None,
        "updated_at": None, "published_raw": "", "zone_assumed": False, "has_time": False, "authors": (), "tags": (),
        "language": None, "image_url": None, "content_hash": "",
    }  # fmt: skip
    if "published_at" in fields:
        blank["has_time"] = True
    return FeedEntry(**{**blank, **fields})


@pytest.fixture
def entry() -> Callable[..., FeedEntry]:
    """Builds a feed entry of which only the named fields say anything."""
    return _entry


@pytest.fixture
def extract() -> Callable[..., Extraction]:
    """Extracts a page (text, bytes or None); other keywords than the call's own go into the entry."""

    def run(page: str | bytes | None, **fields: Any) -> Extraction:
        call: dict[str, Any] = {
            "url": "https://herald.example/news/item-7", "content_type": "text/html; charset=utf-8", "outlet": "Northern Herald",
            "outlet_language": None, "timezone": "UTC", "seen_at": SEEN, "note": "",
        }  # fmt: skip
        call |= {name: fields.pop(name) for name in list(fields) if name in call}
        body = page.encode() if isinstance(page, str) else page
        return extract_article(body, entry=_entry(**fields), **call)

    return run


@pytest.fixture
def paragraphs() -> str:
    """Enough prose to be taken for an article."""
    return "".join(f"<p>{text}</p>" for text in PROSE)


PROSE = (
    "The harbour council of Port Ellery voted on Tuesday evening to close the old ferry terminal, after a long debate.",
    "Fishermen from the eastern quay had asked for a delay until the autumn, because their cold store adjoins the hall.",
    "Engineers told the meeting that the foundations had moved by four centimetres since the winter storms.",
    "The mayor promised a temporary pier of timber, to be ready before the holidays, and a public hearing every second month.",
    "A decision on the new terminal, whose cost is put at eleven million crowns, is expected when the regional assembly returns.",
)
