"""A clock stepped by hand, and a configuration for a newsroom of generated outlets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from aggregator.config.settings import (
    AlertSettings,
    Config,
    FetchSettings,
    MailSettings,
    PollSettings,
    Settings,
    StoreSettings,
    WorkerSettings,
)
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, RuleSpec
from aggregator.model.source import SourceSpec
from aggregator.newsroom import MARKER_WORDS, Newsroom


class SteppedClock:
    """Time passes only when ``at`` is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(datetime(2026, 3, 20, 0, 0, tzinfo=UTC))


Configure = Callable[..., Config]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Rules for the marker words (the first five urgent), one reader in Paris for all, one in Tehran for some."""

    def make(newsroom: Newsroom, interval: timedelta = timedelta(minutes=50)) -> Config:
        rules = [
            RuleSpec(f"word-{number}", word, word, Lane.NOW if number < 5 else Lane.DIGEST)
            for number, word in enumerate(MARKER_WORDS)
        ]
        return Config(
            Settings(
                store=StoreSettings(f"sqlite:///{tmp_path}/world.db"),
                fetch=FetchSettings(allow_networks=("127.0.0.0/8",), host_gap=0.0, deadline=1.0),
                poll=PollSettings(floor=timedelta(seconds=1), backoff_max=timedelta(hours=2)),
                workers=WorkerSettings(processes=2),
                mail=MailSettings(folder=tmp_path / "mail", sender="desk@example.org"),
                alerts=AlertSettings(group_wait=timedelta(seconds=20)),
            ),
            sources=tuple(
                SourceSpec(
                    slug=outlet.slug,
                    url=outlet.feed_url,
                    name=outlet.name,
                    group=outlet.group,
                    language=outlet.language,
                    timezone=outlet.timezone,
                    interval=interval,
                )
                for outlet in newsroom.outlets
            ),
            rules=tuple(rules),
            recipients=(
                Recipient("paris", "paris@example.org", timezone="Europe/Paris", digest_at=time(7)),
                Recipient("tehran", "tehran@example.org", timezone="Asia/Tehran", digest_at=time(6, 30), rules=("word-[0-3]",)),
            ),
        )

    return make
