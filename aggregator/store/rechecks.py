"""Pages that are asked for again: when, by whom, and what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from aggregator.model.article import Access, Article, ArticleDraft, DateDecision, DateOrigin, Fingerprint
from aggregator.model.feed import FeedEntry
from aggregator.model.page import Validators
from aggregator.model.record import Outcome, Reason, StoredPage
from aggregator.model.source import SourceSpec
from aggregator.store import pages
from aggregator.store.articles import article, know_addresses, revise
from aggregator.store.codec import DATE_CANDIDATE, SOURCE
from aggregator.store.dialect import timed
from aggregator.store.rhythm import Rhythm, after
from aggregator.store.tables import AddressRow, ArticleRow, MatchRow, RecheckRow, SourceRow, VisitRow

PER_HOST = 10
"""Pages of one host in one claim: they are fetched one after the other."""

DAY = timedelta(days=1)

_CLAIM = timed(
    """
    UPDATE recheck SET lease_until = :until, lease_token = :token WHERE article_id IN (
        SELECT article_id FROM (
            SELECT article_id, due_at, host,
                   row_number() OVER (PARTITION BY host ORDER BY due_at, article_id)
                   + (SELECT count(*) FROM visit WHERE visit.host = recheck.host AND visit.at > :since) AS nth,
                   row_number() OVER (PARTITION BY host ORDER BY due_at, article_id) AS place
            FROM recheck
            WHERE due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
              AND host NOT IN (SELECT host FROM recheck WHERE lease_until > :now)
              AND host NOT IN (SELECT host FROM entry WHERE state = 'pending' AND lease_until > :now AND host <> '')
              AND host NOT IN (SELECT host FROM host WHERE throttled_until > :now)
        ) AS due WHERE place <= :per_host AND nth <= :budget ORDER BY place, due_at LIMIT :most
    ) RETURNING article_id, host
    """,
    "now",
    "until",
    "since",
)


@dataclass(frozen=True, slots=True)
class DueRecheck:
    """An article whose page is due, leased. ``entry`` led to it; ``mark`` is the fingerprint of its text, with all its addresses.

    ``decided`` is the date as it was decided then, ``page`` the last one that is kept.
    """

    article: Article
    source_id: int
    source: SourceSpec
    host: str
    validators: Validators
    lease_token: str
    entry: FeedEntry
    mark: Fingerprint
    access: Access
    decided: DateDecision
    withdrawn: bool
    page: StoredPage | None = None


def claim_rechecks(session: Session, now: datetime, most: int, lease: timedelta, per_host_and_day: int) -> list[tuple[int, ...]]:
    """Lease up to ``most`` due pages, one batch of article ids per host, within what a host is asked for in 24 hours.

    A host whose entries are at work is left for later.
    """
    values = {"now": now, "until": now + lease, "token": secrets.token_hex(8), "since": now - DAY}
    batches: dict[str, list[int]] = {}
    for id_, host in sorted(session.execute(_CLAIM, values | {"most": most, "per_host": PER_HOST, "budget": per_host_and_day})):
        batches.setdefault(host, []).append(id_)
    return [tuple(ids) for ids in batches.values()]


def due_recheck(session: Session, article_id: int) -> DueRecheck | None:
    """A leased page with all that is known of its article; None when it is leased no more."""
    found = session.exec(
        select(RecheckRow, ArticleRow, SourceRow)
        .join(ArticleRow, col(ArticleRow.id) == RecheckRow.article_id)
        .join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
        .where(RecheckRow.article_id == article_id, col(RecheckRow.lease_token).is_not(None))
    ).one_or_none()
    if found is None:
        return None
    due, row, source = found
    page = max(pages.pages_of(session, article_id), key=lambda page: page.revision, default=None)
    keys = session.exec(select(AddressRow.url_key).where(AddressRow.article_id == article_id)).all()
    origin = DateOrigin(row.date_origin) if row.date_origin else None
    dates = tuple(map(DATE_CANDIDATE.load, row.date_evidence))
    return DueRecheck(
        article=article(row, source),
        source_id=row.source_id,
        source=SOURCE.load(source.spec),
        host=due.host,
        validators=Validators(due.etag, due.last_modified),
        lease_token=due.lease_token or "",
        entry=(pages.entry_of(session, article_id, page.revision) if page else None) or _entry(row),
        page=page,
        mark=Fingerprint(tuple(keys), row.text_hash, tuple(row.sketch), row.words),
        access=Access(row.access),
        decided=DateDecision(row.published_at, row.has_time, origin, dates, row.published_zone),
        withdrawn=row.withdrawn_at is not None,
    )


def _entry(row: ArticleRow) -> FeedEntry:
    """What the feed must have said, of an article whose entry is kept no more."""
    return FeedEntry(
        key=f"article:{row.id}",
        title=row.title,
        link=row.url,
        summary="",
        content="",
        published_at=row.published_at if row.date_origin == DateOrigin.FEED else None,
        updated_at=None,
        published_raw="",
        zone_assumed=False,
        has_time=row.has_time,
        authors=tuple(row.authors),
        tags=tuple(row.tags),
        language=row.language,
        image_url=row.image_url,
        content_hash="",
    )


def settle(
    session: Session,
    due: DueRecheck,
    outcome: Outcome,
    now: datetime,
    rhythm: Rhythm,
    *,
    status: int | None = None,
    detail: str = "",
    validators: Validators | None = None,
    fresh: timedelta = timedelta(),
    draft: ArticleDraft | None = None,
    page: pages.PackedPage | None = None,
) -> bool:
    """Note what came of a visit, and when the next one is. ``validators`` are those of a new answer; the page is asked for at
    none of the plan's instants within ``fresh``.

    With REVISED, ``draft`` is the article's new state, and ``page`` is kept with it. False when the lease was lost, or when the
    article was edited meanwhile: then nothing is changed, and the page has another turn.
    """
    held = (col(RecheckRow.article_id) == due.article.id, col(RecheckRow.lease_token) == due.lease_token)
    if draft is not None and session.get_one(ArticleRow, due.article.id).revision != due.article.revision:
        session.execute(update(RecheckRow).where(*held).values(lease_until=None, lease_token=None))
        return False
    matched = session.exec(select(MatchRow.id).where(MatchRow.article_id == due.article.id).limit(1)).first() is not None
    next_at = after(due.article.first_seen_at, rhythm.found if matched else rhythm.others, now + fresh)
    values: dict[str, Any] = {"due_at": next_at, "step": RecheckRow.step + 1, "lease_until": None, "lease_token": None}
    if validators is not None:
        values |= {"etag": validators.etag, "last_modified": validators.last_modified}
    done = session.execute(update(RecheckRow).where(*held).values(**values))
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    visit = VisitRow(article_id=due.article.id, host=due.host, at=now, outcome=outcome, status=status, detail=detail[:300])
    session.add(visit)
    if outcome is Outcome.REVISED and draft is not None:
        number = revise(session, due.article.id, draft, Reason.REFETCH)
        know_addresses(session, due.article.id, draft.fingerprint.url_keys)
        if page is not None:
            pages.keep(session, due.article.id, number, page)
    gone = outcome is Outcome.WITHDRAWN
    if gone != due.withdrawn and (gone or outcome is not Outcome.FAILED):
        withdrawn: dict[str, Any] = {"withdrawn_at": now if gone else None, "withdrawn": detail[:300] if gone else ""}
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == due.article.id).values(**withdrawn))
    return True


def put_off(session: Session, ids: Sequence[int], until: datetime) -> None:
    """Give leases back without having asked: the pages are due again then."""
    values = {"lease_until": None, "lease_token": None, "due_at": until}
    session.execute(update(RecheckRow).where(col(RecheckRow.article_id).in_(ids)).values(**values))


def prune_rechecks(session: Session, seen_before: datetime, visits_before: datetime) -> None:
    """Forget plans of articles that are too old to be asked for, and old visits."""
    old = select(ArticleRow.id).where(col(ArticleRow.first_seen_at) < seen_before)
    session.execute(delete(RecheckRow).where(col(RecheckRow.due_at).is_(None), col(RecheckRow.article_id).in_(old)))
    session.execute(delete(VisitRow).where(col(VisitRow.at) < visits_before))
