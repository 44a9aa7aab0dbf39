"""Our own line: whether it is up, and whom we have wronged while it was not.

Kept in memory: after a restart the first minute of polls tells again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.manners import Attempt, is_ours, is_throttle
from aggregator.model.source import DueSource

PROBE_EVERY = timedelta(minutes=1)
"""While we are offline, one poll in a minute finds out whether we still are."""

_REMEMBERED = timedelta(minutes=30)
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Held:
    """A failure that may turn out not to be the source's own; ``source`` is as it was before. ``network``: no answer came."""

    source: DueSource
    at: datetime
    network: bool


class Line:
    """Notes how hosts are found, and judges."""

    def __init__(self) -> None:
        self.down_since: datetime | None = None
        self.next_probe_at: datetime | None = None
        self._attempts: deque[Attempt] = deque(maxlen=_MOST)
        self._held: deque[Held] = deque(maxlen=_MOST)

    @property
    def down(self) -> bool:
        """Whether we are offline."""
        return self.down_since is not None

    def answered(self, host: str, now: datetime) -> bool:
        """A host has answered, whatever it said. True when that ends an outage."""
        self._attempts.append(Attempt(host, now, failed=False))
        ended, self.down_since = self.down, None
        if ended:
            self._attempts.clear()
        return ended

    def silent(self, host: str, now: datetime) -> bool:
        """A host could not be reached. True when that shows that it is us."""
        self._attempts.append(Attempt(host, now, failed=True))
        if self.down or not is_ours(self._attempts, now):
            return False
        self.down_since, self.next_probe_at = now, now + PROBE_EVERY
        return True

    def hold(self, source: DueSource, now: datetime, *, network: bool) -> None:
        """Remember a failure, in case that it has to be taken back."""
        while self._held and now - self._held[0].at > _REMEMBERED:
            self._held.popleft()
        self._held.append(Held(source, now, network))

    def wronged(self) -> list[DueSource]:
        """The sources whose failure to answer was ours. They are told once."""
        found = [held.source for held in self._held if held.network]
        self._held = deque((held for held in self._held if not held.network), maxlen=_MOST)
        return list({source.id: source for source in reversed(found)}.values())

    def throttled(self, host: str, now: datetime) -> list[DueSource]:
        """The sources of a host whose refusals were a throttle; empty if they were not. They are told once."""
        here = [held for held in self._held if not held.network and held.source.host == host]
        if not is_throttle([held.at for held in here], now) or all(held.source.baseline for held in here):
            return []
        self._held = deque((held for held in self._held if held not in here), maxlen=_MOST)
        return list({held.source.id: held.source for held in reversed(here)}.values())
