"""The outbox against a relay that is down, slow to trust, forgetful or offended: each mail arrives once, or is accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.errors import StoreError
from aggregator.model.delivery import DeliveryKind, Recipient
from aggregator.notify import SmtpTransport
from aggregator.pipeline.deliver import DeliverReport, Sender
from aggregator.scheduler.schedule import Schedule
from aggregator.store import deliveries, outbox
from aggregator.store.outbox import NewDelivery
from aggregator.store.tables import AttemptRow, DeliveryRow, DigestItemRow, RecipientRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)
ANA, BEN = Recipient("ana", "ana@example.org"), Recipient("ben", "ben@example.org")


async def _news(app: App, clock: Any, site: Any, name: str, word: str) -> None:
    """An hour later a story is out, and found."""
    site.publish(name, word)
    clock.at += HOUR
    await app.settle()


async def _until_morning(app: App, clock: Any, days: int = 1) -> None:
    """The next seven o'clock (UTC), the readers' hour."""
    clock.at = (clock.at + timedelta(days=days - 1, hours=17)).replace(hour=7, minute=0)
    await app.settle()


async def _next_try(app: App, clock: Any, rows: Rows) -> list[Any]:
    """Step to when the earliest waiting mail is due, let it be tried, and return all deliveries."""
    clock.at = min(row.due_at for row in rows(app, DeliveryRow) if row.state in ("due", "unknown"))
    await app.settle()
    return rows(app, DeliveryRow)


async def _queue(app: App, clock: Any, key: str, address: str, message: bytes = b"Subject: S\r\n\r\nText\r\n") -> int:
    """Put an alert into the outbox."""
    mail = NewDelivery(key, DeliveryKind.ALERT, 1, address, "S", f"<{key}@example.org>", message)
    made = await app.rooms.store.write(outbox.enqueue, mail, clock.now())
    assert made is not None
    return made


async def test_new_mail_does_not_wait_for_what_is_slow(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await _queue(app, clock, "first", "eve@quick.example")
        assert await app.ticks.deliver() == 1
        slow = relay.held["ana@slow.example"] = asyncio.Event()
        await _queue(app, clock, "slow", "ana@slow.example")
        schedule = Schedule(app.ticks)
        schedule.start()
        assert [await relay.reached.get() for _ in range(2)] == ["eve@quick.example", "ana@slow.example"]
        await _queue(app, clock, "new", "ben@quick.example")
        assert await relay.reached.get() == "ben@quick.example"
        slow.set()
        await schedule.stop(30.0)
        assert [row.state for row in rows(app, DeliveryRow)] == ["sent"] * 3


async def test_an_error_of_one_lets_the_others_end_and_takes_nothing_new(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        mail = replace(app.rooms.active.config.settings.mail, connections=2)
        transport = SmtpTransport(mail)
        slow = relay.held["ana@ana.example"] = asyncio.Event()

        def tell(report: DeliverReport) -> None:
            if report.id == two:
                slow.set()
                raise StoreError("no room left")

        _, two, _ = [await _queue(app, clock, name, f"{name}@{name}.example") for name in ("ana", "ben", "cyd")]
        with pytest.raises(StoreError, match="no room left"):
            await Sender(app.rooms.store, transport, clock, mail, tell, well=True).deliver_due()
        await transport.aclose()
        assert [(row.state, row.lease_token) for row in rows(app, DeliveryRow)] == [("sent", None), ("sent", None), ("due", None)]


async def test_a_relay_that_is_down_is_asked_once_a_minute_and_loses_nothing(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay, people=[ANA, BEN]), clock=clock) as app:
        await app.settle()
        await _news(app, clock, site, "first", "quillback")
        await relay.down()
        clock.at += timedelta(seconds=20)
        await app.settle()
        began = clock.at
        for number in range(1, 4):
            assert {row.due_at for row in rows(app, DeliveryRow)} == {clock.at + timedelta(minutes=1)}
            paused = app.rooms.store.read_now(deliveries.pause)
            assert paused is not None
            assert (paused.since, paused.waiting) == (began, 2)
            assert [row.outcome for row in rows(app, AttemptRow)] == ["down"] * number
            await _next_try(app, clock, rows)
        assert [(row.state, row.attempts) for row in rows(app, DeliveryRow)] == [("due", 0), ("due", 0)]
        await relay.up()
        await _next_try(app, clock, rows)
        assert [(row.state, row.attempts) for row in rows(app, DeliveryRow)] == [("sent", 1), ("sent", 1)]
        await _until_morning(app, clock)
        sent = rows(app, DeliveryRow)
        assert [(row.kind, row.address) for row in sent] == [
            ("alert", "ana@example.org"),
            ("alert", "ben@example.org"),
            ("digest", "ana@example.org"),
            ("digest", "ben@example.org"),
        ]
        assert sorted(relay.ids()) == sorted(row.message_id for row in sent)


async def test_while_another_has_a_line_one_that_gets_none_holds_nothing_up(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        mail = replace(app.rooms.active.config.settings.mail, connections=2)
        slow = relay.held["ana@ana.example"] = asyncio.Event()

        def tell(report: DeliverReport) -> None:
            if report.outcome == "down":
                slow.set()

        transport = SmtpTransport(mail)
        sender = Sender(app.rooms.store, transport, clock, mail, tell, well=True)
        await _queue(app, clock, "ana", "ana@ana.example")
        sending = asyncio.create_task(sender.deliver_due())
        await relay.reached.get()
        relay.closed()
        await _queue(app, clock, "ben", "ben@ben.example")
        await _queue(app, clock, "cyd", "cyd@cyd.example")
        assert await sender.deliver_due() == 0
        assert await sending == 3
        await transport.aclose()
        assert [(row.state, row.attempts) for row in rows(app, DeliveryRow)] == [("sent", 1), ("due", 0), ("sent", 1)]
        assert sender.rests_until is None


async def test_greylisting_and_a_lost_answer_repeat_the_same_message(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await _news(app, clock, site, "first", "sorrelwood")
        relay.answers = {"ana@example.org": ["451 4.7.1 greylisted, come again"], "DATA": ["drop"]}
        await _until_morning(app, clock)
        assert relay.mails == []
        (row,) = await _next_try(app, clock, rows)
        assert (row.state, len(relay.mails)) == ("unknown", 1), "the relay has it, but we do not know"
        (row,) = await _next_try(app, clock, rows)
        assert (row.state, row.attempts) == ("sent", 3)
        assert relay.ids() == [row.message_id] * 2
        assert relay.mails[0] == relay.mails[1], "so that whoever gets both sees one"
        tries = [(attempt.outcome, attempt.code) for attempt in rows(app, AttemptRow)]
        assert tries == [("deferred", 451), ("unknown", 0), ("accepted", 250)]
        clock.at += 12 * HOUR
        await app.settle()
        assert len(relay.mails) == 2


async def test_after_a_day_a_digest_is_given_up_and_its_items_come_with_another_once(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await _news(app, clock, site, "early", "sorrelwood")
        await relay.down()
        await _until_morning(app, clock)
        began = clock.at
        assert [row.outcome for row in rows(app, AttemptRow)] == ["down"]
        clock.at = began + timedelta(hours=23, minutes=59)
        await app.ticks.deliver()
        assert (await _next_try(app, clock, rows))[0].state == "failed"
        assert clock.at - began == timedelta(hours=24), "the last try is made when the day is over"
        await relay.up()
        await _news(app, clock, site, "later", "sorrelwood")
        await _until_morning(app, clock)
        texts = "\n".join(relay.texts("ana@example.org"))
        assert (texts.count("Early story"), texts.count("Later story")) == (1, 1)
        assert all(item.digest_id is not None for item in rows(app, DigestItemRow))


async def test_a_refusal_concerns_one_reader_whose_items_wait_for_his_new_address(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    config = desk(site.source(), relay=relay, people=[ANA, BEN])
    async with open_app(config, clock=clock) as app:
        await _news(app, clock, site, "monday", "sorrelwood")
        relay.answers = {"ana@example.org": ["550 5.1.1 no such user"]}
        await _until_morning(app, clock)
        assert [row.state for row in rows(app, DeliveryRow)] == ["failed", "sent"]
        assert "Monday story" in relay.texts("ben@example.org")[0]
        asked = relay.asked.count("ana@example.org")
        await _news(app, clock, site, "tuesday", "quillback")
        await _until_morning(app, clock)
        assert relay.asked.count("ana@example.org") == asked, "her mail rests: neither alert nor digest is tried"
        assert len(relay.texts("ben@example.org")) == 3
        moved = replace(ANA, address="ana@example.net")
        await app.apply(replace(config, recipients=(moved, BEN)))
        await _until_morning(app, clock)
        (text,) = relay.texts("ana@example.net")
        assert ("Monday story" in text, "Tuesday story" in text) == (True, True)
        assert "No digest went out on 2 days before this one" in text
        assert all(item.digest_id is not None for item in rows(app, DigestItemRow))


async def test_mail_that_is_still_under_way_to_an_old_address_does_not_silence_the_new_one(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await _news(app, clock, site, "monday", "sorrelwood")
        relay.answers = {"ana@example.org": ["451 later", "550 5.1.1 no such user"]}
        await _until_morning(app, clock)
        await app.apply(replace(config, recipients=(replace(ANA, address="ana@example.net"),)))
        (row,) = await _next_try(app, clock, rows)
        assert row.state == "failed"
        assert rows(app, RecipientRow)[0].suppressed == ""
        await _until_morning(app, clock)
        assert "Monday story" in relay.texts("ana@example.net")[0]


async def test_a_relay_that_refuses_us_altogether_is_left_alone_for_a_while_and_counts_against_nobody(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    people = [ANA, BEN, Recipient("cyd", "cyd@example.org")]
    async with open_app(desk(site.source(), relay=relay, people=people), clock=clock) as app:
        await _news(app, clock, site, "monday", "sorrelwood")
        relay.answers = {"MAIL": ["550 5.7.1 sender rejected"] * 12, "ana@example.org": ["451 greylisted"]}
        await _until_morning(app, clock)
        assert relay.asked == ["MAIL"], "one question, not one for each mail"
        began = clock.at
        while relay.answers["MAIL"]:
            deliveries = await _next_try(app, clock, rows)
        assert clock.at - began == 11 * timedelta(minutes=5)
        assert [row.attempts for row in deliveries] == [0, 0, 0]
        deliveries = await _next_try(app, clock, rows)
        assert [row.state for row in deliveries].count("sent") == 2
        assert [row.attempts for row in deliveries if row.state == "due"] == [1], "a first strike, after an hour of pauses"
        await _next_try(app, clock, rows)
        assert sorted(relay.ids()) == sorted(row.message_id for row in rows(app, DeliveryRow))


async def test_new_mail_keeps_the_pause_and_does_not_prolong_it(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        relay.answers = {"MAIL": ["550 5.7.1 sender rejected"]}
        await _queue(app, clock, "first", "ana@example.org")
        assert await app.ticks.deliver() == 1
        until = clock.at + timedelta(minutes=5)
        for number in range(4):
            clock.at += timedelta(minutes=1)
            await _queue(app, clock, f"new-{number}", "ben@example.org")
            assert await app.ticks.deliver() == 0
            paused = app.rooms.store.read_now(deliveries.pause)
            assert paused is not None
            assert (paused.until, paused.waiting) == (until, number + 2)
        clock.at = until
        assert await app.ticks.deliver() == 5
        assert [row.state for row in rows(app, DeliveryRow)] == ["sent"] * 5


async def test_what_waited_because_we_were_down_gets_its_tries(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await _news(app, clock, site, "monday", "sorrelwood")
        clock.at = clock.at.replace(hour=7)
        await app.ticks.digest()
    clock.at += timedelta(days=2)
    relay.answers = {"ana@example.org": ["451 greylisted"] * 2}
    async with open_app(config, clock=clock) as app:
        await app.ticks.deliver()
        assert [row.state for row in rows(app, DeliveryRow)] == ["due"], (
            "greylisted at the first try, and not given up for its age"
        )
        await _next_try(app, clock, rows)
        await _next_try(app, clock, rows)
        told = ["Monday story" in text for text in relay.texts("ana@example.org")]
        assert told == [False, True], "the digest of the day without news, then the one that waited"


async def test_an_alert_given_up_in_doubt_can_be_sent_again_as_the_same_message(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    reader = replace(ANA, digest=False)
    async with open_app(desk(site.source(), relay=relay, people=[reader]), clock=clock) as app:
        await app.settle()
        await _news(app, clock, site, "monday", "quillback")
        relay.answers = {"DATA": ["drop"] * 9}
        clock.at += timedelta(minutes=1)
        await app.settle()
        while (await _next_try(app, clock, rows))[0].state == "unknown":
            pass
        (row,) = rows(app, DeliveryRow)
        assert row.state == "failed"
        assert clock.at - row.created_at == timedelta(hours=24)
        relay.answers = {"ana@example.org": ["451 greylisted"]}
        await app.rooms.store.write(outbox.retry, row.id, clock.at)
        await app.settle()
        (row,) = await _next_try(app, clock, rows)
        assert row.state == "sent"
        assert set(relay.ids()) == {row.message_id}
