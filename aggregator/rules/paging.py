"""Cursors as text: what a page of a search hands out, and takes back for the next one."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from datetime import datetime

from aggregator.model.search import Cursor, Order, Place, Question, Statistics

MOST_BYTES = 100_000
"""More than any search's cursor has."""
_VERSION = 1
_REFUSED = "this is no cursor that a search of this version handed out: take the one that stands under its page, whole"


def digest(query: str, question: Question) -> str:
    """What tells a search from others: its query, order and bounds, but not the size of a page."""
    told = [query, question.order.value, *(at.isoformat() if at else "" for at in (question.since, question.until))]
    return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def dump(cursor: Cursor) -> str:
    """A cursor as text for a URL or a command line."""
    known = cursor.statistics
    told = [
        _VERSION, cursor.digest, cursor.order.value, cursor.asked_at.isoformat(), cursor.newest_id, cursor.place.score,
        cursor.place.shown_at.isoformat(), cursor.place.article_id,
        [known.articles, known.words, dict(known.holding)] if known else None,
    ]  # fmt: skip
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(told).encode())).decode().rstrip("=")


def load(text: str) -> Cursor:
    """What :func:`dump` made. Raises ValueError for anything else."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        version, name, order, asked_at, newest_id, score, shown_at, article_id, known = json.loads(
            zlib.decompressobj().decompress(packed, MOST_BYTES)
        )
        statistics = None if known is None else Statistics(int(known[0]), float(known[1]), _counts(known[2]))
        place = Place(float(score), _instant(shown_at), int(article_id))
        cursor = Cursor(str(name), Order(order), _instant(asked_at), int(newest_id), place, statistics)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, zlib.error):
        raise ValueError(_REFUSED) from None
    if version != _VERSION:
        raise ValueError(_REFUSED)
    return cursor


def _counts(found: dict[str, int]) -> dict[str, int]:
    return {leaf: int(count) for leaf, count in found.items()}


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at
