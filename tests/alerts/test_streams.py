"""Random streams of matches, with outages, quiet hours, caps, storms and snoozes: each match is told once, or has one reason."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cache

import pytest

from aggregator.alerts import decide, next_hour, quiet_until
from aggregator.model.alert import (
    AlertPlan,
    AlertState,
    Earlier,
    Limits,
    Past,
    Pending,
    RuleLimits,
    Ruling,
    Snooze,
    Storm,
    Why,
)
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, Priority

START = datetime(2026, 3, 27, 12, tzinfo=UTC)
"""Two days before the clocks change in Paris."""

SEEDS = 24
HOUR = timedelta(hours=1)
WAIT = timedelta(seconds=20)


@dataclass
class Desk:
    """The store's part, in memory: what waits, what was told, in the manner of ``store.alerts``."""

    reader: Recipient
    limits: Limits
    rows: dict[int, Pending] = field(default_factory=dict)
    done: dict[int, tuple[AlertState, Why, int, datetime]] = field(default_factory=dict)
    ended: dict[int, Pending] = field(default_factory=dict)
    mails: list[tuple[datetime, frozenset[int], Priority]] = field(default_factory=list)
    spikes: dict[int, int] = field(default_factory=dict)

    def turn(self, now: datetime) -> AlertPlan:
        """Decide once, and keep the books. Whatever was due is settled or due later."""
        limits = replace(self.limits, storms=tuple(replace(s, notice=self.spikes.get(s.id, 0)) for s in self.limits.storms))
        due = {row.id for row in self.rows.values() if row.due_at <= now}
        plan = decide(self.reader, list(self.rows.values()), self._past(now), limits, now)
        seen: Counter[int] = Counter()
        for mail in plan.mails:
            notice = len(self.mails) + 1
            self.mails.append((now, frozenset(mail.ids), mail.priority))
            for id_ in mail.ids:
                seen[id_] += 1
                self._end(id_, AlertState.SENT, Why.NONE, notice, now)
            self._rule(mail.over, now, notice, seen)
        if plan.spike is not None:
            notice = len(self.mails) + 1
            self.mails.append((now, frozenset(), Priority.NORMAL))
            assert not self.spikes.keys() & set(plan.spike.storms), "a storm is told once"
            self.spikes |= dict.fromkeys(plan.spike.storms, notice)
            self._rule(plan.spike.rulings, now, notice, seen)
        self._rule(plan.rulings, now, 0, seen)
        assert max(seen.values(), default=1) == 1, "a match has one outcome"
        assert due <= seen.keys(), "what is due is decided on"
        assert all(row.due_at > now for row in self.rows.values()), "nothing is asked for again at once"
        return plan

    def _rule(self, rulings: tuple[Ruling, ...], now: datetime, notice: int, seen: Counter[int]) -> None:
        for ruling in rulings:
            seen[ruling.id] += 1
            if ruling.state is AlertState.SUPPRESSED:
                assert ruling.why is not Why.NONE
                assert ruling.detail
                self._end(ruling.id, ruling.state, ruling.why, ruling.notice or notice, now)
            else:
                assert ruling.due_at is not None
                row = self.rows[ruling.id]
                self.rows[ruling.id] = replace(row, state=ruling.state, why=ruling.why, due_at=ruling.due_at)

    def _end(self, id_: int, state: AlertState, why: Why, notice: int, now: datetime) -> None:
        assert id_ not in self.done, "once is enough"
        self.done[id_], self.ended[id_] = (state, why, notice, now), self.rows.pop(id_)

    def _past(self, now: datetime) -> Past:
        recent = [at for at, _, _ in self.mails if at > now - HOUR]
        stories: dict[str, dict[int, datetime]] = {}
        earlier = []
        for id_, (state, why, notice, at) in self.done.items():
            row = self.ended[id_]
            full = state is AlertState.SENT
            if full and at > now - HOUR and row.lane is Lane.NOW:
                stories.setdefault(row.rule, {})[row.story] = at
            told = notice if full or why in (Why.STORM, Why.RENUMBERED) else 0
            earlier.append(Earlier(row.rule, row.story, row.text, row.source, row.match_id, told, at, full))
        return Past(tuple(recent), {rule: tuple(times.values()) for rule, times in stories.items()}, tuple(earlier))


LANES = {"fire": Lane.NOW, "flood": Lane.NOW, "alarm": Lane.NOW, "calm": Lane.HOURLY, "faint": Lane.NOW}
PRIORITIES = {"alarm": Priority.HIGH, "faint": Priority.LOW}


@cache
def _stream(seed: int) -> tuple[Desk, dict[int, Pending]]:
    rng = random.Random(seed)
    zone = rng.choice(["Europe/Paris", "Asia/Tehran", "Asia/Kathmandu", "Australia/Lord_Howe"])
    quiet = rng.choice([None, (time(22), time(6, 30)), (time(1), time(3)), (time(12), time(14))])
    reader = Recipient("ana", "ana@example.org", timezone=zone, quiet=quiet, alerts_per_hour=rng.choice([0, 1, 3, 20]))
    caps = {rule: RuleLimits(rng.choice([0, 1, 5, 12]), acknowledged=rule == "alarm") for rule in LANES}
    desk, now = Desk(reader, Limits(rules=caps, growth=rng.choice([0, 3]))), START
    all_rows = dict[int, Pending]()
    in_digest = rng.random() < 0.7
    for step in range(rng.randint(60, 160)):
        for _ in range(rng.choice([0, 0, 1, 1, 2, 30 if rng.random() < 0.1 else 3])):
            id_, rule, story = len(all_rows) + 1, rng.choice(sorted(LANES)), rng.randint(1, 40)
            priority, lane = PRIORITIES.get(rule, Priority.NORMAL), LANES[rule]
            late = lane is Lane.HOURLY or priority is Priority.LOW
            row = Pending(
                id_, id_ + 1000, rule, story, story * 10 + rng.randint(0, 2), f"outlet-{rng.randint(1, 30)}", lane, priority,
                AlertState.WAITING, Why.NONE, next_hour(reader, now) if late else now + WAIT, now, in_digest,
            )  # fmt: skip
            all_rows[id_] = desk.rows[id_] = row
        if rng.random() < 0.05:
            storm = Storm(step, rng.choice(["fire", "outlet-3"]), of_rule=True)
            storm = replace(storm, of_rule=storm.slug == "fire", since=now - HOUR / 6, until=now + rng.choice([1, 40]) * HOUR / 6)
            desk.limits = replace(desk.limits, storms=(*desk.limits.storms, storm))
        if rng.random() < 0.1:
            desk.rows = {id_: replace(row, digest=step if row.in_digest else 0) for id_, row in desk.rows.items()}
        if rng.random() < 0.05:
            snooze = Snooze(step, rng.randint(1, 40), rng.choice(["", "fire"]), "", now + 5 * HOUR)
            desk.limits = replace(desk.limits, snoozes=(snooze,))
        now += rng.choice([timedelta(seconds=5), WAIT, timedelta(minutes=7), HOUR, timedelta(hours=9)])  # the last is an outage
        desk.turn(now)
    for _ in range(3000):
        if not desk.rows:
            break
        now = min(row.due_at for row in desk.rows.values())
        desk.turn(now)
    return desk, all_rows


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_match_is_told_once_or_has_one_reason(seed: int) -> None:
    desk, all_rows = _stream(seed)
    assert desk.rows == {}, "nothing waits for ever"
    assert desk.done.keys() == all_rows.keys()
    _quiet_is_quiet(desk)
    _caps_hold(desk)
    _stories_tire_nobody(desk)
    for id_, (_, why, _, _) in desk.done.items():
        # What no digest holds is left out for nothing but its story: it was told, or somebody wants to hear no more of it.
        assert all_rows[id_].in_digest or why in (Why.NONE, Why.TOLD, Why.SNOOZED)


def _quiet_is_quiet(desk: Desk) -> None:
    for at, ids, priority in desk.mails:
        if quiet_until(desk.reader, at) is not None:
            assert priority is Priority.HIGH
            assert {desk.ended[id_].priority for id_ in ids} == {Priority.HIGH}


def _caps_hold(desk: Desk) -> None:
    most = desk.reader.alerts_per_hour
    calm = [at for at, ids, _ in desk.mails if not ids or {desk.ended[id_].priority for id_ in ids} != {Priority.HIGH}]
    for at in calm if most else ():
        assert len([other for other, _, _ in desk.mails if at - HOUR < other < at]) + calm.count(at) <= most
    for rule, limits in desk.limits.rules.items():
        told = {id_: at for id_, (state, _, _, at) in desk.done.items() if state is AlertState.SENT}
        mine = [id_ for id_ in told if desk.ended[id_].rule == rule and LANES[rule] is Lane.NOW and desk.ended[id_].in_digest]
        for id_ in mine:
            hour = {desk.ended[other].story for other in mine if told[id_] - HOUR < told[other] <= told[id_]}
            assert not limits.per_hour or len(hour) <= limits.per_hour


def _stories_tire_nobody(desk: Desk) -> None:
    mails: dict[tuple[str, int], set[int]] = {}
    for id_, (state, _, notice, _) in desk.done.items():
        if state is AlertState.SENT:
            mails.setdefault((desk.ended[id_].rule, desk.ended[id_].story), set()).add(notice)
    assert max(map(len, mails.values()), default=0) <= (2 if desk.limits.growth else 1)


def test_the_streams_meet_every_reason() -> None:
    met = Counter(why for seed in range(SEEDS) for _, why, _, _ in _stream(seed)[0].done.values())
    assert met.keys() == {Why.NONE, Why.TOLD, Why.SNOOZED, Why.CAP, Why.STORM, Why.RENUMBERED}
