"""Alerts: what waits for a reader, what he was told before, and what is decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from aggregator.model.rule import Lane, Priority

_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class AlertState(StrEnum):
    """Where a match stands on its way to one reader. The last two are final."""

    WAITING = "waiting"
    HELD = "held"
    SENT = "sent"
    SUPPRESSED = "suppressed"


class Why(StrEnum):
    """Why a match is held, or not alerted."""

    NONE = ""
    FIRST_POLL = "first poll"
    BACK_FILL = "back-fill"
    NEW_RULE = "new rule"
    GONE = "gone"
    RESTS = "address rests"
    SNOOZED = "snoozed"
    TOLD = "told"
    QUIET = "quiet hours"
    CAP = "cap"
    STORM = "storm"
    RENUMBERED = "renumbered feed"


@dataclass(frozen=True, slots=True)
class Pending:
    """A match that waits for one reader. ``due_at`` is when it is to be decided on; ``in_digest``: it is owed to him there, too,
    and has been told in ``digest`` (its id) if that is not 0.

    ``story`` and ``text`` are where its article stands now: corrections move articles.
    """

    id: int
    match_id: int
    rule: str
    story: int
    text: int
    source: str
    lane: Lane
    priority: Priority
    state: AlertState
    why: Why
    due_at: datetime
    matched_at: datetime
    in_digest: bool = True
    digest: int = 0


@dataclass(frozen=True, slots=True)
class Earlier:
    """What became of an earlier match of a rule and a story that waits, for the same reader.

    ``notice`` is the mail that told of it: in full (``told``), or as one of a storm. 0: none did.
    """

    rule: str
    story: int
    text: int
    source: str
    match_id: int
    notice: int
    at: datetime
    told: bool = True
    before: bool = False
    """It was there before: the source's first poll, say."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a reader was sent: ``mails`` and, by rule, stories within the last hour (instants), and what is known of stories."""

    mails: tuple[datetime, ...] = ()
    stories: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class Snooze:
    """A story of which nobody is to hear until then; ``rule`` and ``recipient`` (slugs) narrow it, "" is all."""

    id: int
    story: int
    rule: str
    recipient: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Storm:
    """A rule, or a source (``of_rule`` False), that has far more than usual. ``notice``: the reader's mail on it, or 0.

    While it goes on it takes in whatever waits; afterwards, for who could not be told then, what matched since ``since`` and not
    after ``until`` (instants).
    """

    id: int
    slug: str
    of_rule: bool
    notice: int = 0
    since: datetime = _EVER[0]
    until: datetime = _EVER[1]


@dataclass(frozen=True, slots=True)
class RuleLimits:
    """What a rule asks for: ``per_hour`` stories for each reader (0: no limit); ``acknowledged``: its alerts want an answer."""

    per_hour: int = 12
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What decisions go by besides the reader's own wishes."""

    group_interval: timedelta = timedelta(minutes=15)
    growth: int = 3
    rules: Mapping[str, RuleLimits] = field(default_factory=dict)
    snoozes: tuple[Snooze, ...] = ()
    storms: tuple[Storm, ...] = ()
    rests: str = ""
    """Why mail to the reader's address rests; "" if it does not."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of one pending match that no mail tells of in full. Held ones are decided on anew at ``due_at``.

    ``notice``: an earlier mail that stands for it.
    """

    id: int
    state: AlertState
    why: Why
    detail: str
    due_at: datetime | None = None
    notice: int = 0


@dataclass(frozen=True, slots=True)
class AlertMail:
    """One mail to send: it tells ``ids`` in full, and counts ``over`` (a rule's stories above its cap).

    ``shown`` are the matches that it shows: those of ``ids``, and for a story that has grown (``grown``: to so many outlets)
    those that were told before. ``alone`` are the matches that no digest holds, each with its row among ``ids``: one that has no
    room in the mail goes on waiting. ``rule`` is set when the mail is to be acknowledged: then it tells of that rule alone.
    """

    ids: tuple[int, ...]
    shown: tuple[int, ...]
    grown: Mapping[int, int] = field(default_factory=dict)
    over: tuple[Ruling, ...] = ()
    more: tuple[tuple[str, int], ...] = ()
    alone: Mapping[int, int] = field(default_factory=dict)
    priority: Priority = Priority.NORMAL
    rule: str = ""


@dataclass(frozen=True, slots=True)
class SpikeMail:
    """One mail that tells of storms in the place of their stories, which ``rulings`` leave to the digest.

    ``in_digest``: it has all of them; else there is another mail for what it has not.
    """

    storms: tuple[int, ...]
    rulings: tuple[Ruling, ...]
    in_digest: bool = True


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """Everything that is decided for one reader at one instant: each pending match stands in it once at most."""

    rulings: tuple[Ruling, ...] = ()
    mails: tuple[AlertMail, ...] = ()
    spike: SpikeMail | None = None
