"""Alerts are raised in the transaction of the match: a row for each reader who follows the rule, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, select

from aggregator.alerts import next_hour
from aggregator.model.alert import AlertState, Why
from aggregator.model.article import Article
from aggregator.model.delivery import Recipient
from aggregator.model.record import Reason
from aggregator.model.rule import Lane, Priority, RuleSpec
from aggregator.store.dialect import upsert
from aggregator.store.tables import AlertRow, RuleRow, RuleVersionRow, SourceRow

DAY = timedelta(days=1)
"""How far off a date of publication may be: it may lack its hour or its zone."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A match of an alerting rule that is new in the store."""

    article: Article
    rule: RuleSpec
    rule_id: int
    version: int
    match_id: int
    by_edit: bool


def raise_alerts(
    session: Session, raised: Raised, readers: Iterable[tuple[int, Recipient]], now: datetime, group_wait: timedelta
) -> int:
    """Enter a match for everyone who follows its rule with alerts on. Returns 1 if somebody is to be told, else 0.

    ``readers`` are ids with who they are; of the rule's lane and priority it is that of now.
    """
    if raised.rule.lane is Lane.DIGEST:
        return 0
    why, detail = there_before(session, raised)
    rows = []
    for reader_id, reader in readers:
        if not (reader.enabled and reader.alerts and reader.follows(raised.rule.slug)):
            continue
        at_once = raised.rule.lane is Lane.NOW and raised.rule.priority is not Priority.LOW
        due_at = now + group_wait if at_once else next_hour(reader, now)
        state = AlertState.SUPPRESSED if why else AlertState.WAITING
        rows.append(
            {
                "recipient_id": reader_id, "match_id": raised.match_id, "lane": raised.rule.lane.value,
                "priority": raised.rule.priority.value, "state": state.value, "why": why.value, "detail": detail,
                "created_at": now, "due_at": due_at, "decided_at": now if why else None,
            }
        )  # fmt: skip
    if rows:
        session.execute(upsert(AlertRow).on_conflict_do_nothing(), rows)
    return int(bool(rows) and not why)


def there_before(session: Session, raised: Raised) -> tuple[Why, str]:
    """Whether what a rule finds was there before the source or the rule, and nobody is alerted; else (``Why.NONE``, "").

    An article that its outlet has changed since, so that the rule matches only now, is news.
    """
    article = raised.article
    if article.baseline:
        return Why.FIRST_POLL, "the source's first poll: it was there before"
    if article.revision_reason == Reason.REEXTRACTION:
        return Why.BACK_FILL, "only another extraction found it"
    if raised.by_edit:
        return Why.NONE, ""
    version = session.get(RuleVersionRow, (raised.rule_id, raised.version))
    if article.revision > 1 and version is not None and article.first_seen_at < version.applied_at:
        # As it came first, the rule as it was then did not find it: it is the rule that is new.
        return Why.NEW_RULE, f"it came before version {raised.version} of the rule"
    published = article.published_at
    if published is not None:
        watched = session.exec(select(SourceRow.baseline_at).where(SourceRow.slug == article.source_slug)).first()
        if watched is not None and published < watched - DAY:
            return Why.BACK_FILL, f"published {_day(published)}, before the source was watched ({_day(watched)})"
        created = session.exec(select(RuleRow.created_at).where(RuleRow.id == raised.rule_id)).first()
        if created is not None and published < created - DAY:
            return Why.BACK_FILL, f"published {_day(published)}, before there was the rule ({_day(created)})"
    return Why.NONE, ""


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
