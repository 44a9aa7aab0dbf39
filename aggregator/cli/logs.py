"""Logging: structured events on standard error, for people on a terminal, as JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from aggregator.cli.printing import json_line


def _plain(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Control characters of strange origin (a feed's title, a server's answer) never reach a terminal."""
    return {key: _printable(value) if isinstance(value, str) else value for key, value in event.items()}


def _printable(value: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in value)


def set_up(*, verbose: bool = False, level: int = logging.INFO) -> None:
    """Send every log line from ``level`` up through structlog. ``verbose`` adds debug lines."""
    level = logging.DEBUG if verbose else level
    terminal = sys.stderr.isatty()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if terminal else "iso", utc=not terminal),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if terminal:
        last += [_plain, structlog.dev.ConsoleRenderer()]
    else:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(json_line, default=str)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Chatter about each request and each tick is ours to summarise; parsers' complaints about pages are data already.
    for name in ("apscheduler", "httpx", "httpcore", "trafilatura", "htmldate", "readability", "alembic", "mail.log"):
        logging.getLogger(name).setLevel(logging.ERROR)
