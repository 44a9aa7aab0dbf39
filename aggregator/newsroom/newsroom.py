"""The newsroom itself: which outlets there are, what they answer, what they were asked."""

from __future__ import annotations

import gzip
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aggregator.newsroom import press
from aggregator.newsroom.faults import FaultMode, bad_charset, fault_mode, gzip_bomb
from aggregator.newsroom.outlet import Outlet, Profile, Validation, written_profiles
from aggregator.newsroom.server import Manner, Request, Response, Server, bind, routed
from aggregator.newsroom.story import Shelf, Story, written_shelf
from aggregator.newsroom.synthetic import SyntheticShelf, synthetic_profile

_KINDS = ("feed", "article", "all")
_MANNERS = {FaultMode.TRUNCATED: Manner.HALF, FaultMode.HANG: Manner.SILENCE, FaultMode.SLOW: Manner.DRIP}
_RETRY_AFTER = "120"
_LINKS = 4
_MOST_OUTLETS = 20_000  # as many addresses lie between 127.0.20.1 and 127.0.99.250
_GZIP_FROM = 500  # bytes; shorter bodies grow


@dataclass(frozen=True, slots=True)
class OutletStats:
    """What an outlet was asked. ``by_kind`` counts feed, article, home, robots, missing; ``conditional`` those with a validator.

    ``min_gap_s`` is the shortest real time in seconds between the starts of two requests, None before the second.
    ``forbidden`` counts requests for what robots.txt disallows. ``user_agents`` are all that were seen, sorted.
    """

    requests: int
    by_kind: Mapping[str, int]
    by_status: Mapping[int, int]
    conditional: int
    min_gap_s: float | None
    forbidden: int
    user_agents: tuple[str, ...]


@dataclass(slots=True)
class _Counts:
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)
    conditional: int = 0
    forbidden: int = 0
    last: float | None = None
    gap: float | None = None

    def arrive(self, request: Request, kind: str, *, forbidden: bool) -> None:
        tick = time.monotonic()
        if self.last is not None:
            self.gap = tick - self.last if self.gap is None else min(self.gap, tick - self.last)
        self.last = tick
        self.kinds[kind] += 1
        self.agents.add(request.headers.get("user-agent", ""))
        self.conditional += "if-none-match" in request.headers or "if-modified-since" in request.headers
        self.forbidden += forbidden


@dataclass(slots=True)
class _Desk:
    """An outlet at work: what it is, what it has, what is wrong with it."""

    profile: Profile
    shelf: Shelf
    outlet: Outlet
    faults: dict[str, FaultMode]
    counts: _Counts = field(default_factory=_Counts)
    additions: int = 0
    feed: tuple[tuple[int, int], bytes] | None = None  # (published, additions) and the body made from them

    def fault(self, kind: str) -> FaultMode:
        return self.faults.get(kind, self.faults.get("all", FaultMode.NONE))

    @property
    def works(self) -> bool:
        """Whether its feed can be read at present."""
        return self.fault("feed") in (FaultMode.NONE, FaultMode.MOVED)

    def newest(self, now: datetime, most: int) -> list[Story]:
        end = self.shelf.published(now)
        return [self.shelf.story(index) for index in range(end - 1, max(-1, end - most - 1), -1)]

    def feed_body(self, now: datetime) -> bytes:
        version = (self.shelf.published(now), self.additions)
        if self.feed is None or self.feed[0] != version:
            self.feed = (version, press.feed(self.profile, self.outlet, self.newest(now, self.profile.window)))
        return self.feed[1]


class Newsroom:
    """Outlets on loopback. Use it as a context manager: it serves inside the ``with`` block and leaves nothing behind.

    ``start`` (aware) is the instant that the written stories are dated from: most lie in the three days before it, the
    breaking ones in the five minutes after it, a few later within the day. ``clock`` tells the present instant (aware);
    it is called from the server's thread. ``port=0`` takes a free one. With ``separate_hosts`` every outlet has its own
    address 127.0.20.N, where the machine routes these; else, and where it does not, all share 127.0.0.1 under
    ``/slug/``. ``shelves`` puts other outlets in the place of the written ones (see ``synthetic``).
    """

    def __init__(
        self,
        *,
        start: datetime,
        clock: Callable[[], datetime],
        port: int = 0,
        separate_hosts: bool = True,
        shelves: Sequence[tuple[Profile, Shelf]] | None = None,
    ) -> None:
        self._shelves = shelves or [(profile, written_shelf(profile, start)) for profile in written_profiles()]
        self._clock, self._port, self._separate = clock, port, separate_hosts
        self._lock = threading.Lock()
        self._desks: dict[str, _Desk] = {}
        self._by_host: dict[str, _Desk] = {}
        self._server: Server | None = None

    @classmethod
    def synthetic(
        cls,
        outlets: int,
        entries: int,
        *,
        start: datetime,
        spacing: timedelta,
        seed: int,
        clock: Callable[[], datetime],
        port: int = 0,
        separate_hosts: bool = True,
    ) -> Newsroom:
        """Outlets for load tests: ``entries`` stories each, one every ``spacing`` from ``start`` on (outlets staggered).

        Formats and languages alternate; a feed shows the newest 30 to 40 entries. Texts are word-salad, the same for the
        same ``seed``; every story names itself with a unique word, and each of ``MARKER_WORDS`` stands in some and
        nowhere else. Raises ValueError if there are no outlets, or more than 20,000.
        """
        if not 1 <= outlets <= _MOST_OUTLETS:
            raise ValueError(f"{outlets} outlets are not between 1 and {_MOST_OUTLETS}")
        shelves = [
            (synthetic_profile(number), SyntheticShelf(number, entries, start + spacing * number / outlets, spacing, seed))
            for number in range(outlets)
        ]
        return cls(start=start, clock=clock, port=port, separate_hosts=separate_hosts, shelves=shelves)

    def __enter__(self) -> Self:
        self._separate = self._separate and routed("127.0.20.1")
        hosts = [_address(number) for number in range(len(self._shelves))] if self._separate else ["127.0.0.1"]
        listeners, self._port = bind(hosts, self._port)
        for number, (profile, shelf) in enumerate(self._shelves):
            base = f"http://{hosts[number]}:{self._port}" if self._separate else f"http://127.0.0.1:{self._port}/{profile.slug}"
            desk = _Desk(profile, shelf, _outlet(profile, base), {"all": FaultMode(profile.fault)})
            self._desks[profile.slug] = desk
            if self._separate:
                self._by_host[hosts[number]] = desk
        self._server = Server(self._answer)
        self._server.start(listeners)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server
        self._server.close()

    @property
    def separate_hosts(self) -> bool:
        """Whether every outlet has an address of its own."""
        return self._separate

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """All outlets with their addresses, the failing ones included. Raises RuntimeError before the server runs."""
        if not self._desks:
            raise RuntimeError("addresses are known inside the with block only")
        return tuple(desk.outlet for desk in self._desks.values())

    def truth(self, until: datetime, topic: str | None = None) -> dict[str, tuple[str, ...]]:
        """What a perfect reader has found by ``until``: slug to article addresses, oldest first.

        Outlets whose feed fails at present are left out. With a ``topic`` only its stories count (written ones: the
        slug of the sample rule that is meant to find them).
        """
        with self._lock:
            working = [desk for desk in self._desks.values() if desk.works]
            if topic is None:
                return {
                    desk.profile.slug: tuple(_base(desk) + desk.shelf.path(n) for n in range(desk.shelf.published(until)))
                    for desk in working
                }
            return {
                desk.profile.slug: tuple(url for url, story in _published(desk, until) if topic in story.topics)
                for desk in working
            }

    def stories(self, until: datetime) -> dict[str, Story]:
        """The stories behind ``truth``, by their address."""
        with self._lock:
            return {url: story for desk in self._desks.values() if desk.works for url, story in _published(desk, until)}

    def fault(self, outlet: str, mode: str, on: str = "feed") -> None:
        """Let an outlet misbehave from now on: see ``FaultMode`` for the modes; ``none`` mends it.

        ``on`` is ``feed``, ``article`` or ``all`` (these two, the front page and robots.txt; replaces what was set before).
        Raises KeyError for an unknown outlet, ValueError for an unknown mode or place.
        """
        found = fault_mode(mode)
        if on not in _KINDS:
            raise ValueError(f"nothing is called {on!r}; there are: {', '.join(_KINDS)}")
        with self._lock:
            desk = self._desks[outlet]
            desk.faults = {"all": found} if on == "all" else {**desk.faults, on: found}

    def publish(
        self,
        outlet: str,
        title: str,
        paragraphs: Sequence[str],
        at: datetime,
        *,
        authors: Sequence[str] = (),
        tags: Sequence[str] = (),
        topics: Sequence[str] = (),
        slug: str = "",
    ) -> str:
        """Add a story that appears at ``at``, and return its address.

        ``slug`` is made from the title unless given. Raises KeyError for an unknown outlet, ValueError if the address
        is taken or the outlet is a synthetic one.
        """
        with self._lock:
            desk = self._desks[outlet]
            path = desk.profile.path_of(slug or _slug(title), at)
            desk.shelf.add(Story(at, path, title, tuple(paragraphs), tuple(authors), tuple(tags), tuple(topics)))
            desk.additions += 1
            return _base(desk) + path

    def stats(self) -> dict[str, OutletStats]:
        """What every outlet was asked so far, by slug."""
        with self._lock:
            return {slug: _stats(desk.counts) for slug, desk in self._desks.items()}

    def _answer(self, request: Request) -> Response:
        """Route a request; called in the server's thread."""
        now = self._clock()
        dated = {"Date": format_datetime(now, usegmt=True)}
        path = urlsplit(request.path).path
        with self._lock:
            if self._separate:
                return _serve(self._by_host[request.host], request, path, now, dated)
            slug, _, rest = path.removeprefix("/").partition("/")
            if slug in self._desks:
                return _serve(self._desks[slug], request, f"/{rest}", now, dated)
            if path == "/robots.txt":
                return Response(
                    200, dated | {"Content-Type": "text/plain"}, _robots([f"/{name}/private/" for name in self._desks])
                )
            return Response(404, dated)


def _address(number: int) -> str:
    return f"127.0.{20 + number // 250}.{1 + number % 250}"


def _outlet(profile: Profile, base: str) -> Outlet:
    return Outlet(
        slug=profile.slug,
        name=profile.name,
        group=profile.group,
        language=profile.language,
        country=profile.country,
        timezone=profile.timezone,
        feed_url=base + profile.feed_path,
        site_url=f"{base}/",
        format=profile.format,
    )


def _base(desk: _Desk) -> str:
    return desk.outlet.site_url.removesuffix("/")


def _published(desk: _Desk, until: datetime) -> list[tuple[str, Story]]:
    stories = (desk.shelf.story(index) for index in range(desk.shelf.published(until)))
    return [(_base(desk) + story.path, story) for story in stories]


def _slug(title: str) -> str:
    """ASCII words joined by hyphens; a title in another script gives a digest of itself."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return "-".join(words) or sha256(title.encode()).hexdigest()[:12]


def _stats(counts: _Counts) -> OutletStats:
    return OutletStats(
        requests=counts.kinds.total(),
        by_kind=dict(counts.kinds),
        by_status=dict(counts.statuses),
        conditional=counts.conditional,
        min_gap_s=counts.gap,
        forbidden=counts.forbidden,
        user_agents=tuple(sorted(counts.agents)),
    )


def _robots(closed: Sequence[str]) -> bytes:
    return "\n".join(["User-agent: *", *(f"Disallow: {path}" for path in closed), ""]).encode()


def _serve(desk: _Desk, request: Request, path: str, now: datetime, dated: Mapping[str, str]) -> Response:
    """An outlet's answer, or what its present fault makes of it. Nothing is wrong under ``/moved``."""
    asked = path.removeprefix("/moved") if path.startswith("/moved/") else path
    kind, media, body = _find(desk, asked, now)
    desk.counts.arrive(request, kind, forbidden=asked.startswith("/private/"))
    fault = desk.fault(kind) if asked == path else FaultMode.NONE
    headers = {**dated, "Content-Type": f"{media}; charset=utf-8"}
    if fault.status:
        response = _status_fault(desk, fault, path, headers)
    elif kind == "missing":
        response = Response(404, headers)
    elif fault is FaultMode.BOMB:
        response = Response(200, headers | {"Content-Encoding": "gzip"}, gzip_bomb())
    elif fault is FaultMode.HTML:
        response = Response(200, headers | {"Content-Type": "text/html; charset=utf-8"}, _home(desk, now))
    elif fault is FaultMode.BAD_CHARSET:
        response = Response(200, headers, bad_charset(body))
    else:
        response = _fresh(desk, request, kind, headers, body, _MANNERS.get(fault, Manner.WHOLE), now)
    desk.counts.statuses[response.status] += 1
    return response


def _find(desk: _Desk, path: str, now: datetime) -> tuple[str, str, bytes]:
    """What lies at a path: its kind, its media type and its body."""
    if path == desk.profile.feed_path:
        return "feed", desk.profile.format.media_type, desk.feed_body(now)
    if path == "/":
        return "home", "text/html", _home(desk, now)
    if path == "/robots.txt":
        return "robots", "text/plain", _robots(["/private/"])
    story = desk.shelf.find(path, now)
    if story is None:
        return "missing", "text/html", b""
    others = [other for other in desk.newest(now, _LINKS + 1) if other.path != path][:_LINKS]
    return "article", "text/html", press.page(desk.profile, desk.outlet, story, others, now)


def _home(desk: _Desk, now: datetime) -> bytes:
    return press.home(desk.profile, desk.outlet, desk.newest(now, desk.profile.window), now)


def _status_fault(desk: _Desk, fault: FaultMode, path: str, headers: dict[str, str]) -> Response:
    assert fault.status
    match fault:
        case FaultMode.MOVED:
            headers["Location"] = f"{_base(desk)}/moved{path}"
        case FaultMode.LOOP:
            headers["Location"] = f"{_base(desk)}{path}?hop={desk.counts.kinds.total()}"
        case FaultMode.TOO_MANY:
            headers["Retry-After"] = _RETRY_AFTER
        case _:
            pass
    return Response(fault.status, headers)


def _fresh(
    desk: _Desk, request: Request, kind: str, headers: dict[str, str], body: bytes, manner: Manner, now: datetime
) -> Response:
    """The body with its validators, compressed if that was offered; or 304 if the client has it already."""
    zipped = "gzip" in request.headers.get("accept-encoding", "") and len(body) >= _GZIP_FROM
    headers["Vary"] = "Accept-Encoding"
    if kind == "feed" and desk.profile.validation is not Validation.NONE:
        headers |= _validators(desk, body, now, zipped=zipped)
        if manner is Manner.WHOLE and _has_it(request, headers):
            return Response(304, headers)
    if zipped:
        headers["Content-Encoding"], body = "gzip", gzip.compress(body, 6, mtime=0)
    return Response(200, headers, body, manner)


def _validators(desk: _Desk, body: bytes, now: datetime, *, zipped: bool) -> dict[str, str]:
    """A strong ETag names one representation, so the compressed one has its own (RFC 9110 §8.8.3.3)."""
    digest = sha256(body).hexdigest()[:16]
    weak = desk.profile.validation is Validation.WEAK
    validators = {"ETag": f'W/"{digest}"' if weak else f'"{digest}-gzip"' if zipped else f'"{digest}"'}
    if newest := desk.newest(now, 1):
        validators["Last-Modified"] = format_datetime(newest[0].at, usegmt=True)
    return validators


def _has_it(request: Request, headers: Mapping[str, str]) -> bool:
    """Evaluate the preconditions; If-None-Match goes before If-Modified-Since (RFC 9110 §13.2.2)."""
    tags, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if tags is not None:
        mine = headers["ETag"].removeprefix("W/")
        return any(tag.strip().removeprefix("W/") in ("*", mine) for tag in tags.split(","))
    if since is None or "Last-Modified" not in headers:
        return False
    try:
        return parsedate_to_datetime(headers["Last-Modified"]) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # not a date, or one that names no zone
        return False
