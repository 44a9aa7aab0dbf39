"""Rules, entities, and what a rule found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Lane(StrEnum):
    """How fast a rule's matches travel. Every match also stands in the digest."""

    NOW = "now"
    HOURLY = "hourly"
    DIGEST = "digest"


class Priority(StrEnum):
    """How much an alert weighs. ``HIGH`` passes quiet hours and the reader's cap; ``LOW`` waits for the next mail, or hour."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Entity:
    """A named set of aliases in any script; ``@slug`` in a query. An alias that begins with ``@`` names another entity."""

    slug: str
    name: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """An article, made up or met, that a rule must find or must not find. What is not written is not known.

    ``words`` is the article's length if ``text`` is only a part of it (0: the length of ``text``).
    """

    text: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()
    source: str = ""
    url: str = ""
    language: str = ""
    country: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()
    date: datetime | None = None
    words: int = 0


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule as the analyst wrote it. ``watch_edits``: it also tells of changes to articles that it has found.

    ``alerts_per_hour`` is how many stories of it one reader is alerted to in an hour (0: no limit). Without an acknowledgement a
    high-priority alert goes to the readers ``escalate`` (slugs), one after the other, ``escalate_after`` apart.

    ``min_words``, ``exclude_sources`` and ``exclude_groups`` keep articles from matching at all; with ``first_of_story`` a match
    after a story's first is kept and told to nobody. A rule that fails one of its examples does not come into force.
    """

    slug: str
    name: str
    query: str
    lane: Lane = Lane.DIGEST
    enabled: bool = True
    note: str = ""
    watch_edits: bool = False
    min_words: int = 0
    exclude_sources: tuple[str, ...] = ()
    exclude_groups: tuple[str, ...] = ()
    first_of_story: bool = False
    should_match: tuple[Example, ...] = ()
    should_not_match: tuple[Example, ...] = ()
    priority: Priority = Priority.NORMAL
    alerts_per_hour: int = 12
    escalate: tuple[str, ...] = ()
    escalate_after: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Document:
    """What a rule looks at. ``domain`` is the host of ``url`` without ``www.``; ``published_at`` falls back to first seen."""

    title: str
    body: str
    authors: tuple[str, ...] = ()
    source: str = ""
    domain: str = ""
    url: str = ""
    language: str = ""
    country: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()
    published_at: datetime | None = None
    words: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Where a leaf hit: ``field`` is ``title``, ``body`` or ``author``; offsets are into the original text of that field.

    ``leaf`` is the query's own words for it; ``alias`` the entity alias that hit (empty for a plain term).
    """

    field: str
    start: int
    end: int
    leaf: str
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One rule, one article: where it hit, ordered by field (title first) and offset, and which aliases the outlet used."""

    rule: str
    spans: tuple[Span, ...]
    aliases: tuple[str, ...]
