"""The same articles on both databases, and what the product says of a query: live, and from each archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from aggregator.model.article import Article
from aggregator.model.rule import Document, Entity, Match, RuleSpec
from aggregator.rules import CompiledQuery, compile_query, compile_rules
from aggregator.store import Store, fulltext, migrate
from aggregator.store.articles import articles_by_id
from aggregator.store.backtests import backtest
from aggregator.store.search import document, search
from aggregator.store.tables import ArticleRow, SourceRow, StoryRow, TextGroupRow

Found: TypeAlias = dict[int, tuple[object, ...]]
"""Spans and aliases by the article's id."""

MOST = 1_000_000


@dataclass(frozen=True)
class Shelves:
    """Two archives of the same articles."""

    stores: Mapping[str, Store]
    documents: Mapping[int, Document]
    entities: Mapping[str, Entity]
    now: datetime

    def searched(self, queries: Sequence[str]) -> dict[str, list[Found]]:
        """What each archive finds for each query."""
        compiled = [compile_query(query, self.entities) for query in queries]
        return {name: store.read_now(self._search, compiled) for name, store in self.stores.items()}

    def _search(
        self, session: Session, queries: Sequence[CompiledQuery], since: datetime | None = None, until: datetime | None = None
    ) -> list[Found]:
        answers = []
        for query in queries:
            found, total = search(session, query, since, until, MOST, self.now)
            assert total == len(found), query.query.text
            if since is None and "age" not in query.query.text:  # a back-test counts that from when each article came
                assert {hit.article_id for hit in backtest(session, query, since, until)} == {each.id for each, _ in found}, (
                    query.query.text
                )
            answers.append({article.id: _told(match) for article, match in found})
        return answers

    def live(self, queries: Sequence[str]) -> list[Found]:
        """What the rules that these queries are, all in one set, find as the articles come by."""
        rules = compile_rules([RuleSpec(str(at), "", query) for at, query in enumerate(queries)], self.entities.values())
        answers: list[Found] = [{} for _ in queries]
        for id_, read in self.documents.items():
            for match in rules.match(read, self.now):
                answers[int(match.rule)][id_] = _told(match)
        return answers

    @property
    def spare(self) -> int:
        """An id that no article has."""
        return max(self.documents) + 1

    def alone(self, article: Article, query: str) -> dict[str, Found]:
        """What each finds in this one article, which is not yet stored, and is not afterwards."""
        compiled = compile_query(query, self.entities)
        rules = compile_rules([RuleSpec("0", "", query)], self.entities.values())
        live: Found = {}
        for match in rules.match(document(article), self.now):
            live[article.id] = _told(match)
        found = {"live": live}
        for name, store in self.stores.items():
            answers = store.write_now(self._added, article, compiled)
            found[name] = {id_: told for id_, told in answers.items() if id_ == article.id}
        return found

    def _added(self, session: Session, article: Article, query: CompiledQuery) -> Found:
        source = session.execute(select(col(SourceRow.id)).where(col(SourceRow.slug) == article.source_slug)).scalar_one()
        session.execute(insert(ArticleRow), [_row(article, source)])
        fulltext.put(session, article.id, article.title, article.text, article.authors)
        shown_at = article.published_at or article.first_seen_at
        (found,) = self._search(session, [query], shown_at, shown_at + timedelta(microseconds=1))
        fulltext.drop(session, article.id)
        session.execute(delete(ArticleRow).where(col(ArticleRow.id) == article.id))
        return found


def _told(match: Match) -> tuple[object, ...]:
    return match.spans, match.aliases


def put(session: Session, articles: Sequence[Article]) -> None:
    """Store articles in an empty archive, each in the state that it is in."""
    at = min(article.first_seen_at for article in articles)
    sources = {article.source_slug: article for article in articles}
    for number, (slug, article) in enumerate(sources.items(), 1):
        session.add(
            SourceRow(
                id=number, slug=slug, url=f"http://{number}.test", spec={}, host="x.test", name=article.source_name,
                outlet_group=article.source_group, country=article.country, created_at=at, next_poll_at=at,
            )
        )  # fmt: skip
    session.add(StoryRow(id=1, created_at=at, newest_at=at))
    session.flush()
    session.add(TextGroupRow(id=1, story_id=1, created_at=at, words=[]))
    session.flush()
    numbers = {slug: number for number, slug in enumerate(sources, 1)}
    session.execute(insert(ArticleRow), [_row(article, numbers[article.source_slug]) for article in articles])
    for article in articles:
        fulltext.put(session, article.id, article.title, article.text, article.authors)


def _row(article: Article, source: int) -> dict[str, object]:
    return ArticleRow(
        id=article.id, source_id=source, story_id=1, group_id=1, url=article.url, title=article.title, text=article.text,
        text_origin=article.text_origin.value, text_hash="", authors=list(article.authors), tags=list(article.tags),
        language=article.language, other_languages=[], published_at=article.published_at, has_time=article.has_time,
        date_evidence=[], sketch=[], words=article.words, first_seen_at=article.first_seen_at,
    ).model_dump()  # fmt: skip


@contextmanager
def shelved(
    articles: Sequence[Article], entities: Mapping[str, Sequence[str]], now: datetime, folder: Path, great: str
) -> Iterator[Shelves]:
    """Both archives, filled: SQLite in ``folder``, PostgreSQL at the URL ``great``, which has the schema."""
    lite = f"sqlite:///{folder}/parity.db"
    migrate.upgrade(lite)
    with Store(lite) as small, Store(great) as large:
        stores = {"sqlite": small, "postgresql": large}
        for store in stores.values():
            store.write_now(put, articles)
        kept = small.read_now(articles_by_id, [article.id for article in articles])
        assert large.read_now(articles_by_id, [article.id for article in articles]) == kept
        assert list(kept.values()) == list(articles)
        known = {slug: Entity(slug, slug, tuple(aliases)) for slug, aliases in entities.items()}
        yield Shelves(stores, {id_: document(article) for id_, article in kept.items()}, known, now)
