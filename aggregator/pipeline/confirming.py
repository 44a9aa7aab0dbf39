"""Double opt-in: who did not ask for mail himself, and does not stand in the files, is asked once whether he wants it."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.letter.confirming import render_confirmation
from aggregator.model.delivery import DeliveryKind
from aggregator.notify.links import Purpose
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import links_of
from aggregator.pipeline.rooms import Rooms
from aggregator.store import invitations


@dataclass(frozen=True, slots=True)
class ConfirmReport:
    """How many readers were asked; how many cannot be, for there is no page where they could answer; whose time is over."""

    asked: int = 0
    waiting: int = 0
    lapsed: tuple[str, ...] = ()


async def ask_readers(rooms: Rooms) -> ConfirmReport:
    """Mail each reader whose subscription waits for him, once; end what was not confirmed in time."""
    settings, now = rooms.active.config.settings, rooms.clock.now()
    lapsed = await rooms.store.write(invitations.lapse, now)
    waiting = await rooms.store.read(invitations.unasked)
    links = await links_of(rooms.store, settings, now) if waiting else None
    if links is None:
        return ConfirmReport(0, len(waiting), tuple(lapsed))
    names = rooms.active.config.rule_names
    for each in waiting:
        what = each.subscription
        letter = render_confirmation(
            instance=settings.instance,
            what=what.slug,
            rules=tuple(name for slug, name in names.items() if what.follows(slug)) or what.rules,
            language=what.language,
            link=links.url(Purpose.CONFIRM, each.id),
        )
        key, own = invitations.key_of(each.id), (each.id, what.slug)
        kind = DeliveryKind.CONFIRMATION
        mail = seal(
            settings, letter, each.recipient, each.recipient_id, kind=kind, key=key, now=now, links=links, subscription=own
        )
        await rooms.store.write_durably(invitations.ask, each.id, mail, now)
    return ConfirmReport(len(waiting), 0, tuple(lapsed))
