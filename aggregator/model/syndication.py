"""A rule's matches as a feed for others' readers: before it is Atom, JSON Feed or RSS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from aggregator.model.delivery import MatchedArticle


class FeedFormat(StrEnum):
    """How a feed is written."""

    ATOM = "atom"
    JSON = "json"
    RSS = "rss"


@dataclass(frozen=True, slots=True)
class TagAuthority:
    """Who mints the ids of our feeds, and since which day (RFC 4151 §2). ``token`` tells installations of one domain apart."""

    domain: str
    day: date
    token: str

    def tag(self, noun: str, number: int) -> str:
        """The id of one thing: ``tag:example.org,2026-11-26:k3v9/match/7``."""
        return f"tag:{self.domain},{self.day.isoformat()}:{self.token}/{noun}/{number}"


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """One match of the rule. ``updated_at`` is when it was found, or when the article was last changed, if that came later."""

    match: MatchedArticle
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RuleFeed:
    """What a feed of a rule holds, newest match first. ``updated_at`` is the latest change of all, or when the rule began.

    ``instance`` is who writes it. ``self_url`` is where the feed is served and ``home_url`` where the instance is; "" if nowhere.
    """

    authority: TagAuthority
    rule_id: int
    rule: str
    name: str
    instance: str
    updated_at: datetime
    items: tuple[FoundArticle, ...]
    self_url: str = ""
    home_url: str = ""


@dataclass(frozen=True, slots=True)
class WrittenFeed:
    """A feed in bytes (UTF-8), with what HTTP says of it: media type, strong entity tag, and the date of the last change."""

    body: bytes
    media_type: str
    etag: str
    last_modified: str
