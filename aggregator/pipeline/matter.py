"""What a slot's digests are made of, read from the store; what is the same for several of them is read once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from aggregator.digest import days_before, slots_between
from aggregator.model.anomaly import Anomaly, Subject
from aggregator.model.delivery import MatchedArticle, Slot, SourceGap, SourceTrouble, WatchedEdit
from aggregator.model.page import FailureKind
from aggregator.model.source import SourceHealth
from aggregator.store import Store, digests, edits, newsworthy, presence, sources, volumes
from aggregator.store.dossier import MissedEntries, missed_between
from aggregator.store.subscriptions import Subscriber

T = TypeVar("T")

DAYS = 13
"""Days of history that a digest shows, beside its own; it compares with the last seven."""


class Readings:
    """What was read of a store, by what was asked: for the digests of one tick, which are told what was true at its beginning."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._known: dict[Hashable, Any] = {}

    async def read(self, unit: Callable[..., T], *args: Hashable) -> T:
        """As ``Store.read``, once for equal arguments. Nobody may change what comes back."""
        key = (unit, args)
        if key not in self._known:
            self._known[key] = await self.store.read(unit, *args)
        found: T = self._known[key]
        return found


@dataclass(frozen=True, slots=True)
class Matter:
    """Everything that a slot's digests are made of; ``missed`` are the days before the slot's on which one should have come.

    In the times of ``away`` nobody looked at the sources; ``failing`` is the part of them that cannot be read now.
    """

    window: tuple[datetime, datetime]
    items: Sequence[MatchedArticle]
    changed: Sequence[WatchedEdit]
    counts: Mapping[str, tuple[int, ...]]
    troubles: Sequence[SourceTrouble]
    gaps: Sequence[SourceGap]
    unusual: Sequence[Anomaly]
    missed: tuple[date, ...]
    outlets: Collection[tuple[str, str]]
    previous: Collection[int] | None
    away: Sequence[tuple[datetime, datetime]]
    failing: float

    def of_rule(self, slug: str, *, with_others: bool) -> Matter:
        """What of it one rule's clipping has; ``with_others``: spikes and silences that are no rule's, too."""
        return replace(
            self,
            items=[item for item in self.items if item.rule == slug],
            changed=[edit for edit in self.changed if edit.rule == slug],
            unusual=[each for each in self.unusual if (with_others if each.subject is not Subject.RULE else each.slug == slug)],
        )


async def gather(readings: Readings, subscriber: Subscriber, slot: Slot) -> Matter:
    """Read what a slot's digests are made of: what is owed to the subscription, and what everybody with its window is told."""
    own, shared = readings.store.read, readings.read
    window, groups = window_of(subscriber, slot), subscriber.subscription.groups
    days = days_before(window[0], subscriber.subscription.timezone, DAYS)
    items = await own(digests.owed, subscriber.id, slot.ends_at)
    pairs = frozenset((item.rule, item.article.source_name or item.article.source_slug) for item in items)
    return Matter(
        window,
        items=items,
        changed=await own(edits.owed_edits, subscriber.id, slot.ends_at),
        counts=await shared(digests.matches_between, days, groups),
        troubles=[_trouble(source) for source in await shared(sources.troubled)],
        gaps=[_gap(source) for source in await shared(missed_between, *window)],
        unusual=await shared(volumes.begun_between, *window),
        missed=_missed(subscriber, slot),
        outlets=await shared(newsworthy.new_outlets, pairs, window[0]),
        previous=await own(digests.previous_stories, subscriber.id, slot.due_at),
        away=await shared(presence.absences, *window),
        failing=await shared(sources.failing_share, groups),
    )


def window_of(subscriber: Subscriber, slot: Slot) -> tuple[datetime, datetime]:
    """From where the last digest ended to the cutoff of this one."""
    return min(subscriber.covered_until, slot.ends_at), slot.ends_at


def _missed(subscriber: Subscriber, slot: Slot) -> tuple[date, ...]:
    """The local days before the slot's that had slots without a digest. A day off has none, nor has a pause.

    Nor has a day that was off when it came: of the time before its weekdays were changed nothing is said.
    """
    begun = subscriber.begun_at
    since = max(subscriber.covered_until + slot.cutoff, subscriber.paused_until or begun, subscriber.redated_at or begun)
    between = slots_between(subscriber.subscription, since, slot.due_at)
    return tuple(dict.fromkeys(each.day for each in between if each.day < slot.day))


def _trouble(source: SourceHealth) -> SourceTrouble:
    since = source.failing_since
    assert since is not None
    return SourceTrouble(source.slug, source.title, FailureKind(source.kind), source.detail, since, source.next_poll_at)


def _gap(missed: MissedEntries) -> SourceGap:
    return SourceGap(missed.slug, missed.title, missed.gap.estimate, missed.gap.after, missed.gap.before)
