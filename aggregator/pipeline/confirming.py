"""Double opt-in: who did not ask for mail himself, and does not stand in the files, is asked once whether he wants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.config.settings import Config
from aggregator.letter.confirming import render_confirmation
from aggregator.model.delivery import DeliveryKind
from aggregator.notify.links import Links, Purpose
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import links_of
from aggregator.pipeline.mishap import survived
from aggregator.pipeline.rooms import Rooms
from aggregator.store import Store, invitations
from aggregator.store.invitations import Invitation


@dataclass(frozen=True, slots=True)
class ConfirmReport:
    """How many readers were asked; how many cannot be, for there is no page where they could answer; whose time is over.

    ``failed``: the subscriptions (id, slug) whose mail could not be made, each with the exception.
    """

    asked: int = 0
    waiting: int = 0
    lapsed: tuple[str, ...] = ()
    failed: tuple[tuple[int, str, Exception], ...] = ()


async def ask_readers(rooms: Rooms) -> ConfirmReport:
    """Mail each reader whose subscription waits for him, once; end what was not confirmed in time."""
    settings, now = rooms.active.config.settings, rooms.clock.now()
    lapsed = await rooms.store.write(invitations.lapse, now)
    waiting = await rooms.store.read(invitations.unasked)
    links = await links_of(rooms.store, settings, now) if waiting else None
    if links is None:
        return ConfirmReport(0, len(waiting), tuple(lapsed))
    ends = [(each, await survived(_ask(rooms.store, rooms.active.config, each, links, now))) for each in waiting]
    failed = tuple((each.id, each.subscription.slug, end) for each, end in ends if end is not None)
    return ConfirmReport(len(waiting) - len(failed), 0, tuple(lapsed), failed)


async def _ask(store: Store, config: Config, one: Invitation, links: Links, now: datetime) -> None:
    what, names = one.subscription, config.rule_names
    letter = render_confirmation(
        instance=config.settings.instance,
        what=what.slug,
        rules=tuple(name for slug, name in names.items() if what.follows(slug)) or what.rules,
        language=what.language,
        link=links.url(Purpose.CONFIRM, one.id),
    )
    mail = seal(
        config.settings,
        letter,
        one.recipient,
        one.recipient_id,
        kind=DeliveryKind.CONFIRMATION,
        key=invitations.key_of(one.id),
        now=now,
        links=links,
        subscription=(one.id, what.slug),
    )
    await store.write_durably(invitations.ask, one.id, mail, now)
