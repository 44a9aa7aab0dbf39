"""Storms: rules and sources that have far more than usual just now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from aggregator.alerts.storms import FEED_LEAST, LOOK_BACK, WINDOW, is_storm, usual_in_window
from aggregator.model.alert import AlertState, Storm
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject
from aggregator.model.rule import Lane
from aggregator.store.alerts import is_open
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    FetchRow,
    MatchRow,
    RuleRow,
    SourceRow,
    StormNoticeRow,
    StormRow,
)
from aggregator.store.volumes import record

_DAY = timedelta(days=1)


def watch(session: Session, now: datetime, factor: int, least: int, *, as_volumes: bool = True) -> list[int]:
    """Open a storm for every rule and source of which alerts wait, and that has so much; one that goes on is noted as going on.

    Returns the ids of those that began. A rule's stories are counted, not their copies; a source's new articles against those
    of an ordinary poll, and only where many of them are to be alerted. ``as_volumes``: it is noted as a spike that was told, so
    that the digest has it, and no hourly look at volumes tells of it again.
    """
    began = []
    for rule, last in _rules_that_wait(session):
        count = _stories(session, rule.id or 0, last - WINDOW, last)
        if count <= least:
            continue
        since = max(rule.created_at, last - LOOK_BACK)
        usual = usual_in_window(_stories(session, rule.id or 0, since, last - WINDOW), last - WINDOW - since)
        if is_storm(count, usual, factor=factor, least=least):
            began += _note(session, Subject.RULE, rule.slug, now, count, usual)
    for source, last in _sources_that_wait(session):
        count, usual = _of_source(session, source, last)
        if is_storm(count, usual, factor=factor, least=least):
            began += _note(session, Subject.SOURCE, source.slug, now, count, usual)
    if began and as_volumes:
        record(session, as_anomalies(session, began, now), told=True)
    return began


def _rules_that_wait(session: Session) -> Iterable[tuple[RuleRow, datetime]]:
    """Rules with alerts that nobody was asked about yet, and when the last one matched: we may come late to it."""
    last = (
        select(MatchRow.rule_id, func.max(MatchRow.matched_at).label("last"))
        .join(AlertRow, col(AlertRow.match_id) == MatchRow.id)
        .where(is_open(), AlertRow.state == AlertState.WAITING, AlertRow.lane == Lane.NOW)
        .group_by(col(MatchRow.rule_id))
        .subquery()
    )
    rows = session.exec(select(RuleRow, last.c.last).join(last, last.c.rule_id == RuleRow.id).order_by(col(RuleRow.id)))
    return rows.all()


def _stories(session: Session, rule_id: int, start: datetime, end: datetime) -> int:
    within = (MatchRow.rule_id == rule_id, col(MatchRow.matched_at) > start, col(MatchRow.matched_at) <= end)
    return session.exec(
        select(func.count(func.distinct(ArticleRow.story_id)))
        .join(MatchRow, col(MatchRow.article_id) == ArticleRow.id)
        .where(*within, ~col(ArticleRow.baseline))
    ).one()


def _sources_that_wait(session: Session) -> Iterable[tuple[SourceRow, datetime]]:
    """Sources with many such alerts, and when the last of their articles was seen."""
    counted = (
        select(ArticleRow.source_id, func.max(ArticleRow.first_seen_at).label("last"))
        .join(MatchRow, col(MatchRow.article_id) == ArticleRow.id)
        .join(AlertRow, col(AlertRow.match_id) == MatchRow.id)
        .where(is_open(), AlertRow.state == AlertState.WAITING, AlertRow.lane == Lane.NOW)
        .group_by(col(ArticleRow.source_id))
        .having(func.count(func.distinct(ArticleRow.id)) >= FEED_LEAST)
        .subquery()
    )
    return session.exec(select(SourceRow, counted.c.last).join(counted, counted.c.source_id == SourceRow.id)).all()


def _of_source(session: Session, source: SourceRow, last: datetime) -> tuple[int, float]:
    """A source's new articles in the ten minutes to ``last``, and how many a poll with news usually brings."""
    mine = (ArticleRow.source_id == source.id, ~col(ArticleRow.baseline), col(ArticleRow.first_seen_at) > last - WINDOW)
    count = session.exec(select(func.count()).select_from(ArticleRow).where(*mine)).one()
    # Its first poll brought what was there before.
    since = max(source.baseline_at or last, last - LOOK_BACK)
    polls = (FetchRow.source_id == source.id, col(FetchRow.new_entries) > 0)
    within = (col(FetchRow.at) > since, col(FetchRow.at) <= last - WINDOW)
    entries, times = session.exec(
        select(func.coalesce(func.sum(FetchRow.new_entries), 0), func.count()).select_from(FetchRow).where(*polls, *within)
    ).one()
    return count, entries / max(times, 1)


def _note(session: Session, subject: Subject, slug: str, now: datetime, count: int, usual: float) -> list[int]:
    going_on = session.exec(
        select(StormRow).where(StormRow.subject == subject, StormRow.slug == slug, col(StormRow.last_at) >= now - WINDOW)
    ).first()
    if going_on is not None:
        going_on.last_at, going_on.count = max(now, going_on.last_at), max(count, going_on.count)
        session.add(going_on)
        return []
    row = StormRow(subject=subject.value, slug=slug, began_at=now, last_at=now, count=count, usual=usual)
    session.add(row)
    session.flush()
    return [row.id or 0]


def going_on(session: Session, recipient_id: int, now: datetime) -> tuple[Storm, ...]:
    """Every storm of the last ten minutes, with the notice by which this reader knows of it."""
    rows = session.exec(
        select(StormRow, StormNoticeRow.notice_id)
        .join(
            StormNoticeRow,
            (col(StormNoticeRow.storm_id) == StormRow.id) & (col(StormNoticeRow.recipient_id) == recipient_id),
            isouter=True,
        )
        .where(col(StormRow.last_at) >= now - WINDOW)
        .order_by(col(StormRow.id))
    )
    return tuple(Storm(row.id or 0, row.slug, row.subject == Subject.RULE, notice or 0) for row, notice in rows)


def as_anomalies(session: Session, storm_ids: Iterable[int], now: datetime) -> list[Anomaly]:
    """Storms as spikes of the last 24 hours, as they are told: the count so far, and the usual of a day."""
    found = []
    for row in session.exec(select(StormRow).where(col(StormRow.id).in_(list(storm_ids))).order_by(col(StormRow.id))):
        if row.subject == Subject.RULE:
            found.append(_rule_spike(session, row, now))
        else:
            found.append(_source_spike(session, row, now))
    return found


def _rule_spike(session: Session, storm: StormRow, now: datetime) -> Anomaly:
    rule = session.exec(select(RuleRow).where(RuleRow.slug == storm.slug)).one()
    today = session.exec(
        select(func.count())
        .select_from(MatchRow)
        .join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
        .where(MatchRow.rule_id == rule.id, col(MatchRow.matched_at) > now - _DAY, ~col(ArticleRow.baseline))
    ).one()
    name = rule.spec.get("name") or rule.slug
    return Anomaly(Subject.RULE, rule.slug, name, AnomalyKind.SPIKE, today, round(storm.usual * (_DAY / WINDOW), 1), (), now)


def _source_spike(session: Session, storm: StormRow, now: datetime) -> Anomaly:
    source = session.exec(select(SourceRow).where(SourceRow.slug == storm.slug)).one()
    mine = (ArticleRow.source_id == source.id, ~col(ArticleRow.baseline), col(ArticleRow.first_seen_at) > now - _DAY)
    today = session.exec(select(func.count()).select_from(ArticleRow).where(*mine)).one()
    since = max(source.baseline_at or now, now - LOOK_BACK)
    earlier = (
        ArticleRow.source_id == source.id, ~col(ArticleRow.baseline), col(ArticleRow.first_seen_at) > since,
        col(ArticleRow.first_seen_at) <= now - _DAY,
    )  # fmt: skip
    before = session.exec(select(func.count()).select_from(ArticleRow).where(*earlier)).one()
    usual = round(before / max((now - _DAY - since) / _DAY, 1), 1)
    return Anomaly(Subject.SOURCE, source.slug, source.name or source.slug, AnomalyKind.SPIKE, today, usual, (), now)
