"""Digests: readers whose hour has come in, frozen issues in the outbox out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.digest import compose, days_before, latest_slot, render_digest
from aggregator.errors import NotFound
from aggregator.model.delivery import (
    DeliveryKind,
    DigestIssue,
    Letter,
    MatchedArticle,
    Recipient,
    RuleDigest,
    Slot,
    SourceGap,
    SourceTrouble,
)
from aggregator.model.page import FailureKind
from aggregator.model.source import SourceHealth
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import links_of
from aggregator.pipeline.rooms import Active, Rooms
from aggregator.store import Store, digests, edits, newsworthy, sources, volumes
from aggregator.store.digests import Standing
from aggregator.store.dossier import MissedEntries, missed_between
from aggregator.store.outbox import NewDelivery

INSTANT = timedelta(microseconds=1)

DAYS = 13
"""Days of history that a digest shows, beside its own; it compares with the last seven."""


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
        if not (person.enabled and person.digest) or person.slug not in known.recipients:
            continue
        slot = latest_slot(person, now)
        if slot is None:
            continue
        try:
            place = await rooms.store.read(digests.standing, person.slug)
        except NotFound:  # taken away by `aggregator apply`, and we are not reloaded yet
            continue
        if not place.suppressed and _is_open(slot, place):
            due.append((person, slot))
    return due


def _is_open(slot: Slot, place: Standing) -> bool:
    """Whether a slot is still to be decided on. Who moves west meets the same hour of the same day again: it had its digest."""
    if slot.due_at <= place.covered_until:
        return False
    last = place.last
    return last is None or (slot.due_at > last.due_at and (slot.day, slot.at) > (last.day, last.at))


async def run_digest(rooms: Rooms, recipient: Recipient, slot: Slot) -> DigestReport:
    """Compose, render and freeze one digest. Raises Conflict when the slot has one already."""
    place = await rooms.store.read(digests.standing, recipient.slug)
    issue, letter = await draft_digest(rooms.store, rooms.active, recipient, slot, place)
    settings, now = rooms.active.config.settings, rooms.clock.now()
    mail: NewDelivery | None = None
    if issue.match_ids or issue.edit_ids or issue.anomalies or recipient.send_empty:
        key = f"digest:{place.recipient_id}:{slot.day.isoformat()}:{slot.at:%H%M%S}"
        kind, links = DeliveryKind.DIGEST, await links_of(rooms.store, settings, now)
        mail = seal(settings, letter, recipient, place.recipient_id, kind=kind, key=key, now=now, links=links)
    window = (place.covered_until, slot.due_at)
    # After an outage whatever was published meanwhile is still to be found: an empty day would be blindness, not silence.
    skip = _slots_between(recipient, place.last.due_at if place.last else place.covered_until, slot) > 0
    await rooms.store.write_durably(digests.freeze, place.recipient_id, slot, window, issue, mail, now, skip=skip)
    day = slot.day.isoformat()
    return DigestReport(recipient.slug, day, len(issue.match_ids), issue.articles, issue.stories, mail is not None)


async def draft_digest(
    store: Store, active: Active, recipient: Recipient, slot: Slot, place: Standing
) -> tuple[DigestIssue, Letter]:
    """What a digest would hold and look like, without sending or recording anything."""
    config = active.config
    window = (place.covered_until, slot.due_at)
    items: list[MatchedArticle] = await store.read(digests.owed, place.recipient_id, slot.due_at)
    changed = await store.read(edits.owed_edits, place.recipient_id, slot.due_at)
    days = days_before(window[0], recipient.timezone, DAYS)
    counts = await store.read(digests.matches_between, days)
    followed = [rule for rule in config.rules if rule.enabled and recipient.follows(rule.slug)]
    gone = {item.rule for item in items} - {rule.slug for rule in followed}
    rules = [RuleDigest(rule.slug, rule.name, rule.query, counts.get(rule.slug, (0,) * DAYS)) for rule in followed]
    # A rule that was taken away after it matched still owes what it found.
    rules += [RuleDigest(slug, slug, "", counts.get(slug, (0,) * DAYS)) for slug in sorted(gone)]
    troubles = [_trouble(source) for source in await store.read(sources.troubled)]
    missed = _slots_between(recipient, place.covered_until, slot)
    gaps = [_gap(source) for source in await store.read(missed_between, *window)]
    unusual = await store.read(volumes.begun_between, *window)
    outlets = await store.read(newsworthy.new_outlets, items, window[0])
    instance = config.settings.instance
    told = (items, rules, troubles, gaps, changed, unusual)
    issue = compose(recipient, slot.day, window, *told, instance=instance, missed_days=missed, new_outlets=outlets)
    return issue, render_digest(issue)


def _slots_between(recipient: Recipient, since: datetime, slot: Slot) -> int:
    """How many of the reader's slots lie after ``since`` and before this one. A day off is no slot."""
    between, before = 0, latest_slot(recipient, slot.due_at - INSTANT)
    while before is not None and before.due_at > since:
        between += 1
        before = latest_slot(recipient, before.due_at - INSTANT)
    return between


def _trouble(source: SourceHealth) -> SourceTrouble:
    since = source.failing_since
    assert since is not None
    return SourceTrouble(source.slug, source.title, FailureKind(source.kind), source.detail, since, source.next_poll_at)


def _gap(missed: MissedEntries) -> SourceGap:
    return SourceGap(missed.slug, missed.title, missed.gap.estimate, missed.gap.after, missed.gap.before)
