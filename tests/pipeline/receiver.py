"""A receiver of webhooks and chat messages on loopback: a real HTTP server whose answers a test writes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl

from standardwebhooks import Webhook, webhooks

HANG, CLOSE = "hang", "close"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    def text(self) -> str:
        """The strings of a body in JSON, or of a form, one a line."""
        if "json" in self.headers.get("content-type", ""):
            return "\n".join(_strings(json.loads(self.body)))
        return "\n".join(value for _, value in parse_qsl(self.body.decode()))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str, *, at: datetime | None = None) -> Any:
        """What it says, if it was signed with this secret, in the opinion of the specification's own package.

        It is asked ``at`` an instant, and refuses what is five minutes away from it; without one, when it says that it was sent.
        """
        now = at or datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)

        class Then(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return now

        with patch.object(webhooks, "datetime", Then):
            return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """``answers`` are given first: a status, or one with headers, ``HANG`` or ``CLOSE``; then ``otherwise``."""

    otherwise: int | str = 204
    answers: list[int | str | tuple[int, dict[str, str]]] = field(default_factory=list)
    got: list[Received] = field(default_factory=list)
    port: int = 0
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Receiver]:
        async with await asyncio.start_server(self._talk, "127.0.0.1", self.port) as server:
            self.port = server.sockets[0].getsockname()[1]
            try:
                yield self
            finally:
                for talk in self._talks:
                    talk.cancel()
                await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._talks.discard(talk)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append(Received(head[0].split(" ")[1], headers, body))
        answer = self.answers.pop(0) if self.answers else self.otherwise
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == CLOSE:
            return False
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        writer.write(f"HTTP/1.1 {status} Said\r\n{lines}Content-Length: 4\r\n\r\nsaid".encode() if status != 204 else
                     f"HTTP/1.1 204 Said\r\n{lines}\r\n".encode())  # fmt: skip
        await writer.drain()
        return True
