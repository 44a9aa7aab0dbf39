from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.dedupe import fingerprint
from aggregator.model.article import Access, ArticleDraft, Candidate, DateDecision, Extraction, TextOrigin

NOON = datetime(2024, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def prose() -> Callable[[int, int], list[str]]:
    """``prose(seed, count)``: that many made-up words; two seeds share vocabulary, but no order."""

    def words(seed: int, count: int) -> list[str]:
        chance = random.Random(seed)
        syllables = ["har", "bo", "lin", "ka", "ter", "mi", "sul", "ven", "do", "pra"]
        lexicon = ["".join(random.Random(number).choices(syllables, k=3)) for number in range(900)]
        return chance.choices(lexicon, k=count)

    return words


@pytest.fixture
def draft() -> Callable[..., ArticleDraft]:
    """A draft of source 1, entry 10, seen at noon."""

    def build(text: str, *, title: str = "Ferry closes", origin: TextOrigin = TextOrigin.PAGE, **fields: Any) -> ArticleDraft:
        extraction = Extraction(
            title, text, origin, date=fields.pop("date", DateDecision()), access=fields.pop("access", Access.OPEN)
        )
        url = fields.pop("url", "https://herald.example/a")
        base: dict[str, Any] = {"source_id": 1, "entry_id": 10, "seen_at": NOON, "baseline": False}
        return ArticleDraft(url=url, extraction=extraction, fingerprint=fingerprint(extraction, [url]), **{**base, **fields})

    return build


@pytest.fixture
def stored() -> Callable[..., Candidate]:
    """A stored article of source 1, found by its sketch alone."""

    def build(text: str, **fields: Any) -> Candidate:
        mark = fingerprint(Extraction("", text, TextOrigin.PAGE), [])
        base: dict[str, Any] = {
            "article_id": 100, "source_id": 1, "group_id": 7, "same_entry": False, "same_url": False, "title": "Ferry closes",
            "text_hash": mark.text_hash, "text": text, "sketch": mark.sketch, "words": mark.words, "seen_at": NOON,
        }  # fmt: skip
        return Candidate(**{**base, **fields})

    return build
