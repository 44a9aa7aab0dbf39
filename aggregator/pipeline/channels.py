"""Channels: events that are owed in, tries and what follows from them out. Each channel has a lane of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from aggregator.model.channel import (
    Answer,
    Channel,
    ChannelAttempt,
    ChannelKind,
    ChatStyle,
    Claimed,
    EventState,
    EventType,
    OwedEvent,
    Settled,
)
from aggregator.model.delivery import DeliveryKind
from aggregator.notify.chat import send_chat, style_of
from aggregator.notify.webhook import GIVEN_UP, LONGEST_PAUSE, read_answer, wait_after, webhook_request
from aggregator.pipeline.letters import seal
from aggregator.pipeline.mishap import in_words, survived
from aggregator.pipeline.rooms import Rooms
from aggregator.store import channels, happenings
from aggregator.store.outbox import NewDelivery
from aggregator.store.registry import registered
from aggregator.syndication import chat_text, event, switched_off

log: structlog.stdlib.BoundLogger = structlog.get_logger("channels")

LEASE = timedelta(minutes=2)
"""Longer than a try may take."""

MERGED = 200
"""Events that one message to a chat stands for, at most."""

BREATH = timedelta(minutes=1)
"""A chat is not written to more often: what comes in between is one message."""

BURST = 500
"""Events of one webhook in one job: then other jobs have their turn."""


async def owe_happenings(rooms: Rooms) -> int:
    """Owe webhooks the word of sources that fail for a while. Returns how many events are new."""
    if not any(channel.wants(EventType.SOURCE_FAILING) for channel in rooms.active.config.channels):
        return 0
    now = rooms.clock.now()
    failing = await rooms.store.read(happenings.lasting_failures, now)
    return await rooms.store.write(happenings.owe_failures, failing, now) if failing else 0


async def channels_waiting(rooms: Rooms) -> list[int]:
    """The channels that have something due and may be talked to."""
    return await rooms.store.read(channels.waiting, rooms.clock.now())


async def tell_channels(rooms: Rooms, channel_ids: Sequence[int]) -> int:
    """Tell each of these channels what is due, until nothing is or it cannot be reached. Returns how many tries were made."""
    tries = 0
    for channel_id in channel_ids:
        for _ in range(BURST):
            claimed = await rooms.store.write(channels.claim, channel_id, rooms.clock.now(), LEASE, MERGED)
            if claimed is None:
                break
            tries += 1
            if not await _tell(rooms, claimed):
                break
    return tries


async def _tell(rooms: Rooms, claimed: Claimed) -> bool:
    """One try, written down. Returns whether the channel may be told more at once."""
    attempt = await survived(_try(rooms, claimed.channel, claimed.events))
    if isinstance(attempt, Exception):  # a bug that these events have: a webhook's others go on
        log.error("channel.error", channel=claimed.channel.slug, exc_info=attempt)
        answer = Answer.UNREACHABLE if claimed.channel.kind is ChannelKind.CHAT else Answer.REFUSED
        attempt = ChannelAttempt(answer, 0, in_words(attempt))
    now = rooms.clock.now()
    settled = judge(claimed, attempt, now)
    notice = await survived(_notice(rooms, claimed, settled, now)) if settled.disabled else None
    if isinstance(notice, Exception):  # its owner sees it in the log, and in `aggregator channel list`
        log.error("channel.error", channel=claimed.channel.slug, exc_info=notice)
        notice = None
    # A power cut may undo the note: a webhook knows the id and takes no harm, people in a chat would read it twice.
    known = claimed.channel.kind is ChannelKind.WEBHOOK and attempt.answer is Answer.TAKEN
    await (rooms.store.write if known else rooms.store.write_durably)(
        channels.settle, claimed, attempt, settled, now, notice
    )  # fmt: skip
    told = {"channel": claimed.channel.slug, "events": len(claimed.events), "code": attempt.code, "detail": attempt.detail}
    if attempt.answer is Answer.TAKEN:
        log.info("channel.told", **told)
    else:
        told |= {"state": settled.state.value, "given_up": len(settled.given_up)}
        log.warning("channel.failed", answer=attempt.answer.value, **told)
    if settled.disabled:
        log.error(
            "channel.disabled", channel=claimed.channel.slug, reason=settled.disabled, told=notice.address if notice else ""
        )
    return attempt.answer in (Answer.TAKEN, Answer.REFUSED) and settled.paused_until is None and not settled.disabled


async def _try(rooms: Rooms, channel: Channel, events: Sequence[OwedEvent]) -> ChannelAttempt:
    secrets = rooms.active.config.channel_secrets.get(channel.slug, ())
    if not secrets:  # the configuration was reloaded without it, and the store does not know yet
        return ChannelAttempt(Answer.UNREACHABLE, 0, "its secret is not known to this configuration")
    if channel.kind is ChannelKind.CHAT:
        text = chat_text([event.body for event in events], style_of(secrets[0]) or ChatStyle.PLAIN, _instance(rooms))
        return await send_chat(secrets[0], text)
    return read_answer(await rooms.fetcher.post(webhook_request(channel, secrets, events[0], rooms.clock.now())))


def _instance(rooms: Rooms) -> str:
    return rooms.active.config.settings.instance


def judge(claimed: Claimed, attempt: ChannelAttempt, now: datetime) -> Settled:
    """Where the events stand after a try, and what becomes of the channel.

    A refusal is the event's own trouble, and the others go on; who cannot be reached is left alone until the event is tried
    again. Of events that were told together each is given up after its own tries, and the one that was tried most says how
    long the others wait. A channel at which nothing succeeded for days is switched off when it misses an event for good.
    """
    if attempt.answer is Answer.TAKEN:
        return Settled(EventState.SENT, paused_until=now + BREATH if claimed.channel.kind is ChannelKind.CHAT else None)
    if attempt.answer is Answer.GONE:
        return Settled(EventState.DUE, due_at=now, disabled=f"it wants no more: {attempt.detail}")
    waits = {event.id: wait_after(event.attempts + 1, claimed.events[0].event_id) for event in claimed.events}
    given_up = tuple(id_ for id_, wait in waits.items() if wait is None)
    over = bool(given_up) and claimed.failing_since is not None and now - claimed.failing_since >= GIVEN_UP
    since = f"nothing was taken since {claimed.failing_since:%Y-%m-%d %H:%M} UTC" if over else ""
    disabled = f"{since}; at last: {attempt.detail}" if over else ""
    wait = max((wait for wait in waits.values() if wait is not None), default=None)
    if wait is None:
        return Settled(EventState.FAILED, disabled=disabled, given_up=given_up)
    due_at = max(now + wait, min(attempt.retry_after or now, now + LONGEST_PAUSE))
    paused_until = due_at if attempt.answer is Answer.UNREACHABLE else None
    return Settled(EventState.DUE, due_at, paused_until, disabled, given_up)


async def _notice(rooms: Rooms, claimed: Claimed, settled: Settled, now: datetime) -> NewDelivery | None:
    """The mail to the owner of a channel that is switched off; None if it has none who gets mail."""
    config, known = rooms.active.config, await rooms.store.read(registered)
    owner = next((person for person in config.recipients if person.slug == claimed.channel.owner and person.enabled), None)
    if owner is None or owner.slug not in known.recipients or owner.slug in known.suppressed:
        return None
    letter = switched_off(claimed.channel, settled.disabled, instance=config.settings.instance)
    key = f"channel:{claimed.channel_id}:{int(now.timestamp())}"
    return seal(
        config.settings, letter, owner, known.recipients[owner.slug], kind=DeliveryKind.NOTICE, key=key, now=now
    )  # fmt: skip


async def try_channel(rooms: Rooms, channel: Channel) -> ChannelAttempt:
    """Send a channel an event of the type ``test`` at once; nothing is recorded."""
    now = rooms.clock.now()
    said = {
        "rule": "test",
        "rule_name": "Test",
        "title": f"{_instance(rooms)} can reach {channel.slug}.",
        "outlet": "",
        "url": "",
    }
    body = event("test", now, said)
    return await _try(rooms, channel, [OwedEvent(0, f"evt_test_{int(now.timestamp())}", "test", body, 0, now)])
