from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from aggregator.alerts import plan_alerts
from aggregator.model.delivery import MatchedArticle, Recipient

Make = Callable[..., MatchedArticle]


def reader(slug: str, *rules: str, alerts: bool = True, enabled: bool = True) -> Recipient:
    return Recipient(slug, f"{slug}@example.org", rules=rules, alerts=alerts, enabled=enabled)


def test_each_reader_gets_one_intent_with_all_that_he_follows(match: Make) -> None:
    tunnel, port, ferry = match("tunnel"), match("port-north"), match("ferry")
    intents = plan_alerts(
        [tunnel, port, ferry], [reader("all", "*"), reader("ports", "port-*"), reader("two", "ferry", "tunnel", "fer*")]
    )
    assert [(intent.recipient.slug, intent.items) for intent in intents] == [
        ("all", (tunnel, port, ferry)),
        ("ports", (port,)),
        ("two", (tunnel, ferry)),
    ]


def test_nobody_gets_an_empty_one_and_the_unwilling_get_none(match: Make) -> None:
    readers = [
        reader("other", "else-*"),
        reader("digest-only", "*", alerts=False),
        reader("away", "*", enabled=False),
        reader("none"),
        reader("case", "TUNNEL"),
    ]
    assert plan_alerts([match("tunnel")], readers) == ()
    assert plan_alerts([], [reader("all", "*")]) == ()


def test_items_stand_by_rule_in_order_of_appearance_then_by_time(match: Make) -> None:
    late = match("tunnel")
    port = match("port")
    early = replace(match("tunnel"), matched_at=late.matched_at - timedelta(hours=1))
    (intent,) = plan_alerts([late, port, early], [reader("all", "*")])
    assert intent.items == (early, late, port)
