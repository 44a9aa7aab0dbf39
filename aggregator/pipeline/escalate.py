"""Escalation: alerts that nobody acknowledged go to the next reader of the rule's chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.config.settings import Config
from aggregator.errors import Conflict
from aggregator.model.delivery import AlertIntent, Recipient
from aggregator.model.rule import Priority, RuleSpec
from aggregator.pipeline.letters import seal_notice
from aggregator.pipeline.linking import links_of
from aggregator.pipeline.mishap import survived
from aggregator.pipeline.rooms import Rooms
from aggregator.store import notices
from aggregator.store.alerts import NewNotice
from aggregator.store.matches import matched_articles
from aggregator.store.notices import Unanswered


async def escalate(rooms: Rooms) -> tuple[int, list[tuple[str, Exception]]]:
    """Hand on every notice whose time is over. Returns how many were seen to; and which (``notice 7``) could not be, and why.

    Who was told at first anyway is passed over; where a second notice of the same matches comes to a reader who has had them
    handed on, nothing more is sent.
    """
    now, done, failed = rooms.clock.now(), 0, list[tuple[str, Exception]]()
    for late in await rooms.store.read(notices.unanswered, now):
        end = await survived(_hand_on(rooms, late, now))
        if end is None:
            done += 1
        elif not isinstance(end, Conflict):
            failed.append((f"notice {late.id}", end))
    return done, failed


async def _hand_on(rooms: Rooms, late: Unanswered, now: datetime) -> None:
    config, store = rooms.active.config, rooms.store
    rule = next((rule for rule in config.rules if rule.slug == late.rule), None)
    for step, person in _chain(config, rule, late.step) if late.match_ids else ():
        place = await store.read(notices.place, person.slug)
        if place is None or place[2]:
            continue
        told = await store.read(notices.told_of, person.slug, late.match_ids)
        if "escalation" in told:
            await store.write(notices.close, late.id, person.slug, now)
            return
        if told:
            continue
        assert rule is not None
        recipient_id, number, _ = place
        mails = await _notices(rooms, late, rule, person, recipient_id, number, step, now)
        await store.write(notices.hand_on, late, person.slug, recipient_id, number, step, mails, now)
        return
    await store.write(notices.close, late.id, "", now)


def _chain(config: Config, rule: RuleSpec | None, step: int) -> Sequence[tuple[int, Recipient]]:
    """Those whose turn comes after ``step`` readers had theirs, each with how many had it then."""
    people = {person.slug: person for person in config.recipients if person.enabled}
    chain = enumerate(rule.escalate if rule else (), 1)
    return [(place, people[slug]) for place, slug in chain if place > step and slug in people]


async def _notices(
    rooms: Rooms, late: Unanswered, rule: RuleSpec, person: Recipient, recipient_id: int, number: int, step: int, now: datetime
) -> list[NewNotice]:
    """The mails that hand it on, after ``number`` others: several, if one has no room for all."""
    config = rooms.active.config
    items = await rooms.store.read(matched_articles, late.match_ids)
    links = await links_of(rooms.store, config.settings, now)
    again = now + rule.escalate_after if step < len(rule.escalate) else None
    left, made = frozenset(late.match_ids), list[NewNotice]()
    while left:
        some = tuple(item for item in items if item.match_id in left)
        intent = AlertIntent(person, some, alone=left, urgent=True, unanswered=late.recipient)
        mail, beyond = seal_notice(config, intent, recipient_id, number + len(made) + 1, links, now, answer=True)
        told = tuple(sorted(left - beyond))
        made.append(NewNotice("escalation", Priority.HIGH, mail, told, rule=rule.slug, escalate_at=again))
        left = beyond
    return made
