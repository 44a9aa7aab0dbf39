"""Digests: subscriptions whose hour has come in, frozen issues in the outbox out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from aggregator.config.settings import Config
from aggregator.digest import compose, due_slot, render_digest
from aggregator.model.anomaly import Subject
from aggregator.model.delivery import (
    DeliveryKind,
    DigestIssue,
    Letter,
    MailFormat,
    RuleDigest,
    Slot,
    SubscriptionKind,
    WhenEmpty,
)
from aggregator.notify import Links
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import digest_links, links_of
from aggregator.pipeline.matter import DAYS, Matter, Readings, gather, window_of
from aggregator.pipeline.rooms import Active, Rooms
from aggregator.store import digests, subscriptions
from aggregator.store.digests import Run
from aggregator.store.outbox import NewDelivery
from aggregator.store.subscriptions import Subscriber

QUIET_DAYS = 7
"""Days of silence after which one line is due, if the reader asks for it."""

MOST_FAILING = 0.1
"""When a larger part of the sources fails, a digest goes out that has nothing to tell: its reader must know that we are blind."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One digest as it would be: its issue and its letter. ``rule`` is a clipping's rule, "" for a digest of all rules.

    ``news``: there is something in it. ``tells``: it is sent at its hour; else it is only recorded.
    """

    issue: DigestIssue
    letter: Letter
    news: bool
    tells: bool
    rule: str = ""


@dataclass(frozen=True, slots=True)
class DigestReport:
    """What a slot came to: for which subscription, which day, how much; ``mails`` is 0 for an empty one."""

    subscription: str
    day: str
    matches: int
    articles: int
    stories: int
    mails: int


async def receiving(rooms: Rooms) -> list[Subscriber]:
    """The subscriptions to which mail goes out at present."""
    now = rooms.clock.now()
    return [each for each in await rooms.store.read(subscriptions.listing) if each.receives(now)]


def slot_due(rooms: Rooms, subscriber: Subscriber) -> Slot | None:
    """The latest slot, if it has no digest yet. Those that passed while nobody watched collapse into it."""
    fold_after = rooms.active.config.settings.digest.fold_after
    return due_slot(subscriber.subscription, rooms.clock.now(), subscriber.last, subscriber.covered_until, fold_after)


async def run_digest(
    rooms: Rooms, subscriber: Subscriber, slot: Slot, readings: Readings | None = None, *, in_turn: bool = True
) -> DigestReport:
    """Compose, render and freeze what is due at a slot. Raises Conflict when it has its digest already.

    Out of turn only news counts: without any, nothing is recorded, and the next slot accounts for the time. Those that are made
    together share their ``readings``.
    """
    now = rooms.clock.now()
    links = await links_of(rooms.store, rooms.active.config.settings, now)
    drafts = await draft_digests(readings or Readings(rooms.store), rooms.active, subscriber, slot, links)
    if not in_turn and not any(draft.news for draft in drafts):
        return DigestReport(subscriber.subscription.slug, slot.day.isoformat(), 0, 0, 0, 0)
    runs = []
    for draft in drafts:
        key = _key(subscriber, slot, draft.rule)
        mail = seal_digest(rooms.active.config, subscriber, draft, key, now, links) if draft.tells else None
        runs.append(Run(draft.issue, mail, draft.rule))
    await rooms.store.write_durably(digests.freeze, subscriber.id, slot, window_of(subscriber, slot), runs, now)
    return DigestReport(
        subscriber.subscription.slug,
        slot.day.isoformat(),
        sum(len(run.issue.match_ids) for run in runs),
        sum(run.issue.articles for run in runs),
        sum(run.issue.stories for run in runs),
        sum(run.mail is not None for run in runs),
    )


def _key(subscriber: Subscriber, slot: Slot, rule: str) -> str:
    """What a digest's mail is known by: ``digest:3:2026-11-24:070000``, with the rule of a clipping."""
    return f"digest:{subscriber.id}:{slot.day.isoformat()}:{slot.at:%H%M%S}" + (f":{rule}" if rule else "")


def seal_digest(
    config: Config, subscriber: Subscriber, draft: Draft, key: str, now: datetime, links: Links | None = None
) -> NewDelivery:
    """The message of a draft."""
    return seal(
        config.settings,
        draft.letter,
        subscriber.recipient,
        subscriber.recipient_id,
        kind=DeliveryKind.DIGEST,
        key=key,
        now=now,
        links=links,
        subscription=(subscriber.id, subscriber.subscription.slug),
    )


async def draft_digests(
    readings: Readings, active: Active, subscriber: Subscriber, slot: Slot, links: Links | None = None
) -> list[Draft]:
    """What a slot would bring, without sending or recording anything: one digest, or one clipping for each rule with news.

    When no rule of a clipping has any, it is one digest of all, with nothing in it. ``links`` are put into the letters.
    """
    subscription = subscriber.subscription
    matter = await gather(readings, subscriber, slot)
    with_news = {item.rule for item in matter.items} | {edit.rule for edit in matter.changed}
    with_news |= {item.slug for item in matter.unusual if item.subject is Subject.RULE and subscription.follows(item.slug)}
    if subscription.kind is SubscriptionKind.DIGEST or not with_news:
        return [_draft(active.config, subscriber, slot, matter, links)]
    known = [rule.slug for rule in active.config.rules]
    # A rule that was taken away after it matched still owes what it found.
    order = [*(slug for slug in known if slug in with_news), *sorted(with_news.difference(known))]
    clippings = ((slug, matter.of_rule(slug, with_others=slug == order[0])) for slug in order)
    return [_draft(active.config, subscriber, slot, own, links, slug) for slug, own in clippings]


def _draft(config: Config, subscriber: Subscriber, slot: Slot, matter: Matter, links: Links | None, rule: str = "") -> Draft:
    """One digest, or the clipping of ``rule``."""
    subscription = subscriber.subscription
    followed = [each for each in config.rules if each.enabled and rule in ("", each.slug) and subscription.follows(each.slug)]
    # What is owed is told, whether its rule is still there and still followed or not.
    owed = {item.rule for item in matter.items} | {edit.rule for edit in matter.changed}
    names = {each.slug: each for each in config.rules}
    rules = [RuleDigest(each.slug, each.name, each.query, matter.counts.get(each.slug, (0,) * DAYS)) for each in followed]
    for slug in sorted(owed - {each.slug for each in followed}):
        spec = names.get(slug)
        name, query = (spec.name, spec.query) if spec else (slug, "")
        rules.append(RuleDigest(slug, name, query, matter.counts.get(slug, (0,) * DAYS)))
    reader = subscription.addressed(subscriber.recipient)
    # A clipping's matter is its own already; of what is no rule's, those are told who follow everything.
    everything = ("*",) if "*" in reader.rules else ()
    reader = replace(reader, rules=(rule, *everything) if rule else (*reader.rules, *sorted(owed)))
    issue = compose(
        reader,
        slot.day,
        matter.window,
        matter.items,
        rules,
        matter.troubles,
        matter.gaps,
        matter.changed,
        matter.unusual,
        instance=config.settings.instance,
        missed_days=len(matter.missed),
        previous=matter.previous,
        new_outlets=matter.outlets,
        clipping=bool(rule),
        cap=subscription.cap,
        away=matter.away,
    )
    news = bool(issue.match_ids or issue.edit_ids or issue.anomalies)
    letter = render_digest(issue, digest_links(links, subscriber.id, _key(subscriber, slot, rule)))
    if subscription.format is MailFormat.TEXT:
        letter = replace(letter, html="")
    return Draft(issue, letter, news, news or _tells_that_nothing_came(subscriber, slot, matter), rule)


def _tells_that_nothing_came(subscriber: Subscriber, slot: Slot, matter: Matter) -> bool:
    """Whether a digest goes out that has nothing to tell: where it is wanted, and where silence would be blindness."""
    match subscriber.subscription.empty:
        case WhenEmpty.ALWAYS:
            return True
        case WhenEmpty.WEEKLY if (slot.day - _last_heard_on(subscriber)).days >= QUIET_DAYS:
            return True
        case _:
            return bool(matter.missed or matter.away) or matter.failing > MOST_FAILING


def _last_heard_on(subscriber: Subscriber) -> date:
    """The reader's date on which the last mail was due, or on which his subscription began."""
    since = subscriber.begun_at if subscriber.mailed_at is None else max(subscriber.mailed_at, subscriber.begun_at)
    return since.astimezone(ZoneInfo(subscriber.subscription.timezone)).date()
