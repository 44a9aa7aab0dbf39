"""A source: one feed of one outlet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

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


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source whose poll is due and which this process has leased. ``validators`` belong to (``spec.url``, ``final_url``)."""

    id: int
    spec: SourceSpec
    lease_token: str
    subscribers: int = 0
    validators: Validators = field(default_factory=Validators)
    final_url: str | None = None
    body_sha256: str | None = None
    failures: int = 0
    host: str = ""
    baseline: bool = False
    """True until the first successful poll: what it finds was there before and alerts nobody."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source is doing. ``failing_since`` is None for a healthy one."""

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
