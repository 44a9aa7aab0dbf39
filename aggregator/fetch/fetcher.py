"""The only way out: one GET with its redirects, under the guard, the gate and the bounds, ending in a ``FetchOutcome``."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

from aggregator.config.settings import FetchSettings
from aggregator.fetch.address import check_url, has_forbidden, host_key, parse_url
from aggregator.fetch.body import decoded_beginning, read_body
from aggregator.fetch.failure import FetchError
from aggregator.fetch.gate import HostGate
from aggregator.fetch.guard import Networks, Resolver, SystemResolver, networks
from aggregator.fetch.headers import (
    Introduction,
    RawHeaders,
    content_encoding,
    content_type,
    first,
    has_validators,
    retry_after,
    validators_of,
)
from aggregator.fetch.permission import Permission, Permit
from aggregator.fetch.sample import READ, as_text, wants_human
from aggregator.fetch.wire import Answer, Network, Wire
from aggregator.model.clock import Clock
from aggregator.model.page import (
    Accept,
    FailureKind,
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    NotModified,
    Posted,
    PostRequest,
)

MAX_REDIRECTS = 5
MAX_POST = 1_000_000
MOST_IDLE = 256
"""Connections kept open after use: a file descriptor each, and well under the usual limit of 1,024."""

_PERMANENT = frozenset((301, 308))
_FOLLOWED = _PERMANENT | {302, 303, 307}


@dataclass(frozen=True, slots=True)
class _Hop:
    """A request to make, and what the redirects so far brought.

    ``wait_until`` is their latest ``Retry-After``; ``moved_to`` the target of the permanent ones at their beginning, which
    goes on as long as ``permanent``.
    """

    url: str
    wait_until: datetime | None = None
    moved_to: str | None = None
    permanent: bool = True


@dataclass(slots=True)
class _Trip:
    """A fetch under way: what every hop shares, the seconds left for the network, and the status of the last answer."""

    request: FetchRequest
    permit: Permit | None
    headers: RawHeaders
    networks: Networks
    left: float
    status: int | None = None


class Fetcher:
    """Fetches URLs politely and safely. One for the whole process; use it as an async context manager, or ``aclose()`` it.

    ``resolver`` replaces the system's name lookup, ``network`` the network itself, the guard's connections included.
    Misfortunes of any kind come back as ``FetchFailed``.

    Raises:
        ConfigError: ``allow_networks`` or ``contact_url`` of the settings cannot be used.
    """

    def __init__(
        self, settings: FetchSettings, clock: Clock, *, resolver: Resolver | None = None, network: Network | None = None
    ) -> None:
        self._settings, self._clock = settings, clock
        self._introduction = Introduction(settings.contact_url)
        networks(settings.allow_networks)  # what cannot be used is refused now, not at the first fetch
        self._resolver = resolver or SystemResolver(settings.concurrency)
        self._wire = Wire(self._resolver, connect_timeout=settings.connect_timeout, most_idle=MOST_IDLE, network=network)
        self._gate = HostGate(clock, settings.host_gap, settings.concurrency)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections. No fetch may be under way."""
        await self._wire.aclose()
        if isinstance(self._resolver, SystemResolver):
            self._resolver.close()

    async def fetch(self, request: FetchRequest, permit: Permit | None = None) -> FetchOutcome:
        """GET ``request.url``, following at most five redirects. ``deadline`` bounds the time on the network, not in the queue.

        ``permit`` is asked for the URL of every hop; what it refuses ends as ``FailureKind.ROBOTS``, and nothing is sent.
        ``request.authorization`` goes to the scheme, host and port of ``request.url`` wherever the chain meets them, and
        nowhere else.

        The validators go with every hop of the chain, because they came from its end. They hold for one pair of configured
        and final URL: when the ``final_url`` of a ``NotModified`` is not the one stored with the validators, that 304 compared
        them with another document, and the caller drops them. A ``Retry-After`` met on the way appears in ``retry_after``
        of a failure, and as first header of any other outcome that has none of its own.

        Raises:
            ConfigError: ``request.allow_networks`` holds something that is no CIDR block.
        """
        blocks = (*self._settings.allow_networks, *request.allow_networks)
        headers = self._introduction.headers(request)
        trip = _Trip(request, permit, headers, networks(blocks), self._settings.deadline)
        hop = _Hop(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            result = await self._take(trip, hop)
            if not isinstance(result, _Hop):
                return _delayed(result, hop.wait_until)
            hop = result
        failed = self._failed(trip, FailureKind.REDIRECTS, f"more than {MAX_REDIRECTS} redirects")
        return _delayed(failed, hop.wait_until)

    async def post(self, request: PostRequest) -> Posted | FetchFailed:
        """POST ``request.body``, at most 1 MB, once: whatever the answer's status, it is the answer.

        The same guard, gate and deadline as for a ``fetch``; no redirect is followed, and nothing is sent again.

        Raises:
            ConfigError: ``request.allow_networks`` holds something that is no CIDR block.
        """
        allowed = networks((*self._settings.allow_networks, *request.allow_networks))
        reason = check_url(request.url)
        if reason is not None:
            return FetchFailed(request.url, FailureKind.BLOCKED, reason, self._clock.now())
        if len(request.body) > MAX_POST:
            return FetchFailed(request.url, FailureKind.TOO_BIG, f"more than {MAX_POST} bytes to send", self._clock.now())
        deadline = self._settings.deadline if request.deadline is None else request.deadline
        key = request.url if request.awaited else host_key(request.url, self._settings.sites)
        async with self._gate.turn(key, at_once=request.awaited):
            try:
                headers = self._introduction.post_headers(request)
                async with (
                    asyncio.timeout(deadline),
                    await self._wire.post(parse_url(request.url), headers, allowed, request.body) as answer,
                ):
                    return await self._posted(request, answer)
            except TimeoutError:
                kind, detail = FailureKind.TIMEOUT, f"not done within {deadline:g} s"
            except FetchError as error:
                kind, detail = error.kind, error.detail
        return FetchFailed(request.url, kind, detail, self._clock.now())

    async def _posted(self, request: PostRequest, answer: Answer) -> Posted:
        now, headers = self._clock.now(), answer.headers
        body = decoded_beginning(await answer.beginning(READ), content_encoding(headers), READ)
        sample = as_text(body, content_type(headers)[1])
        return Posted(request.url, answer.status, headers, sample, now, retry_after(headers, now))

    async def _take(self, trip: _Trip, hop: _Hop) -> _Hop | FetchOutcome:
        reason = check_url(hop.url)
        if reason is not None:
            return self._failed(trip, FailureKind.BLOCKED, reason if trip.status is None else f"redirect: {reason}")
        permission = Permission() if trip.permit is None else await trip.permit(hop.url)
        if permission.refused:
            return self._failed(trip, FailureKind.ROBOTS, permission.refused)
        loop, host = asyncio.get_running_loop(), host_key(hop.url, self._settings.sites)
        async with self._gate.turn(host, page=trip.request.accept is Accept.PAGE, gap=permission.gap):
            started = loop.time()
            try:
                async with (
                    asyncio.timeout(trip.left),
                    await self._wire.get(parse_url(hop.url), _headers(trip, hop), trip.networks) as answer,
                ):
                    return await self._read(trip, hop, answer)
            except TimeoutError:
                return self._failed(trip, FailureKind.TIMEOUT, f"not done within {self._settings.deadline:g} s")
            except FetchError as error:
                return replace(self._failed(trip, error.kind, error.detail), sample=as_text(error.body))
            finally:
                trip.left -= loop.time() - started

    async def _read(self, trip: _Trip, hop: _Hop, answer: Answer) -> _Hop | FetchOutcome:
        trip.status = answer.status
        if answer.status in (200, 226):
            return await self._fetched(trip, hop, answer)
        now = self._clock.now()
        raw = await answer.beginning(READ)
        if answer.status == 304:
            if not has_validators(trip.request.validators):
                return self._failed(trip, FailureKind.PROTOCOL, "304 to an unconditional request")
            validators = validators_of(answer.headers, trip.request.validators)
            return NotModified(trip.request.url, hop.url, validators, answer.headers, now, hop.moved_to)
        wait_until = retry_after(answer.headers, now)
        if answer.status in _FOLLOWED:
            return _next(hop, answer, wait_until)
        body = decoded_beginning(raw, content_encoding(answer.headers), READ)
        challenge = wants_human(answer.status, answer.headers, body, throttled=wait_until is not None)
        kind = FailureKind.HTTP if answer.status >= 400 else FailureKind.PROTOCOL
        failed = self._failed(trip, FailureKind.CHALLENGE if challenge else kind, _title(answer.status, challenge=challenge))
        return replace(failed, retry_after=wait_until, sample=as_text(body, content_type(answer.headers)[1]))

    async def _fetched(self, trip: _Trip, hop: _Hop, answer: Answer) -> Fetched:
        settings, headers = self._settings, answer.headers
        announced = first(headers, "content-length") or ""
        if announced.isdigit() and int(announced[:15]) > settings.max_wire_bytes:
            raise FetchError(FailureKind.TOO_BIG, f"more than {settings.max_wire_bytes} bytes on the wire")
        async with aclosing(answer.chunks()) as chunks:
            body = await read_body(
                chunks,
                content_encoding(headers),
                max_wire=settings.max_wire_bytes,
                max_body=settings.max_page_bytes if trip.request.accept is Accept.PAGE else settings.max_body_bytes,
            )
        media_type, charset = content_type(headers)
        return Fetched(
            url=trip.request.url,
            final_url=hop.url,
            status=answer.status,
            headers=headers,
            body=body,
            media_type=media_type,
            charset=charset,
            validators=validators_of(headers),
            fetched_at=self._clock.now(),
            moved_to=hop.moved_to,
        )

    def _failed(self, trip: _Trip, kind: FailureKind, detail: str) -> FetchFailed:
        return FetchFailed(trip.request.url, kind, detail, self._clock.now(), trip.status)


def _headers(trip: _Trip, hop: _Hop) -> RawHeaders:
    """What goes with a hop: the credentials only to the very origin that they were given for (RFC 9110 §15.4)."""
    secret = trip.request.authorization
    if not secret or parse_url(hop.url).origin != parse_url(trip.request.url).origin:
        return trip.headers
    return [*trip.headers, (b"Authorization", secret.encode("latin-1", "replace"))]


def _next(hop: _Hop, answer: Answer, wait_until: datetime | None) -> _Hop:
    target, permanent = _target(hop.url, answer), hop.permanent and answer.status in _PERMANENT
    waits = [instant for instant in (hop.wait_until, wait_until) if instant is not None]
    return _Hop(target, max(waits, default=None), target if permanent else hop.moved_to, permanent)


def _target(base: str, answer: Answer) -> str:
    """Where a redirect leads, absolute and without fragment. Judged before it is joined: ``urljoin`` drops tabs and newlines."""
    location = first(answer.headers, "location")
    if not location:
        raise FetchError(FailureKind.PROTOCOL, f"{answer.status} without a Location")
    with suppress(UnicodeDecodeError):  # then it stays Latin-1
        location = location.encode("latin-1").decode("utf-8")
    if has_forbidden(location):
        raise FetchError(FailureKind.BLOCKED, "redirect: URL holds a control character, a space or a backslash")
    try:
        return urljoin(base, location).partition("#")[0]
    except ValueError as error:
        raise FetchError(FailureKind.BLOCKED, "redirect: URL is not valid") from error


def _title(status: int, *, challenge: bool = False) -> str:
    """The status with its registered name, not the server's words."""
    try:
        title = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        title = str(status)
    return f"{title} (challenge page)" if challenge else title


def _delayed(outcome: FetchOutcome, wait_until: datetime | None) -> FetchOutcome:
    """The outcome with the ``Retry-After`` of a redirect on the way to it, unless its own asks for more."""
    if wait_until is None:
        return outcome
    if isinstance(outcome, FetchFailed):
        return replace(outcome, retry_after=max(wait_until, outcome.retry_after or wait_until))
    if first(outcome.headers, "retry-after") is not None:
        return outcome
    seconds = math.ceil((wait_until - outcome.fetched_at).total_seconds())
    return replace(outcome, headers=(("retry-after", str(max(0, seconds))), *outcome.headers))
