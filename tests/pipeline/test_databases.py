"""The same three days on SQLite and on PostgreSQL: the same articles, stories, matches, and the same mail, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from aggregator.app import open_app
from aggregator.config.settings import Config, StoreSettings
from aggregator.newsroom import Newsroom
from aggregator.rules import compile_query
from aggregator.store.search import search
from aggregator.store.tables import ArticleRow, DigestRow, EntryRow, MatchRow, RuleRow, SourceRow

HOURS = 72


async def test_three_days_on_either_database(
    clock: Any, configure: Callable[..., Config], tmp_path: Path, postgres_url: str
) -> None:
    start = clock.at
    newsroom = Newsroom.synthetic(1, 24, start=start, spacing=timedelta(hours=3), seed=5, clock=clock.now)
    told = []  # one outlet: of several, it is chance whose article comes first, and stories depend on it
    with newsroom:
        config = configure(newsroom)
        for url in (config.settings.store.url, postgres_url):
            mail = tmp_path / url.partition(":")[0]
            settings = replace(config.settings, store=StoreSettings(url), mail=replace(config.settings.mail, folder=mail))
            clock.at = start
            async with open_app(replace(config, settings=settings), clock=clock) as app:
                for hour in range(0, HOURS, 3):
                    clock.at = start + timedelta(hours=hour)
                    await app.settle()
                assert app.failures == 0
                told.append((*app.rooms.store.read_now(_all), _mails(mail)))
    lite, great = told
    assert len(lite[0]) == 24
    assert len(lite[1]) > 10
    assert len(lite[-1]) > 3
    for mine, yours in zip(lite, great, strict=True):
        assert mine == yours


def _all(session: Session) -> tuple[Any, ...]:
    articles = session.exec(select(ArticleRow).order_by(ArticleRow.url)).all()
    stories: dict[int, list[str]] = {}
    for row in articles:
        stories.setdefault(row.story_id, []).append(row.url)
    found = session.exec(
        select(RuleRow.slug, ArticleRow.url, MatchRow)
        .select_from(MatchRow)
        .join(RuleRow, RuleRow.id == MatchRow.rule_id)  # type: ignore[arg-type]
        .join(ArticleRow, ArticleRow.id == MatchRow.article_id)  # type: ignore[arg-type]
    ).all()
    digests = session.exec(select(DigestRow).order_by(DigestRow.id)).all()  # type: ignore[arg-type]
    sources = session.exec(select(SourceRow).order_by(SourceRow.slug)).all()
    hits, _ = search(session, compile_query("quillback OR (quiet NEAR/5 harb*) OR beside", {}), None, None, 100)
    return (
        [(row.url, row.title, row.text, row.published_at, row.language, row.first_seen_at, row.sketch) for row in articles],
        sorted((rule, url, match.matched_at, match.spans) for rule, url, match in found),
        sorted(stories.values()),
        [row.model_dump(exclude={"id"}) for row in digests],
        [(row.slug, row.next_poll_at, row.history, row.etag, row.last_success_at) for row in sources],
        sorted((row.key, row.state, row.text_key) for row in session.exec(select(EntryRow))),
        [(article.url, match.spans) for article, match in hits],
    )


def _mails(folder: Path) -> list[tuple[str, str, str]]:
    read = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]
    return sorted((str(mail["to"]), str(mail["subject"]), mail.get_body(("plain",)).get_content()) for mail in read)  # type: ignore[union-attr]
