"""Volumes: how much each rule, entity and source had day by day, and the spikes and silences that were found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from aggregator.errors import Conflict
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject, Volume
from aggregator.store.dialect import upsert
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import AnomalyRow, ArticleRow, EntityRow, FetchRow, MatchRow, MentionRow, RuleRow, SourceRow

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
AGAIN = DAY
"""What has been as usual for so long, and is not any more, is told anew."""

Window = tuple[datetime, datetime]
_Per = Callable[[datetime, datetime], Select[int, int]]


def volumes(session: Session, until: datetime, days: int) -> list[Volume]:
    """The volumes of everything that is counted, in the 24 hours to ``until`` and in up to ``days`` days before.

    What stood in a feed at the first poll counts nowhere, nor does a day on which no source had anything: we were away.
    """
    windows = [(until - (back + 1) * DAY, until - back * DAY) for back in range(days + 1)]
    sources = _counts(session, windows, _per_source)
    seen = [any(row[back] for row in sources.values()) for back in range(days + 1)]
    found = []
    for subject, counts, known in (
        (Subject.RULE, _counts(session, windows, _per_rule), _rules(session)),
        (Subject.ENTITY, _counts(session, windows, _per_entity), _entities(session)),
        (Subject.SOURCE, sources, _sources(session)),
    ):
        for id_, slug, name, since in known:
            whole = min(days, (until - since) // DAY - 1)
            row = counts.get(id_, [0] * (days + 1))
            before = tuple(row[back] if seen[back] else None for back in range(1, max(whole, 0) + 1))
            found.append(Volume(subject, slug, name, row[0], before, until))
    return found


def awake(session: Session, until: datetime) -> int:
    """In how many of the 24 hours before ``until`` we polled at all."""
    hours = [(until - (back + 1) * HOUR, until - back * HOUR) for back in range(24)]
    polled = (
        session.exec(select(FetchRow.id).where(col(FetchRow.at) >= start, col(FetchRow.at) < end).limit(1)).first()
        for start, end in hours
    )
    return sum(id_ is not None for id_ in polled)


def _counts(session: Session, windows: Sequence[Window], per: _Per) -> dict[int, list[int]]:
    counts: defaultdict[int, list[int]] = defaultdict(lambda: [0] * len(windows))
    for place, window in enumerate(windows):
        for id_, count in session.execute(per(*window)):
            counts[id_][place] = count
    return counts


def _per_source(start: datetime, end: datetime) -> Select[int, int]:
    seen = (col(ArticleRow.first_seen_at) >= start, col(ArticleRow.first_seen_at) < end, ~col(ArticleRow.baseline))
    return columns(col(ArticleRow.source_id), func.count()).where(*seen).group_by(col(ArticleRow.source_id))


def _per_rule(start: datetime, end: datetime) -> Select[int, int]:
    matched = (col(MatchRow.matched_at) >= start, col(MatchRow.matched_at) < end, ~col(ArticleRow.baseline))
    joined = columns(col(MatchRow.rule_id), func.count()).join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
    return joined.where(*matched).group_by(col(MatchRow.rule_id))


def _per_entity(start: datetime, end: datetime) -> Select[int, int]:
    named = (col(MentionRow.at) >= start, col(MentionRow.at) < end)
    return columns(col(MentionRow.entity_id), func.count()).where(*named).group_by(col(MentionRow.entity_id))


_Known = list[tuple[int, str, str, datetime]]


def _rules(session: Session) -> _Known:
    rows = session.exec(select(RuleRow).where(col(RuleRow.removed_at).is_(None)))
    return [(row.id or 0, row.slug, row.spec.get("name") or row.slug, row.created_at) for row in rows if row.spec["enabled"]]


def _entities(session: Session) -> _Known:
    rows = session.exec(select(EntityRow).where(col(EntityRow.removed_at).is_(None)))
    return [(row.id or 0, row.slug, row.spec.get("name") or row.slug, row.created_at) for row in rows]


def _sources(session: Session) -> _Known:
    active = (col(SourceRow.enabled), col(SourceRow.removed_at).is_(None), col(SourceRow.merged_into).is_(None))
    rows = session.exec(select(SourceRow).where(*active, col(SourceRow.baseline_at).is_not(None)))
    return [(row.id or 0, row.slug, row.name or row.slug, row.baseline_at or row.created_at) for row in rows]


def record(session: Session, found: Sequence[Anomaly], *, told: bool = False) -> None:
    """Store what is unusual now. What was so within the last day already goes on; the rest waits to be told, or is (``told``)."""
    for anomaly in found:
        same = (
            AnomalyRow.subject == anomaly.subject.value,
            AnomalyRow.slug == anomaly.slug,
            AnomalyRow.kind == anomaly.kind.value,
            col(AnomalyRow.seen_at) >= anomaly.until - AGAIN,
        )
        standing = session.exec(select(AnomalyRow).where(*same)).first()
        if standing is not None:
            standing.seen_at = max(standing.seen_at, anomaly.until)
            session.add(standing)
            continue
        session.add(
            AnomalyRow(
                subject=anomaly.subject.value, slug=anomaly.slug, name=anomaly.name, kind=anomaly.kind.value, count=anomaly.count,
                usual=anomaly.usual, baseline=list(anomaly.baseline), began_at=anomaly.until, seen_at=anomaly.until,
                state="sent" if told else "pending",
            )
        )  # fmt: skip
    session.flush()


def pending(session: Session) -> list[tuple[int, Anomaly]]:
    """What is to be told, with its id."""
    rows = session.exec(select(AnomalyRow).where(AnomalyRow.state == "pending").order_by(col(AnomalyRow.id)))
    return [(row.id or 0, _anomaly(row)) for row in rows]


def begun_between(session: Session, start: datetime, end: datetime) -> list[Anomaly]:
    """What was found unusual in the half-open span."""
    within = (col(AnomalyRow.began_at) >= start, col(AnomalyRow.began_at) < end)
    return [_anomaly(row) for row in session.exec(select(AnomalyRow).where(*within).order_by(col(AnomalyRow.id)))]


def dispatch_volumes(session: Session, ids: Sequence[int], mails: Sequence[NewDelivery], now: datetime) -> int:
    """Mark anomalies as told and put their mails into the outbox, in one transaction. Conflict when one was told meanwhile."""
    mine = (col(AnomalyRow.id).in_(ids), col(AnomalyRow.state) == "pending")
    done = session.execute(update(AnomalyRow).where(*mine).values(state="sent"))
    if done.rowcount != len(ids):  # type: ignore[attr-defined]
        raise Conflict("a spike or silence was told by somebody else")
    return sum(enqueue(session, mail, now) is not None for mail in mails)


def note_mentions(session: Session, named: Sequence[tuple[str, int]], now: datetime) -> None:
    """Note which articles name which entities (slug, article id). Once is enough."""
    known = {row.slug: row.id for row in session.exec(select(EntityRow).where(col(EntityRow.removed_at).is_(None)))}
    rows = [{"entity_id": known[slug], "article_id": id_, "at": now} for slug, id_ in named if slug in known]
    if rows:
        session.execute(upsert(MentionRow).on_conflict_do_nothing(), rows)


def prune_mentions(session: Session, before: datetime) -> None:
    """Drop mentions that no baseline looks back to."""
    session.execute(delete(MentionRow).where(col(MentionRow.at) < before))


def _anomaly(row: AnomalyRow) -> Anomaly:
    subject, kind = Subject(row.subject), AnomalyKind(row.kind)
    return Anomaly(subject, row.slug, row.name, kind, row.count, row.usual, tuple(row.baseline), row.began_at)
