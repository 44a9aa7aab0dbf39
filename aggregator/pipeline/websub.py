"""WebSub: asking hubs to tell us of news, answering them, and storing what they send (W3C Recommendation, 23 January 2018).

A push is written down before the hub gets its answer, and stored as entries after it: the answer is quick, and a kill in
between loses nothing. Hubs are a way to be early, never the only way: sources are polled all the same, though more seldom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import structlog

from aggregator.manners import after_news
from aggregator.manners.websub import ASKED, PATIENCE, Intent, Step, is_signed, lease_of, moved_hub, next_step
from aggregator.model.feed import ParsedFeed
from aggregator.model.page import FetchFailed, PostRequest
from aggregator.model.source import History
from aggregator.model.websub import Subscription
from aggregator.pipeline.poll import keyed, read_document, seen_in
from aggregator.pipeline.rooms import Rooms
from aggregator.store import websub
from aggregator.store.sources import Stored

log: structlog.stdlib.BoundLogger = structlog.get_logger("websub")

MOST = 20
"""Steps in one turn. Hubs are asked one by one, with a pause, as any host is: the rest has its turn in the next."""

MOVES = 3
"""Redirects from hub to hub that are followed in one request (section 5.1.2)."""

LEASE = timedelta(minutes=5)
"""Longer than it takes to store a push."""

BUSY_SECONDS = 60
_WORDS = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What a hub is answered. ``retry_after`` is in seconds, 0 for none."""

    status: int
    text: str = ""
    retry_after: int = 0


ACCEPTED = Reply(202)
NOT_FOUND = Reply(404, "not found")
GONE = Reply(410, "gone")
BUSY = Reply(503, "busy", BUSY_SECONDS)


async def renew_subscriptions(rooms: Rooms) -> int:
    """Take the steps that are due: ask for subscriptions, renew them, end those that nobody wants. Returns how many."""
    base = rooms.callback_base
    if base is None or rooms.line.down:  # what fails while we are offline is not the hub's failure
        return 0
    due = await rooms.store.write(websub.due, base, rooms.clock.now(), MOST)
    hubs: dict[str, list[Subscription]] = {}
    for subscription in due:
        hubs.setdefault(subscription.hub, []).append(subscription)
    await asyncio.gather(*(_one_hub(rooms, base, subscriptions) for subscriptions in hubs.values()))
    return len(due)


async def _one_hub(rooms: Rooms, base: str, subscriptions: Sequence[Subscription]) -> None:
    """One after the other, until the hub cannot be reached or has enough of us: then the others wait, too."""
    for subscription in subscriptions:
        now = rooms.clock.now()
        refusal = await _take_step(rooms, base, subscription)
        if refusal is not None and refusal.for_all:
            until = max(now + PATIENCE, refusal.retry_after or now)
            await rooms.store.write(websub.postpone, subscription.hub, now, until)
            return


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a request to a hub came to nothing. ``for_all``: any other would, too."""

    detail: str
    retry_after: datetime | None = None
    for_all: bool = False


async def _take_step(rooms: Rooms, base: str, subscription: Subscription) -> _Refusal | None:
    step = next_step(subscription, rooms.clock.now())
    match step:
        case Step.SUBSCRIBE | Step.UNSUBSCRIBE:
            return await _ask(rooms, base + subscription.token, subscription, step)
        case Step.MISS:
            await _miss(rooms, subscription, subscription.requested_at, _Refusal("it did not check that it was us who asked"))
        case Step.FORGET:
            await rooms.store.write(websub.forget, subscription.id)
        case Step.WAIT:
            pass
    return None


async def _ask(rooms: Rooms, callback: str, subscription: Subscription, step: Step) -> _Refusal | None:
    """Make a request (section 5.1). The same callback and secret as before: another callback would be one more subscription
    beside the running one, and all news would come twice until that ends."""
    now = rooms.clock.now()
    if not await rooms.store.write(websub.requested, subscription, callback, now):
        return None
    form = {"hub.mode": step.value, "hub.topic": subscription.topic, "hub.callback": callback}
    if step is Step.SUBSCRIBE:
        form |= {"hub.secret": subscription.secret, "hub.lease_seconds": str(int(ASKED.total_seconds()))}
    refusal = await _post(rooms, subscription.hub, urlencode(form).encode())
    if refusal is not None:
        await _miss(rooms, subscription, now, refusal)
    return refusal


async def _post(rooms: Rooms, hub: str, form: bytes) -> _Refusal | None:
    """Hand a form to a hub, or to the one that it sends us to. None when it was taken."""
    for _ in range(MOVES + 1):
        outcome = await rooms.fetcher.post(PostRequest(hub, form, "application/x-www-form-urlencoded"))
        if isinstance(outcome, FetchFailed):
            return _Refusal(f"{outcome.kind}: {outcome.detail}", outcome.retry_after, for_all=True)
        if 200 <= outcome.status < 300:
            return None
        location = next((value for name, value in outcome.headers if name == "location"), "")
        if outcome.status not in (307, 308) or not location:
            throttled = outcome.status in (429, 503)
            return _Refusal(_words(f"{outcome.status} {outcome.sample}"), outcome.retry_after, for_all=throttled)
        target = moved_hub(hub, location)
        if target is None:
            return _Refusal("it sends us to no address, or to one without TLS, which must not learn the secret")
        hub = target
    return _Refusal(f"more than {MOVES} redirects")


async def _miss(rooms: Rooms, subscription: Subscription, requested_at: datetime | None, refusal: _Refusal) -> None:
    """Write down that a request came to nothing, unless the hub has checked it all the same."""
    now = rooms.clock.now()
    told = (requested_at, refusal.detail, now, refusal.retry_after)
    if await rooms.store.write(websub.failed, subscription.id, *told):
        log.warning("websub.failed", source=subscription.slug, hub=subscription.hub, detail=refusal.detail)


def _words(text: str) -> str:
    """The beginning of what a hub says, on one line."""
    return " ".join(text.split())[:_WORDS]


async def intent(rooms: Rooms, token: str, params: Mapping[str, str]) -> Reply:
    """Answer a GET on a callback: a hub checks that it was us who asked (section 5.3), or denies it (section 5.2)."""
    known = await _known(rooms, token)
    mode, topic, challenge = (params.get(f"hub.{name}", "") for name in ("mode", "topic", "challenge"))
    if known is None or not (challenge or mode == "denied"):
        return NOT_FOUND
    lease, reason = lease_of(params.get("hub.lease_seconds")), _words(params.get("hub.reason", ""))
    found = await rooms.store.write(websub.answered, known.id, mode, topic, lease, reason, rooms.clock.now())
    match found:
        case Intent.CONFIRMED:
            log.info("websub.subscribed", source=known.slug, hub=known.hub, seconds=int(lease.total_seconds()))
            return Reply(200, challenge)
        case Intent.ENDED:
            log.info("websub.ended", hub=known.hub, topic=known.topic)
            return Reply(200, challenge)
        case Intent.DENIED:
            log.warning("websub.denied", source=known.slug, hub=known.hub, reason=reason)
            return Reply(200)
        case Intent.REFUSED:
            return NOT_FOUND


async def _known(rooms: Rooms, token: str) -> Subscription | None:
    if rooms.callback_base is None:
        return None
    return await rooms.store.read(websub.by_token, token)


async def admit(rooms: Rooms, token: str) -> Subscription | None:
    """The subscription that a POST on a callback is for, before its body is read. None: it is to be answered with GONE."""
    known = await _known(rooms, token)
    return None if known is None or known.source_id is None else known


async def push(rooms: Rooms, subscription: Subscription, headers: Iterable[tuple[str, str]], body: bytes) -> Reply:
    """Take what a hub sent (section 7); ``headers`` have lower-case names. ``take_pushes`` stores what was kept.

    Without the right signature nothing is kept, and the answer is the same: whoever guesses learns nothing from it.
    """
    signatures, content_type = [], ""
    for name, value in headers:
        if name == "x-hub-signature":
            signatures.append(value)
        elif name == "content-type":
            content_type = value
    if not is_signed(subscription.secret, signatures, body):
        log.warning("websub.forged", source=subscription.slug, hub=subscription.hub, bytes=len(body), signed=bool(signatures))
        return ACCEPTED
    kept = await rooms.store.write(websub.pushed, subscription.id, body, content_type, rooms.clock.now())
    return ACCEPTED if kept else BUSY


async def take_pushes(rooms: Rooms) -> int:
    """Store the pushes that wait. Returns how many there were."""
    done = 0
    while (waiting := await rooms.store.write(websub.next_push, rooms.clock.now(), LEASE)) is not None:
        new = await ingest_push(rooms, waiting.source_id, waiting.body, waiting.content_type)
        await rooms.store.write(websub.taken, waiting, new)
        log.info("pushed", source=waiting.slug, new_entries=new)
        done += 1
    return done


async def ingest_push(rooms: Rooms, source_id: int, body: bytes, content_type: str) -> int:
    """Store the entries of a pushed document; it is a part of the feed. Returns how many are new. A second time it is none."""
    source = await rooms.store.read(websub.push_target, source_id)
    if source is None:
        return 0
    now = rooms.clock.now()
    # The address that a poll resolves links against, so that an entry has the same key whichever way it comes.
    parsed = await read_document(rooms, source, body, source.final_url or source.url, content_type)
    if not isinstance(parsed, ParsedFeed):
        log.warning("websub.unreadable", source=source.spec.slug, detail=parsed.detail)
        return 0

    def learn(stored: Stored) -> History:
        return after_news(source.history, seen_in(parsed, stored, partial=True), now)

    entries = keyed(source, parsed, rooms.host_key)
    return await rooms.store.write(websub.store_push, source, entries, len(parsed.kept), learn, now)
