"""Spikes and silences: once an hour the last day of every rule, entity and source is held against the days before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.alerts import DAYS, judge, quiet_until, render_volumes
from aggregator.letter import of_reader
from aggregator.model.article import Article
from aggregator.model.delivery import DeliveryKind
from aggregator.model.rule import Entity, Match, RuleSpec
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import links_of
from aggregator.pipeline.rooms import Rooms
from aggregator.store import volumes
from aggregator.store.registry import registered

AWAKE = 20
"""Hours of the last 24 in which we must have polled: else a silence is ours, and a spike what we catch up with."""


Found = list[tuple[Article, Sequence[Match]]]
"""Articles with what matched them."""


@dataclass(frozen=True, slots=True)
class VolumeReport:
    """How many spikes and silences are new, and how many mails tell of them."""

    found: int = 0
    mails: int = 0


def naming(entities: Iterable[Entity]) -> list[RuleSpec]:
    """A rule for each entity, of the slug ``@entity``: it finds the articles that name it, for nothing but to count them."""
    return [RuleSpec(f"@{entity.slug}", entity.name, f"@{entity.slug}") for entity in entities]


def parted(
    found: Sequence[tuple[Article, Sequence[Match]]],
) -> tuple[list[tuple[Article, Sequence[Match]]], list[tuple[str, int]]]:
    """The matches of rules, and which entities (slug, article id) are named; what stood in a feed at the first poll aside."""
    rules: Found = [(article, [match for match in hits if not match.rule.startswith("@")]) for article, hits in found]
    named = [
        (match.rule[1:], article.id)
        for article, hits in found
        if not article.baseline
        for match in hits
        if match.rule.startswith("@")
    ]
    return rules, named


def whole_hour(now: datetime) -> datetime:
    """The hour that has begun last."""
    return now - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)


async def watch_volumes(rooms: Rooms) -> VolumeReport:
    """Judge the 24 hours to the last whole hour, store what is unusual, and mail what nobody was told yet."""
    settings, now = rooms.active.config.settings, rooms.clock.now()
    if not settings.alerts.volumes:
        return VolumeReport()
    until = whole_hour(now)
    if await rooms.store.read(volumes.awake, until) >= AWAKE:
        counted = await rooms.store.read(volumes.volumes, until, DAYS)
        found = [anomaly for volume in counted if (anomaly := judge(volume, settings.alerts.volume_least))]
        if found:
            await rooms.store.write(volumes.record, found)
    return await _tell(rooms, now)


async def _tell(rooms: Rooms, now: datetime) -> VolumeReport:
    pending = await rooms.store.read(volumes.pending)
    if not pending:
        return VolumeReport()
    config, known = rooms.active.config, await rooms.store.read(registered)
    mails = []
    links = await links_of(rooms.store, config.settings, now)
    for person in config.recipients:
        mailed = person.enabled and person.alerts and person.slug in known.recipients and person.slug not in known.unalerted
        own = of_reader([anomaly for _, anomaly in pending], person) if mailed else ()
        if own:
            letter = render_volumes(own, person, instance=config.settings.instance, now=now)
            recipient_id = known.recipients[person.slug]
            key = f"volumes:{pending[0][0]}:{recipient_id}"
            kind = DeliveryKind.ALERT
            mail = seal(config.settings, letter, person, recipient_id, kind=kind, key=key, now=now, links=links)
            mails.append(replace(mail, not_before=quiet_until(person, now)))
    queued = await rooms.store.write(volumes.dispatch_volumes, [id_ for id_, _ in pending], mails, now)
    return VolumeReport(len(pending), queued)
