"""What every command is called with, and values that options take."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from aggregator.app import open_store
from aggregator.config import load_config
from aggregator.config.settings import Config
from aggregator.store import Store

_SPAN = re.compile(r"(\d{1,5})([smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Call:
    """The global options."""

    folder: Path
    verbose: bool

    def config(self) -> Config:
        """The configuration. Raises ConfigErrors with everything that is wrong with it."""
        return load_config(self.folder, os.environ)

    def opened(self) -> tuple[Config, Store]:
        """The configuration and its store, brought to this version's schema."""
        config = self.config()
        return config, open_store(config)


def span(value: str) -> timedelta | None:
    """``30d``, ``12h``: so long; None for what is no span."""
    found = _SPAN.fullmatch(value)
    return timedelta(**{_UNIT[found[2]]: int(found[1])}) if found else None


def instant(value: str, now: datetime) -> datetime:
    """``30d``, ``12h``: so long ago; or a date or instant in ISO form (UTC if it names no zone). Raises BadParameter."""
    back = span(value)
    if back is not None:
        return now - back
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{value!r} is neither a span such as 30d or 12h nor a date such as 2026-11-24") from None
