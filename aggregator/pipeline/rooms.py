"""What the use cases work with: the rooms, built once by ``app.py``, and the configuration in force."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aggregator.config.settings import Config
from aggregator.fetch import Fetcher, host_key
from aggregator.model.clock import Clock
from aggregator.notify import Transport
from aggregator.pipeline.cpu import CpuPool
from aggregator.pipeline.line import Line
from aggregator.pipeline.robots import RobotsDesk
from aggregator.rules import RuleSet
from aggregator.store import Store
from aggregator.store.matches import Watch


@dataclass(frozen=True, slots=True)
class Active:
    """A configuration in force, with what follows from it: compiled rules and ids. Replaced as a whole by a reload."""

    config: Config
    ruleset: RuleSet
    watch: Watch


@dataclass(slots=True)
class Rooms:
    """The doors and the pool. ``active`` and ``transport`` are replaced while the service runs, ``line`` learns; the rest stays.

    The rule set of ``active`` is changed in place: who matches, or changes it, holds ``matching`` meanwhile.
    """

    store: Store
    fetcher: Fetcher
    cpu: CpuPool
    transport: Transport
    clock: Clock
    active: Active
    robots: RobotsDesk
    line: Line = field(default_factory=Line)
    matching: asyncio.Lock = field(default_factory=asyncio.Lock)

    def host_key(self, url: str) -> str:
        """The host that manners count by: see ``fetch.host_key``."""
        return host_key(url, self.active.config.settings.fetch.sites)

    @property
    def callback_base(self) -> str | None:
        """What the addresses begin with that hubs are given; None when hubs are not asked, or could not reach us."""
        settings = self.active.config.settings
        if not (settings.poll.websub and settings.public_base_url and settings.web.port):
            return None
        return f"{settings.public_base_url.rstrip('/')}/websub/"
