"""A relay on the loopback interface that does as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Relay:
    """A relay that notes what it is told. ``script`` holds, by command, the answers to give before it turns friendly."""

    script: dict[str, list[str]] = field(default_factory=dict)
    mails: list[Envelope] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    logins: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    servers: list[SMTP] = field(default_factory=list)
    port: int = 0

    def _next(self, command: str) -> str | None:
        self.said.append(command)
        answers = self.script.get(command)
        return answers.pop(0) if answers else None

    async def handle_MAIL(  # noqa: N802 - the name of aiosmtpd's hook, as below
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.sessions.add(id(session))
        if answer := self._next("MAIL"):
            return await self._act(answer, server)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._next("RCPT"):
            return await self._act(answer, server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self._next("DATA")
        if answer and answer[0] in "45":
            return answer
        self.mails.append(envelope)  # whatever the client hears, the relay has it
        return await self._act(answer, server) if answer else "250 2.0.0 queued as 4711"

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self._next("RSET") or "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self._next("QUIT") or "221 Bye"

    async def _act(self, answer: str, server: SMTP) -> str:
        if answer == "hang up":
            _abort(server)
        self.heard.set()
        if answer in {"hang up", "say nothing"}:
            await asyncio.Event().wait()  # until the connection's task is cancelled
        return answer

    def hang_up(self) -> None:
        """End every connection, as a relay does with idle ones."""
        for server in self.servers:
            _abort(server)

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.logins.append(mechanism)
        return AuthResult(success=(data.login, data.password) == (b"monitor", "گذرواژه".encode()), handled=False)


def _abort(server: SMTP) -> None:
    transport: Any = server.transport
    if transport is not None:
        transport.abort()


StartRelay = Callable[..., Awaitable[Relay]]


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1: how a server shows it, and how a client comes to trust it."""

    server: ssl.SSLContext
    trusting: ssl.SSLContext
