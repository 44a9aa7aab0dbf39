"""Instants as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime


def rfc3339(at: datetime) -> str:
    """``2026-11-26T17:29:13Z``."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def http_date(at: datetime) -> str:
    """``Thu, 26 Nov 2026 17:29:13 GMT``, as HTTP (RFC 9110 §5.6.7) and RSS have it."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)
