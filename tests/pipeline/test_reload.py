"""Another configuration while the service runs: letters and sending change together, and nothing in hand is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest

from aggregator.app import AT_START, App, open_app
from aggregator.config.settings import Config, MailMode, WebSettings
from aggregator.errors import ConfigError
from aggregator.model.delivery import DeliveryKind, Recipient
from aggregator.store import outbox
from aggregator.store.outbox import NewDelivery
from aggregator.store.tables import AttemptRow, DeliveryRow, RecipientRow
from tests.pipeline.conftest import Relay

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)


def with_mail(config: Config, **values: Any) -> Config:
    return replace(config, settings=replace(config.settings, mail=replace(config.settings.mail, **values)))


async def _queue(app: App, clock: Any, key: str, address: str) -> None:
    message = f"Subject: {key}\r\n\r\nText\r\n".encode()
    mail = NewDelivery(key, DeliveryKind.ALERT, 1, address, "S", f"<{key}@example.org>", message)
    await app.rooms.store.write(outbox.enqueue, mail, clock.now())


async def test_another_relay_takes_over_between_two_messages(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    other = Relay()
    await other.up()
    config = desk(site.source(), relay=relay)
    try:
        async with open_app(config, clock=clock) as app:
            await app.settle()
            slow = relay.held["ana@slow.example"] = asyncio.Event()
            await _queue(app, clock, "in-hand", "ana@slow.example")
            sending = asyncio.create_task(app.ticks.deliver())
            assert await relay.reached.get() == "ana@slow.example"
            await app.apply(with_mail(config, port=other.port, sender="news@example.net"))
            await _queue(app, clock, "after", "ben@quick.example")
            await app.ticks.deliver()
            assert await other.reached.get() == "ben@quick.example"
            site.publish("fire", "quillback")
            clock.at += HOUR
            slow.set()
            await sending
            await app.settle()
            clock.at += timedelta(seconds=20)
            await app.settle()
            assert [to for to, _ in relay.mails] == ["ana@slow.example"], "it ended where it had begun"
            assert [to for to, _ in other.mails] == ["ben@quick.example", "ana@example.org"]
            letter = message_from_bytes(other.mails[1][1])
            assert "news@example.net" in letter["From"]
            assert letter["Message-ID"].endswith("@example.net>")
            assert [row.state for row in rows(app, DeliveryRow)] == ["sent"] * 3
            assert [row.outcome for row in rows(app, AttemptRow)] == ["accepted"] * 3
    finally:
        await other.down()


async def test_a_folder_becomes_a_relay(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    through = desk(site.source(), relay=relay)
    async with open_app(with_mail(through, mode=MailMode.FOLDER), clock=clock) as app:
        await app.settle()
        await _queue(app, clock, "first", "ana@example.org")
        await app.settle()
        await app.apply(through)
        await _queue(app, clock, "second", "ana@example.org")
        await app.settle()
        assert [message_from_bytes(mail)["Subject"] for _, mail in relay.mails] == ["second"]
        assert [row.state for row in rows(app, DeliveryRow)] == ["sent"] * 2


async def test_a_table_by_which_no_mail_can_be_sent_changes_nothing(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        more = (*config.recipients, Recipient("ben", "ben@example.org"))
        with pytest.raises(ConfigError, match="is not the host of a mail relay"):
            await app.apply(replace(with_mail(config, host=" "), recipients=more))
        assert app.rooms.active.config == config
        assert [row.slug for row in rows(app, RecipientRow)] == ["ana"]
        await _queue(app, clock, "first", "ana@example.org")
        await app.settle()
        assert len(relay.mails) == 1


async def test_what_takes_effect_at_a_start_stays_as_it_is_and_the_rest_changes(clock: Any, site: Any, desk: Desk) -> None:
    config = desk(site.source())
    async with open_app(config, clock=clock) as app:
        new = replace(config.settings, web=WebSettings(port=8080), public_base_url="https://new.example.org", instance="New")
        await app.apply(replace(config, settings=new))
        in_force = app.rooms.active.config.settings
        assert {name: getattr(in_force, name) for name in AT_START} == {name: getattr(config.settings, name) for name in AT_START}
        assert (in_force.instance, in_force.public_base_url) == ("New", "https://new.example.org")
