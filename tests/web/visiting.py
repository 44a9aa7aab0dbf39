"""Whoever calls the face from outside, over real sockets."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass

from sqlmodel import select

from aggregator.app import App
from aggregator.store.tables import PushRow

LIMIT = 1000
"""Bytes of a body that the product takes here."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Face:
    app: App
    port: int
    stop: asyncio.Event
    task: asyncio.Task[None]
    path: str = ""
    secret: str = ""

    async def send(self, *parts: bytes) -> Answer:
        """Write these bytes on a new connection, then read to its end, or to the end of one answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for part in parts:
            writer.write(part)
            await writer.drain()
        answer = await read_answer(reader)
        writer.close()
        return answer

    async def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", "Host: evil.test", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body and not {"Content_Length", "Transfer_Encoding"} & set(headers):
            lines.append(f"Content-Length: {len(body)}")
        return await self.send("\r\n".join([*lines, "", ""]).encode(), body)

    def signature(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self.secret.encode(), body, "sha256").hexdigest()

    def waiting(self) -> list[bytes]:
        return list(self.app.rooms.store.read_now(lambda session: session.exec(select(PushRow.body)).all()))


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(status.split()[1]), headers, body.decode())
