"""An outlet of the small internet: what it publishes when, how its feed answers, and what it notes of who asks."""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CEILING = timedelta(hours=24)
"""What a publisher may ask of us at most, Retry-After apart."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sends. ``broken``: nothing, but a failure of this name (``timeout``, ``dns``)."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as the server saw it."""

    at: datetime
    path: str
    conditional: bool
    status: int
    early: bool


Behaviour = Callable[["Outlet", datetime, dict[str, str]], Answer | None]
"""What stands before the feed: an answer in its place, or None to let it speak."""


@dataclass
class Outlet:
    """One feed. ``published`` are the instants of its entries, ascending; ``window`` is how many the feed shows."""

    name: str
    host: str
    published: list[datetime]
    window: int
    kind: str
    bound: timedelta
    """An entry that stands in the feed for longer than this must not be lost."""
    json: bool = False
    validators: bool = True
    honours: bool = True
    """Whether it answers 304 when nothing has changed."""
    asks: tuple[tuple[str, str], ...] = ()
    """Headers of every good answer."""
    channel: str = ""
    """What stands in the channel besides its title (RSS only)."""
    asked: timedelta = timedelta()
    """For how long after a good answer it does not want to see us, by headers and channel together."""
    before: Behaviour | None = None
    scheme: str = "http"
    renumbered_at: datetime | None = None
    visits: list[Visit] = field(default_factory=list)
    not_before: datetime | None = None
    _bodies: dict[tuple[int, int, int], bytes] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/{self.name}.xml"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}"

    def key(self, number: int, generation: int = 0) -> str:
        return f"tag:{self.host},2026:{self.name}/{number}" + (f"/{generation}" if generation else "")

    def visible(self, now: datetime) -> range:
        """The numbers of the entries that the feed shows."""
        end = bisect_right(self.published, now)
        return range(max(0, end - self.window), end)

    def scrolled_out_at(self, number: int) -> datetime:
        """When an entry left the feed."""
        later = number + self.window
        return self.published[later] if later < len(self.published) else datetime.max.replace(tzinfo=UTC)

    def answer(self, path: str, now: datetime, headers: dict[str, str]) -> Answer:
        """Answer, and note the visit. Early is who comes before the instant that the last answer asked for."""
        early = self.not_before is not None and now < self.not_before
        said = (self.before(self, now, headers) if self.before else None) or self._feed(now, headers)
        conditional = "if-none-match" in headers or "if-modified-since" in headers
        self.visits.append(Visit(now, path, conditional, said.status if not said.broken else 0, early))
        if said.status in (200, 226, 304) and not said.broken:
            self.not_before = now + min(self.asked, CEILING)
        return said

    def redirect(self, path: str, now: datetime, status: int, target: str) -> Answer:
        """Point elsewhere, and note the visit."""
        early = self.not_before is not None and now < self.not_before
        self.visits.append(Visit(now, path, conditional=False, status=status, early=early))
        return Answer(status, (("location", target),))

    def _feed(self, now: datetime, headers: dict[str, str]) -> Answer:
        shown = self.visible(now)
        etag = f'"{self.name}-{shown.stop}-{self._generation(now)}"'
        made = (*self.asks, ("date", format_datetime(now, usegmt=True)))
        if self.validators:
            made = (*made, ("etag", etag))
            if self.honours and headers.get("if-none-match") == etag:
                return Answer(304, made)
        return Answer(200, (*made, ("content-type", "application/rss+xml")), self.document(now))

    def _generation(self, now: datetime) -> int:
        return 1 if self.renumbered_at is not None and now >= self.renumbered_at else 0

    def document(self, now: datetime, since: int = 0) -> bytes:
        """The feed, or its entries from number ``since`` on."""
        shown, generation = self.visible(now), self._generation(now)
        span = (max(shown.start, since), shown.stop, generation)
        if span not in self._bodies:
            self._bodies.clear()
            self._bodies[span] = self._made(range(*span[:2]), generation)
        return self._bodies[span]

    def _made(self, numbers: range, generation: int) -> bytes:
        if self.json:
            items = [
                {
                    "id": self.key(number, generation),
                    "url": f"http://{self.host}/{number}",
                    "title": f"Story {number} of {self.name}",
                    "content_text": f"What happened at {number}.",
                    "date_published": self.published[number].isoformat(),
                }
                for number in reversed(numbers)
            ]
            return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": self.name, "items": items}).encode()
        items_ = "".join(
            f"<item><title>Story {number} of {escape(self.name)}</title><link>http://{self.host}/{number}</link>"
            f'<guid isPermaLink="false">{self.key(number, generation)}</guid>'
            f"<pubDate>{format_datetime(self.published[number])}</pubDate>"
            f"<description>What happened at {number}.</description></item>"
            for number in reversed(numbers)
        )
        head = '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>'
        return f"{head}<title>{escape(self.name)}</title>{self.channel}{items_}</channel></rss>".encode()


def rhythm(chance: random.Random, start: datetime, end: datetime, per_day: float, *, bursts: float = 0.0) -> list[datetime]:
    """Instants of publication from ten days before ``start``: by chance, fewer at night, and three busy hours a day if asked."""
    at, found = start - 10 * DAY, []
    while at < end:
        rate = per_day / 24 * (0.4 if at.hour < 6 else 1.2)
        if bursts and 9 <= at.hour < 12:
            rate = bursts
        at += HOUR * chance.expovariate(max(rate, 0.005))
        found.append(at.replace(microsecond=0))
    return sorted(set(found))
