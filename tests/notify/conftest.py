"""Deliveries to send."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from aggregator.model.delivery import Delivery, DeliveryKind, Letter
from aggregator.notify import build_message
from tests.certificates import ABSENT, self_signed
from tests.notify.relay import Certificate, Relay, StartRelay

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
LETTER = Letter("A subject", "The text.\n", "<p>The text.</p>\n")


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    """``delivery(number, address=, letter=, message=)``: a digest that is ready to go."""

    def make(
        number: int = 1, *, address: str = "reader@example.org", letter: Letter = LETTER, message: bytes | None = None
    ) -> Delivery:
        message_id = f"<d.{number}.2026-11-24@monitor.example.org>"
        built = message or build_message(
            letter,
            sender="monitor@example.org",
            sender_name="Monitor",
            recipient="reader@example.org",
            recipient_name="",
            message_id=message_id,
            date=NOW,
            list_id=None,
        )
        return Delivery(number, DeliveryKind.DIGEST, "reader", address, message_id, built, 0, NOW, "lease")

    return make


@pytest.fixture
async def start_relay() -> AsyncIterator[StartRelay]:
    """``await start_relay(relay, tls=, **options of aiosmtpd)``: the relay, listening at ``relay.port``."""
    relays: list[tuple[Relay, asyncio.Server]] = []

    async def start(relay: Relay | None = None, *, tls: ssl.SSLContext | None = None, **options: Any) -> Relay:
        relay = relay or Relay()
        options = {"enable_SMTPUTF8": True, "authenticator": relay.authenticate, **options}

        def protocol() -> SMTP:
            relay.servers.append(SMTP(relay, hostname="relay.example.org", loop=asyncio.get_running_loop(), **options))
            return relay.servers[-1]

        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
        relay.port = server.sockets[0].getsockname()[1]
        relays.append((relay, server))
        return relay

    yield start
    for relay, server in relays:
        server.close()
        relay.hang_up()
        tasks = [smtp._handler_coroutine for smtp in relay.servers if smtp._handler_coroutine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    made = self_signed(tmp_path_factory.mktemp("tls"), ["IP:127.0.0.1"], "127.0.0.1")
    if made is None:
        pytest.skip(ABSENT)
    cert, key = made
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cert, key)
    return Certificate(server, ssl.create_default_context(cafile=Path(cert)))
