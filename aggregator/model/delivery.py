"""Who gets what, when: recipients, alerts, digests, and the messages that leave the house."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from aggregator.model.anomaly import Anomaly
from aggregator.model.article import Article
from aggregator.model.page import FailureKind
from aggregator.model.rule import Span


class Every(StrEnum):
    """How often a subscription's mail comes. HOURLY: at each full hour of the reader's clock; WEEKLY: on one day of the week."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


class SubscriptionKind(StrEnum):
    """DIGEST: all rules in one mail. CLIPPING: one mail for each rule that found something."""

    DIGEST = "digest"
    CLIPPING = "clipping"


class MailFormat(StrEnum):
    """What a mail holds: text and HTML, or text alone."""

    BOTH = "both"
    TEXT = "text"


class WhenEmpty(StrEnum):
    """What comes when there is nothing to tell: nothing, a mail all the same, or one after a week of silence."""

    SKIP = "skip"
    ALWAYS = "always"
    WEEKLY = "weekly"


EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a reader gets, and when. What it follows is owed to it from the transaction that stores a match on.

    ``recipient`` is the reader's slug; ``rules`` are slugs or shell patterns (``iran-*``), ``groups`` the groups of sources that
    count (none: all). ``times`` are local wall times in ``timezone`` (IANA), ascending, on ``weekdays`` (ISO
    numbers, 1 = Monday). What was found in the time ``cutoff`` before a send time belongs to the next mail. ``language`` is that
    of the mail's own words; ``cap`` the stories shown per rule at most (0: as many as the mail has room for).
    """

    slug: str
    recipient: str
    kind: SubscriptionKind = SubscriptionKind.DIGEST
    rules: tuple[str, ...] = ("*",)
    groups: tuple[str, ...] = ()
    every: Every = Every.DAILY
    times: tuple[time, ...] = (time(7, 0),)
    weekdays: tuple[int, ...] = EVERY_DAY
    timezone: str = "UTC"
    language: str = "en"
    cutoff: timedelta = timedelta()
    format: MailFormat = MailFormat.BOTH
    empty: WhenEmpty = WhenEmpty.SKIP
    cap: int = 0
    enabled: bool = True

    def follows(self, rule: str) -> bool:
        """Whether one of ``rules`` selects the rule of that slug (shell patterns, case-sensitive)."""
        return any(fnmatchcase(rule, pattern) for pattern in self.rules)

    def wants(self, rule: str, group: str) -> bool:
        """Whether a match of that rule, of an article by a source of that group, is owed to it."""
        return (not self.groups or group in self.groups) and self.follows(rule)

    def addressed(self, recipient: Recipient) -> Recipient:
        """The reader as this subscription speaks to him: in its language and zone, of its rules."""
        return replace(recipient, rules=self.rules, timezone=self.timezone, language=self.language)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A reader. ``timezone`` (IANA) is his clock; ``rules`` are slugs or shell patterns (``iran-*``).

    From the first of ``quiet`` to the second, local wall times, no alert comes but of high priority; ``alerts_per_hour`` is how
    many mails of alerts an hour brings at most (0: no limit).
    ``alerts=False`` means no mails at once. ``digest_at``, ``weekdays`` and ``send_empty`` make the subscription that bears his
    slug, unless ``digest`` is False: see :meth:`own_subscription`.
    """

    slug: str
    address: str
    name: str = ""
    timezone: str = "UTC"
    digest_at: time = time(7, 0)
    weekdays: tuple[int, ...] = EVERY_DAY
    language: str = "en"
    rules: tuple[str, ...] = ("*",)
    alerts: bool = True
    digest: bool = True
    send_empty: bool = False
    enabled: bool = True
    quiet: tuple[time, time] | None = None
    alerts_per_hour: int = 20

    def follows(self, rule: str) -> bool:
        """Whether one of ``rules`` selects the rule of that slug (shell patterns, case-sensitive)."""
        return any(fnmatchcase(rule, pattern) for pattern in self.rules)

    def own_subscription(self) -> Subscription | None:
        """The digest that comes with the reader himself; None when he wants none."""
        if not self.digest:
            return None
        return Subscription(
            slug=self.slug,
            recipient=self.slug,
            rules=self.rules,
            times=(self.digest_at,),
            weekdays=self.weekdays,
            timezone=self.timezone,
            language=self.language,
            empty=WhenEmpty.ALWAYS if self.send_empty else WhenEmpty.SKIP,
        )


class SubscriptionState(StrEnum):
    """Where a subscription stands. PENDING: its reader has not confirmed it yet; STOPPED: he, or the operator, ended it."""

    ACTIVE = "active"
    PENDING = "pending"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Slot:
    """A digest's place in the calendar: the reader's local date and wall time, and the instant (UTC) that they name.

    Its window ends ``cutoff`` before that instant.
    """

    day: date
    at: time
    due_at: datetime
    cutoff: timedelta = timedelta()

    @property
    def ends_at(self) -> datetime:
        """The end of the window, which is not part of it."""
        return self.due_at - self.cutoff


@dataclass(frozen=True, slots=True)
class MatchedArticle:
    """One match with its article, as mails show it. ``spans`` are offsets into ``article.title`` and ``article.text``."""

    match_id: int
    rule: str
    article: Article
    spans: tuple[Span, ...]
    aliases: tuple[str, ...]
    matched_at: datetime


@dataclass(frozen=True, slots=True)
class WatchedEdit:
    """A change after publication that a rule watches for: ``what`` tells it in words, ``article`` is as it is now."""

    edit_id: int
    rule: str
    article: Article
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RuleDigest:
    """A rule's history: ``daily`` counts matches on the days before this digest's window, oldest first. Thirteen make, with
    the digest's own, fourteen bars; what is usual is the median of the last seven."""

    slug: str
    name: str
    query: str
    daily: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceTrouble:
    """A source that fails, for the health block. ``kind`` is a ``FailureKind``."""

    slug: str
    title: str
    kind: FailureKind
    detail: str
    since: datetime
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceGap:
    """A source of which entries were missed, for the health block: about ``estimate``, published from ``after`` to ``before``."""

    slug: str
    title: str
    estimate: int
    after: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of snippet or headline text; ``hit`` runs are marked."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class AlsoIn:
    """Another article of a story: an outlet's copy of the text that leads, or another text and the outlets that carry it."""

    outlet: str
    group: str
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class StoryBlock:
    """One story under one rule: the text that leads, its copies in ``also``, other texts in ``texts``.

    ``direction`` is ``ltr`` or ``rtl`` by the article's language; times are the reader's. Outlets of one group stand together in
    ``also``. ``more`` counts the articles that are not shown, ``more_groups`` those of them whose outlet has a group.
    ``continuing``: whether the reader's previous digest had the story; None when there was none, or the story stands above.
    """

    headline: tuple[Segment, ...]
    url: str
    outlet: str
    group: str
    language: str
    direction: str
    published: datetime | None
    has_time: bool
    late_days: int
    snippets: tuple[tuple[Segment, ...], ...]
    aliases: tuple[str, ...]
    also: tuple[AlsoIn, ...]
    more: int
    note: str
    articles: int
    texts: tuple[AlsoIn, ...] = ()
    outlets: int = 1
    more_groups: tuple[tuple[str, int], ...] = ()
    continuing: bool | None = None
    note_language: str = ""


@dataclass(frozen=True, slots=True)
class TopStory:
    """One of the widest stories of a digest, and the name of the rule under which it stands in full."""

    rule: str
    story: StoryBlock


@dataclass(frozen=True, slots=True)
class NewOutlet:
    """An outlet that the rules of these names had never had an article of."""

    name: str
    group: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldChange:
    """One change of an article, and the names of the rules that watch for it."""

    at: datetime
    what: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditBlock:
    """An article that was changed after publication, as it is now, and its changes, oldest first; times are the reader's."""

    headline: str
    url: str
    outlet: str
    group: str
    language: str
    direction: str
    changes: tuple[ToldChange, ...]


@dataclass(frozen=True, slots=True)
class RuleBlock:
    """One rule of a digest. ``trend`` is the percentage against the median of the last seven days, None when that is under 5."""

    slug: str
    name: str
    articles: int
    stories: int
    outlets: int
    daily: tuple[int, ...]
    trend: int | None
    shown: tuple[StoryBlock, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class DigestIssue:
    """One digest, composed and ready to render; every instant is in the reader's zone.

    ``match_ids`` and ``edit_ids`` are all matches and edits it accounts for, shown or not. ``missed_days`` > 0 asks for the
    banner "covers n days". ``new_stories`` is None when there was no digest before. A ``clipping`` is named by its one rule.
    In the times of ``away`` nobody looked at the sources.
    """

    instance: str
    recipient: str
    language: str
    direction: str
    day: date
    window_start: datetime
    window_end: datetime
    articles: int
    stories: int
    outlets: int
    rules: tuple[RuleBlock, ...]
    quiet: tuple[str, ...]
    troubles: tuple[SourceTrouble, ...]
    missed_days: int
    match_ids: tuple[int, ...]
    gaps: tuple[SourceGap, ...] = ()
    edits: tuple[EditBlock, ...] = ()
    edit_ids: tuple[int, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    top: tuple[TopStory, ...] = ()
    new_stories: int | None = None
    new_outlets: tuple[NewOutlet, ...] = ()
    clipping: bool = False
    away: tuple[tuple[datetime, datetime], ...] = ()


class DeliveryKind(StrEnum):
    """What a message is."""

    ALERT = "alert"
    DIGEST = "digest"
    NOTICE = "notice"  # of our own affairs, to whoever looks after them
    CONFIRMATION = "confirmation"


class DeliveryState(StrEnum):
    """Where a message stands. ``UNKNOWN``: the connection died after DATA; it is tried again with the same Message-ID."""

    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail, before it becomes MIME: subject and two bodies of equal content; ``html`` is "" for text alone.

    ``left`` are the matches (ids) that had no room in it, and must come in another.
    """

    subject: str
    text: str
    html: str
    left: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Links:
    """Where a mail's own links lead, as plain URLs; "" for what there is no page for."""

    view: str = ""
    unsubscribe: str = ""
    pause: str = ""
    rules: str = ""


@dataclass(frozen=True, slots=True)
class AlertIntent:
    """Ask the store to send one mail: these matches to this recipient.

    ``grown``: stories that were told before, and in how many outlets they stand now; ``more``: how many stories of a rule (slug)
    are over its cap; ``alone`` are the matches (ids) that no digest gives the reader, so that nothing of them may be left out;
    ``urgent``: it has high priority. ``unanswered`` names the reader who did not acknowledge it;
    ``acknowledge_url`` is where that is done, ``snooze_url`` where its stories are kept quiet, ``links`` are the mail's own.
    """

    recipient: Recipient
    items: tuple[MatchedArticle, ...]
    grown: Mapping[int, int] = field(default_factory=dict)
    more: tuple[tuple[str, int], ...] = ()
    alone: Collection[int] = frozenset()
    unanswered: str = ""
    acknowledge_url: str = ""
    snooze_url: str = ""
    links: Links = Links()
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """A leased outbox row: one message to one address. ``message`` is the whole MIME message in bytes, CRLF line ends.

    ``sender`` is where bounces of it go (the envelope's sender), if not to the address that it is from.
    """

    id: int
    kind: DeliveryKind
    recipient: str
    address: str
    message_id: str
    message: bytes
    attempts: int
    created_at: datetime
    lease_token: str
    sender: str = ""


class AttemptOutcome(StrEnum):
    """How one try to hand a message over ended."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"  # 4xx: try again later
    REFUSED = "refused"  # 5xx: this recipient or message
    UNKNOWN = "unknown"  # lost after DATA: the server may have it
    BROKEN = "broken"  # TLS or authentication: our own configuration; nobody's strike
    DOWN = "down"  # no connection to the server, or none that it wants at present; nobody's strike


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one try. ``code`` is SMTP's, 0 if none; ``detail`` is the first line of the answer of ``server``."""

    outcome: AttemptOutcome
    code: int
    detail: str
    server: str = ""
