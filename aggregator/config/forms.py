"""The shapes of the files, as pydantic models; those of ``channels.toml`` stand in ``channels``.

Only what was written is passed on (``written``), so every default stands once: in ``settings`` and in ``model``.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from aggregator.config import values
from aggregator.config.settings import MailMode, MailSecurity
from aggregator.config.stores import store_url_in_a_file
from aggregator.model.delivery import Every, MailFormat, SubscriptionKind, WhenEmpty
from aggregator.model.rule import Lane, Priority

Line = Annotated[str, AfterValidator(values.one_line)]
Slug = Annotated[str, AfterValidator(values.slug)]
WebUrl = Annotated[str, AfterValidator(values.web_url)]
OptionalUrl = Annotated[str, AfterValidator(values.web_url_or_none)]
MailAddress = Annotated[str, AfterValidator(values.mail_address)]
OptionalAddress = Annotated[str, AfterValidator(values.mail_address_or_empty)]
Zone = Annotated[str, AfterValidator(values.time_zone)]
Language = Annotated[str, AfterValidator(values.language)]
Country = Annotated[str, AfterValidator(values.country)]
Interval = Annotated[timedelta | None, BeforeValidator(values.poll_interval)]
Lines = Annotated[tuple[Line, ...], Field(strict=False)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(values.network)], ...], Field(strict=False)]
Bytes = Annotated[int, Field(ge=1_000, le=1_000_000_000)]


def _duration(least: str, most: str) -> BeforeValidator:
    return BeforeValidator(values.between(least, most))


def _seconds(least: str, most: str) -> BeforeValidator:
    return BeforeValidator(values.seconds_between(least, most))


Waits = Annotated[tuple[timedelta, ...], BeforeValidator(values.waits)]


class Form(BaseModel):
    """A table of a file. The defaults here only mark what may be left out; they are never used."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    nested: ClassVar[dict[str, type[Form]]] = {}
    """The forms of the tables below, by key."""

    def written(self) -> dict[str, Any]:
        """The keys that were written, with their typed values."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class TopForm(Form):
    """The keys of ``aggregator.toml`` that stand above all tables."""

    instance: Annotated[Line, Field(min_length=1)] = ""
    public_base_url: OptionalUrl = ""


class StoreForm(Form):
    """``[store]``."""

    url: Annotated[str, AfterValidator(store_url_in_a_file)] = ""


class FetchForm(Form):
    """``[fetch]``."""

    contact_url: Annotated[str, AfterValidator(values.web_url_or_empty)] = ""
    allow_networks: Networks = ()
    deadline: Annotated[float, _seconds("1s", "10m")] = 0
    connect_timeout: Annotated[float, _seconds("1s", "5m")] = 0
    max_wire_bytes: Bytes = 0
    max_body_bytes: Bytes = 0
    max_page_bytes: Bytes = 0
    host_gap: Annotated[float, _seconds("0s", "1h")] = 0
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 0
    sites: Annotated[tuple[Annotated[str, AfterValidator(values.domain)], ...], Field(strict=False)] = ()
    robots: bool = True
    robots_for_feeds: bool = False


class PollForm(Form):
    """``[poll]``."""

    floor: Annotated[timedelta, _duration("1s", "1d")] = timedelta()
    ceiling: Annotated[timedelta, _duration("1h", "7d")] = timedelta()
    slowest: Annotated[timedelta, _duration("1s", "7d")] = timedelta()
    backoff_max: Annotated[timedelta, _duration("1s", "30d")] = timedelta()
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 0
    websub: bool = True


class WebForm(Form):
    """``[web]``."""

    host: Annotated[Line, Field(min_length=1, pattern=r"^\S*$")] = ""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0


class WorkersForm(Form):
    """``[workers]``."""

    processes: Annotated[int, Field(ge=0, le=256)] = 0
    deadline: Annotated[float, _seconds("1s", "10m")] = 0
    memory_bytes: Annotated[int, Field(ge=256_000_000, le=1_000_000_000_000)] = 0


class MailForm(Form):
    """``[mail]``. The password itself is never in the file."""

    mode: Annotated[MailMode, Field(strict=False)] = MailMode.FOLDER
    folder: Annotated[Line, Field(min_length=1)] = ""
    sender: MailAddress = ""
    sender_name: Line = ""
    host: Annotated[Line, Field(min_length=1, pattern=r"^\S*$")] = ""
    port: Annotated[int, Field(ge=1, le=65_535)] = 0
    security: Annotated[MailSecurity, Field(strict=False)] = MailSecurity.STARTTLS
    username: Line = ""
    password: Annotated[None, BeforeValidator(values.no_password)] = None
    password_env: Annotated[Line, Field(min_length=1)] = ""
    password_file: Annotated[Line, Field(min_length=1)] = ""
    timeout: Annotated[float, _seconds("1s", "10m")] = 0
    connections: Annotated[int, Field(ge=1, le=50)] = 0
    thread: bool = False
    dkim_selector: Annotated[str, AfterValidator(values.selector)] = ""
    dkim_key_file: Annotated[Line, Field(min_length=1)] = ""
    bounce_address: OptionalAddress = ""
    bounce_mailbox: Annotated[str, AfterValidator(values.mailbox)] = ""
    bounce_password: Annotated[None, BeforeValidator(values.no_password)] = None
    bounce_password_env: Annotated[Line, Field(min_length=1)] = ""
    bounce_password_file: Annotated[Line, Field(min_length=1)] = ""


class AlertsForm(Form):
    """``[alerts]``."""

    group_wait: Annotated[timedelta, _duration("0s", "1h")] = timedelta()
    group_interval: Annotated[timedelta, _duration("0s", "1d")] = timedelta()
    growth: Annotated[int, Field(ge=0, le=100)] = 0
    storm_factor: Annotated[int, Field(ge=2, le=1_000)] = 2
    storm_least: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    volumes: bool = True
    volume_least: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class DigestForm(Form):
    """``[digest]``."""

    fold_after: Annotated[timedelta, _duration("10m", "7d")] = timedelta()


class RetentionForm(Form):
    """``[retention]``."""

    fetch_log: Annotated[timedelta, _duration("1d", "36500d")] = timedelta()
    sent_messages: Annotated[timedelta, _duration("1d", "36500d")] = timedelta()


class ArchiveForm(Form):
    """``[archive]``."""

    pages: Annotated[timedelta, _duration("0s", "36500d")] = timedelta()
    max_bytes: Annotated[int, Field(ge=1_000_000, le=1_000_000_000_000_000)] = 0


class ArticlesForm(Form):
    """``[articles]``."""

    recheck: Waits = ()
    recheck_others: Waits = ()
    recheck_per_host: Annotated[int, Field(ge=0, le=100_000)] = 0


class DefaultsForm(Form):
    """``[defaults]`` of ``sources.toml``: what a source has unless it says otherwise."""

    group: Line = ""
    country: Country = ""
    language: Language = ""
    timezone: Zone = ""
    interval: Interval = None
    enabled: bool = True
    fetch_pages: bool = True
    tags: Lines = ()
    allow_networks: Networks = ()
    authorization_env: Annotated[str, AfterValidator(values.variable)] = ""


class SourceForm(DefaultsForm):
    """``[[source]]``."""

    slug: Slug
    url: WebUrl
    name: Line = ""
    site_url: OptionalUrl = ""


class EntityForm(Form):
    """``[[entity]]``."""

    slug: Slug
    name: Line = ""
    aliases: Annotated[tuple[Annotated[Line, Field(min_length=1)], ...], Field(strict=False, min_length=1)]


class ExampleForm(Form):
    """An example of a rule, written as a text or as a table."""

    text: str = ""
    title: str = ""
    authors: Lines = ()
    source: Annotated[Line, Field(min_length=1)] = ""
    url: Annotated[str, AfterValidator(values.web_url)] = ""
    language: Language = ""
    country: Country = ""
    group: Line = ""
    tags: Lines = ()
    date: Annotated[datetime | None, BeforeValidator(values.instant)] = None
    words: Annotated[int, Field(ge=1, le=1_000_000)] = 0


Examples = Annotated[tuple[Annotated[ExampleForm, BeforeValidator(values.example)], ...], Field(strict=False)]
Excluded = Annotated[tuple[Annotated[Line, AfterValidator(values.unquoted)], ...], Field(strict=False)]


class RuleForm(Form):
    """``[[rule]]``. ``query`` is compiled by the loader, which knows the entities."""

    nested: ClassVar[dict[str, type[Form]]] = {"should_match": ExampleForm, "should_not_match": ExampleForm}

    slug: Slug
    name: Line = ""
    query: str
    lane: Annotated[Lane, Field(strict=False)] = Lane.DIGEST
    enabled: bool = True
    watch_edits: bool = False
    min_words: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    exclude_sources: Excluded = ()
    exclude_groups: Excluded = ()
    first_of_story: bool = False
    should_match: Examples = ()
    should_not_match: Examples = ()
    priority: Annotated[Priority, Field(strict=False)] = Priority.NORMAL
    alerts_per_hour: Annotated[int, Field(ge=0, le=10_000)] = 0
    escalate: Annotated[tuple[Slug, ...], Field(strict=False, max_length=10)] = ()
    escalate_after: Annotated[timedelta, _duration("1m", "1d")] = timedelta()
    note: str = ""


class SubscriptionForm(Form):
    """``[[recipient.subscription]]``. What is left out is the reader's own, as far as he has it."""

    slug: Slug
    kind: Annotated[SubscriptionKind, Field(strict=False)] = SubscriptionKind.DIGEST
    rules: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)] = ()
    groups: Annotated[tuple[Annotated[Line, Field(min_length=1)], ...], Field(strict=False)] = ()
    every: Annotated[Every, Field(strict=False)] = Every.DAILY
    times: Annotated[tuple[time, ...], BeforeValidator(values.wall_times)] = ()
    weekdays: Annotated[tuple[int, ...], BeforeValidator(values.weekdays)] = ()
    timezone: Zone = ""
    language: Annotated[Language, Field(min_length=2)] = ""
    cutoff: Annotated[timedelta, _duration("0s", "12h")] = timedelta()
    format: Annotated[MailFormat, Field(strict=False)] = MailFormat.BOTH
    empty: Annotated[WhenEmpty, Field(strict=False)] = WhenEmpty.SKIP
    cap: Annotated[int, Field(ge=0, le=1_000)] = 0
    enabled: bool = True

    @model_validator(mode="after")
    def _fits(self) -> SubscriptionForm:
        if self.every is Every.HOURLY and "times" in self.model_fields_set:
            raise values.refuse(
                'every = "hourly" comes at each full hour, and has no times', 'remove times, or every: times = ["08:00", "09:00"]'
            )
        if self.every is Every.WEEKLY and len(self.weekdays) > 1:
            raise values.refuse('every = "weekly" comes on one day of the week', 'write weekdays = ["mon"], or remove every')
        return self


class RecipientForm(Form):
    """``[[recipient]]``."""

    nested: ClassVar[dict[str, type[Form]]] = {"subscription": SubscriptionForm}

    slug: Slug
    address: MailAddress
    name: Line = ""
    timezone: Zone = ""
    digest_at: Annotated[time, BeforeValidator(values.wall_time)] = time()
    weekdays: Annotated[tuple[int, ...], BeforeValidator(values.weekdays)] = ()
    language: Annotated[Language, Field(min_length=2)] = ""
    rules: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)] = ()
    alerts: bool = True
    digest: bool = True
    send_empty: bool = False
    quiet: Annotated[tuple[time, time] | None, BeforeValidator(values.time_span)] = None
    alerts_per_hour: Annotated[int, Field(ge=0, le=10_000)] = 0
    enabled: bool = True
    subscription: Annotated[
        tuple[SubscriptionForm, ...], Field(strict=False), BeforeValidator(values.tables("recipient.subscription"))
    ] = ()
