"""What comes back from the network: a page, "not modified", or somebody's misfortune as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    CHALLENGE = "challenge"  # a page that wants to see a human
    ROBOTS = "robots"  # the outlet's robots.txt asks us to stay away: nothing was sent
    CRASHED = "crashed"  # the worker died, ran out of memory or was killed at its deadline


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One GET. ``feed_id`` and ``subscribers`` go into the User-Agent of feed requests.

    ``authorization`` is a whole ``Authorization`` header value; it goes to the origin of ``url`` and to no other.
    """

    url: str
    accept: Accept
    validators: Validators = Validators()
    allow_networks: tuple[str, ...] = ()
    feed_id: str = ""
    subscribers: int = 0
    authorization: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A 200 with its decoded body. ``headers`` are lower-cased names with their values, in order of arrival.

    ``media_type`` is lower-case without parameters, ``charset`` the one the server declared, if any. ``moved_to`` is where the
    permanent redirects (301, 308) at the beginning of the chain lead; None when its first hop was none.
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
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304 to a conditional request. ``moved_to`` as in ``Fetched``."""

    url: str
    final_url: str
    validators: Validators
    headers: tuple[tuple[str, str], ...]
    fetched_at: datetime
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """Nothing usable came. ``detail`` is short and free of secrets; before ``retry_after`` the server wants no request.

    ``sample`` is the beginning of what came instead, as text without control characters, for the operator's eyes.
    """

    url: str
    kind: FailureKind
    detail: str
    failed_at: datetime
    status: int | None = None
    retry_after: datetime | None = None
    sample: str = ""


@dataclass(frozen=True, slots=True)
class PostRequest:
    """One POST, to a hub or a webhook: redirects are not followed. ``headers`` come on top of our own.

    Body and headers may hold secrets (``hub.secret``), so neither is shown. ``awaited``: whoever stands there asked for it, so
    no pause is kept before it, and nothing else at that host holds it up. ``deadline`` is in seconds, None for the usual one.
    """

    url: str
    body: bytes = field(repr=False)
    content_type: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    allow_networks: tuple[str, ...] = ()
    awaited: bool = False
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to a POST, whatever its status; ``sample`` is the beginning of its body as text."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    sample: str
    posted_at: datetime
    retry_after: datetime | None = None


FetchOutcome: TypeAlias = Fetched | NotModified | FetchFailed
