"""Dossiers: all that is known of a source, and the account of our manners. Nothing here writes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, case, func
from sqlalchemy import select as columns
from sqlmodel import Session, SQLModel, col, select

from aggregator.errors import NotFound
from aggregator.manners.timing import asked_wait
from aggregator.model.dossier import Conduct, Delay, Dossier, HubNote, PastGap, PastMove, PastPoll, RobotsNote, Score
from aggregator.model.source import Gap, Move, Trouble
from aggregator.model.websub import Standing
from aggregator.store.codec import HISTORY, SOURCE
from aggregator.store.floods import floods
from aggregator.store.tables import ArticleRow, EntryRow, FetchRow, GapRow, HostRow, MoveRow, RobotsRow, SourceRow, WebsubRow

WEEK = timedelta(days=7)
DELAY_DAYS = timedelta(days=30)
POLLS = 10
GAPS = 5
MOVES = 5


@dataclass(frozen=True, slots=True)
class MissedEntries:
    """The gaps of one source that were found in a stretch of time, taken together."""

    slug: str
    title: str
    gaps: int
    gap: Gap


def unknown_source(session: Session, slug: str) -> NotFound:
    """The error for a slug that names no source; it tells which names are near."""
    slugs = session.exec(select(SourceRow.slug).where(col(SourceRow.removed_at).is_(None)).order_by(SourceRow.slug)).all()
    near = [*get_close_matches(slug, slugs, n=3, cutoff=0.6), *(known for known in slugs if slug and slug in known)]
    hint = f"did you mean {' or '.join(list(dict.fromkeys(near))[:3])}?" if near else "`aggregator source list` names them all."
    return NotFound(f"there is no source {slug}: {hint}")


def dossier(session: Session, slug: str, now: datetime) -> Dossier:
    """Everything about one source, taken out of the configuration or not. Raises NotFound, with the names that are near."""
    row = session.exec(select(SourceRow).where(SourceRow.slug == slug)).one_or_none()
    if row is None or row.id is None:
        raise unknown_source(session, slug)
    spec, history = SOURCE.load(row.spec), HISTORY.load_text(row.history)
    url, site_url = row.moved_to or row.url, spec.site_url or history.site_url
    host = session.get(HostRow, row.host)
    mine = GapRow.source_id == row.id
    gap_count, missed = session.exec(select(func.count(), func.coalesce(func.sum(GapRow.estimate), 0)).where(mine)).one()
    active = row.enabled and row.removed_at is None and row.merged_into is None
    (score,) = scores(session, now, (slug,))
    return Dossier(
        slug=row.slug,
        title=row.name,
        group=row.outlet_group,
        url=row.url,
        url_in_force=url,
        site_url=site_url,
        enabled=row.enabled,
        removed_at=row.removed_at,
        interval=spec.interval,
        merged_into=_slug_of(session, row.merged_into),
        proposed_url=row.proposed_url,
        moves=tuple(_moves(session, row.id)),
        created_at=row.created_at,
        baseline_at=row.baseline_at,
        entries=_count(session, EntryRow, EntryRow.source_id == row.id),
        articles=_count(session, ArticleRow, ArticleRow.source_id == row.id),
        trouble=Trouble(row.trouble),
        failing_since=row.failing_since,
        failures=row.failures,
        failure_kind=row.failure_kind,
        failure_detail=row.failure_detail,
        last_fetch_at=row.last_fetch_at,
        last_success_at=row.last_success_at,
        next_poll_at=row.next_poll_at if active else None,
        poll_reason=row.poll_reason,
        allowed_at=row.allowed_at,
        under_way=row.lease_until is not None and row.lease_until > now,
        history=history,
        host=row.host,
        throttled_until=host.throttled_until if host and host.throttled_until and host.throttled_until > now else None,
        throttles=host.throttles if host else 0,
        robots=tuple(_robots(session, (url, site_url))),
        gaps=tuple(
            PastGap(gap.found_at, Gap(gap.published_after, gap.published_before, gap.estimate))
            for gap in session.exec(select(GapRow).where(mine).order_by(col(GapRow.found_at).desc()).limit(GAPS))
        ),
        gap_count=gap_count,
        missed=missed,
        floods=tuple(floods(session, row.id, now - DELAY_DAYS)),
        polls=tuple(_polls(session, row.id)),
        delay=_delay(session, row.id, now),
        score=score,
        hub=_hub(session, row.id),
    )


def _count(session: Session, table: type[SQLModel], *where: Any) -> int:
    return session.exec(select(func.count()).select_from(table).where(*where)).one()


def _slug_of(session: Session, source_id: int | None) -> str:
    return (session.exec(select(SourceRow.slug).where(SourceRow.id == source_id)).first() or "") if source_id else ""


def _moves(session: Session, source_id: int) -> list[PastMove]:
    rows = session.exec(select(MoveRow).where(MoveRow.source_id == source_id).order_by(col(MoveRow.id).desc()).limit(MOVES))
    return [
        PastMove(row.at, Move(row.from_url, row.to_url, row.reason), _slug_of(session, row.merged_into), row.undone_at)
        for row in rows
    ]


def _robots(session: Session, urls: tuple[str | None, ...]) -> list[RobotsNote]:
    parts = [urlsplit(url) for url in urls if url]
    origins = dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts)
    rows = [row for origin in origins if (row := session.get(RobotsRow, origin))]
    return [RobotsNote(row.origin, row.state, row.fetched_at) for row in rows]


def _hub(session: Session, source_id: int) -> HubNote | None:
    row = session.exec(select(WebsubRow).where(WebsubRow.source_id == source_id)).one_or_none()
    if row is None:
        return None
    return HubNote(
        hub=row.hub,
        standing=Standing(row.state),
        lease_until=row.lease_until,
        trusted=row.trusted,
        pushes=row.pushes,
        last_push_at=row.last_push_at,
        detail=row.detail,
    )


def _polls(session: Session, source_id: int) -> list[PastPoll]:
    rows = session.exec(select(FetchRow).where(FetchRow.source_id == source_id).order_by(col(FetchRow.id).desc()).limit(POLLS))
    return [
        PastPoll(
            at=row.at,
            outcome=row.outcome,
            status=row.status,
            kind=row.kind,
            detail=row.detail,
            size=row.bytes,
            entries=row.entries,
            new=row.new_entries,
            conditional=row.conditional,
            early=row.early,
        )
        for row in rows
    ]


def _delay(session: Session, source_id: int, now: datetime) -> Delay | None:
    """Over the articles of the last thirty days that name a time of day. What was there at the first poll tells nothing."""
    rows = session.exec(
        select(ArticleRow.published_at, ArticleRow.first_seen_at).where(
            ArticleRow.source_id == source_id,
            col(ArticleRow.first_seen_at) >= now - DELAY_DAYS,
            col(ArticleRow.has_time),
            col(ArticleRow.baseline).is_(False),
            col(ArticleRow.published_at).is_not(None),
        )
    )
    # Of an outlet whose clock is fast an article cannot come before it is published.
    waits = [max(seen - published, timedelta()) for published, seen in rows if published is not None]
    return Delay(timedelta(seconds=round(median(wait.total_seconds() for wait in waits))), len(waits)) if waits else None


def scores(session: Session, now: datetime, slugs: Collection[str] = ()) -> list[Score]:
    """The account of our manners towards the sources named, or towards all active ones; the worst first.

    Worst is what came too early, then what was told that it comes too often, then what asks without validators.
    """
    chosen = col(SourceRow.slug).in_(slugs) if slugs else col(SourceRow.removed_at).is_(None)
    rows = session.exec(select(SourceRow).where(chosen).order_by(SourceRow.slug)).all()
    ids = [row.id for row in rows if row.id is not None] if slugs else None
    whole, week = _conduct(session, ids, None, now), _conduct(session, ids, now - WEEK, now)
    none = Conduct(None, now)
    found = [
        Score(
            slug=row.slug,
            title=row.name,
            trouble=Trouble(row.trouble),
            asked=asked_wait(HISTORY.load_text(row.history), timedelta.max)[0] or None,
            whole=whole.get(row.id or 0, none),
            week=week.get(row.id or 0, none),
        )
        for row in rows
    ]
    return sorted(found, key=_badness, reverse=True)


def _badness(score: Score) -> tuple[float, ...]:
    week = score.week
    blind = week.unconditional / week.polls if week.polls else 0.0
    return (score.whole.early, week.too_many, week.unavailable, blind, week.per_hour)


def _conduct(session: Session, ids: Collection[int] | None, since: datetime | None, now: datetime) -> dict[int, Conduct]:
    """By source. ``since=None``: over everything that is on record."""

    def times(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    # Over all sources the table is read as it lies: by the index of sources it would be read in a hundred thousand jumps.
    source = col(FetchRow.source_id) if ids is not None else col(FetchRow.source_id) + 0
    statement = columns(
        source,
        func.min(FetchRow.at),
        func.count(),
        times(col(FetchRow.outcome) == "not_modified"),
        times(col(FetchRow.conditional).is_(False)),
        times(col(FetchRow.outcome) == "failed"),
        times(col(FetchRow.status) == 429),
        times(col(FetchRow.status) == 503),
        times(col(FetchRow.early).is_(True)),
    )
    if ids is not None:
        statement = statement.where(col(FetchRow.source_id).in_(ids))
    if since is not None:
        statement = statement.where(col(FetchRow.at) >= since)
    return {row[0]: Conduct(row[1], now, *row[2:]) for row in session.execute(statement.group_by(source))}


def missed_between(session: Session, start: datetime, end: datetime) -> list[MissedEntries]:
    """What was found to have been missed from ``start`` until before ``end``, by source; most entries first."""
    rows = session.execute(
        columns(
            col(SourceRow.slug),
            col(SourceRow.name),
            func.count(),
            func.min(GapRow.published_after),
            func.max(GapRow.published_before),
            func.sum(GapRow.estimate),
        )
        .join(GapRow, col(GapRow.source_id) == SourceRow.id)
        .where(col(GapRow.found_at) >= start, col(GapRow.found_at) < end, col(SourceRow.removed_at).is_(None))
        .group_by(col(SourceRow.id))
        .order_by(func.sum(GapRow.estimate).desc(), col(SourceRow.slug))
    )
    return [MissedEntries(slug, title, gaps, Gap(after, before, estimate)) for slug, title, gaps, after, before, estimate in rows]
