"""A relay in a process of its own, as difficult as relays are: ``python -m tests.delivery.relay LEDGER`` prints its port.

The local part of an address says how its mails fare, up to the first dot: ``grey2`` is put off twice, ``refuse`` is refused for
good, ``mute2`` gets no answer to RCPT twice, ``hang2`` is taken twice without a word of it, ``drop2`` is taken twice and the line
dropped, ``lost2`` has the line dropped before it is taken, ``us2`` is told twice that we ourselves are not welcome. What is taken
stands in the ledger (Message-ID, SHA-256 of the message) before the answer goes out.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from collections import Counter
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Relay:
    def __init__(self, ledger: str) -> None:
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._seen: Counter[str] = Counter()

    def _mood(self, address: str) -> str:
        """How this mail fares; each mood but ``refuse`` lasts for so many tries."""
        found = re.match(r"([a-z]+)(\d*)", address)
        assert found is not None
        mood, times = found[1], int(found[2] or 0)
        if mood == "refuse":
            return mood
        self._seen[address] += 1
        return mood if self._seen[address] <= times else "ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name, as below
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        mood = self._mood(address)
        match mood:
            case "grey":
                return "451 4.7.1 greylisted, come again"
            case "refuse":
                return "550 5.1.1 no such user"
            case "us":
                return "530 5.7.0 authentication required"
            case "mute":
                await asyncio.Event().wait()  # until the client has had enough
            case _:
                pass
        envelope.rcpt_tos.append(address)
        session.mood = mood  # type: ignore[attr-defined]
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        mood = session.mood  # type: ignore[attr-defined]
        if mood == "lost":
            await self._hang_up(server)
        line = f"{message_from_bytes(content)['Message-ID']} {hashlib.sha256(content).hexdigest()}\n"
        os.write(self._ledger, line.encode())
        if mood == "drop":
            await self._hang_up(server)
        if mood == "hang":
            await asyncio.Event().wait()
        return "250 2.0.0 queued"

    async def _hang_up(self, server: SMTP) -> None:
        transport: Any = server.transport
        transport.abort()
        await asyncio.Event().wait()


async def main(ledger: str) -> None:
    relay, loop = Relay(ledger), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(relay, hostname="relay.test", loop=loop, timeout=3600), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
