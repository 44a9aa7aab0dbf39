"""What a rule would have sent: the same planning of alerts and digests as in the service, over what it would have found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.alerts import plan_alerts
from aggregator.config.settings import Config
from aggregator.digest import next_slot
from aggregator.model.delivery import MatchedArticle
from aggregator.model.rule import Lane, RuleSpec
from aggregator.store.backtests import Hit


@dataclass(frozen=True, slots=True)
class WouldHaveSent:
    """Mails by reader: ``alerts`` in the lanes that alert, and ``digests`` in which the rule would have had something to tell."""

    alerts: dict[str, int]
    digests: dict[str, int]


def would_have_sent(rule: RuleSpec, hits: Sequence[Hit], config: Config) -> WouldHaveSent:
    """The mails for ``hits``, of a rule alone: other rules' matches would share some of them."""
    told = [hit for hit in hits if not hit.suppressed]
    alerts: dict[str, int] = {}
    for batch in _batches(told, rule.lane, config.settings.alerts.group_wait) if rule.lane is not Lane.DIGEST else ():
        for intent in plan_alerts([_matched(rule, hit) for hit in batch], config.recipients):
            alerts[intent.recipient.slug] = alerts.get(intent.recipient.slug, 0) + 1
    groups = {source.slug: source.group for source in config.sources}
    slots: dict[str, set[tuple[str, datetime]]] = {}
    for each in config.all_subscriptions:
        if each.enabled and each.follows(rule.slug):
            owed = (hit for hit in told if each.wants(rule.slug, groups.get(hit.source, "")))
            met = {(each.slug, next_slot(each, hit.first_seen_at + each.cutoff).due_at) for hit in owed}
            slots[each.recipient] = slots.get(each.recipient, set()) | met
    digests = {reader: len(met) for reader, met in slots.items()}
    return WouldHaveSent(alerts, digests)


def _batches(hits: Sequence[Hit], lane: Lane, group_wait: timedelta) -> Iterator[list[Hit]]:
    """Each story once; all that come while the first waits, or within an hour, in one mail. What was there before alerts nobody.

    Quiet hours, caps, storms and growth are left out: they make mails fewer, or put them off.
    """
    told, before = set[int](), {hit.group_id for hit in hits if hit.baseline}
    batch: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.first_seen_at, hit.article_id)):
        if hit.group_id in before or hit.story_id in told:
            continue
        told.add(hit.story_id)
        if batch and hit.first_seen_at > _closes(batch[0].first_seen_at, lane, group_wait):
            yield batch
            batch = []
        batch.append(hit)
    if batch:
        yield batch


def _closes(first: datetime, lane: Lane, group_wait: timedelta) -> datetime:
    return first + group_wait if lane is Lane.NOW else first.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _matched(rule: RuleSpec, hit: Hit) -> MatchedArticle:
    return MatchedArticle(hit.article_id, rule.slug, hit.article, (), (), hit.first_seen_at)
