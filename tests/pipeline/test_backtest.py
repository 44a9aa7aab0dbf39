"""The mails that a rule would have sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import pytest

from aggregator.config.settings import AlertSettings, Config, Settings
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, RuleSpec
from aggregator.pipeline.backtest import WouldHaveSent, would_have_sent
from aggregator.store.backtests import Hit

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
URGENT = RuleSpec("birds", "Birds", "bird", Lane.NOW)
ANA = Recipient("ana", "ana@example.org", digest_at=time(7))
WAIT = timedelta(seconds=20)


def hit(number: int, after: timedelta, group: int | None = None, *, baseline: bool = False, suppressed: str = "") -> Hit:
    at = START + after
    return Hit(
        number, group or number, group or number, "wire", "Wire", "T", "http://x.test/", None, at, baseline, 100, suppressed
    )


def sent(rule: RuleSpec, hits: Sequence[Hit], *people: Recipient) -> WouldHaveSent:
    return would_have_sent(rule, hits, Config(Settings(alerts=AlertSettings(group_wait=WAIT)), recipients=people or (ANA,)))


@pytest.mark.parametrize(
    ("hits", "alerts", "digests"),
    [
        ([], {}, {"ana": 0}),
        ([hit(1, timedelta())], {"ana": 1}, {"ana": 1}),
        ([hit(1, timedelta()), hit(2, WAIT)], {"ana": 1}, {"ana": 1}),
        ([hit(1, timedelta()), hit(2, WAIT + timedelta(seconds=1))], {"ana": 2}, {"ana": 1}),
        ([hit(1, timedelta()), hit(2, timedelta(hours=1), group=1)], {"ana": 1}, {"ana": 1}),
        ([hit(1, timedelta(), baseline=True), hit(2, timedelta(hours=1), group=1)], {}, {"ana": 1}),
        ([hit(1, timedelta(), suppressed="x")], {}, {"ana": 0}),
        ([hit(1, timedelta(hours=18, minutes=59)), hit(2, timedelta(hours=19))], {"ana": 2}, {"ana": 2}),
    ],
    ids=["none", "one", "in company", "too late for company", "a copy", "there before", "kept back", "two days"],
)
def test_mails_are_planned_as_in_the_service(hits: list[Hit], alerts: dict[str, int], digests: dict[str, int]) -> None:
    assert sent(URGENT, hits) == WouldHaveSent(alerts, digests)


def test_lane_and_readers_decide() -> None:
    some = [hit(number, timedelta(days=number)) for number in range(1, 8)]
    calm = RuleSpec("birds", "Birds", "bird")
    workdays = Recipient("ben", "b@example.org", weekdays=(1, 2, 3, 4, 5), rules=("bi*",), alerts=False)
    other = Recipient("cai", "c@example.org", rules=("fish",))
    asleep = Recipient("dan", "d@example.org", enabled=False)
    undigested = Recipient("eve", "e@example.org", digest=False)
    assert sent(calm, some, ANA) == WouldHaveSent({}, {"ana": 7})
    assert sent(URGENT, some, workdays, other, asleep, undigested) == WouldHaveSent({"eve": 7}, {"ben": 5})
