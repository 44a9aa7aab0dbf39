"""Chats, through Apprise (the extra ``chat``): one message to one target, once.

Its own retries, throttles and redirects are off: events wait in the store, it sleeps in threads, and a redirect would turn the
POST into a GET that succeeds. It is imported at the first message, which takes a second. Its log is kept apart: addresses are
secrets.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from urllib.parse import unquote

from aggregator.model.channel import CHAT_SCHEMAS, Answer, ChannelAttempt, ChatStyle

DEADLINE = 60.0
"""Seconds for one message. The thread may go on for a while: each of its connections gives up after four."""

THREADS = 4
_SHORT = 6
_DETAIL = 200


def style_of(url: str) -> ChatStyle | None:
    """How the chat at this address reads text; None for an address that we do not speak to."""
    schema, found, _ = url.partition("://")
    return CHAT_SCHEMAS.get(schema.lower()) if found else None


async def send_chat(url: str, text: str) -> ChannelAttempt:
    """Send ``text``, which was written in the chat's style. Only success counts; nothing that is said holds the address."""
    style = style_of(url)
    if style is None:
        return ChannelAttempt(Answer.UNREACHABLE, 0, "its address is of no chat that we speak")
    try:
        async with asyncio.timeout(DEADLINE):
            detail = await asyncio.get_running_loop().run_in_executor(_threads(), _send, url, text, style)
    except TimeoutError:
        detail = f"not done within {DEADLINE:g} s"
    return ChannelAttempt(Answer.UNREACHABLE, 0, _hushed(detail, url)) if detail else ChannelAttempt(Answer.TAKEN, 0, "taken")


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="chat")


@cache
def _apprise() -> Any:
    """The package, with its own loggers and those of what it uses cut off from ours, and short of words: they name addresses."""
    import apprise

    for name in ("apprise", "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
    return apprise


class _Words(logging.Handler):
    """What Apprise says in this thread: the only place where it gives a reason."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said.append(record.getMessage())


def _send(url: str, text: str, style: ChatStyle) -> str:
    """In a thread. Returns why it failed, or ""."""
    apprise = _apprise()
    words, log = _Words(), logging.getLogger("apprise")
    log.addHandler(words)
    try:
        plugin = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(http_redirects=False, default_service_retry=0))
        if plugin is None:
            return "Apprise does not understand its address"
        if len(plugin) > 1:
            return f"its address names {len(plugin)} targets; write one [[chat]] for each"
        plugin.retry, plugin.redirects, plugin.optional, plugin.request_rate_per_sec = 0, False, False, 0
        body_format = apprise.NotifyFormat.TEXT if style is ChatStyle.SLACK else None  # None: we have escaped it ourselves
        done = plugin.notify(body=text, title="", body_format=body_format) is True
    finally:
        log.removeHandler(words)
    return "" if done else " ".join(words.said) or "it was not taken"


def _hushed(detail: str, url: str) -> str:
    """``detail`` without any part of the address that could be a secret."""
    for part in re.split(r"[/:@?&=#,]+", f"{url}/{unquote(url)}".partition("://")[2]):
        if len(part) >= _SHORT:
            detail = detail.replace(part, "…")
    return " ".join(detail.split())[:_DETAIL]
