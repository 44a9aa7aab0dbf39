"""Serving the face with uvicorn, on the loop that everything else runs on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import structlog
import uvicorn

from aggregator.app import App
from aggregator.config.settings import WebSettings
from aggregator.errors import ConfigError
from aggregator.web.face import build

log: structlog.stdlib.BoundLogger = structlog.get_logger("web")

MOST = 100
"""Connections at a time; one more is answered with 503. A proxy in front keeps slow ones away."""

MAX_HEAD = 16_384
"""Bytes of a request line with its headers."""

PATIENCE = 8
"""Seconds that requests in hand get to end."""


def listen(web: WebSettings) -> socket.socket:
    """Take the address and port of the settings.

    Raises:
        ConfigError: they cannot be had.
    """
    try:
        family, *_, address = socket.getaddrinfo(web.host, web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {web.host}, port {web.port}: {error.strerror}",
            key="web",
            hint="another program may have the port (ss -ltnp), or the address is not this machine's",
        ) from error


async def serve(app: App, stop: asyncio.Event, listener: socket.socket) -> None:
    """Answer on ``listener`` until ``stop`` is set; then end within seconds, with the requests in hand. Closes the listener."""
    config = uvicorn.Config(
        build(app),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,  # the paths are secret
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_graceful_shutdown=PATIENCE,
    )
    server = _Server(config)
    watch = asyncio.create_task(server.until(stop), name="web-stop")
    host, port = listener.getsockname()[:2]
    log.info("web.listening", host=host, port=port)
    try:
        await server.serve([listener])
    finally:
        watch.cancel()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals are the command line's."""
        yield

    async def until(self, stop: asyncio.Event) -> None:
        """Ask the server to end when ``stop`` is set."""
        await stop.wait()
        self.should_exit = True
