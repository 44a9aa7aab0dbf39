"""Links of mails: making them for a letter, and doing what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.config.settings import Settings
from aggregator.errors import Conflict
from aggregator.letter.languages import words_of
from aggregator.letter.pages import Ask, page_words
from aggregator.model import delivery
from aggregator.model.delivery import SubscriptionState
from aggregator.notify.links import Links, Purpose, number_of
from aggregator.notify.message import part_of
from aggregator.pipeline.rooms import Rooms
from aggregator.store import Store, instance, invitations, readers, subscriptions
from aggregator.store.readers import Linked

BY_LINK = "unsubscribed by link"
BY_MAIL = "unsubscribed by mail"
PAUSE = timedelta(days=7)
"""How long the link of a pause makes a subscription rest."""

ACTING = (Purpose.UNSUBSCRIBE, Purpose.NO_ALERTS, Purpose.PAUSE, Purpose.CONFIRM)
"""What ``offer`` and ``accept`` know."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link's page says, in which language; ``button`` is empty when there is nothing to press."""

    language: str
    title: str
    text: str
    button: str = ""


def unreachable(settings: Settings) -> str:
    """What is to be set before anybody can open a link of ours; "" when all is."""
    missing = [] if settings.public_base_url else ['public_base_url = "https://monitor.example.org"']
    return " and ".join([*missing, *([] if settings.web.port else ["[web] port = 8080"])])


async def links_of(store: Store, settings: Settings, now: datetime) -> Links | None:
    """The links of this instance; None where nobody could open them: without ``public_base_url``, or where we do not listen."""
    if not settings.public_base_url or unreachable(settings):
        return None
    return Links(settings.public_base_url, await secret_of(store, now))


async def secret_of(store: Store, now: datetime) -> bytes:
    """The instance's secret, made at its first use."""
    known = await store.read(instance.known_secret)
    return await store.write(instance.secret, now) if known is None else known


def digest_links(links: Links | None, subscription_id: int, key: str) -> delivery.Links:
    """Where the links in a digest's letter lead. ``key`` is that of its mail."""
    if links is None:
        return delivery.Links()
    return delivery.Links(
        view=links.url(Purpose.VIEW, number_of(key)),
        unsubscribe=links.url(Purpose.UNSUBSCRIBE, subscription_id),
        pause=links.url(Purpose.PAUSE, subscription_id),
    )


def alert_links(links: Links | None, recipient_id: int, key: str) -> delivery.Links:
    """The same for an alert, whose mails a reader stops all at once."""
    if links is None:
        return delivery.Links()
    return delivery.Links(view=links.url(Purpose.VIEW, number_of(key)), unsubscribe=links.url(Purpose.NO_ALERTS, recipient_id))


async def offer(rooms: Rooms, purpose: Purpose, token: str) -> Offer | None:
    """What the page of a link asks. Nothing is changed: mail scanners open every link. None for a link that is not ours."""
    linked = await _find(rooms, purpose, token)
    if linked is None:
        return None
    ask = _ask(purpose, linked)
    return Offer(linked.language, ask.title, _filled(rooms, ask.text, linked), ask.button)


async def accept(rooms: Rooms, purpose: Purpose, token: str) -> Offer | None:
    """Do what a link says, and say so. A second time changes nothing and says the same. None for a link that is not ours."""
    linked = await _find(rooms, purpose, token)
    if linked is None:
        return None
    ask, now, write = _ask(purpose, linked), rooms.clock.now(), rooms.store.write_durably
    until = now + PAUSE
    try:
        match purpose:
            case Purpose.UNSUBSCRIBE:
                await write(subscriptions.stop, linked.id, BY_LINK, now)
            case Purpose.NO_ALERTS:
                await write(readers.stop_alerts, linked.id, BY_LINK)
            case Purpose.PAUSE:
                await write(subscriptions.pause_until, linked.id, until)
            case _:
                await write(subscriptions.confirm, linked.id, now)
    except Conflict:  # a pause of what is stopped, a yes after a no
        return Offer(linked.language, ask.title, page_words(linked.language).gone)
    return Offer(linked.language, ask.title, _filled(rooms, ask.done, linked, until))


async def _find(rooms: Rooms, purpose: Purpose, token: str) -> Linked | None:
    number = await number_in(rooms, purpose, token)
    if number is None:
        return None
    read = readers.linked_reader if purpose is Purpose.NO_ALERTS else readers.linked_subscription
    linked = await rooms.store.read(read, number)
    if linked is not None and purpose is Purpose.CONFIRM and _over(linked, rooms.clock.now()):
        return None
    return linked


def _over(linked: Linked, now: datetime) -> bool:
    """Whether it is too late to confirm: it was stopped, or a week has passed."""
    if linked.state == SubscriptionState.PENDING:
        return linked.asked_at is None or linked.asked_at + invitations.HOLDS <= now
    return linked.state == SubscriptionState.STOPPED


def _ask(purpose: Purpose, linked: Linked) -> Ask:
    words = page_words(linked.language)
    match purpose:
        case Purpose.PAUSE:
            return words.pause
        case Purpose.CONFIRM:
            return words.confirm
        case _:
            return words.unsubscribe


async def number_in(rooms: Rooms, purpose: Purpose, token: str) -> int | None:
    """The number of a link that this instance made for ``purpose``, else None."""
    links = await links_of(rooms.store, rooms.active.config.settings, rooms.clock.now())
    return links.read(purpose, token) if links else None


def _filled(rooms: Rooms, text: str, linked: Linked, until: datetime | None = None) -> str:
    words, instance_name = page_words(linked.language), rooms.active.config.settings.instance
    day = words_of(linked.language).full_day(until.date()) if until else ""
    return text.format(what=linked.what or words.alerts, instance=instance_name, until=day)


async def web_view(rooms: Rooms, token: str) -> str | None:
    """The HTML of a mail, exactly as it was sent; "" when it is no longer kept, None for a link that is not ours."""
    number = await number_in(rooms, Purpose.VIEW, token)
    message = await rooms.store.read(readers.mailed, number) if number is not None else None
    if not message:
        return None if message is None else ""
    return part_of(message, "html") or ""
