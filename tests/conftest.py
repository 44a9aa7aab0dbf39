"""How tests share two workers; and matches with articles, for everything that is written about them."""

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from aggregator.model.article import Article, TextOrigin
from aggregator.model.delivery import MatchedArticle
from aggregator.model.rule import Span
from aggregator.store import migrate
from tests import postgres

TOGETHER = {"tests/world/test_week.py": "week"} | {
    f"tests/cli/test_{name}.py": "demo" for name in ("articles", "channels", "commands", "docs", "sources", "stories", "web")
}
"""Files whose tests share something dear, which one worker is to make and not each its own."""

DEAR = tuple(f"tests/{name}.py" for name in ("pipeline/test_kill", "pipeline/test_two_weeks", "test_house"))
"""Files with single tests that take long: they come first, so that no worker is left with one while the other has nothing."""

SEEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Tests go to whichever worker is free, those of ``TOGETHER`` to one (``--dist loadgroup`` has no effect with pytest 9.2)."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(DEAR))


@pytest.fixture(scope="session", autouse=True)
def fork_server() -> None:
    """A process has one fork server, and whoever needs it first says what it holds: here the parsers, once for all tests."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["aggregator.pipeline.warm"])
    forkserver.ensure_running()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Makes a store with the schema, in SQLite; returns its URL. The migrations run once, and their file is copied."""
    template = tmp_path_factory.mktemp("template") / "a.db"
    migrate.upgrade(f"sqlite:///{template}")

    def make(path: Path) -> str:
        if not path.exists():
            shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A real PostgreSQL. The tests bring it along, so that one that is missing is a failure and no reason to skip."""
    with postgres.server() as found:
        assert found is not None, postgres.ABSENT
        yield found


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """A store's URL: a new database with the schema."""
    url = postgres_server.migrated()
    yield url
    postgres_server.drop(url)


@pytest.fixture
def match() -> Callable[..., MatchedArticle]:
    """Makes matches with fresh ids; ``hits`` are marked wherever they stand in title or text."""
    ids = count(1)

    def make(
        rule: str = "tunnel",
        title: str = "Tunnel closed",
        *,
        text: str = "The harbour tunnel is closed until further notice.",
        outlet: str = "Northport Courier",
        group: str = "",
        language: str | None = "en",
        story: int | None = None,
        copy_of: int | None = None,
        at: datetime | None = SEEN,
        has_time: bool = True,
        seen: datetime | None = None,
        url: str | None = None,
        note: str = "",
        hits: tuple[str, ...] = (),
        aliases: tuple[str, ...] = (),
        article: Article | None = None,
    ) -> MatchedArticle:
        number = next(ids)
        article = article or Article(
            id=number,
            story_id=story or number,
            group_id=copy_of or story or number,
            source_slug=f"source-{outlet}",
            source_name=outlet,
            source_group=group,
            country="",
            url=f"https://outlet.example/{number}" if url is None else url,
            title=title,
            text=text,
            text_origin=TextOrigin.PAGE,
            note=note,
            authors=(),
            tags=(),
            language=language,
            published_at=at,
            has_time=has_time,
            first_seen_at=seen or ((at or SEEN) + timedelta(minutes=5)),
            revision=1,
            words=len(text.split()),
            baseline=False,
        )
        spans = tuple(
            Span(field, start, start + len(hit), hit)
            for field, where in (("title", article.title), ("body", article.text))
            for hit in hits
            if (start := where.find(hit)) >= 0
        )
        return MatchedArticle(number, rule, article, spans, aliases, article.first_seen_at)

    return make
