"""Digests: readers whose hour has come in, frozen issues in the outbox out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aggregator.digest import compose, latest_slot, local_day_bounds, render_digest
from aggregator.model.delivery import (
    DeliveryKind,
    DigestIssue,
    Letter,
    MatchedArticle,
    Recipient,
    RuleDigest,
    Slot,
    SourceTrouble,
)
from aggregator.model.page import FailureKind
from aggregator.model.source import SourceHealth
from aggregator.pipeline.letters import seal
from aggregator.pipeline.rooms import Active, Rooms
from aggregator.store import Store, digests, sources
from aggregator.store.digests import Standing
from aggregator.store.outbox import NewDelivery

DAYS = 7
"""Days of history that a digest compares with."""


@dataclass(frozen=True, slots=True)
class DigestReport:
    """One digest: for whom, which slot, how much; ``mailed`` is False for an empty day."""

    recipient: str
    day: str
    matches: int
    articles: int
    stories: int
    mailed: bool


async def due_digests(rooms: Rooms) -> list[tuple[Recipient, Slot]]:
    """The readers whose latest slot has no digest yet. Slots that passed while nobody watched collapse into the latest."""
    now, due = rooms.clock.now(), []
    known = rooms.active.watch.registered
    for person in rooms.active.config.recipients:
        if not (person.enabled and person.digest) or person.slug not in known.recipients or person.slug in known.suppressed:
            continue
        slot = latest_slot(person, now)
        if slot is None:
            continue
        place = await rooms.store.read(digests.standing, person.slug)
        if slot.due_at > place.covered_until:
            due.append((person, slot))
    return due


async def run_digest(rooms: Rooms, recipient: Recipient, slot: Slot) -> DigestReport:
    """Compose, render and freeze one digest. Raises Conflict when the slot has one already."""
    place = await rooms.store.read(digests.standing, recipient.slug)
    issue, letter = await draft_digest(rooms.store, rooms.active, recipient, slot, place)
    settings, now = rooms.active.config.settings, rooms.clock.now()
    mail: NewDelivery | None = None
    if issue.match_ids or recipient.send_empty:
        key = f"digest:{place.recipient_id}:{slot.day.isoformat()}:{slot.at:%H%M%S}"
        mail = seal(settings, letter, recipient, place.recipient_id, kind=DeliveryKind.DIGEST, key=key, now=now)
    window = (place.covered_until, slot.due_at)
    await rooms.store.write_durably(digests.freeze, place.recipient_id, slot, window, issue, mail, now)
    day = slot.day.isoformat()
    return DigestReport(recipient.slug, day, len(issue.match_ids), issue.articles, issue.stories, mail is not None)


async def draft_digest(
    store: Store, active: Active, recipient: Recipient, slot: Slot, place: Standing
) -> tuple[DigestIssue, Letter]:
    """What a digest would hold and look like, without sending or recording anything."""
    config = active.config
    window = (place.covered_until, slot.due_at)
    items: list[MatchedArticle] = await store.read(digests.owed, place.recipient_id, slot.due_at)
    days = _days_before(window[0], recipient.timezone)
    counts = await store.read(digests.matches_between, days)
    followed = [rule for rule in config.rules if rule.enabled and recipient.follows(rule.slug)]
    gone = {item.rule for item in items} - {rule.slug for rule in followed}
    rules = [RuleDigest(rule.slug, rule.name, rule.query, counts.get(rule.slug, (0,) * DAYS)) for rule in followed]
    # A rule that was taken away after it matched still owes what it found.
    rules += [RuleDigest(slug, slug, "", counts.get(slug, (0,) * DAYS)) for slug in sorted(gone)]
    troubles = [_trouble(source) for source in await store.read(sources.troubled)]
    missed = _missed_days(place, slot)
    issue = compose(recipient, slot.day, window, items, rules, troubles, instance=config.settings.instance, missed_days=missed)
    return issue, render_digest(issue)


def _days_before(start: datetime, timezone: str) -> Sequence[tuple[datetime, datetime]]:
    """The seven local days before the day in which the window starts, oldest first."""
    first = start.astimezone(ZoneInfo(timezone)).date()
    return [local_day_bounds(first - timedelta(days=back), timezone) for back in range(DAYS, 0, -1)]


def _missed_days(place: Standing, slot: Slot) -> int:
    """How many days this digest covers beyond the usual one; 0 for the first digest of a reader."""
    if place.last is None:
        return 0
    return max(0, (slot.due_at - place.last.due_at + timedelta(hours=2)).days - 1)


def _trouble(source: SourceHealth) -> SourceTrouble:
    since = source.failing_since
    assert since is not None
    return SourceTrouble(source.slug, source.title, FailureKind(source.kind), source.detail, since, source.next_poll_at)
