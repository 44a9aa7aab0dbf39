"""A source's dossier: all that is known of it, for the operator. And our own record with it, for the publisher."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.model.source import Gap, History, Move, Trouble
from aggregator.model.websub import Standing


@dataclass(frozen=True, slots=True)
class PastMove:
    """A move that was believed. ``merged_into`` is the slug of the source that was at the new address already, or ""."""

    at: datetime
    move: Move
    merged_into: str = ""
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PastGap:
    """A gap, and the poll that found it."""

    found_at: datetime
    gap: Gap


@dataclass(frozen=True, slots=True)
class PastPoll:
    """One line of a source's history. ``outcome``: fetched, unchanged, not_modified, failed; ``size`` in bytes.

    ``entries`` stood in the document, ``new`` of them had not been seen before. ``conditional``: validators were sent;
    ``early``: before the publisher allowed it.
    """

    at: datetime
    outcome: str
    status: int | None = None
    kind: str = ""
    detail: str = ""
    size: int = 0
    entries: int = 0
    new: int = 0
    conditional: bool = False
    early: bool = False


@dataclass(frozen=True, slots=True)
class Conduct:
    """How we behaved towards a source from ``since`` until ``until``: counts of polls, each of them one request for the feed.

    ``since`` is the beginning of the time looked at, or the first poll if that is later; None without a poll. ``too_many`` are
    answers with status 429, ``unavailable`` with 503; ``early`` polls came before the publisher allowed one.
    """

    since: datetime | None
    until: datetime
    polls: int = 0
    not_modified: int = 0
    unconditional: int = 0
    failed: int = 0
    too_many: int = 0
    unavailable: int = 0
    early: int = 0

    @property
    def per_hour(self) -> float:
        """Polls an hour; of a time shorter than an hour, all of them."""
        if self.since is None:
            return 0.0
        return self.polls / max((self.until - self.since) / timedelta(hours=1), 1.0)


@dataclass(frozen=True, slots=True)
class Score:
    """A source's line in the account of our manners: over all polls that are still on record, and over the last days.

    ``asked`` is the wait between two polls that the publisher asks for, None if it asks for none.
    """

    slug: str
    title: str
    trouble: Trouble
    asked: timedelta | None
    whole: Conduct
    week: Conduct


@dataclass(frozen=True, slots=True)
class Flood:
    """A poll in which a feed gave ``known`` articles as new among ``entries`` new entries: it has renumbered them.

    ``pending`` of the entries are not looked at yet.
    """

    at: datetime
    entries: int
    known: int
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Delay:
    """How long it took from the publication of an article to our storing it: the median over so many ``articles``."""

    median: timedelta
    articles: int


@dataclass(frozen=True, slots=True)
class RobotsNote:
    """What an origin's robots.txt was when it was last asked for. ``state``: rules, none, closed."""

    origin: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HubNote:
    """How we stand with a hub. ``trusted``: it has brought news before a poll did, so that polls rest."""

    hub: str
    standing: Standing
    lease_until: datetime | None
    trusted: bool
    pushes: int
    last_push_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one source. ``url`` is as configured, ``url_in_force`` where it is polled.

    ``merged_into`` is the source that it turned out to be, ``proposed_url`` another address of the feed that its site names.
    ``missed`` is the sum of all gaps' estimates, ``gap_count`` how many there were; ``gaps``, ``moves`` and ``polls`` are the
    last ones, newest first. ``floods`` are the polls of the last thirty days that gave known articles as new. ``hub`` is the
    WebSub hub that the feed names, if hubs can reach us.
    """

    slug: str
    title: str
    group: str
    url: str
    url_in_force: str
    site_url: str | None
    enabled: bool
    removed_at: datetime | None
    interval: timedelta | None
    merged_into: str
    proposed_url: str | None
    moves: tuple[PastMove, ...]

    created_at: datetime
    baseline_at: datetime | None
    entries: int
    articles: int

    trouble: Trouble
    failing_since: datetime | None
    failures: int
    failure_kind: str
    failure_detail: str
    last_fetch_at: datetime | None
    last_success_at: datetime | None
    next_poll_at: datetime | None
    poll_reason: str
    allowed_at: datetime | None
    under_way: bool
    history: History

    host: str
    throttled_until: datetime | None
    throttles: int
    robots: tuple[RobotsNote, ...]

    gaps: tuple[PastGap, ...]
    gap_count: int
    missed: int
    floods: tuple[Flood, ...]
    polls: tuple[PastPoll, ...]
    delay: Delay | None
    score: Score
    hub: HubNote | None
