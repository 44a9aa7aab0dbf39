"""What a rule would have sent: the same planning of alerts and digests as in the service, over what it would have found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aggregator.alerts import plan_alerts
from aggregator.digest import next_slot
from aggregator.model.delivery import MatchedArticle, Recipient
from aggregator.model.rule import Lane, RuleSpec
from aggregator.store.backtests import Hit


@dataclass(frozen=True, slots=True)
class WouldHaveSent:
    """Mails by reader: ``alerts`` in the urgent lane, and ``digests`` in which the rule would have had something to tell."""

    alerts: dict[str, int]
    digests: dict[str, int]


def would_have_sent(rule: RuleSpec, hits: Sequence[Hit], recipients: Sequence[Recipient], group_wait: timedelta) -> WouldHaveSent:
    """The mails for ``hits``, of a rule alone: other rules' matches would share some of them."""
    told = [hit for hit in hits if not hit.suppressed]
    alerts: dict[str, int] = {}
    for batch in _batches(told, group_wait) if rule.lane is Lane.NOW else ():
        for intent in plan_alerts([_matched(rule, hit) for hit in batch], recipients):
            alerts[intent.recipient.slug] = alerts.get(intent.recipient.slug, 0) + 1
    digests = {
        person.slug: len({next_slot(person, hit.first_seen_at).due_at for hit in told})
        for person in recipients
        if person.enabled and person.digest and person.follows(rule.slug)
    }
    return WouldHaveSent(alerts, digests)


def _batches(hits: Sequence[Hit], group_wait: timedelta) -> Iterator[list[Hit]]:
    """One event for each text, all that come while the first waits in one mail. What was there before alerts nobody."""
    known: set[int] = set()
    batch: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.first_seen_at, hit.article_id)):
        if hit.group_id in known:
            continue
        known.add(hit.group_id)
        if hit.baseline:
            continue
        if batch and hit.first_seen_at > batch[0].first_seen_at + group_wait:
            yield batch
            batch = []
        batch.append(hit)
    if batch:
        yield batch


def _matched(rule: RuleSpec, hit: Hit) -> MatchedArticle:
    return MatchedArticle(hit.article_id, rule.slug, hit.article, (), (), hit.first_seen_at)
