"""WebSub from end to end: a real hub, our own face under uvicorn, a clock stepped by hand. W2 to W6 of the etiquette list."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from aggregator.app import App, open_app
from aggregator.config.settings import Config, WebSettings
from aggregator.model.websub import Standing, Subscription
from aggregator.newsroom.server import Response
from aggregator.pipeline import websub as pipeline
from aggregator.pipeline.poll import LEASE, fetch_sources
from aggregator.store import Store, sources, websub
from aggregator.store.tables import AlertRow, ArticleRow, EntryRow, PushRow, SightingRow, SourceRow
from aggregator.web import listen, serve

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TURN = timedelta(seconds=30)
Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]


@dataclass
class Hub:
    """A hub. It answers a request with ``status``, and checks it before that, or when it is told to; it can lie in every way."""

    client: httpx.AsyncClient
    url: str = ""
    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    words: str = ""
    at_once: bool = True
    lease: str | None = "864000"
    asked: list[dict[str, str]] = field(default_factory=list)
    """The forms it was sent."""
    checked: list[httpx.Response] = field(default_factory=list)
    """What its checks were answered."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("post ")
        assert "content-type: application/x-www-form-urlencoded\r\n" in head
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        self.asked.append(dict(parse_qsl((await reader.readexactly(length)).decode(), strict_parsing=True)))
        if self.at_once:
            await self.check()
        lines = [f"HTTP/1.1 {self.status} Whatever", "Connection: close", f"Content-Length: {len(self.words)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        writer.write("\r\n".join([*lines, "", self.words]).encode())
        await writer.drain()
        writer.close()

    async def check(self, **over: str | None) -> httpx.Response:
        """GET the callback of the last request: section 5.3."""
        form = self.asked[-1]
        params = {"mode": form["hub.mode"], "topic": form["hub.topic"], "challenge": "c-h-<b>x</b>", "lease_seconds": self.lease}
        params = {f"hub.{name}": value for name, value in (params | over).items() if value is not None}
        self.checked.append(await self.client.get(form["hub.callback"], params=params))
        return self.checked[-1]

    async def push(
        self, body: bytes, *, method: str = "sha256", secret: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """POST to the callback of the last request, signed with its secret: section 7."""
        form = self.asked[-1]
        digest = hmac.new((secret or form["hub.secret"]).encode(), body, getattr(hashlib, method)).hexdigest()
        sent = {"Content-Type": "application/rss+xml", "X-Hub-Signature": f"{method}={digest}"} | (headers or {})
        answer = await self.client.post(form["hub.callback"], content=body, headers=sent)
        await in_hand()
        return answer


async def in_hand() -> None:
    """Wait for what the face does after it has answered: uvicorn's tasks, one for each request."""
    tasks = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "run_asgi"]
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class World:
    """The product with its face, an outlet, and a hub that the outlet's feed names."""

    app: App
    hub: Hub
    site: Any
    clock: Any
    config: Config

    @property
    def store(self) -> Store:
        return self.app.rooms.store

    @property
    def next_poll_in(self) -> timedelta:
        """From now."""
        at = self.store.read_now(lambda session: session.exec(select(SourceRow.next_poll_at)).one())
        wait: timedelta = at - self.clock.at
        return wait

    @property
    def subscription(self) -> Subscription:
        found = self.store.read_now(websub.of_source, 1)
        assert found is not None
        return found

    def feed(self, *names: str) -> bytes:
        """A feed with the stories of these names, its hub, and itself."""
        items = "".join(
            f"<item><title>{escape(item.title)}</title><description>{escape(item.summary)}</description>"
            f"<guid>{item.guid}</guid><link>{item.link}</link></item>"
            for name in names
            for item in self.site.items
            if item.guid == f"tag:{name}"
        )
        links = f'<a:link rel="hub" href="{self.hub.url}"/><a:link rel="self" href="{self.site.url("/feed")}"/>'
        channel = f"<title>The site</title><link>{self.site.url('/')}</link>{links}{items}"
        return f'<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel>{channel}</channel></rss>'.encode()

    async def poll(self, *names: str, later: timedelta = timedelta(), **headers: str) -> int:
        """The feed holds these; poll it. Returns the number of new entries."""
        self.clock.at += later
        self.site.feed = Response(200, {"Content-Type": "application/rss+xml"} | headers, self.feed(*names))
        batches = await self.store.write(sources.claim_due, self.clock.at, 100, LEASE)
        report = await fetch_sources(self.app.rooms, [id_ for batch in batches for id_ in batch])
        assert report.failures == ()
        return report.new_entries

    async def turn(self, later: timedelta = timedelta()) -> int:
        """The tick's turn."""
        self.clock.at += later
        return await self.app.ticks.websub()

    def resting(self) -> bool:
        """Whether polls may rest."""
        return self.store.read_now(websub.subscribed, [1], self.clock.at)[1]

    def dump(self) -> list[str]:
        with closing(sqlite3.connect(self.store.path)) as connection:
            return list(connection.iterdump())


@asynccontextmanager
async def _face(app: App, listener: Any) -> AsyncIterator[None]:
    stop = asyncio.Event()
    face = asyncio.create_task(serve(app, stop, listener))
    try:
        yield
    finally:
        stop.set()
        await face


@pytest.fixture
async def world(clock: Any, site: Any, desk: Desk) -> AsyncIterator[World]:
    """A first poll has found one story, and the hub."""
    async with AsyncExitStack() as stack:
        hub = Hub(await stack.enter_async_context(httpx.AsyncClient(trust_env=False)))
        server = await stack.enter_async_context(await asyncio.start_server(hub.talk, "127.0.0.1", 0))
        hub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hub"
        listener = listen(WebSettings())
        port = listener.getsockname()[1]
        config = desk(site.source(), web=WebSettings(port=port), public_base_url=f"http://127.0.0.1:{port}/")
        app = await stack.enter_async_context(open_app(config, clock=clock))
        await stack.enter_async_context(_face(app, listener))
        made = World(app, hub, site, clock, config)
        site.publish("fire")
        await made.poll("fire")
        yield made


async def test_w1_the_link_header_comes_first_then_the_feed(world: World) -> None:
    assert (world.subscription.hub, world.subscription.topic) == (world.hub.url, world.site.url("/feed"))
    world.site.publish("flood")
    header = '<http://hub.test/>; rel="hub", <http://topic.test/>; rel=self, <http://other.test/>; rel=hub'
    await world.poll("flood", "fire", later=DAY, Link=header)
    assert (world.subscription.hub, world.subscription.topic) == ("http://hub.test/", "http://topic.test/")
    world.site.publish("storm")
    await world.poll("storm", "flood", later=DAY, Link='<http://hub.test/>; rel="hub"')
    assert (world.subscription.hub, world.subscription.topic) == ("http://hub.test/", world.site.url("/feed"))


async def test_w2_a_subscription_is_asked_for_with_a_secret_and_a_random_callback(world: World) -> None:
    await world.turn()
    (form,) = world.hub.asked
    base = f"http://127.0.0.1:{world.config.settings.web.port}/websub/"
    assert form == {
        "hub.mode": "subscribe",
        "hub.topic": world.site.url("/feed"),
        "hub.callback": base + world.subscription.token,
        "hub.secret": world.subscription.secret,
        "hub.lease_seconds": "864000",
    }
    assert world.subscription.standing is Standing.ACTIVE
    assert world.subscription.lease_until == world.clock.at + 10 * DAY
    assert await world.turn() == 0, "once"


@pytest.mark.parametrize("at_once", [True, False])
async def test_w2_the_hub_checks_before_it_answers_or_after(world: World, at_once: bool) -> None:
    world.hub.at_once = at_once
    await world.turn()
    if not at_once:
        assert world.subscription.standing is Standing.PENDING
        world.clock.at += timedelta(minutes=5)
        await world.hub.check()
    (answer,) = world.hub.checked
    assert (answer.status_code, answer.text) == (200, "c-h-<b>x</b>")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert world.subscription.standing is Standing.ACTIVE


async def test_w2_what_we_did_not_ask_for_is_404(world: World) -> None:
    world.hub.at_once = False
    await world.turn()
    before = world.dump()
    lies: list[dict[str, str | None]] = [
        {"topic": "http://other.test/feed"},
        {"topic": ""},
        {"topic": None},
        {"mode": "unsubscribe"},
        {"mode": "publish"},
        {"mode": None},
        {"challenge": None},
        {"challenge": ""},
    ]
    for lie in lies:
        answer = await world.hub.check(**lie)
        assert (answer.status_code, answer.text) == (404, "not found"), lie
    world.hub.asked[-1]["hub.callback"] += "x"
    assert (await world.hub.check()).status_code == 404, "an unknown callback"
    assert (await world.hub.push(world.feed("fire"))).status_code == 410
    assert world.dump() == before


async def test_w2_before_we_have_asked_nothing_is_confirmed(world: World) -> None:
    callback = f"http://127.0.0.1:{world.config.settings.web.port}/websub/{world.subscription.token}"
    world.hub.asked.append({"hub.mode": "subscribe", "hub.topic": world.subscription.topic, "hub.callback": callback})
    assert (await world.hub.check()).status_code == 404
    assert world.subscription.standing is Standing.NEW


async def test_a_push_is_an_article_at_once_and_polls_may_rest(world: World, rows: Rows) -> None:
    await world.turn()
    assert not world.resting(), "it has not proved itself"
    assert world.next_poll_in < HOUR
    before = rows(world.app, SourceRow)[0]
    world.site.publish("flood", word="quillback")
    world.clock.at += timedelta(minutes=3)
    answer = await world.hub.push(world.feed("flood"))
    assert (answer.status_code, answer.text) == (202, "")
    assert [row.key for row in rows(world.app, EntryRow)] == ["tag:fire", "tag:flood"]
    assert rows(world.app, EntryRow)[1].first_seen_at == world.clock.at
    assert rows(world.app, PushRow) == []
    after = rows(world.app, SourceRow)[0]
    assert before.model_dump(exclude={"history"}) == after.model_dump(exclude={"history"}), "the poll's own things are untouched"
    assert before.history != after.history, "but it knows that the source has published"
    assert world.resting()
    await world.app.settle()
    assert [row.title for row in rows(world.app, ArticleRow)] == ["Fire story", "Flood story"]
    assert len(rows(world.app, AlertRow)) == 1
    assert (world.subscription.pushes, world.subscription.last_push_at) == (1, world.clock.at)


@pytest.mark.parametrize("push_first", [True, False])
async def test_w6_push_and_poll_of_one_entry_give_one_article(world: World, rows: Rows, push_first: bool) -> None:
    await world.turn()
    world.site.publish("flood", word="quillback")

    async def push() -> object:
        return await world.hub.push(world.feed("flood"))

    async def poll() -> object:
        return await world.poll("flood", "fire", later=HOUR)

    steps: tuple[Callable[[], Awaitable[object]], ...] = (push, poll) if push_first else (poll, push)
    for step in steps:
        await step()
        await world.app.settle()
    await push()
    await world.app.settle()
    assert [row.key for row in rows(world.app, EntryRow)] == ["tag:fire", "tag:flood"]
    assert [row.title for row in rows(world.app, ArticleRow)] == ["Fire story", "Flood story"]
    assert len(rows(world.app, SightingRow)) == 2
    assert len(rows(world.app, AlertRow)) == 1
    assert world.site.paths().count("/flood") == 1, "its page is fetched once"


async def test_w6_what_a_push_leaves_out_does_not_vanish_and_what_it_edits_is_edited(world: World, rows: Rows) -> None:
    await world.turn()
    world.site.publish("flood")
    await world.hub.push(world.feed("flood"))
    await world.app.settle()
    world.site.items[0].title = "Flood story, corrected"
    await world.hub.push(world.feed("flood"))
    await world.app.settle()
    assert [(row.key, row.version) for row in rows(world.app, EntryRow)] == [("tag:fire", 1), ("tag:flood", 2)]
    assert len(rows(world.app, ArticleRow)) == 2
    assert await world.poll("flood", "fire", later=HOUR) == 0


async def test_w3_every_method_of_the_recommendation_is_taken(world: World, rows: Rows) -> None:
    await world.turn()
    for method in ("sha1", "sha256", "sha384", "sha512"):
        world.site.publish(method)
        await world.hub.push(world.feed(method), method=method)
    assert [row.key for row in rows(world.app, EntryRow)][1:] == ["tag:sha1", "tag:sha256", "tag:sha384", "tag:sha512"]


async def test_w3_a_forged_push_stores_nothing_and_looks_the_same_from_outside(world: World) -> None:
    await world.turn()
    world.site.publish("flood")
    before = world.dump()
    forgeries: list[dict[str, Any]] = [
        {"secret": "guessed"},
        {"secret": "guessed", "method": "sha1"},
        {"headers": {"X-Hub-Signature": "sha256=" + "0" * 64}},
        {"headers": {"X-Hub-Signature": ""}},
        {"headers": {"X-Hub-Signature": "md5=" + "0" * 32}},
    ]
    with capture_logs() as logs:
        answers = [await world.hub.push(world.feed("flood"), **forgery) for forgery in forgeries]
    assert world.dump() == before
    assert [entry["event"] for entry in logs] == ["websub.forged"] * len(forgeries)
    answers.append(await world.hub.push(world.feed("flood")))
    assert world.dump() != before
    for answer in answers:
        del answer.headers["date"]
    assert len({(answer.status_code, tuple(answer.headers.items()), answer.content) for answer in answers}) == 1


async def test_w3_a_right_sha1_does_not_make_good_a_wrong_sha256(world: World, rows: Rows) -> None:
    await world.turn()
    world.site.publish("flood")
    body, secret = world.feed("flood"), world.subscription.secret
    weak = hmac.new(secret.encode(), body, "sha1").hexdigest()
    await world.hub.push(body, headers={"X-Hub-Signature": f"sha1={weak}, sha256={'0' * 64}"})
    assert len(rows(world.app, EntryRow)) == 1


async def test_w4_renewal_is_at_80_percent_of_the_lease_and_nothing_is_missed_meanwhile(world: World) -> None:
    world.hub.lease = "432000"  # five days
    begun = world.clock.at
    await world.turn()
    while len(world.hub.asked) == 1:
        assert world.subscription.runs(world.clock.at)
        await world.turn(HOUR)
    assert 0.76 * 5 * DAY <= world.clock.at - begun <= 0.8 * 5 * DAY + HOUR
    assert world.hub.asked[0] == world.hub.asked[1], "the same callback and secret: pushes under way stay valid"
    assert world.subscription.lease_until == world.clock.at + 5 * DAY


async def test_w4_the_lease_is_what_the_hub_says_and_a_renewal_may_change_it(world: World) -> None:
    for lease, days in (("86400", 1), (None, 10), ("0", 1 / 288), ("999999999999", 30)):
        world.hub.lease = lease
        world.clock.at = world.subscription.due_at
        await world.turn()
        assert world.subscription.lease_until == world.clock.at + days * DAY, lease
    assert len(world.hub.asked) == 4


async def test_a_hub_may_reconfirm_what_runs(world: World) -> None:
    await world.turn()
    world.clock.at += 3 * DAY
    assert (await world.hub.check()).status_code == 200
    assert world.subscription.lease_until == world.clock.at + 10 * DAY


async def test_w5_when_the_hub_falls_silent_the_daily_poll_finds_it_and_polls_rest_no_more(world: World, rows: Rows) -> None:
    await world.turn()
    world.site.publish("flood")
    await world.hub.push(world.feed("flood"))
    assert world.resting()
    assert await world.poll("flood", "fire", later=HOUR) == 0
    assert world.resting(), "the poll found nothing that the hub had not told"
    assert timedelta(hours=23) < world.next_poll_in <= DAY
    world.site.publish("storm")
    published = world.clock.at
    assert await world.poll("storm", "flood", "fire", later=world.next_poll_in) == 1
    assert [row.first_seen_at - published for row in rows(world.app, EntryRow)][-1] <= DAY
    assert not world.resting()
    assert world.next_poll_in < HOUR, "in its own rhythm again, at once"
    assert world.subscription.standing is Standing.ACTIVE
    world.site.publish("hail")
    await world.hub.push(world.feed("hail"))
    assert world.resting(), "it speaks again"


async def test_w5_a_hub_that_never_checks_or_cannot_be_asked_stands_in_nobodys_way(world: World) -> None:
    world.hub.at_once = False
    await world.turn()
    world.site.publish("flood")
    assert await world.poll("flood", "fire", later=HOUR) == 1
    with capture_logs() as logs:
        await world.turn()
    (missed,) = [entry for entry in logs if entry["event"] == "websub.failed"]
    assert missed["detail"] == "it did not check that it was us who asked"
    assert (world.subscription.standing, world.subscription.failures) == (Standing.FAILED, 1)
    assert not world.resting()
    await world.hub.check()
    assert world.subscription.standing is Standing.ACTIVE, "late is better than never"


async def test_a_denied_subscription_is_asked_for_again_after_a_week(world: World) -> None:
    world.hub.at_once = False
    await world.turn()
    answer = await world.hub.check(mode="denied", challenge=None, reason="not\nfor\x07you" * 100)
    assert answer.status_code == 200
    assert world.subscription.standing is Standing.DENIED
    assert world.subscription.detail.startswith("not for")
    assert len(world.subscription.detail) <= 200
    assert (await world.hub.check()).status_code == 404, "we do not wish it now"
    await world.turn(7 * DAY - TURN)
    assert len(world.hub.asked) == 1
    world.hub.at_once = True
    await world.turn(TURN)
    assert (len(world.hub.asked), world.subscription.standing) == (2, Standing.ACTIVE)


async def test_failures_wait_longer_and_the_hub_names_its_hour(world: World) -> None:
    world.hub.at_once, world.hub.status, world.hub.words = False, 403, "callback is\nnot allowed"
    waits = []
    for _ in range(4):
        await world.turn()
        assert world.subscription.detail == "403 callback is not allowed"
        waits.append((world.subscription.due_at - world.clock.at) / HOUR)
        world.clock.at = world.subscription.due_at
    assert [int(wait) for wait in waits] == [1, 2, 4, 8]
    world.hub.status, world.hub.headers = 503, {"Retry-After": "172800"}
    await world.turn()
    assert world.subscription.due_at == world.clock.at + 2 * DAY
    await world.turn(2 * DAY - TURN)
    assert len(world.hub.asked) == 5
    world.hub.status, world.hub.at_once = 202, True
    await world.turn(TURN)
    assert (world.subscription.standing, world.subscription.failures) == (Standing.ACTIVE, 0)


async def test_a_hub_that_cannot_be_reached_is_asked_once_for_all(world: World) -> None:
    """Twelve feeds of one hub: one request finds out, and the others wait an hour with it."""
    config = replace(world.config, sources=tuple(world.site.source(f"s{n}", f"/feed?{n}") for n in range(12)))
    await world.app.apply(config)
    world.hub.status, world.hub.at_once, world.hub.headers = 429, False, {"Retry-After": "7200"}
    for id_ in range(2, 14):
        await world.store.write(websub.note_hub, id_, world.hub.url, f"http://t.test/{id_}", world.clock.at)
    await world.turn()
    assert len(world.hub.asked) == 1
    assert await world.turn(2 * HOUR - TURN) == 0
    await world.turn(TURN)
    assert len(world.hub.asked) == 2
    world.hub.status, world.hub.at_once, world.hub.headers = 202, True, {}
    await world.turn(2 * HOUR)
    topics = [form["hub.topic"] for form in world.hub.asked]
    assert topics[0] == topics[1], "the one that was refused twice waits longer"
    assert sorted(topics[1:]) == sorted(f"http://t.test/{id_}" for id_ in range(2, 14)), "the others are asked for, each once"


async def test_while_we_are_offline_no_hub_is_asked(world: World) -> None:
    line = world.app.rooms.line
    assert any(line.silent(f"host-{number}.test", world.clock.at) for number in range(12))
    assert await world.turn() == 0
    assert line.answered("host-0.test", world.clock.at)
    assert await world.turn() == 1
    assert world.subscription.standing is Standing.ACTIVE


@pytest.mark.parametrize("status", [307, 308])
async def test_a_hub_may_send_us_to_another(world: World, status: int) -> None:
    async with AsyncExitStack() as stack:
        other = Hub(world.hub.client)
        server = await stack.enter_async_context(await asyncio.start_server(other.talk, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/other"
        world.hub.status, world.hub.headers, world.hub.at_once = status, {"Location": url}, False
        await world.turn()
        assert (len(world.hub.asked), other.asked) == (1, world.hub.asked)
        assert world.subscription.standing is Standing.ACTIVE
        assert world.subscription.hub == world.hub.url, "which stays what the feed names"


async def test_hubs_that_send_us_round_in_circles_are_left(world: World) -> None:
    world.hub.status, world.hub.headers, world.hub.at_once = 307, {"Location": world.hub.url}, False
    await world.turn()
    assert len(world.hub.asked) == 4
    assert world.subscription.detail == "more than 3 redirects"


async def test_a_hub_behind_the_guard_is_not_asked(world: World) -> None:
    await world.store.write(websub.note_hub, 1, "http://169.254.169.254/latest", world.subscription.topic, world.clock.at + DAY)
    await world.turn(DAY)
    assert world.subscription.standing is Standing.FAILED
    assert world.subscription.detail.startswith("blocked: ")


@pytest.mark.parametrize("how", ["removed", "disabled", "another hub"])
async def test_what_is_no_longer_wanted_is_ended_at_the_hub(world: World, rows: Rows, how: str) -> None:
    await world.turn()
    token, topic = world.subscription.token, world.subscription.topic
    if how == "another hub":
        await world.store.write(websub.note_hub, 1, None, None, world.clock.at + DAY)
    else:
        kept = (replace(world.config.sources[0], enabled=False),) if how == "disabled" else ()
        await world.app.apply(replace(world.config, sources=kept))
    world.site.publish("flood")
    assert (await world.hub.push(world.feed("flood"))).status_code == 410, "a hub that goes on is told so"
    world.hub.at_once = False
    await world.turn(DAY)
    form = world.hub.asked[-1]
    assert (form["hub.mode"], form["hub.topic"], form["hub.callback"].endswith(token)) == ("unsubscribe", topic, True)
    assert "hub.secret" not in form
    assert (await world.hub.check(mode="subscribe")).status_code == 404
    assert (await world.hub.check()).text == "c-h-<b>x</b>"
    assert (await world.hub.check()).status_code == 404, "it is forgotten"
    assert [row.key for row in rows(world.app, EntryRow)] == ["tag:fire"]


async def test_a_hub_that_does_not_listen_is_told_three_times(world: World) -> None:
    await world.turn()
    await world.app.apply(replace(world.config, sources=()))
    world.hub.at_once = False
    for _ in range(12):
        await world.turn(HOUR)
    assert [form["hub.mode"] for form in world.hub.asked] == ["subscribe", *["unsubscribe"] * 3]
    assert (await world.hub.check()).status_code == 404


async def test_a_signed_push_that_is_no_feed_is_dropped_with_a_word(world: World, rows: Rows) -> None:
    await world.turn()
    bodies = (b"", b"<html><body>Hello</body></html>", b"\x00" * 1000)
    with capture_logs() as logs:
        for body in bodies:
            assert (await world.hub.push(body)).status_code == 202
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["websub.unreadable"] * len(bodies)
    assert (len(rows(world.app, EntryRow)), rows(world.app, PushRow)) == (1, [])
    assert not world.resting()


async def test_a_push_for_a_source_without_a_baseline_is_not_news(world: World, rows: Rows) -> None:
    """Its address has changed: what the old hub sends is another feed's."""
    await world.turn()
    moved = replace(world.config.sources[0], url=world.site.url("/feed/new"))
    await world.app.apply(replace(world.config, sources=(moved,)))
    assert await pipeline.ingest_push(world.app.rooms, 1, world.feed("fire"), "application/rss+xml") == 0
    assert (await world.hub.push(world.feed("fire"))).status_code == 410
    assert len(rows(world.app, EntryRow)) == 1


async def test_a_push_that_was_acknowledged_survives_a_kill(world: World, rows: Rows) -> None:
    """The answer is out, and the process gone before it has stored anything: the next one's first tick does."""
    await world.turn()
    world.site.publish("flood")
    body = world.feed("flood")
    digest = hmac.new(world.subscription.secret.encode(), body, "sha256").hexdigest()
    headers = [("content-type", "application/rss+xml"), ("x-hub-signature", f"sha256={digest}")]
    reply = await pipeline.push(world.app.rooms, world.subscription, headers, body)
    assert reply.status == 202
    assert len(rows(world.app, EntryRow)) == 1
    assert await world.turn() == 1
    assert [row.key for row in rows(world.app, EntryRow)] == ["tag:fire", "tag:flood"]
    assert await pipeline.ingest_push(world.app.rooms, 1, body, "application/rss+xml") == 0, "twice does no harm"


async def test_a_hub_that_sends_faster_than_we_store_is_asked_to_wait(world: World) -> None:
    await world.turn()
    for _ in range(websub.WAITING):
        await world.store.write(websub.pushed, world.subscription.id, b"<rss/>", "", world.clock.at)
    answer = await world.hub.push(world.feed("fire"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


async def test_without_a_way_to_reach_us_no_hub_is_asked(world: World) -> None:
    await world.turn()
    settings = world.config.settings
    ways = (
        replace(settings, poll=replace(settings.poll, websub=False)),
        replace(settings, public_base_url=None),
        replace(settings, web=WebSettings()),
    )
    world.clock.at += 9 * DAY
    active = world.app.rooms.active
    for off in ways:  # as after a start with these settings: a reload does not change [web]
        world.app.rooms.active = replace(active, config=replace(world.config, settings=off))
        assert world.app.rooms.callback_base is None
        await world.turn()
        assert (await world.hub.check()).status_code == 404
        assert (await world.hub.push(world.feed("fire"))).status_code == 410
    world.site.publish("flood")
    before = world.subscription
    assert await world.poll("flood", "fire") == 1
    assert world.subscription == before, "nor is one noted"
    assert len(world.hub.asked) == 1
    world.app.rooms.active = active
    await world.turn()
    assert len(world.hub.asked) == 2


async def test_when_our_address_changes_hubs_are_asked_anew_with_the_new_one(world: World) -> None:
    await world.turn()
    settings = replace(world.config.settings, public_base_url="https://new.test/monitor")
    await world.app.apply(replace(world.config, settings=settings))
    world.hub.at_once = False
    await world.turn()
    assert world.hub.asked[-1]["hub.callback"] == f"https://new.test/monitor/websub/{world.subscription.token}"


async def test_neither_token_nor_secret_is_logged(world: World) -> None:
    with capture_logs() as logs:
        await world.turn()
        world.site.publish("flood")
        await world.hub.push(world.feed("flood"))
        await world.hub.push(world.feed("flood"), secret="guessed")
        await world.hub.check(mode="denied", challenge=None)
    assert {"websub.subscribed", "pushed", "websub.forged", "websub.denied"} <= {entry["event"] for entry in logs}
    assert world.subscription.token not in str(logs)
    assert world.subscription.secret not in str(logs)
