"""What nobody foresaw, in what is made for one reader or told to one channel: the others have theirs, and people can see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from aggregator.app import open_app
from aggregator.config.settings import Config, WebSettings
from aggregator.model.channel import Channel, ChannelKind, EventType
from aggregator.model.delivery import DeliveryKind, Recipient, Subscription
from aggregator.model.rule import Lane, Priority, RuleSpec
from aggregator.store import channels, maintenance, outbox, subscriptions
from aggregator.store.outbox import NewDelivery
from aggregator.store.tables import ArticleRow, ChannelEventRow, DeliveryRow, DigestRow, MatchRow, RecipientRow, SubscriptionRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)
PEOPLE = [Recipient(name, f"{name}@example.org", send_empty=True) for name in ("ana", "ben", "cyd")]


def _damage(session: Session, table: type[RecipientRow | SubscriptionRow], slug: str, values: dict[str, str]) -> None:
    """Let the store hold what no configuration is let through with."""
    row: Any = session.exec(select(table).where(table.slug == slug)).one()
    row.spec = {**row.spec, **values}
    session.add(row)


@pytest.mark.parametrize(
    ("table", "broken", "sound", "failure"),
    [
        (SubscriptionRow, {"timezone": "Atlantis/Lost"}, {"timezone": "UTC"}, "ZoneInfoNotFoundError: "),
        (RecipientRow, {"address": "ana"}, {"address": "ana@example.org"}, "ValueError: "),
    ],
    ids=["when it is due", "when it is sealed"],
)
async def test_a_digest_that_cannot_be_made_holds_up_no_other_and_can_be_seen(
    table: type[RecipientRow | SubscriptionRow],
    broken: dict[str, str],
    sound: dict[str, str],
    failure: str,
    clock: Any,
    site: Any,
    relay: Any,
    desk: Desk,
    rows: Rows,
) -> None:
    async with open_app(desk(site.source(), relay=relay, people=PEOPLE), clock=clock) as app:
        store = app.rooms.store
        await store.write(_damage, table, "ana", broken)
        clock.at = since = datetime(2026, 3, 20, 7, tzinfo=UTC)
        with capture_logs() as logs:
            await app.settle()
            assert sorted(to for to, _ in relay.mails) == ["ben@example.org", "cyd@example.org"]
            assert app.failures > 0
            clock.at += timedelta(minutes=10)
            await app.settle()
        (told,) = [line for line in logs if line["event"] == "digest.failed"]
        assert (told["subscription"], told["log_level"], told["detail"].startswith(failure)) == ("ana", "error", True)
        ana = await store.read(subscriptions.subscriber, "ana")
        assert (ana.failing_since, ana.failure) == (since, told["detail"])
        assert (await store.read(maintenance.stats)).unmade == 1
        await store.write(_damage, table, "ana", sound)
        await app.settle()
        assert {to for to, _ in relay.mails} == {"ana@example.org", "ben@example.org", "cyd@example.org"}
        ana = await store.read(subscriptions.subscriber, "ana")
        assert (ana.failing_since, ana.failure) == (None, "")
        assert (await store.read(maintenance.stats)).unmade == 0
        assert len(rows(app, DigestRow)) == 3


@pytest.mark.parametrize("handed_on", [False, True])
async def test_an_alert_that_cannot_be_made_holds_up_no_other(
    handed_on: bool, clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    """In a zone that no configuration is let through with; he is the first for whom it is decided, or to whom it is handed on."""
    lost = Recipient("ana", "ana@example.org", timezone="Atlantis/Lost", digest=False, alerts=not handed_on)
    others = [Recipient(name, f"{name}@example.org", digest=False) for name in ("ben", "cyd")]
    high, soon = Priority.HIGH, timedelta(minutes=10)
    rules = [
        RuleSpec(slug, slug, word, Lane.NOW, priority=high, escalate=(to,) if handed_on else (), escalate_after=soon)
        for slug, word, to in (("quill", "quillback", "ana"), ("oak", "sorrelwood", "ben"))
    ]
    async with open_app(desk(site.source(), relay=relay, people=[lost, *others], rules=rules), clock=clock) as app:
        await app.settle()
        site.publish("one", "quillback")
        site.publish("two", "sorrelwood")
        clock.at += HOUR
        with capture_logs() as logs:
            for _ in range(4):
                await app.settle()
                clock.at += timedelta(minutes=11)
                await app.ticks.alert()
        event, who = ("escalation.failed", "notice ") if handed_on else ("alert.failed", "ana")
        failed = [line for line in logs if line["event"] == event]
        assert {line["of"].startswith(who) for line in failed} == {True}
        assert len(failed) == len({line["of"] for line in failed}), "once for each, however often it is tried"
        assert {line["detail"].split(":")[0] for line in failed} == {"ZoneInfoNotFoundError"}
        assert app.failures > len(failed)
        told = Counter(row.address for row in rows(app, DeliveryRow))
        assert told["ana@example.org"] == 0
        assert told["ben@example.org"] >= 1
        assert told["cyd@example.org"] >= 1


async def test_an_article_that_cannot_be_matched_holds_up_no_other(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    def damage(session: Session, origin: str) -> None:
        row = session.exec(select(ArticleRow).order_by(col(ArticleRow.id)).limit(1)).one()
        row.text_origin = origin
        session.add(row)

    async with open_app(desk(site.source(), people=PEOPLE), clock=clock) as app:
        await app.settle()
        for name in ("odd", "even", "third"):
            site.publish(name, "quillback")
        clock.at += HOUR
        for tick in (app.ticks.poll, app.ticks.extract):
            await tick()
            await app.ticks.runner.idle()
        await app.rooms.store.write(damage, "stone")
        with capture_logs() as logs:
            assert await app.ticks.match() == 2
            assert await app.ticks.match() == 0
        assert [line["article"] for line in logs if line["event"] == "match.failed"] == [1]
        assert (await app.rooms.store.read(maintenance.stats)).unmatched == 1
        assert len(rows(app, MatchRow)) == 2
        await app.rooms.store.write(damage, "page")
        clock.at += HOUR
        assert await app.ticks.match() == 1
        assert len(rows(app, MatchRow)) == 3


async def test_when_each_article_fails_none_is_set_aside(clock: Any, site: Any, desk: Desk) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        await app.settle()
        for name in ("odd", "even"):
            site.publish(name, "quillback")
        clock.at += HOUR
        for tick in (app.ticks.poll, app.ticks.extract):
            await tick()
            await app.ticks.runner.idle()
        await app.rooms.store.write(lambda session: session.execute(text("ALTER TABLE match RENAME TO away")))
        with pytest.raises(OperationalError):
            await app.ticks.match()
        await app.rooms.store.write(lambda session: session.execute(text("ALTER TABLE away RENAME TO match")))
        assert await app.ticks.match() == 2


async def test_an_invitation_that_cannot_be_written_holds_up_no_other(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    pages = {"public_base_url": "https://news.example.org", "web": WebSettings(port=8080)}
    async with open_app(desk(site.source(), relay=relay, people=[PEOPLE[0]], **pages), clock=clock) as app:
        store = app.rooms.store
        for name in ("dan", "eve"):
            person = Recipient(name, f"{name}@example.org")
            await store.write(subscriptions.invite, person, Subscription(f"{name}s", name), clock.at, "invitation")
        await store.write(_damage, RecipientRow, "dan", {"address": "dan"})
        with capture_logs() as logs:
            for _ in range(2):
                await app.ticks.confirm()
        assert [row.address for row in rows(app, DeliveryRow)] == ["eve@example.org"]
        assert [line["subscription"] for line in logs if line["event"] == "subscription.failed"] == ["dans"]
        assert (await store.read(subscriptions.subscriber, "dans")).failing_since == clock.at
        await store.write(_damage, RecipientRow, "dan", {"address": "dan@example.org"})
        await app.ticks.confirm()
        assert [row.address for row in rows(app, DeliveryRow)] == ["eve@example.org", "dan@example.org"]
        assert (await store.read(subscriptions.subscriber, "dans")).failing_since is None


async def test_a_message_that_nobody_can_hand_over_holds_up_no_other_and_is_tried_again_later(
    clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    odd = b'Content-Type: text/html; charset="x-nowhere"\r\n\r\n\xff\r\n'
    async with open_app(desk(site.source()), clock=clock) as app:
        for key, message in (("odd", odd), ("even", b"Subject: S\r\n\r\nText\r\n")):
            mail = NewDelivery(key, DeliveryKind.ALERT, 1, "ana@example.org", "S", f"<{key}@example.org>", message)
            await app.rooms.store.write(outbox.enqueue, mail, clock.at)
        assert await app.ticks.deliver() == 2
        first, second = rows(app, DeliveryRow)
        assert (first.state, first.attempts, second.state) == ("unknown", 1, "sent")
        assert first.detail.startswith("LookupError: ")
        assert timedelta(seconds=50) < first.due_at - clock.at < timedelta(seconds=70)


@pytest.mark.parametrize("kind", list(ChannelKind))
async def test_an_event_that_cannot_be_told_is_tried_as_one_that_is_refused(
    kind: ChannelKind, clock: Any, site: Any, desk: Desk, rows: Rows
) -> None:
    """Its body makes no message for a chat; the key of the webhook signs nothing."""
    secret = "ntfy://127.0.0.1:9/topic" if kind is ChannelKind.CHAT else "whsec_?"
    way = Channel("way", kind, url="http://127.0.0.1:9/", allow_networks=("127.0.0.0/8",))
    config = replace(desk(site.source()), channels=(way,), channel_secrets={"way": (secret,)})
    async with open_app(config, clock=clock) as app:

        def owe(session: Session) -> None:
            (each,) = channels.active_channels(session)
            channels.owe(session, each.id, "odd", EventType.ARTICLE_MATCHED, '{"data": 7}', clock.at, clock.at)

        await app.rooms.store.write(owe)
        await app.ticks.tell()
        await app.ticks.runner.idle()
        (event,) = rows(app, ChannelEventRow)
        assert (event.state, event.attempts) == ("due", 1)
        assert "Error: " in event.detail
        assert event.due_at > clock.at
