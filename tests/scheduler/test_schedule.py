"""The schedule in real time: it tells systemd how it is, and ends with the mail in hand delivered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import select

from aggregator.app import App, open_app
from aggregator.config.settings import Config, MailMode, MailSecurity, MailSettings, Settings, StoreSettings, WorkerSettings
from aggregator.model.delivery import DeliveryKind, Recipient
from aggregator.scheduler.schedule import Schedule
from aggregator.store import outbox
from aggregator.store.outbox import NewDelivery
from aggregator.store.tables import AttemptRow, DeliveryRow


@dataclass
class SlowRelay:
    """A relay that has the message, and takes its time to say so."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.extend(envelope.rcpt_tos)
        self.reached.set()
        await self.release.wait()
        return "250 at last"


@pytest.fixture
async def relay() -> AsyncIterator[SlowRelay]:
    made, loop = SlowRelay(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(made, hostname="relay.example.org", loop=loop), "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    made.release.set()
    server.close()
    await server.wait_closed()


@pytest.fixture
def config(tmp_path: Path, relay: SlowRelay, migrated: Callable[[Path], str]) -> Config:
    mail = MailSettings(
        mode=MailMode.SMTP, host="127.0.0.1", port=relay.port, security=MailSecurity.NONE, sender="desk@example.org"
    )
    settings = Settings(store=StoreSettings(migrated(tmp_path / "s.db")), mail=mail, workers=WorkerSettings(processes=1))
    return Config(settings, recipients=(Recipient("ana", "ana@example.org", digest=False),))


async def _enqueue(app: App) -> None:
    mail = NewDelivery(
        "alert:1:1", DeliveryKind.ALERT, 1, "ana@example.org", "S", "<alert.1.1@example.org>", b"Subject: S\r\n\r\n"
    )
    await app.rooms.store.write(outbox.enqueue, mail, datetime.now(UTC))


def _rows(app: App) -> list[Any]:
    return app.rooms.store.read_now(lambda session: list(session.exec(select(DeliveryRow))))


async def test_stopping_lets_a_mail_in_hand_be_delivered(config: Config, relay: SlowRelay) -> None:
    async with open_app(config) as app:
        await _enqueue(app)
        await _enqueue(app)
        schedule = Schedule(app.ticks)
        schedule.start()
        await relay.reached.wait()
        stopping = asyncio.create_task(schedule.stop(60))
        await asyncio.sleep(0)
        assert not stopping.done()
        relay.release.set()
        await stopping
        assert [(row.state, row.lease_token) for row in _rows(app)] == [("sent", None)]


async def test_what_does_not_end_in_time_is_free_for_the_next_start(config: Config, relay: SlowRelay) -> None:
    async with open_app(config) as app:
        await _enqueue(app)
        schedule = Schedule(app.ticks)
        schedule.start()
        await relay.reached.wait()
        await schedule.stop(0)
    relay.release.set()
    async with open_app(config) as app:
        assert [(row.state, row.lease_until) for row in _rows(app)] == [("due", None)]
        await app.settle()
        assert app.rooms.store.read_now(lambda session: list(session.exec(select(AttemptRow.outcome)))) == ["unknown", "accepted"]
        assert [row.state for row in _rows(app)] == ["sent"]
    assert relay.mails == ["ana@example.org"] * 2


async def test_serving_tells_systemd_from_ready_to_stopping(
    config: Config, relay: SlowRelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.release.set()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        async with open_app(config) as app:
            await _enqueue(app)
            serving = asyncio.create_task(app.serve(stop))
            heard = [await loop.sock_recv(manager, 100) for _ in range(3)]
            assert sorted(heard) == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"], "a second has room for many heartbeats"
            await relay.reached.wait()
            stop.set()
            await serving
            while heard[-1] != b"STOPPING=1":
                heard.append(await loop.sock_recv(manager, 100))
            assert app.failures == 0
