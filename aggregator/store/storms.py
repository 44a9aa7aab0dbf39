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
        storm = _going_on(session, Subject.RULE, rule.slug, now)
        # Within a day a storm does not become what is usual by itself; one that goes on for longer may.
        young = storm is not None and now - storm.began_at < _DAY
        usual = storm.usual if storm and young else _usual_of_rule(session, rule, last - WINDOW, count, factor)
        if is_storm(count, usual, factor=factor, least=least):
            began += _note(session, Subject.RULE, rule.slug, last, now, count, usual)
    for source, last in _sources_that_wait(session):
        count, usual = _of_source(session, source, last)
        if is_storm(count, usual, factor=factor, least=least):
            began += _note(session, Subject.SOURCE, source.slug, last, now, count, usual)
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


def _usual_of_rule(session: Session, rule: RuleRow, until: datetime, count: int, factor: int) -> float:
    """What a rule has in ten minutes on average: all of it if it is so little that ``count`` is a storm, else enough to see that
    it is none. A busy rule's fourteen days are much to read."""
    since = max(rule.created_at, until + WINDOW - LOOK_BACK)
    enough = int(count / factor / usual_in_window(1, until - since)) + 1
    return usual_in_window(_stories(session, rule.id or 0, since, until, enough), until - since)


def _stories(session: Session, rule_id: int, start: datetime, end: datetime, most: int | None = None) -> int:
    within = (MatchRow.rule_id == rule_id, col(MatchRow.matched_at) > start, col(MatchRow.matched_at) <= end)
    stories = (
        select(ArticleRow.story_id)
        .join(MatchRow, col(MatchRow.article_id) == ArticleRow.id)
        .where(*within, ~col(ArticleRow.baseline))
        .distinct()
        .limit(most)
    )
    return session.exec(select(func.count()).select_from(stories.subquery())).one()


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
    # By the instant, of which there is an index: the source has all that it ever gave.
    mine = (ArticleRow.source_id + 0 == source.id, ~col(ArticleRow.baseline), col(ArticleRow.first_seen_at) > last - WINDOW)
    count = session.exec(select(func.count()).select_from(ArticleRow).where(*mine)).one()
    # Its first poll brought what was there before.
    since = max(source.baseline_at or last, last - LOOK_BACK)
    polls = (FetchRow.source_id == source.id, col(FetchRow.new_entries) > 0)
    within = (col(FetchRow.at) > since, col(FetchRow.at) <= last - WINDOW)
    entries, times = session.exec(
        select(func.coalesce(func.sum(FetchRow.new_entries), 0), func.count()).select_from(FetchRow).where(*polls, *within)
    ).one()
    return count, entries / max(times, 1)


def _going_on(session: Session, subject: Subject, slug: str, now: datetime) -> StormRow | None:
    mine = (StormRow.subject == subject, StormRow.slug == slug)
    within = (col(StormRow.began_at) <= now, col(StormRow.last_at) >= now - WINDOW)  # the clock may have been set back
    return session.exec(select(StormRow).where(*mine, *within)).first()


def _note(session: Session, subject: Subject, slug: str, last: datetime, now: datetime, count: int, usual: float) -> list[int]:
    storm = _going_on(session, subject, slug, now)
    if storm is not None:
        storm.last_at, storm.count = max(now, storm.last_at), max(count, storm.count)
        session.add(storm)
        return []
    row = StormRow(subject=subject.value, slug=slug, since=last - WINDOW, began_at=now, last_at=now, count=count, usual=usual)
    session.add(row)
    session.flush()
    return [row.id or 0]


def met(session: Session, recipient_id: int, since: datetime) -> tuple[Storm, ...]:
    """Every storm that went on at ``since`` or later, with the notice by which this reader knows of it."""
    rows = session.exec(
        select(StormRow, StormNoticeRow.notice_id)
        .join(
            StormNoticeRow,
            (col(StormNoticeRow.storm_id) == StormRow.id) & (col(StormNoticeRow.recipient_id) == recipient_id),
            isouter=True,
        )
        .where(col(StormRow.last_at) >= since - WINDOW)
        .order_by(col(StormRow.id))
    )
    return tuple(
        Storm(row.id or 0, row.slug, row.subject == Subject.RULE, notice or 0, row.since, row.last_at + WINDOW)
        for row, notice in rows
    )


def as_anomalies(session: Session, storm_ids: Iterable[int], now: datetime) -> list[Anomaly]:
    """Storms as spikes, as they are told: the count of 24 hours and the usual of a day. They end now, or where the storm did.

    Several of one rule or source are one spike, that of the last.
    """
    rows = session.exec(select(StormRow).where(col(StormRow.id).in_(list(storm_ids))).order_by(col(StormRow.id))).all()
    last = {(row.subject, row.slug): row for row in rows}
    ends = ((row, min(now, row.last_at + WINDOW)) for row in last.values())
    return [(_rule_spike if row.subject == Subject.RULE else _source_spike)(session, row, end) for row, end in ends]


def _rule_spike(session: Session, storm: StormRow, until: datetime) -> Anomaly:
    rule = session.exec(select(RuleRow).where(RuleRow.slug == storm.slug)).one()
    day = (col(MatchRow.matched_at) > until - _DAY, col(MatchRow.matched_at) <= until)
    count = session.exec(
        select(func.count())
        .select_from(MatchRow)
        .join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
        .where(MatchRow.rule_id == rule.id, *day, ~col(ArticleRow.baseline))
    ).one()
    name = rule.spec.get("name") or rule.slug
    return Anomaly(Subject.RULE, rule.slug, name, AnomalyKind.SPIKE, count, round(storm.usual * (_DAY / WINDOW), 1), (), until)


def _source_spike(session: Session, storm: StormRow, until: datetime) -> Anomaly:
    source = session.exec(select(SourceRow).where(SourceRow.slug == storm.slug)).one()
    seen, since = col(ArticleRow.first_seen_at), max(source.baseline_at or until, until - LOOK_BACK)

    def count(start: datetime, end: datetime) -> int:
        mine = (ArticleRow.source_id == source.id, ~col(ArticleRow.baseline), seen > start, seen <= end)
        return session.exec(select(func.count()).select_from(ArticleRow).where(*mine)).one()

    usual = round(count(since, until - _DAY) / max((until - _DAY - since) / _DAY, 1), 1)
    today = count(until - _DAY, until)
    return Anomaly(Subject.SOURCE, source.slug, source.name or source.slug, AnomalyKind.SPIKE, today, usual, (), until)
