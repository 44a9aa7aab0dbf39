"""The settings of ``aggregator.toml`` as typed values, with defaults that serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from aggregator.errors import ConfigError
from aggregator.model.channel import Channel
from aggregator.model.delivery import Recipient, Subscription
from aggregator.model.rule import Entity, RuleSpec
from aggregator.model.source import SourceSpec


class MailMode(StrEnum):
    """Where mail goes: into a folder of ``.eml`` and ``.html`` files, or to an SMTP relay."""

    FOLDER = "folder"
    SMTP = "smtp"


class MailSecurity(StrEnum):
    """How the connection to the relay is protected. ``NONE`` is for a relay on this machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """``url`` is an SQLAlchemy URL; a relative SQLite path is relative to the configuration folder's parent."""

    url: str = "sqlite:///var/aggregator.db"


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Manners and bounds of every request. Sizes in bytes, times in seconds.

    ``sites`` are domains whose subdomains all count as one host. ``robots``: pages are fetched as the outlet's robots.txt has
    it; ``robots_for_feeds``: feeds, too.
    """

    contact_url: str = ""
    allow_networks: tuple[str, ...] = ()
    deadline: float = 30.0
    connect_timeout: float = 10.0
    max_wire_bytes: int = 5_000_000
    max_body_bytes: int = 15_000_000
    max_page_bytes: int = 3_000_000
    host_gap: float = 2.0
    concurrency: int = 32
    sites: tuple[str, ...] = ()
    robots: bool = True
    robots_for_feeds: bool = False


@dataclass(frozen=True, slots=True)
class PollSettings:
    """Rhythm of polling.

    ``floor`` is the least time between two polls of a source (for hosts on the open web never under five minutes), ``ceiling``
    the longest that a publisher's hints can keep us away, ``slowest`` the longest wait that we choose ourselves for a source that
    rarely has news, ``backoff_max`` the longest wait after failures. ``websub``: subscribe to hubs, where the service can be
    reached from outside.
    """

    floor: timedelta = timedelta(minutes=15)
    ceiling: timedelta = timedelta(hours=24)
    slowest: timedelta = timedelta(hours=4)
    backoff_max: timedelta = timedelta(hours=24)
    max_entries: int = 5000
    websub: bool = True


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the service listens for requests from outside. ``port=0``: nowhere."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The pool that parses. ``processes=0`` means one per core; ``memory_bytes`` caps each worker's address space."""

    processes: int = 0
    deadline: float = 20.0
    memory_bytes: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The relay and the identity of our mail. ``password`` is read from the environment or a file, never shown.

    ``password_file`` is where it came from, if from a file, so that a file that everybody can read is noticed. ``connections``
    to the relay are open at a time, half of them at most for readers of one domain. ``thread``: mails of one subscription are
    shown as one conversation. ``dkim_selector`` and ``dkim_key_file``: mails are signed. ``bounce_address``: where bounces go,
    each delivery's to an address of its own; ``bounce_mailbox``: where they are read, a path or ``imaps://name@host/folder``.
    """

    mode: MailMode = MailMode.FOLDER
    folder: Path = Path("var/mail")
    sender: str = "aggregator@localhost.localdomain"
    sender_name: str = "aggregator"
    host: str = ""
    port: int = 587
    security: MailSecurity = MailSecurity.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    timeout: float = 60.0
    connections: int = 4
    thread: bool = False
    dkim_selector: str = ""
    dkim_key_file: Path | None = None
    bounce_address: str = ""
    bounce_mailbox: str = ""
    bounce_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """``group_wait``: how long a first alert waits for company, so that one mail carries them all.

    ``volumes``: spikes and silences of rules, entities and sources alert, too; a spike has ``volume_least`` articles more than
    usual.

    ``group_interval``: no second alert on a story comes sooner; and one comes only when the story has grown ``growth``-fold (0:
    never). A rule with more than ``storm_least`` stories in ten minutes, and more than ``storm_factor`` times its usual, is
    a storm: one alert tells of it.
    """

    group_wait: timedelta = timedelta(seconds=20)
    group_interval: timedelta = timedelta(minutes=15)
    growth: int = 3
    storm_factor: int = 10
    storm_least: int = 20
    volumes: bool = True
    volume_least: int = 5


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """``fold_after``: a digest that would come so late is left out, and the next one tells what it would have told."""

    fold_after: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long records are kept. Articles stay for ever."""

    fetch_log: timedelta = timedelta(days=90)
    sent_messages: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """How long the pages of articles are kept as they came (zero: not at all), and how many bytes of them, compressed."""

    pages: timedelta = timedelta(days=90)
    max_bytes: int = 5_000_000_000


@dataclass(frozen=True, slots=True)
class ArticleSettings:
    """When the page of an article is asked for again, counted from when it was first seen.

    ``recheck``: of articles that a rule has found; ``recheck_others``: of all others; ``recheck_per_host``: of one host at most
    so many in 24 hours.
    """

    recheck: tuple[timedelta, ...] = (
        timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7),
    )  # fmt: skip
    recheck_others: tuple[timedelta, ...] = (timedelta(days=1),)
    recheck_per_host: int = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything of ``aggregator.toml``.

    ``instance`` is the name that readers see; ``root`` the folder relative paths start from.
    """

    instance: str = "aggregator"
    root: Path = Path()
    public_base_url: str | None = None
    store: StoreSettings = StoreSettings()
    fetch: FetchSettings = FetchSettings()
    poll: PollSettings = PollSettings()
    workers: WorkerSettings = WorkerSettings()
    web: WebSettings = WebSettings()
    mail: MailSettings = MailSettings()
    alerts: AlertSettings = AlertSettings()
    digest: DigestSettings = DigestSettings()
    retention: RetentionSettings = RetentionSettings()
    archive: ArchiveSettings = ArchiveSettings()
    articles: ArticleSettings = ArticleSettings()


@dataclass(frozen=True, slots=True)
class HeldRule:
    """A rule that does not come into force, since examples of it fail; ``errors`` say which, where and why."""

    rule: RuleSpec
    errors: tuple[ConfigError, ...]


@dataclass(frozen=True, slots=True)
class Config:
    """A whole, valid configuration: settings and the lists. ``held`` rules are written, and not among ``rules``.

    ``subscriptions`` are those beside the recipients' own ones, ``channel_secrets`` are by channel:
    the keys of a webhook, the new one first, or the address of a chat.
    """

    settings: Settings
    sources: tuple[SourceSpec, ...] = ()
    entities: tuple[Entity, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    held: tuple[HeldRule, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    channels: tuple[Channel, ...] = ()
    channel_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def all_subscriptions(self) -> tuple[Subscription, ...]:
        """Every subscription: of each recipient in turn his own, then the others; none is enabled of one who is not."""
        found: list[Subscription] = []
        for recipient in self.recipients:
            own = recipient.own_subscription()
            his = [*([own] if own else []), *(each for each in self.subscriptions if each.recipient == recipient.slug)]
            found += his if recipient.enabled else [replace(each, enabled=False) for each in his]
        return tuple(found)

    @property
    def rule_names(self) -> dict[str, str]:
        """What readers call the rules, by slug."""
        return {rule.slug: rule.name for rule in self.rules}

    @property
    def held_errors(self) -> tuple[ConfigError, ...]:
        """Everything that keeps rules from coming into force."""
        return tuple(error for each in self.held for error in each.errors)
