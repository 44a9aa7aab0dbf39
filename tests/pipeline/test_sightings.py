"""One article in five feeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlmodel import select

from aggregator.app import open_app
from aggregator.config.settings import Config
from aggregator.newsroom import Newsroom
from aggregator.store.tables import ArticleRow, SightingRow


async def test_one_article_in_five_feeds_is_fetched_once_and_sighted_five_times(
    clock: Any, configure: Callable[..., Config]
) -> None:
    with Newsroom.synthetic(
        1, 3, start=clock.now() - timedelta(hours=1), spacing=timedelta(minutes=5), seed=2, clock=clock.now
    ) as newsroom:
        config = configure(newsroom)
        (source,) = config.sources
        feeds = tuple(replace(source, slug=f"feed-{number}", url=f"{source.url}?n={number}") for number in range(5))
        async with open_app(replace(config, sources=feeds), clock=clock) as app:
            await app.settle()
            assert app.failures == 0
            articles = app.rooms.store.read_now(lambda session: list(session.exec(select(ArticleRow.url))))
            sightings = app.rooms.store.read_now(lambda session: len(session.exec(select(SightingRow.entry_id)).all()))
        (stats,) = newsroom.stats().values()
    assert (len(articles), len(set(articles)), sightings) == (3, 3, 15)
    assert stats.by_kind["article"] == 3, "a page that is known is not asked for again"
