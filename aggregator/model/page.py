"""What comes back from the network: a page, "not modified", or somebody's misfortune as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Validators:
    """``ETag`` and ``Last-Modified`` exactly as the server spelt them (RFC 9110 §8.8)."""

    etag: str | None = None
    last_modified: str | None = None


class Accept(StrEnum):
    """What a request asks for; it picks the ``Accept`` header and the size limits."""

    FEED = "feed"
    PAGE = "page"


class FailureKind(StrEnum):
    """Why a fetch or a parse came to nothing. Low cardinality: it becomes a column and a metric label."""

    BLOCKED = "blocked"  # by our own guard: nothing was sent
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # not HTTP, or broken off
    REDIRECTS = "redirects"
    HTTP = "http"  # a status of 400 and above; ``status`` tells which
    TOO_BIG = "too_big"
    ENCODING = "encoding"  # a content encoding that was not offered, or is corrupt
    TRUNCATED = "truncated"
    NOT_A_FEED = "not_a_feed"
    NOT_A_PAGE = "not_a_page"
    CRASHED = "crashed"  # the worker died, ran out of memory or was killed at its deadline


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One GET. ``feed_id`` and ``subscribers`` go into the User-Agent of feed requests."""

    url: str
    accept: Accept
    validators: Validators = Validators()
    allow_networks: tuple[str, ...] = ()
    feed_id: str = ""
    subscribers: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A 200 with its decoded body. ``headers`` are lower-cased names with their values, in order of arrival.

    ``media_type`` is lower-case without parameters, ``charset`` the one the server declared, if any.
    """

    url: str
    final_url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    media_type: str
    charset: str | None
    validators: Validators
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304 to a conditional request."""

    url: str
    final_url: str
    validators: Validators
    headers: tuple[tuple[str, str], ...]
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """Nothing usable came. ``detail`` is short and free of secrets; before ``retry_after`` the server wants no request."""

    url: str
    kind: FailureKind
    detail: str
    failed_at: datetime
    status: int | None = None
    retry_after: datetime | None = None


FetchOutcome: TypeAlias = Fetched | NotModified | FetchFailed
