"""Answers to alerts by their links: acknowledging one, keeping its stories quiet."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from aggregator.letter.pages import page_words
from aggregator.notify.links import Purpose
from aggregator.pipeline.linking import Offer, number_in
from aggregator.pipeline.rooms import Rooms
from aggregator.store import notices, snoozes
from aggregator.store.notices import Linked

QUIET = timedelta(days=1)
"""How long the link keeps stories quiet."""


async def offer_answer(rooms: Rooms, purpose: Purpose, token: str) -> Offer | None:
    """What the page of a link asks. Nothing is changed: mail scanners open every link. None for a link that is not ours."""
    found = await _find(rooms, purpose, token)
    if found is None:
        return None
    words = page_words(found.language)
    ask = words.acknowledge if purpose is Purpose.ACKNOWLEDGE else words.snooze
    return Offer(found.language, ask.title, ask.text.format(what=found.subject), ask.button)


async def accept_answer(rooms: Rooms, purpose: Purpose, token: str) -> Offer | None:
    """Do what a link says, and say so. A second time changes nothing. None for a link that is not ours."""
    found, now = await _find(rooms, purpose, token), rooms.clock.now()
    if found is None:
        return None
    words = page_words(found.language)
    if purpose is Purpose.ACKNOWLEDGE:
        await rooms.store.write_durably(notices.acknowledge, found.notice_id, found.recipient, now)
        return Offer(found.language, words.acknowledge.title, words.acknowledge.done)
    until = now + QUIET
    await rooms.store.write_durably(snoozes.snooze_notice, found.notice_id, found.recipient, until, now)
    local = until.astimezone(ZoneInfo(found.timezone))
    return Offer(found.language, words.snooze.title, words.snooze.done.format(until=f"{local:%Y-%m-%d %H:%M}"))


async def _find(rooms: Rooms, purpose: Purpose, token: str) -> Linked | None:
    number = await number_in(rooms, purpose, token)
    return await rooms.store.read(notices.linked, number) if number is not None else None
