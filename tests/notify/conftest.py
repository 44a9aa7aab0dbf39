"""Deliveries to send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from aggregator.model.delivery import Delivery, DeliveryKind, Letter
from aggregator.notify import build_message

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
