"""The routes. They check what comes from outside for its size and form; what it means is ``pipeline.websub``'s business.

Nothing of a request decides where anything leads: ``Host`` and ``X-Forwarded-*`` are not read, and no answer redirects.
"""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request, Response
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from aggregator.app import App
from aggregator.pipeline.websub import ACCEPTED, GONE, Reply, admit, intent, push, take_pushes
from aggregator.store import maintenance
from aggregator.web import acknowledging, linking

PATIENCE = 20.0
"""Seconds that a body may take to arrive."""

READING = 8
"""Bodies that are read at a time: their sizes add up in memory."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

TOO_BIG = Reply(413, "too big")
TOO_SLOW = Reply(408, "too slow")
ENCODED = Reply(415, "content encodings are not taken")


def build(app: App) -> FastAPI:
    """The face of a running product."""
    # No pages that describe it, and no redirect to a path with or without a slash: it would be built from the Host header.
    face = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    rooms, reading = app.rooms, asyncio.Semaphore(READING)
    face.include_router(linking.routes(app))
    face.include_router(acknowledging.routes(app))

    @face.get("/websub/{token}")
    async def check(token: str, request: Request) -> Response:
        return _plain(await intent(rooms, token, request.query_params))

    @face.post("/websub/{token}")
    async def deliver(token: str, request: Request) -> Response:
        subscription = await admit(rooms, token)
        if subscription is None:
            return _plain(GONE)
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            return _plain(ENCODED)
        async with reading:
            body = await _body(request, rooms.active.config.settings.fetch.max_body_bytes)
            if isinstance(body, Reply):
                return _plain(body)
            reply = await push(rooms, subscription, request.headers.items(), body)
        # What was kept is stored once the hub has its answer. A tick takes what a kill leaves behind.
        return _plain(reply, BackgroundTask(take_pushes, rooms) if reply is ACCEPTED else None)

    @face.get("/healthz")
    async def health() -> Response:
        await rooms.store.read(maintenance.answers)
        return _plain(Reply(200, "ok"))

    @face.exception_handler(HTTPException)
    async def refuse(_request: Request, error: HTTPException) -> Response:
        answer = _plain(Reply(error.status_code, error.detail.lower()))
        answer.headers.update(error.headers or {})
        return answer

    @face.exception_handler(Exception)
    async def fail(_request: Request, _error: Exception) -> Response:
        return _plain(Reply(500, "internal error"))  # Starlette raises it again afterwards: uvicorn logs it

    return face


async def _body(request: Request, limit: int) -> bytes | Reply:
    """The body, or why it is not wanted. What announces itself as too big is not read at all."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:15]) > limit:
        return TOO_BIG
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    return TOO_BIG
    except (TimeoutError, ClientDisconnect):
        return TOO_SLOW
    return bytes(body)


def _plain(reply: Reply, background: BackgroundTask | None = None) -> Response:
    """Text that no browser takes for anything else: a challenge comes from outside, and goes back as it came (section 5.3)."""
    headers = _HEADERS | ({"Retry-After": str(reply.retry_after)} if reply.retry_after else {})
    return Response(reply.text, reply.status, headers, "text/plain; charset=utf-8", background)
