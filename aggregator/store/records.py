"""The record of an article: everything that is known of it; and what another extraction of its page needs. Nothing here writes,
but for what such an extraction changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from aggregator.errors import NotFound
from aggregator.model.article import Access, ArticleDraft, TextOrigin
from aggregator.model.feed import FeedEntry
from aggregator.model.record import ArticleRecord, Edited, Found, Outcome, Reason, SeenIn, State, StoredPage, Visit
from aggregator.model.source import SourceSpec
from aggregator.store import pages
from aggregator.store.articles import columns_of, refresh, revise
from aggregator.store.codec import DATE_CANDIDATE, SOURCE, load_spans
from aggregator.store.tables import (
    AddressRow,
    ArticleRow,
    EditRow,
    MatchRow,
    PageRow,
    RecheckRow,
    RevisionRow,
    RuleRow,
    SightingRow,
    SourceRow,
    VisitRow,
)


def record(session: Session, article_id: int) -> ArticleRecord:
    """Everything about one article. Raises NotFound."""
    row = session.get(ArticleRow, article_id)
    if row is None:
        raise NotFound(f"there is no article {article_id}: `aggregator search` and `aggregator article list` name them.")
    source = session.get_one(SourceRow, row.source_id)
    recheck = session.get(RecheckRow, article_id)
    return ArticleRecord(
        id=article_id,
        source=source.slug,
        outlet=source.name,
        url=row.url,
        canonical_url=row.canonical_url,
        addresses=tuple(session.exec(select(AddressRow.url_key).where(AddressRow.article_id == article_id))),
        sightings=tuple(_sightings(session, article_id)),
        states=tuple(_states(session, row)),
        authors=tuple(row.authors),
        section=row.section,
        tags=tuple(row.tags),
        language=row.language,
        other_languages=tuple(row.other_languages),
        site_name=row.site_name,
        image_url=row.image_url,
        access=Access(row.access),
        text_origin=TextOrigin(row.text_origin),
        note=row.note,
        words=row.words,
        comments=row.comments,
        extractor=row.extractor,
        published_at=row.published_at,
        has_time=row.has_time,
        published_zone=row.published_zone,
        date_origin=row.date_origin,
        modified_at=row.modified_at,
        dates=tuple(map(DATE_CANDIDATE.load, row.date_evidence)),
        first_seen_at=row.first_seen_at,
        withdrawn_at=row.withdrawn_at,
        withdrawn=row.withdrawn,
        pages=tuple(pages.pages_of(session, article_id)),
        visits=tuple(
            Visit(visit.at, Outcome(visit.outcome), visit.status, visit.detail)
            for visit in session.exec(select(VisitRow).where(VisitRow.article_id == article_id).order_by(col(VisitRow.id)))
        ),
        next_visit_at=recheck.due_at if recheck else None,
        matches=tuple(_matches(session, article_id)),
        edits=tuple(_edits(session, article_id)),
    )


def _sightings(session: Session, article_id: int) -> list[SeenIn]:
    rows = session.exec(
        select(SourceRow.slug, SightingRow.url, SightingRow.seen_at)
        .join(SourceRow, col(SourceRow.id) == SightingRow.source_id)
        .where(SightingRow.article_id == article_id)
        .order_by(col(SightingRow.seen_at), col(SightingRow.entry_id))
    )
    return [SeenIn(*row) for row in rows]


def _states(session: Session, row: ArticleRow) -> list[State]:
    found, since = [], row.first_seen_at
    for old in session.exec(select(RevisionRow).where(RevisionRow.article_id == row.id).order_by(col(RevisionRow.number))):
        found.append(State(old.number, old.title, old.text, since, Reason(old.reason)))
        since = old.replaced_at
    return [*found, State(row.revision, row.title, row.text, since, Reason(row.revision_reason))]


def _matches(session: Session, article_id: int) -> list[Found]:
    rows = session.exec(
        select(RuleRow.slug, MatchRow)
        .join(RuleRow, col(RuleRow.id) == MatchRow.rule_id)
        .where(MatchRow.article_id == article_id)
        .order_by(col(RuleRow.position), col(MatchRow.id))
    )
    return [
        Found(slug, row.matched_at, row.by_edit, row.lapsed_at, row.rule_version, _leaves(row.spans), row.suppressed)
        for slug, row in rows
    ]


def _leaves(spans: list[list[Any]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for span in load_spans(spans):
        found.setdefault(span.leaf, {}).update({span.alias: None} if span.alias else {})
    return {leaf: tuple(aliases) for leaf, aliases in found.items()}


def _edits(session: Session, article_id: int) -> list[Edited]:
    rows = session.exec(
        select(RuleRow.slug, EditRow.at, EditRow.revision, EditRow.what)
        .join(RuleRow, col(RuleRow.id) == EditRow.rule_id)
        .where(EditRow.article_id == article_id)
        .order_by(col(EditRow.id))
    )
    return [Edited(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list of articles."""

    id: int
    source: str
    title: str
    at: datetime
    revision: int
    withdrawn_at: datetime | None


def listing(session: Session, most: int, source: str = "", *, edited: bool = False, withdrawn: bool = False) -> list[Listed]:
    """The newest articles: of one source, or those that were edited or withdrawn, only."""
    statement = select(ArticleRow, SourceRow.slug).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    if source:
        statement = statement.where(SourceRow.slug == source)
    if edited:
        statement = statement.where(ArticleRow.revision > 1)
    if withdrawn:
        statement = statement.where(col(ArticleRow.withdrawn_at).is_not(None))
    rows = session.exec(statement.order_by(col(ArticleRow.id).desc()).limit(most))
    return [
        Listed(row.id or 0, slug, row.title, row.published_at or row.first_seen_at, row.revision, row.withdrawn_at)
        for row, slug in rows
    ]


# -------------------------------------------------------------------- another extraction


@dataclass(frozen=True, slots=True)
class Extractable:
    """An article whose present revision was made by a page that is kept, with all that is needed to extract it again."""

    article_id: int
    source_id: int
    source: SourceSpec
    entry: FeedEntry
    page: StoredPage
    body: bytes
    title: str
    text_hash: str
    text_origin: TextOrigin
    baseline: bool
    values: dict[str, Any]


def extractable_ids(session: Session, older_than: int | None = None) -> list[int]:
    """The articles that can be extracted again, oldest first; only those made by an extractor before ``older_than``, if given."""
    statement = select(PageRow.article_id).join(
        ArticleRow, (col(ArticleRow.id) == PageRow.article_id) & (col(ArticleRow.revision) == PageRow.revision)
    )
    if older_than is not None:
        statement = statement.where(ArticleRow.extractor < older_than)
    return list(session.exec(statement.order_by(col(PageRow.article_id))))


def extractable(session: Session, article_id: int) -> Extractable | None:
    """What another extraction of an article needs; None when the page of its present revision is not kept. Raises NotFound."""
    row = session.get(ArticleRow, article_id)
    if row is None:
        raise NotFound(f"there is no article {article_id}.")
    page = next((page for page in pages.pages_of(session, article_id) if page.revision == row.revision), None)
    entry = pages.entry_of(session, article_id, row.revision)
    if page is None or entry is None:
        return None
    return Extractable(
        article_id=article_id,
        source_id=row.source_id,
        source=SOURCE.load(session.get_one(SourceRow, row.source_id).spec),
        entry=entry,
        page=page,
        body=pages.body_of(session, page.sha256),
        title=row.title,
        text_hash=row.text_hash,
        text_origin=TextOrigin(row.text_origin),
        baseline=row.baseline,
        values=row.model_dump(),
    )


def differs(found: Extractable, draft: ArticleDraft) -> bool:
    """Whether a draft says anything else than what is stored, its extractor's version apart."""
    return any(found.values[name] != value for name, value in columns_of(draft).items() if name != "extractor")


def store_extraction(session: Session, found: Extractable, draft: ArticleDraft, *, revised: bool) -> bool:
    """Take over another extraction: as a new revision, or beside the text only. False when the article was edited meanwhile."""
    if session.get_one(ArticleRow, found.article_id).revision != found.page.revision:
        return False
    if revised:
        number = revise(session, found.article_id, draft, Reason.REEXTRACTION)
        pages.keep_again(session, found.article_id, found.page.revision, number)
    else:
        refresh(session, found.article_id, draft)
    return True
