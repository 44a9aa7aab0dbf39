"""What the use cases work with: the rooms, built once by ``app.py``, and the configuration in force."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.config.settings import Config
from aggregator.fetch import Fetcher
from aggregator.model.clock import Clock
from aggregator.notify import Transport
from aggregator.pipeline.cpu import CpuPool
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
    """The doors and the pool. ``active`` is the only thing that changes while the service runs."""

    store: Store
    fetcher: Fetcher
    cpu: CpuPool
    transport: Transport
    clock: Clock
    active: Active
