"""Who gets which matches at once."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.model.delivery import AlertIntent, MatchedArticle, Recipient


def plan_alerts(items: Sequence[MatchedArticle], recipients: Sequence[Recipient]) -> tuple[AlertIntent, ...]:
    """One intent for each enabled reader with alerts on who follows any item's rule, in the order of ``recipients``.

    It holds all of that reader's items: by rule in order of first appearance, then by the time of the match.
    """
    order = {rule: place for place, rule in enumerate(dict.fromkeys(item.rule for item in items))}
    ranked = sorted(items, key=lambda item: (order[item.rule], item.matched_at, item.match_id))
    intents = []
    for recipient in recipients:
        if not (recipient.enabled and recipient.alerts):
            continue
        followed = {rule for rule in order if recipient.follows(rule)}
        if own := tuple(item for item in ranked if item.rule in followed):
            intents.append(AlertIntent(recipient=recipient, items=own))
    return tuple(intents)
