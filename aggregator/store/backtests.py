"""Back-tests: everything in the archive that a rule would have found, without a whole article for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from aggregator.model.article import Article, TextOrigin
from aggregator.model.rule import RuleSpec
from aggregator.rules import CompiledQuery, key_values
from aggregator.store import fulltext
from aggregator.store.candidates import documents, heading, may_match
from aggregator.store.matches import later_of_story
from aggregator.store.search import narrowed
from aggregator.store.tables import ArticleRow, SourceRow

BATCH = 500

_ABOUT = (
    ArticleRow.id, ArticleRow.story_id, ArticleRow.group_id, SourceRow.slug, SourceRow.name, ArticleRow.title, ArticleRow.url,
    ArticleRow.published_at, ArticleRow.first_seen_at, ArticleRow.baseline, ArticleRow.words,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that a rule would have found. ``suppressed``: why nobody would have been told; "" for all that would."""

    article_id: int
    story_id: int
    group_id: int
    source: str
    source_name: str
    title: str
    url: str
    published_at: datetime | None
    first_seen_at: datetime
    baseline: bool
    words: int
    suppressed: str = ""

    @property
    def shown_at(self) -> datetime:
        """When it was published, or else first seen."""
        return self.published_at or self.first_seen_at

    @property
    def article(self) -> Article:
        """The article without its text."""
        return Article(
            id=self.article_id, story_id=self.story_id, group_id=self.group_id, source_slug=self.source,
            source_name=self.source_name, source_group="", country="", url=self.url, title=self.title, text="",
            text_origin=TextOrigin.NONE, note="", authors=(), tags=(), language=None, published_at=self.published_at,
            has_time=True, first_seen_at=self.first_seen_at, revision=1, words=self.words, baseline=self.baseline,
        )  # fmt: skip


def backtest(
    session: Session, query: CompiledQuery, since: datetime | None, until: datetime | None, rule: RuleSpec | None = None
) -> list[Hit]:
    """Every article published from ``since`` to ``until`` that ``query`` matches, in the order in which they came in.

    ``rule`` lends its noise control. With ``first_of_story`` all but a story's first are suppressed; what was found of the story
    before ``since`` counts.
    """
    once = rule is not None and rule.first_of_story
    found = list(_found(session, query, None if once else since, until, rule))
    if once:
        firsts: dict[int, int] = {}
        for place, hit in enumerate(found):
            first = firsts.setdefault(hit.story_id, hit.article_id)
            if first != hit.article_id:
                found[place] = replace(hit, suppressed=later_of_story(hit.story_id, first))
        found = [hit for hit in found if since is None or hit.shown_at >= since]
    return found


def _found(
    session: Session, query: CompiledQuery, since: datetime | None, until: datetime | None, rule: RuleSpec | None
) -> Iterator[Hit]:
    narrow = query.narrowing()
    asked = (*narrowed(session, narrow, since, until), *(_noise(rule) if rule else ()))
    if narrow.exact and fulltext.exact(session, narrow):  # what the index answers to the letter needs no text
        found = _select(*_ABOUT).where(*asked).order_by(ArticleRow.id)
        yield from (Hit(*row) for row in session.execute(found.execution_options(yield_per=BATCH)))
        return
    candidates = _select(*heading(narrow)).where(*asked).order_by(ArticleRow.id)
    ids = may_match(narrow, session.execute(candidates.execution_options(yield_per=BATCH)))
    while batch := list(islice(ids, BATCH)):
        # The age of an article is that at which the rule would have met it.
        hits = [place.article_id for place, read, first_seen_at in documents(session, batch) if query.holds(read, first_seen_at)]
        about = _select(*_ABOUT).where(col(ArticleRow.id).in_(hits)).order_by(ArticleRow.id)
        yield from (Hit(*row) for row in session.execute(about))


def _select(*columns: Any) -> Any:
    return select(*columns).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)


def _noise(rule: RuleSpec) -> Iterator[ColumnElement[bool]]:
    """The noise control of a rule as the index can ask for it: what ``with_noise_control`` says in the query language."""
    if rule.min_words:
        yield col(ArticleRow.words) >= rule.min_words
    if rule.exclude_sources:
        yield col(SourceRow.slug).not_in(key_values("source", rule.exclude_sources))
    if rule.exclude_groups:
        yield col(SourceRow.outlet_group).not_in(key_values("group", rule.exclude_groups))


def bare_count(session: Session, query: CompiledQuery) -> int:
    """How many articles the index alone gives for ``query``: exact for words and phrases, and never too few."""
    statement = select(func.count()).select_from(ArticleRow).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    return session.exec(statement.where(*narrowed(session, query.narrowing(), None, None))).one()


def size(session: Session) -> int:
    """How many articles the archive has."""
    return session.exec(select(func.count()).select_from(ArticleRow)).one()
