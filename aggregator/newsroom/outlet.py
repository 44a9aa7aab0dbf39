"""What an outlet is: its profile as written down in ``outlets.toml``, and its addresses once it is served."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from zlib import crc32
from zoneinfo import ZoneInfo


class FeedFormat(StrEnum):
    """The dialect an outlet's feed speaks: RSS 2.0, Atom (RFC 4287), RSS 1.0 or JSON Feed 1.1."""

    RSS = "rss"
    ATOM = "atom"
    RDF = "rdf"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The type announced in HTTP and in a page's ``rel=alternate`` link."""
        return {"rss": "application/rss+xml", "atom": "application/atom+xml", "rdf": "text/xml", "json": "application/feed+json"}[
            self
        ]


class DateStyle(StrEnum):
    """How a feed spells its dates."""

    GMT = "gmt"
    LOCAL = "local"  # with the outlet's own offset
    NAIVE = "naive"  # local time that names no zone


class Validation(StrEnum):
    """Which validators (RFC 9110 §8.8) come with a body. Both ``STRONG`` and ``WEAK`` also send ``Last-Modified``."""

    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Profile:
    """An outlet as written down. ``article_path`` may use ``{year} {month} {day}`` (local), ``{number}`` and ``{slug}``.

    ``template`` names the page template, ``full_text`` puts whole articles into the feed, ``window`` is the number of
    newest entries a feed shows, ``fault`` is what is wrong with the outlet from the beginning.
    """

    slug: str
    name: str
    group: str
    language: str
    country: str
    timezone: str
    format: FeedFormat
    feed_path: str
    article_path: str
    template: str
    dates: DateStyle = DateStyle.LOCAL
    validation: Validation = Validation.STRONG
    full_text: bool = False
    window: int = 40
    fault: str = "none"

    @property
    def direction(self) -> str:
        """``rtl`` for Persian and Arabic, else ``ltr``."""
        return "rtl" if self.language in ("fa", "ar") else "ltr"

    def local(self, at: datetime) -> datetime:
        """An instant on the outlet's own wall clock."""
        return at.astimezone(ZoneInfo(self.timezone))

    def path_of(self, slug: str, at: datetime) -> str:
        """Where on the site a story of that slug and date lives."""
        number = 100_000 + crc32(slug.encode()) % 900_000
        day = self.local(at)
        return self.article_path.format(slug=slug, number=number, year=day.year, month=f"{day.month:02}", day=f"{day.day:02}")


@dataclass(frozen=True, slots=True)
class Outlet:
    """A served outlet, as a source would be configured. ``site_url`` ends in a slash."""

    slug: str
    name: str
    group: str
    language: str
    country: str
    timezone: str
    feed_url: str
    site_url: str
    format: FeedFormat


def written_profiles() -> tuple[Profile, ...]:
    """The written outlets, in the order of ``outlets.toml``."""
    rows = tomllib.loads(files(__package__).joinpath("outlets.toml").read_text("utf-8"))["outlet"]
    return tuple(
        Profile(
            **row
            | {
                "format": FeedFormat(row["format"]),
                "dates": DateStyle(row.get("dates", DateStyle.LOCAL)),
                "validation": Validation(row.get("validation", Validation.STRONG)),
            }
        )
        for row in rows
    )
