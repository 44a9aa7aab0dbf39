"""Spikes and silences against the days before."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from aggregator.alerts.anomalies import DAYS, judge
from aggregator.letter import of_reader
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject, Volume
from aggregator.model.delivery import Recipient

NOW = datetime(2026, 3, 20, 6, tzinfo=UTC)


def kind(count: int, *before: int | None, least: int = 5) -> AnomalyKind | None:
    found = judge(Volume(Subject.SOURCE, "harbour", "Harbour", count, before, NOW), least)
    return found.kind if found else None


STEADY = (14, 13, 15, 14, 12, 16, 14) * 2


def test_a_source_that_falls_silent_is_told_with_what_was_expected() -> None:
    found = judge(Volume(Subject.SOURCE, "harbour", "Harbour", 0, STEADY, NOW))
    assert found == Anomaly(Subject.SOURCE, "harbour", "Harbour", AnomalyKind.SILENCE, 0, 14, STEADY, NOW)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, AnomalyKind.SILENCE), (2, None), (14, None), (29, None), (34, AnomalyKind.SPIKE)],
)
def test_how_far_from_the_usual_is_far(count: int, expected: AnomalyKind | None) -> None:
    assert kind(count, *STEADY) is expected


def test_few_days_are_no_baseline() -> None:
    assert kind(0, *STEADY[:13]) is None
    assert kind(500, *STEADY[:13]) is None
    assert kind(0) is None


def test_what_is_small_needs_the_minimum() -> None:
    quiet = (0, 1, 0, 0, 0, 1, 0) * 2
    assert kind(4, *quiet) is None
    assert kind(5, *quiet) is AnomalyKind.SPIKE
    assert kind(5, *quiet, least=6) is None
    assert kind(0, *(3, 4, 3, 5, 4, 3, 4) * 2) is None  # none where three are usual is chance


def test_who_rests_on_sundays_is_not_silent_on_sundays() -> None:
    week = (20, 21, 19, 20, 22, 18, 0)  # the seventh day before is the same weekday
    assert kind(0, *week * 2) is None
    assert kind(0, *week * 8) is None
    assert kind(12, *week * 8) is None  # more than on any Sunday, and less than on any other day
    assert kind(40, *week * 8) is AnomalyKind.SPIKE


def test_who_publishes_on_one_day_is_missed_on_that_day() -> None:
    week = (0, 0, 0, 0, 0, 0, 30)
    assert kind(0, *week * 8) is AnomalyKind.SILENCE
    assert kind(28, *week * 8) is None


def test_one_odd_day_changes_nothing() -> None:
    odd = (14, 13, 400, 14, 12, 16, 14, 14, 0, 15, 14, 12, 16, 14)
    assert kind(0, *odd) is AnomalyKind.SILENCE
    assert kind(40, *odd) is None  # below a day of the last fortnight: no news
    assert kind(410, *odd) is AnomalyKind.SPIKE


def test_who_has_grown_is_not_told_so_every_week() -> None:
    grown = (60, 61, 59, 62, 60, 61, 60) * 2 + STEADY * 3
    assert kind(61, *grown) is None


def test_days_on_which_we_were_blind_do_not_count() -> None:
    blind = (14, None, 15, None, 12, 16, 14, 14, 13, 15, 14, 12, 16, 14)
    assert kind(0, *blind) is AnomalyKind.SILENCE
    assert kind(0, *((None,) * 8), *STEADY[:6]) is None


def test_chance_alone_raises_few_alarms() -> None:
    chance = random.Random(7)

    def poisson(mean: float) -> int:
        at, count = chance.expovariate(mean), 0
        while at < 1:
            at, count = at + chance.expovariate(mean), count + 1
        return count

    alarms = sum(
        kind(poisson(mean), *(poisson(mean) for _ in range(DAYS))) is not None
        for mean in (0.3, 2, 6, 12, 40)
        for _ in range(2000)
    )
    assert alarms <= 8  # of 10,000


def test_readers_are_told_of_their_rules_and_of_sources_if_they_follow_all() -> None:
    found = [
        Anomaly(Subject.RULE, "ports", "Ports", AnomalyKind.SPIKE, 90, 10, (), NOW),
        Anomaly(Subject.SOURCE, "harbour", "Harbour", AnomalyKind.SILENCE, 0, 14, (), NOW),
        Anomaly(Subject.ENTITY, "acme", "Acme", AnomalyKind.SPIKE, 30, 2, (), NOW),
    ]
    everything, some = Recipient("all", "all@example.org"), Recipient("some", "some@example.org", rules=("port*",))
    assert [item.slug for item in of_reader(found, everything)] == ["harbour", "ports", "acme"]
    assert [item.slug for item in of_reader(found, some)] == ["ports"]
