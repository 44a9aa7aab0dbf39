"""Links of mails: making them for a letter, and doing what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.parser import BytesParser

from aggregator.config.settings import Settings
from aggregator.letter.pages import Ask, page_words
from aggregator.notify.links import Links, Purpose
from aggregator.pipeline.rooms import Rooms
from aggregator.store import Store, instance, readers
from aggregator.store.readers import LinkedReader


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link's page says, in which language; ``button`` is empty when there is nothing to press."""

    language: str
    title: str
    text: str
    button: str = ""


async def links_of(store: Store, settings: Settings, now: datetime) -> Links | None:
    """The links of this instance; None where nobody could open them: without ``public_base_url``, or where we do not listen."""
    if not (settings.public_base_url and settings.web.port):
        return None
    secret = await store.read(instance.known_secret)
    if secret is None:
        secret = await store.write(instance.secret, now)
    return Links(settings.public_base_url, secret)


async def offer(rooms: Rooms, purpose: Purpose, token: str) -> Offer | None:
    """What the page of a link asks. Nothing is changed: mail scanners open every link. None for a link that is not ours."""
    found = await _find(rooms, purpose, token)
    if found is None:
        return None
    reader, _, ask = found
    return Offer(reader.language, ask.title, _filled(rooms, ask.text, reader), ask.button)


async def accept(rooms: Rooms, purpose: Purpose, token: str) -> Offer | None:
    """Do what a link says, and say so. A second time changes nothing and says the same. None for a link that is not ours."""
    found = await _find(rooms, purpose, token)
    if found is None:
        return None
    reader, number, ask = found
    await rooms.store.write_durably(readers.unsubscribe, number)
    return Offer(reader.language, ask.title, _filled(rooms, ask.done, reader))


async def _find(rooms: Rooms, purpose: Purpose, token: str) -> tuple[LinkedReader, int, Ask] | None:
    number = await number_in(rooms, purpose, token)
    reader = await rooms.store.read(readers.linked_reader, number) if number is not None else None
    if reader is None or number is None:
        return None
    return reader, number, page_words(reader.language).unsubscribe


async def number_in(rooms: Rooms, purpose: Purpose, token: str) -> int | None:
    """The number of a link that this instance made for ``purpose``, else None."""
    links = await links_of(rooms.store, rooms.active.config.settings, rooms.clock.now())
    return links.read(purpose, token) if links else None


def _filled(rooms: Rooms, text: str, reader: LinkedReader) -> str:
    return text.format(what=reader.what, instance=rooms.active.config.settings.instance)


async def web_view(rooms: Rooms, token: str) -> str | None:
    """The HTML of a mail, exactly as it was sent; "" when it is no longer kept, None for a link that is not ours."""
    number = await number_in(rooms, Purpose.VIEW, token)
    message = await rooms.store.read(readers.mailed, number) if number is not None else None
    if not message:
        return None if message is None else ""
    body = BytesParser(policy=policy.default).parsebytes(message).get_body(("html",))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n")
