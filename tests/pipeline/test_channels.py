"""Webhooks: every match once to each endpoint, signed, retried over days, and no endpoint in another's way."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel, select
from standardwebhooks import WebhookVerificationError

from aggregator.app import App, open_app, open_errand
from aggregator.config.settings import Config
from aggregator.errors import Conflict
from aggregator.fetch import host_key
from aggregator.model.channel import Answer, Channel, ChannelAttempt, ChannelKind, Claimed, EventState, EventType, OwedEvent
from aggregator.model.delivery import Recipient
from aggregator.newsroom.server import Response
from aggregator.notify import webhook
from aggregator.pipeline.channels import judge, try_channel
from aggregator.pipeline.rooms import Rooms
from aggregator.scheduler.ticks import Ticks
from aggregator.store import channels, digests, maintenance, registry
from aggregator.store.tables import ChannelEventRow, ChannelRow, DeliveryRow
from tests.pipeline.receiver import CLOSE, HANG, Receiver

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]
HOUR = timedelta(hours=1)
LOOPBACK = ("127.0.0.0/8",)


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


SECRET, OLD = new_secret(), new_secret()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def receiver(stack: AsyncExitStack) -> Receiver:
    return await stack.enter_async_context(Receiver().listening())


@pytest.fixture
async def other(stack: AsyncExitStack) -> Receiver:
    return await stack.enter_async_context(Receiver().listening())


class Bench:
    """Channels alone, without feeds and parsers: events are owed by hand, and told by the service's own tick."""

    def __init__(self, rooms: Rooms, clock: Any) -> None:
        self.rooms, self.clock, self.ticks = rooms, clock, Ticks(rooms)

    def owe(self, *keys: str, **data: str) -> None:
        def put(session: Session) -> None:
            for each in channels.active_channels(session):
                for key in keys:
                    body = json.dumps({"type": "article.matched", "data": {"title": key, **data}})
                    channels.owe(session, each.id, key, EventType.ARTICLE_MATCHED, body, self.clock.at, self.clock.at)

        self.rooms.store.write_now(put)

    async def later(self, wait: timedelta = timedelta(0)) -> None:
        self.clock.at += wait
        while await self.ticks.tell():
            await self.ticks.runner.idle()

    async def apply(self, config: Config) -> None:
        self.rooms.store.write_now(registry.apply, config, self.clock.at, host_key)
        self.rooms.active = replace(self.rooms.active, config=config)

    def rows(self, table: type[SQLModel]) -> list[Any]:
        return self.rooms.store.read_now(lambda session: list(session.exec(select(table).order_by(text("id"))).all()))


MakeBench = Callable[[Config], Awaitable[Bench]]


@pytest.fixture
def bench(stack: AsyncExitStack, clock: Any) -> MakeBench:
    async def make(config: Config) -> Bench:
        rooms = await stack.enter_async_context(open_errand(config, clock=clock))
        made = Bench(rooms, clock)
        stack.push_async_callback(made.ticks.runner.close, 0)
        await made.apply(config)
        return made

    return make


def hook(receiver: Receiver, slug: str = "archive", **values: Any) -> Channel:
    return Channel(slug, url=receiver.url(f"/{slug}"), **{"allow_networks": LOOPBACK, **values})


def with_channels(config: Config, *ways: Channel, keys: tuple[str, ...] = (SECRET,)) -> Config:
    fetch = replace(config.settings.fetch, allow_networks=LOOPBACK, deadline=120.0)  # a busy machine is not the subject here
    settings = replace(config.settings, fetch=fetch, workers=replace(config.settings.workers, deadline=120.0))
    return replace(config, settings=settings, channels=ways, channel_secrets={way.slug: keys for way in ways})


async def later(app: App, clock: Any, wait: timedelta = HOUR) -> None:
    clock.at += wait
    await app.settle()


async def publish(app: App, clock: Any, site: Any, *names: str, word: str = "quillback") -> None:
    for name in names:
        site.publish(name, word)
    await later(app, clock)


async def test_a_match_is_told_once_signed_and_thin(clock: Any, site: Any, desk: Desk, receiver: Receiver, rows: Rows) -> None:
    clock.at = datetime.now(UTC) - HOUR  # the specification's package is asked at the real time, for once
    config = with_channels(desk(site.source()), hook(receiver))
    async with open_app(config, clock=clock) as app:
        site.publish("before", "quillback")  # what stood there before is no news
        await app.settle()
        await publish(app, clock, site, "fire", "flood")
        for _ in range(3):
            await later(app, clock)
        first, second = receiver.got
        said = first.verified(SECRET, at=datetime.now(UTC))
        assert said["type"] == "article.matched"
        data = said["data"]
        assert (data["rule"], data["source"], data["outlet"]) == ("quill", "site", "Site")
        assert {got.verified(SECRET)["data"]["title"] for got in receiver.got} == {"Fire story", "Flood story"}
        assert data["url"].startswith(site.url("/"))
        assert "quillback" not in first.body.decode()
        assert first.id != second.id
        assert first.headers["content-type"] == "application/json"
        with pytest.raises(WebhookVerificationError):
            first.verified(OLD)
        assert [(row.state, row.attempts, row.code) for row in rows(app, ChannelEventRow)] == [("sent", 1, 204)] * 2


async def test_while_keys_change_both_verify(bench: MakeBench, desk: Desk, receiver: Receiver) -> None:
    made = await bench(with_channels(desk(), hook(receiver), keys=(SECRET, OLD)))
    made.owe("fire")
    await made.later()
    (got,) = receiver.got
    assert got.verified(SECRET) == got.verified(OLD)
    assert len(got.headers["webhook-signature"].split(" ")) == 2


async def test_patterns_choose_rules_and_events(clock: Any, site: Any, desk: Desk, receiver: Receiver) -> None:
    ways = (hook(receiver, "quill", rules=("qu*",)), hook(receiver, "oak", rules=("oak",)),
            hook(receiver, "asleep", enabled=False), hook(receiver, "others", events=(EventType.DIGEST_SENT,)))  # fmt: skip
    async with open_app(with_channels(desk(site.source()), *ways), clock=clock) as app:
        await app.settle()
        await publish(app, clock, site, "fire")
        await publish(app, clock, site, "flood", word="sorrelwood quillback")
        paths = sorted(got.path for got in receiver.got if got.verified(SECRET)["type"] == "article.matched")
        assert paths == ["/oak", "/quill", "/quill"]


@pytest.mark.parametrize("answer", [302, 307, 400, 401, 404, 500, CLOSE, HANG, 429, 502, 503, 504], ids=str)
async def test_what_was_not_taken_is_tried_again_with_the_same_id_and_body(
    answer: int | str, clock: Any, bench: MakeBench, desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE", 0.3 if answer == HANG else 20.0)
    receiver.answers = [(302, {"Location": receiver.url("/elsewhere")}) if answer == 302 else answer]
    made = await bench(with_channels(desk(), hook(receiver)))
    made.owe("fire")
    await made.later()
    (row,) = made.rows(ChannelEventRow)
    assert (row.state, row.attempts) == ("due", 1)
    assert timedelta(seconds=4) < row.due_at - clock.at < timedelta(seconds=6)
    monkeypatch.setattr(webhook, "DEADLINE", 20.0)
    await made.later(timedelta(seconds=7))
    first, second = receiver.got
    assert (first.path, second.path) == ("/archive", "/archive")
    assert (first.id, first.body) == (second.id, second.body)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 7
    assert second.verified(SECRET, at=clock.at)
    with pytest.raises(WebhookVerificationError):
        second.verified(SECRET, at=clock.at + timedelta(minutes=6))
    (row,) = made.rows(ChannelEventRow)
    assert (row.state, row.attempts) == ("sent", 2)
    assert made.ticks.runner.failures == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed_by_all_events_of_the_endpoint(
    status: int, bench: MakeBench, desk: Desk, receiver: Receiver
) -> None:
    receiver.answers = [(status, {"Retry-After": "600"})]
    made = await bench(with_channels(desk(), hook(receiver)))
    made.owe("fire", "flood", "storm")
    await made.later()
    await made.later(timedelta(seconds=590))
    assert len(receiver.got) == 1
    await made.later(timedelta(seconds=10))
    assert len({got.id for got in receiver.got}) == 3
    assert len(receiver.got) == 4


async def test_a_refusal_is_the_events_own_and_the_others_go_on(bench: MakeBench, desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [500]
    made = await bench(with_channels(desk(), hook(receiver)))
    made.owe("fire", "flood", "storm")
    await made.later()
    assert len(receiver.got) == len({got.id for got in receiver.got}) == 3


async def test_the_schedule_of_the_specification_then_switched_off_and_the_owner_told(
    clock: Any, bench: MakeBench, desk: Desk, receiver: Receiver
) -> None:
    receiver.otherwise = 503
    people = tuple(Recipient(name, f"{name}@example.org", digest=False, alerts=False) for name in ("ana", "ben"))
    made = await bench(with_channels(desk(people=people), hook(receiver, owner="ben")))
    made.owe("fire", "flood")
    await made.later()
    at = [clock.at]
    while (row := made.rows(ChannelEventRow)[0]).state == "due":
        await made.later(row.due_at - clock.at)
        at.append(clock.at)
    waits = [(late - early).total_seconds() for early, late in pairwise(at)]
    nominal = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert all(abs(wait - wanted) <= 0.1 * wanted for wait, wanted in zip(waits, nominal, strict=True))
    assert len(receiver.got) == 10
    assert len({got.id for got in receiver.got}) == 1  # while nobody answers, only the first is tried
    failed, waiting = made.rows(ChannelEventRow)
    assert (failed.state, waiting.state, waiting.attempts) == ("failed", "due", 0)
    assert "nothing was taken since" in made.rows(ChannelRow)[0].disabled
    (mail,) = made.rows(DeliveryRow)
    told = message_from_bytes(mail.message, policy=policy.default)
    assert (mail.address, mail.kind) == ("ben@example.org", "notice")
    assert "webhook archive was switched off" in told["Subject"]
    body = told.get_body(("plain",))
    assert body is not None
    assert "channel enable archive" in " ".join(body.get_content().split())
    # It answers again: it is switched on, gets what waited, and by a replay what was given up.
    receiver.otherwise = 204
    made.owe("storm")
    await made.later()
    assert len(receiver.got) == 10
    assert made.rooms.store.write_now(channels.enable, "archive", clock.at, from_now=False) == 2
    await made.later()
    assert len(receiver.got) == 12
    assert made.rooms.store.write_now(channels.replay, "archive", at[0], clock.at, sent=False) == 1
    await made.later()
    assert [got.id for got in receiver.got[12:]] == [receiver.got[0].id]
    assert len(made.rows(DeliveryRow)) == 1


async def test_gone_is_for_ever_until_it_is_switched_on(clock: Any, bench: MakeBench, desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [410]
    made = await bench(with_channels(desk(), hook(receiver, owner="ana")))
    made.owe("fire", "flood")
    await made.later()
    await made.later(timedelta(days=3))
    assert len(receiver.got) == 1
    assert made.rows(ChannelRow)[0].disabled == "it wants no more: 410 said"
    assert [mail.kind for mail in made.rows(DeliveryRow)] == ["notice"]
    made.rooms.store.write_now(channels.enable, "archive", clock.at, from_now=True)
    made.owe("storm")
    await made.later()
    assert [got.verified(SECRET)["data"]["title"] for got in receiver.got[1:]] == ["storm"]
    assert [event.state for event in made.rows(ChannelEventRow)] == ["skipped", "skipped", "sent"]


async def test_another_address_begins_with_a_clean_slate(
    bench: MakeBench, desk: Desk, receiver: Receiver, other: Receiver
) -> None:
    receiver.otherwise = 410
    config = with_channels(desk(), hook(receiver))
    made = await bench(config)
    made.owe("fire")
    await made.later()
    await made.apply(with_channels(config, hook(other)))
    await made.later()
    assert [got.id for got in other.got] == [got.id for got in receiver.got]
    await made.apply(with_channels(config))
    made.owe("flood")
    await made.later()
    assert len(other.got) == 1


async def test_one_that_hangs_delays_neither_another_nor_mail(
    clock: Any, site: Any, desk: Desk, receiver: Receiver, other: Receiver, relay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one endpoint says nothing, on the same host even, others and mail are served: nothing here waits for its end."""
    monkeypatch.setattr(webhook, "DEADLINE", 600.0)
    receiver.otherwise = HANG
    config = with_channels(desk(site.source(), relay=relay), hook(receiver, "bad"), hook(other, "good"))
    async with open_app(config, clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        clock.at += HOUR
        for tick in (app.ticks.poll, app.ticks.extract):
            await tick()
            await app.ticks.runner.idle()
        await app.ticks.match()
        await app.ticks.tell()
        clock.at += timedelta(seconds=30)
        await app.ticks.alert()
        await app.ticks.deliver()
        while not (other.got and receiver.got):
            await asyncio.sleep(0)
        assert relay.mails
        site.publish("flood", "quillback")
        clock.at += HOUR
        await app.ticks.poll()
        while len(other.got) < 2:
            await app.ticks.extract()
            await app.ticks.match()
            await app.ticks.tell()
            await asyncio.sleep(0)
        assert len(receiver.got) == 1


async def test_private_addresses_are_refused_unless_the_endpoint_may(bench: MakeBench, desk: Desk, receiver: Receiver) -> None:
    config = with_channels(desk(), hook(receiver, "inside"), hook(receiver, "outside", allow_networks=()))
    config = replace(config, settings=replace(config.settings, fetch=replace(config.settings.fetch, allow_networks=())))
    made = await bench(config)
    made.owe("fire")
    await made.later()
    assert [got.path for got in receiver.got] == ["/inside"]
    (refused,) = [event for event in made.rows(ChannelEventRow) if event.state == "due"]
    assert refused.detail == "blocked: not a global address; allow_networks of the webhook may open it"


async def test_a_sent_digest_and_a_failing_source_are_told(clock: Any, site: Any, desk: Desk, receiver: Receiver) -> None:
    way = hook(receiver, events=(EventType.DIGEST_SENT, EventType.SOURCE_FAILING))
    async with open_app(with_channels(desk(site.source()), way), clock=clock) as app:
        await app.settle()
        await publish(app, clock, site, "fire")
        assert receiver.got == []
        await later(app, clock, 8 * HOUR)
        (digest,) = [got.verified(SECRET) for got in receiver.got]
        assert digest["type"] == "digest.sent"
        assert digest["data"]["recipient"] == "ana"
        site.feed = Response(500)
        for _ in range(4):
            await later(app, clock, 2 * HOUR)
        failing = [got.verified(SECRET) for got in receiver.got[1:]]
        assert [(said["type"], said["data"]["source"]) for said in failing] == [("source.failing", "site")]
        # Old events are pruned; the same digest is sent again by hand, and the source goes on failing: neither is news.
        await app.rooms.store.write(maintenance.prune, clock.at, clock.at + HOUR)
        assert app.rooms.store.read_now(lambda session: session.exec(select(ChannelEventRow)).all()) == []
        assert await app.rooms.store.write(_send_again, clock.at)
        for _ in range(2):
            await later(app, clock)
        assert len(receiver.got) == 2
        site.feed = None
        await later(app, clock, 24 * HOUR)
        site.feed = Response(500)
        for _ in range(4):
            await later(app, clock, 2 * HOUR)
        again = [got.verified(SECRET) for got in receiver.got[2:]]
        assert [said["type"] for said in again].count("source.failing") == 1, "it had been well between"


def _send_again(session: Session, now: datetime) -> int:
    """The message is no longer kept, as a short retention has it: any will do."""
    row = session.exec(select(DeliveryRow).where(DeliveryRow.kind == "digest")).one()
    row.message = b"Subject: S\r\n\r\nText\r\n"
    session.add(row)
    session.flush()
    assert row.digest_id is not None
    return digests.send_again(session, row.digest_id, now)


async def test_a_digest_is_told_with_the_note_that_it_went_out(
    clock: Any, site: Any, desk: Desk, receiver: Receiver, rows: Rows
) -> None:
    way = hook(receiver, events=(EventType.DIGEST_SENT,))
    async with open_app(with_channels(desk(site.source()), way), clock=clock) as app:
        await app.settle()
        await publish(app, clock, site, "fire")
        clock.at += 7 * HOUR
        await app.ticks.digest()
        assert rows(app, ChannelEventRow) == []
        await app.ticks.deliver()
        (event,) = rows(app, ChannelEventRow)
        assert (event.type, event.key, event.state) == ("digest.sent", "digest:1", "due")


async def test_a_kill_between_the_answer_and_our_note_sends_the_same_id_again(
    clock: Any, site: Any, desk: Desk, receiver: Receiver
) -> None:
    config = with_channels(desk(site.source()), hook(receiver))
    async with open_app(config, clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        clock.at += HOUR
        for tick in (app.ticks.poll, app.ticks.extract):
            await tick()
            await app.ticks.runner.idle()
        await app.ticks.match()
        store = app.rooms.store
        (id_,) = store.read_now(channels.waiting, clock.at)
        claimed = store.write_now(channels.claim, id_, clock.at, timedelta(minutes=2), 1)
        assert claimed is not None
        await app.rooms.fetcher.post(webhook.webhook_request(claimed.channel, (SECRET,), claimed.events[0], clock.at))
        assert store.write_now(channels.claim, id_, clock.at, timedelta(minutes=2), 1) is None
    async with open_app(config, clock=clock) as app:  # whoever owns the store frees what the dead one held
        await app.settle()
        first, second = receiver.got
        assert (first.id, first.body) == (second.id, second.body)


async def test_whoever_lost_the_lease_writes_nothing(clock: Any, bench: MakeBench, desk: Desk, receiver: Receiver) -> None:
    made = await bench(with_channels(desk(), hook(receiver)))
    made.owe("fire")
    store, lease = made.rooms.store, timedelta(minutes=2)
    (channel,) = made.rows(ChannelRow)
    stale = store.write_now(channels.claim, channel.id, clock.at, lease, 1)
    assert store.write_now(channels.claim, channel.id, clock.at, lease, 1) is None
    clock.at += HOUR
    fresh = store.write_now(channels.claim, channel.id, clock.at, lease, 1)
    assert stale is not None
    assert fresh is not None
    attempt = ChannelAttempt(Answer.GONE, 410, "410")
    assert not store.write_now(channels.settle, stale, attempt, judge(stale, attempt, clock.at), clock.at, None)
    (after,) = made.rows(ChannelRow)
    assert (after.lease_token, after.disabled) == (fresh.lease_token, "")


async def test_a_channel_in_hand_is_not_told_a_second_time_by_switching_it_on(
    clock: Any, bench: MakeBench, desk: Desk, receiver: Receiver
) -> None:
    made = await bench(with_channels(desk(), hook(receiver)))
    made.owe("fire")
    store, lease = made.rooms.store, timedelta(minutes=2)
    (channel,) = made.rows(ChannelRow)
    assert store.write_now(channels.claim, channel.id, clock.at, lease, 1) is not None
    with pytest.raises(Conflict, match="told something just now"):
        store.write_now(channels.enable, "archive", clock.at, from_now=False)
    assert store.write_now(channels.claim, channel.id, clock.at, lease, 1) is None
    clock.at += lease
    assert store.write_now(channels.enable, "archive", clock.at, from_now=False) == 1


async def test_a_trial_is_answered_and_leaves_no_trace(bench: MakeBench, desk: Desk, receiver: Receiver) -> None:
    way = hook(receiver)
    made = await bench(with_channels(desk(), way))
    receiver.answers = [204, 500]
    assert (await try_channel(made.rooms, way)).code == 204
    assert (await try_channel(made.rooms, way)).detail == "500 said"
    assert receiver.got[0].verified(SECRET)["type"] == "test"
    assert made.rows(ChannelEventRow) == []


def room(**values: Any) -> Channel:
    return Channel("room", ChannelKind.CHAT, **values)


def with_room(config: Config, receiver: Receiver) -> Config:
    address = f"ntfy://127.0.0.1:{receiver.port}/topic"
    return replace(with_channels(config, room()), channel_secrets={"room": (address,)})


async def test_a_chat_gets_urgent_news_once_for_a_text_and_in_company(
    clock: Any, make_site: Callable[[], Any], desk: Desk, receiver: Receiver
) -> None:
    receiver.otherwise = 200
    left, right = make_site(), make_site()
    config = with_room(desk(left.source("left"), right.source("right")), receiver)
    async with open_app(config, clock=clock) as app:
        left.publish("before", "quillback")
        await app.settle()
        left.publish("fire", "quillback")
        right.publish("fire", "quillback")  # the same text
        right.publish("flood", "quillback")
        right.publish("storm", "sorrelwood")  # a rule for the digest
        await later(app, clock)
        assert receiver.got == []  # the first waits for company
        await later(app, clock, timedelta(seconds=20))
        (got,) = receiver.got
        said = got.text()
        assert said.count("Fire story") == said.count("Flood story") == 1
        assert "Storm" not in said
        assert "Before" not in said
        assert "[aggregator]" in said
        assert "Quillback:" in said


async def test_a_chat_is_written_to_once_a_minute_and_what_came_meanwhile_is_counted(
    bench: MakeBench, desk: Desk, receiver: Receiver
) -> None:
    receiver.otherwise = 200
    made = await bench(with_room(desk(), receiver))
    title = {"rule": "quill", "rule_name": "Quill", "outlet": "Site", "url": "https://site.example/"}
    for number in range(30):
        made.owe(f"story {number:02}", **title)
    await made.later()
    made.owe("late story", **title)
    await made.later(timedelta(seconds=30))
    (first,) = receiver.got
    assert "story 00" in first.text()
    (more,) = re.findall(r"… and (\d+) more", first.text())
    assert len(re.findall(r"story \d\d", first.text())) == 30 - int(more)
    await made.later(timedelta(seconds=30))
    assert ["late story" in got.text() for got in receiver.got] == [False, True]
    assert {row.state for row in made.rows(ChannelEventRow)} == {"sent"}


async def test_a_chat_that_fails_is_tried_again_with_all_that_waits(bench: MakeBench, desk: Desk, receiver: Receiver) -> None:
    receiver.answers, receiver.otherwise = [500], 200
    made = await bench(with_room(desk(), receiver))
    title = {"rule": "quill", "rule_name": "Quill", "outlet": "Site", "url": "https://site.example/"}
    made.owe("fire", **title)
    await made.later()
    (row,) = made.rows(ChannelEventRow)
    assert row.state == "due"
    assert "error=500" in row.detail
    made.owe("flood", **title)
    await made.later(timedelta(seconds=7))
    assert [("fire" in got.text(), "flood" in got.text()) for got in receiver.got] == [(True, False), (True, True)]


async def test_what_a_chat_is_told_together_is_given_up_one_by_one(
    clock: Any, bench: MakeBench, desk: Desk, receiver: Receiver
) -> None:
    receiver.otherwise = 500
    made = await bench(with_room(desk(), receiver))
    title = {"rule": "quill", "rule_name": "Quill", "outlet": "Site", "url": "https://site.example/"}
    made.owe("fire", **title)
    await made.later()
    while made.rows(ChannelEventRow)[0].state == "due":
        if len(receiver.got) == 8:
            made.owe("flood", **title)
        await made.later(made.rows(ChannelEventRow)[0].due_at - clock.at)
    assert len(receiver.got) == 10
    assert [(row.state, row.attempts) for row in made.rows(ChannelEventRow)] == [("failed", 10), ("due", 2)]
    assert "nothing was taken since" in made.rows(ChannelRow)[0].disabled
    receiver.otherwise = 200
    assert made.rooms.store.write_now(channels.enable, "room", clock.at, from_now=False) == 1
    await made.later()
    assert ("fire" in receiver.got[-1].text(), "flood" in receiver.got[-1].text()) == (False, True)
    assert [row.state for row in made.rows(ChannelEventRow)] == ["failed", "sent"]


def test_the_younger_ones_wait_on_when_the_oldest_is_given_up(clock: Any) -> None:
    events = tuple(
        OwedEvent(id_, f"evt_{id_}", "article.matched", "{}", tries, clock.at) for id_, tries in ((1, 9), (2, 3), (3, 0))
    )
    claimed = Claimed(1, room(), events, clock.at - timedelta(days=1), "token")
    settled = judge(claimed, ChannelAttempt(Answer.UNREACHABLE, 0, "no"), clock.at)
    assert (settled.state, settled.given_up, settled.disabled) == (EventState.DUE, (1,), "")
    assert settled.due_at == settled.paused_until
    assert settled.due_at is not None
    assert timedelta(hours=1.8) <= settled.due_at - clock.at <= timedelta(hours=2.2), "as the second one's fourth try says"
    last = judge(replace(claimed, events=events[:1]), ChannelAttempt(Answer.UNREACHABLE, 0, "no"), clock.at)
    assert (last.state, last.given_up, last.paused_until) == (EventState.FAILED, (1,), None)
