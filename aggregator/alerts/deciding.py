"""What becomes of the matches that wait for a reader: told in a mail, held for later, or left to the digest with a reason.

In this order: nobody to tell, snoozed, a story that was told, quiet hours, storms, the caps. Each match has one outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from aggregator.alerts.quiet import HOUR, next_hour, quiet_until
from aggregator.alerts.told import ToldStory, told_story
from aggregator.model.alert import (
    AlertMail,
    AlertPlan,
    AlertState,
    Limits,
    Past,
    Pending,
    RuleLimits,
    Ruling,
    SpikeMail,
    Storm,
    Why,
)
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, Priority

GROWN_LEAST = 6
"""A story has grown when it stands in so many outlets at least: a second and a third copy are no news."""

_WEIGHT = {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}


T = TypeVar("T")
K = TypeVar("K")


def decide(recipient: Recipient, pending: Sequence[Pending], past: Past, limits: Limits, now: datetime) -> AlertPlan:
    """The plan for one reader, ``now`` being aware. Nothing is decided before something is due.

    Who gets a mail anyway gets with it what else is new in the lane now, also if it came a second ago.
    """
    if not any(row.due_at <= now for row in pending):
        return AlertPlan()
    return _Desk(recipient, past, limits, now).plan(pending)


class _Desk:
    def __init__(self, recipient: Recipient, past: Past, limits: Limits, now: datetime) -> None:
        self._recipient, self._past, self._limits, self._now = recipient, past, limits, now
        self._earlier = _grouped(past.earlier, lambda each: (each.rule, each.story))
        self._rulings: list[Ruling] = []
        self._grown: dict[tuple[str, int], int] = {}
        self._late: set[int] = set()
        self._quiet_until = quiet_until(recipient, now)
        self._within_the_hour = self._recent(past.mails)

    def plan(self, pending: Sequence[Pending]) -> AlertPlan:
        rows = sorted(pending, key=lambda row: (_WEIGHT[row.priority], row.matched_at, row.match_id))
        rows = [row for row in rows if self._due(row) or self._goes_along(row)]
        rows = self._take(rows, self._of_nobody)
        rows = self._take(rows, self._snoozed)
        rows = self._untold(rows)
        rows, spike = self._storms(self._take(rows, self._quiet))
        rows = self._take(rows, self._over_the_readers_cap)
        mails = self._mails(rows) if any(self._due(row) for row in rows) else ()
        return AlertPlan(tuple(self._rulings), mails, spike)

    def _due(self, row: Pending) -> bool:
        return row.due_at <= self._now

    def _goes_along(self, row: Pending) -> bool:
        """Whether a row is new, and only waits for company. One that wants an answer gets a mail of its own, at its time."""
        fresh = row.state is AlertState.WAITING and row.why is Why.NONE and row.lane is Lane.NOW
        return fresh and not self._limit(row.rule).acknowledged

    def _take(self, rows: Sequence[Pending], rule: Callable[[Pending], Ruling | None]) -> list[Pending]:
        """The rows that ``rule`` has nothing to say of; it is the end of the others, at their time."""
        left = []
        for row in rows:
            ruling = rule(row)
            if ruling is None:
                left.append(row)
            elif self._due(row):
                self._rulings.append(ruling)
        return left

    def _of_nobody(self, row: Pending) -> Ruling | None:
        if not (self._recipient.enabled and self._recipient.alerts):
            return _suppressed(row, Why.GONE, "the reader takes no alerts any more")
        if self._limits.rests:
            return _suppressed(row, Why.RESTS, f"nothing is sent to the reader: {self._limits.rests}")
        return None

    def _snoozed(self, row: Pending) -> Ruling | None:
        for snooze in self._limits.snoozes:
            mine = snooze.rule in ("", row.rule) and snooze.recipient in ("", self._recipient.slug)
            if mine and snooze.story == row.story and self._now < snooze.until:
                return _suppressed(row, Why.SNOOZED, f"story {row.story} is snoozed until {_utc(snooze.until)} ({snooze.id})")
        return None

    def _untold(self, rows: Sequence[Pending]) -> list[Pending]:
        """Without what belongs to a story that was told, unless the story has grown."""
        left = []
        for (rule, story), group in _grouped(rows, lambda row: (row.rule, row.story)).items():
            earlier = self._earlier.get((rule, story), [])
            fresh = self._take(group, partial(_of_old, {each.text for each in earlier if each.before}))
            known = told_story(earlier)
            left += fresh if known is None else self._of_told(known, [row for row in fresh if self._due(row)])
        return left

    def _of_told(self, known: ToldStory, rows: Sequence[Pending]) -> list[Pending]:
        if not rows:
            return []
        outlets = len(known.everywhere | {row.source for row in rows})
        wanted = max(self._limits.growth * len(known.outlets), GROWN_LEAST)
        again = known.last + self._limits.group_interval
        if self._limits.growth and not known.grown and self._now < again:
            # Whether it has grown is asked once in an interval.
            self._rulings += [Ruling(row.id, AlertState.WAITING, Why.TOLD, f"asked again {_utc(again)}", again) for row in rows]
            return []
        if self._limits.growth and not known.grown and outlets >= wanted:
            self._grown[rows[0].rule, rows[0].story] = outlets
            return list(rows)
        for row in rows:
            what = f"story {row.story} was told by notice {known.notice}, {_utc(known.first)}; now in {outlets} outlets"
            self._rulings.append(_suppressed(row, Why.TOLD, what))
        return []

    def _quiet(self, row: Pending) -> Ruling | None:
        until = self._quiet_until
        if until is None or row.priority is Priority.HIGH:
            return None
        return Ruling(row.id, AlertState.HELD, Why.QUIET, f"quiet until {_utc(until)}", until)

    def _storm(self, row: Pending) -> Storm | None:
        """The storm that a row is part of. What was held for one already has waited long enough, and is told now.

        A rule that wants an answer has none: its alerts must be acknowledged, or handed on.
        """
        mine = row.lane is Lane.NOW and not self._limit(row.rule).acknowledged
        if not mine or (row.rule, row.story) in self._grown or row.why is Why.STORM:
            return None
        for storm in self._limits.storms:
            goes_on = storm.since <= self._now <= storm.until
            taken_in = goes_on or storm.since < row.matched_at <= storm.until
            if taken_in and storm.slug == (row.rule if storm.of_rule else row.source):
                return storm
        return None

    def _storms(self, rows: Sequence[Pending]) -> tuple[list[Pending], SpikeMail | None]:
        """What is part of no storm, and the mail on those of which the reader does not know.

        Of one that is over he may have read in a digest. What no digest has of it need not wait for the rest, and is told now.
        """
        parts = _grouped(rows, self._storm)
        left, untold, ended = parts.pop(None, []), dict[Storm, bool](), list[Ruling]()
        for storm, group in parts.items():
            assert storm is not None
            due, over = [row for row in group if self._due(row)], storm.until < self._now
            known = storm.notice or (over and all(row.digest for row in due))
            if not known and (due := self._take(due, self._over_the_readers_cap)):
                untold[storm] = all(row.in_digest for row in due)
            for row in due:
                if over and not row.in_digest:
                    left.append(row)
                    self._late.add(row.id)
                else:
                    (self._rulings if known else ended).append(self._of_storm(storm, row))
        if not untold:
            return left, None
        self._within_the_hour.append(self._now)
        return left, SpikeMail(tuple(storm.id for storm in untold), tuple(ended), all(untold.values()))

    def _of_storm(self, storm: Storm, row: Pending) -> Ruling:
        why = Why.STORM if storm.of_rule else Why.RENUMBERED
        if row.in_digest:
            where = f"digest {row.digest} has told it" if row.digest else "the digest has it"
            return replace(_suppressed(row, why, f"storm {storm.id}: {where}"), notice=storm.notice)
        # Nobody would ever tell this reader: it comes with whatever else the hour brings.
        hour = next_hour(self._recipient, self._now)
        return Ruling(row.id, AlertState.HELD, Why.STORM, f"storm {storm.id}: told {_utc(hour)}", hour)

    def _over_the_readers_cap(self, row: Pending) -> Ruling | None:
        most, mails = self._recipient.alerts_per_hour, self._within_the_hour
        if not most or len(mails) < most or row.priority is Priority.HIGH:
            return None
        room = mails[-most] + HOUR
        return Ruling(row.id, AlertState.HELD, Why.CAP, f"{most} mails within the hour; told {_utc(room)}", room)

    def _mails(self, rows: Sequence[Pending]) -> tuple[AlertMail, ...]:
        """A mail for each rule that wants an answer, and one for all others."""
        apart = _grouped(rows, lambda row: row.rule if self._limit(row.rule).acknowledged else "")
        mails = (self._mail(rule, group) for rule, group in apart.items())
        return tuple(mail for mail in mails if mail is not None)

    def _mail(self, rule: str, rows: Sequence[Pending]) -> AlertMail | None:
        told, over = list[Pending](), dict[str, list[Pending]]()
        for slug, group in _grouped(rows, lambda row: row.rule).items():
            inside, outside = self._within_its_cap(slug, group)
            told += inside
            if outside:
                over[slug] = outside
        if not told:
            self._wait_for_room(over)
            return None
        counted, more = list[Ruling](), list[tuple[str, int]]()
        for slug, group in over.items():
            # What no digest holds is not counted away.
            self._wait_for_room({slug: [row for row in group if not row.in_digest]})
            owed = [row for row in group if row.in_digest]
            what = f"over the cap of {self._limit(slug).per_hour} stories within the hour: counted in the mail, the digest has it"
            counted += [_suppressed(row, Why.CAP, what) for row in owed]
            if owed:
                more.append((slug, len({row.story for row in owed})))
        stories = _stories(told)
        grown = {story: outlets for (slug, story), outlets in self._grown.items() if (slug, story) in stories}
        return AlertMail(
            ids=tuple(row.id for row in told),
            shown=self._shown(told),
            grown=grown,
            over=tuple(counted),
            more=tuple(more),
            alone={row.match_id: row.id for row in told if not row.in_digest},
            priority=min((row.priority for row in told), key=_WEIGHT.__getitem__),
            rule=rule,
        )

    def _within_its_cap(self, rule: str, rows: Sequence[Pending]) -> tuple[list[Pending], list[Pending]]:
        most = self._limit(rule).per_hour
        merged = [row for row in rows if self._merged(row)]
        stories = _grouped((row for row in rows if not self._merged(row)), lambda row: row.story)
        room = most - len(self._told_of(rule)) if most else len(stories)
        kept = dict.fromkeys(list(stories)[: max(room, 0)])
        inside = [row for story in kept for row in stories[story]]
        return merged + inside, [row for story, group in stories.items() if story not in kept for row in group]

    def _merged(self, row: Pending) -> bool:
        """What comes once in an hour anyway, or waited for that long: no cap counts it."""
        late = row.id in self._late or (row.why in (Why.CAP, Why.STORM) and not row.in_digest)
        return late or row.lane is Lane.HOURLY

    def _wait_for_room(self, over: dict[str, list[Pending]]) -> None:
        for rule, rows in over.items():
            told, most = self._told_of(rule), self._limit(rule).per_hour
            room = told[-most] + HOUR if len(told) >= most else next_hour(self._recipient, self._now)
            detail = f"over the cap of {most} stories within the hour; told {_utc(room)}"
            self._rulings += [Ruling(row.id, AlertState.HELD, Why.CAP, detail, room) for row in rows]

    def _told_of(self, rule: str) -> list[datetime]:
        return self._recent(self._past.stories.get(rule, ()))

    def _recent(self, instants: Iterable[datetime]) -> list[datetime]:
        """Those of the last hour, in order. What lies ahead was before the clock was set back, and holds nothing up."""
        return sorted(at for at in instants if self._now - HOUR < at <= self._now)

    def _shown(self, told: Sequence[Pending]) -> tuple[int, ...]:
        grown = {(row.rule, row.story) for row in told} & self._grown.keys()
        before = [each.match_id for story in sorted(grown) for each in self._earlier.get(story, ()) if each.match_id]
        return tuple(dict.fromkeys((*(row.match_id for row in told), *before)))

    def _limit(self, rule: str) -> RuleLimits:
        return self._limits.rules.get(rule, RuleLimits())


def _of_old(texts: Collection[int], row: Pending) -> Ruling | None:
    what = f"a copy of text {row.text}, which was there before"
    return _suppressed(row, Why.TOLD, what) if row.text in texts else None


def _stories(rows: Iterable[Pending]) -> set[tuple[str, int]]:
    return {(row.rule, row.story) for row in rows}


def _suppressed(row: Pending, why: Why, detail: str) -> Ruling:
    return Ruling(row.id, AlertState.SUPPRESSED, why, detail)


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
