"""A source: one feed of one outlet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from aggregator.model.feed import FeedHints
from aggregator.model.page import Validators


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as the operator configured it.

    ``slug`` is its stable name (lower-case ASCII letters, digits and hyphens). ``group`` is the operator's own word for
    its stance or kind (``wire``, ``state``, ``opposition``…). ``timezone`` (IANA) is used for dates that name no zone.
    ``interval`` is how often the operator wants it polled; None leaves that to the source's own rhythm. ``fetch_pages=False``
    makes the feed's own text the article. ``allow_networks`` are CIDR blocks that the guard lets through for this source only.
    ``authorization_env`` names the environment variable with the ``Authorization`` header's value.
    """

    slug: str
    url: str
    name: str = ""
    site_url: str | None = None
    group: str = ""
    country: str = ""
    language: str | None = None
    timezone: str = "UTC"
    interval: timedelta | None = None
    enabled: bool = True
    fetch_pages: bool = True
    tags: tuple[str, ...] = ()
    allow_networks: tuple[str, ...] = ()
    authorization_env: str = ""

    @property
    def title(self) -> str:
        """What people call it: the name, else the slug."""
        return self.name or self.slug


class Trouble(StrEnum):
    """What is the matter with a source. Low cardinality: a column and a metric label. ``manners.trouble`` has the words."""

    NONE = ""
    UNREACHABLE = "unreachable"  # no answer: name, connection, TLS, time, or broken off
    SERVER_ERROR = "server_error"  # a status of 500 and above
    THROTTLED = "throttled"  # 429 or 503: come later
    MISSING = "missing"  # 404 and other statuses of 400 and above
    LEAVING = "leaving"  # 410, not yet on three days
    GONE = "gone"  # 410 on three days
    REFUSED = "refused"  # 401, 403, 451
    CHALLENGED = "challenged"  # a page that wants to see a human
    WEB_PAGE = "web_page"  # HTML where a feed was expected
    UNREADABLE = "unreadable"  # an answer that we cannot use: too big, torn, no feed, kills the parser, redirects without end
    GUARDED = "guarded"  # our own guard refuses the address


class Trust(StrEnum):
    """What a server's conditional answers are worth."""

    UNKNOWN = "unknown"
    HONEST = "honest"  # it has answered 304, and nothing speaks against it
    IGNORED = "ignored"  # it sends the same body again although we have it
    LYING = "lying"  # it said 304 while there were new entries


@dataclass(frozen=True, slots=True)
class History:
    """What we know of a source's ways; kept with it, and all that the next poll is decided from.

    ``rate`` is new entries an hour, a moving mean (None: nothing known yet), ``burst`` the rate of its busiest hour lately,
    ``window`` the number of entries in its last whole document. ``cache`` is how long its last answer asked to be kept.
    """

    polled_at: datetime | None = None
    """The last poll that it answered."""
    wait: timedelta | None = None
    """From that poll to the next, as planned then."""
    rate: float | None = None
    burst: float = 0.0
    usual_rate: float | None = None
    """The mean rate over a week or so, as learned from news only; ``rate`` itself falls in silence."""
    window: int = 0
    newest_at: datetime | None = None
    """The latest publication date seen that is not in the future."""
    news_at: datetime | None = None
    """The last poll that brought a new entry."""
    body_at: datetime | None = None
    """The last answer with a body, as against 304."""
    probed_at: datetime | None = None
    """The last time that a 304 was put to the test."""
    trust: Trust = Trust.UNKNOWN

    cache: timedelta | None = None
    hints: FeedHints = field(default_factory=FeedHints)
    site_url: str | None = None
    """The home page that the feed names."""

    trouble: Trouble = Trouble.NONE
    strikes: float = 0.0
    """Weighted failures in a row."""
    repeats: int = 0
    """Failures of the present kind in a row."""
    gone_days: tuple[date, ...] = ()
    """The days (UTC) on which it answered 410, up to three."""
    sample: str = ""
    """What came in the place of a feed."""
    searched_at: datetime | None = None
    """When its site was last asked for another address of the feed."""

    moving_to: str | None = None
    moving_since: datetime | None = None
    moving_polls: int = 0
    moving_shares: bool | None = None
    """Whether the first document from the new address held entries of the old; None until there was one."""
    stays_from: tuple[str, ...] = ()
    """Targets that the operator has refused."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Entries that scrolled out of a feed between two polls, published between ``after`` and ``before``; about ``estimate``."""

    after: datetime
    before: datetime
    estimate: int


@dataclass(frozen=True, slots=True)
class Move:
    """A feed's new address, believed from now on."""

    from_url: str
    to_url: str
    reason: str


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source whose poll is due and which this process has leased.

    ``url`` is where its feed is: the configured address, or the one it has moved to. ``validators`` belong to (``url``,
    ``final_url``). ``allowed_at`` is the earliest instant at which the publisher wants us; ``failing_since``, ``failure_kind``
    and ``failure_detail`` tell of the failures that ``failures`` counts. ``pushed``: a hub tells us of news.
    """

    id: int
    spec: SourceSpec
    lease_token: str
    url: str = ""
    history: History = field(default_factory=History)
    allowed_at: datetime | None = None
    pushed: bool = False
    validators: Validators = field(default_factory=Validators)
    final_url: str | None = None
    body_sha256: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failure_kind: str = ""
    failure_detail: str = ""
    host: str = ""
    throttled: bool = False
    """Its host has asked us to slow down, and has not answered well since."""
    forced: bool = False
    """The operator wants the whole body: no validators are sent."""
    baseline: bool = False
    """True until the first successful poll: what it finds was there before and alerts nobody."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source is doing. ``failing_since`` is None for a healthy one, ``merged_into`` the source that it turned out to be."""

    slug: str
    title: str
    group: str
    url: str
    enabled: bool
    next_poll_at: datetime | None
    last_success_at: datetime | None
    failing_since: datetime | None
    failures: int
    kind: str
    detail: str
    entries: int = 0
    articles: int = 0
    trouble: Trouble = Trouble.NONE
    proposed_url: str | None = None
    merged_into: str = ""
