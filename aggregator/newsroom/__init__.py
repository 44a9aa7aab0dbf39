"""A small fictional newsroom: invented outlets on loopback, for ``aggregator demo`` and the end-to-end tests.

Every country, person, party and outlet in it is invented. ``Newsroom`` serves them over HTTP with a clock of the
caller's choice, misbehaves on demand (``fault``), counts what it is asked for (``stats``) and tells what a perfect
reader would have found (``truth``, ``stories``). ``Newsroom.synthetic`` makes any number of outlets for load tests.
``write_config`` writes a configuration folder that reads them. The room knows nothing of the rest of aggregator.
"""

from __future__ import annotations

from aggregator.newsroom.faults import FaultMode
from aggregator.newsroom.newsroom import Newsroom, OutletStats
from aggregator.newsroom.outlet import FeedFormat, Outlet, Validation
from aggregator.newsroom.sample_config import write_config
from aggregator.newsroom.story import Story
from aggregator.newsroom.synthetic import MARKER_WORDS

__all__ = [
    "MARKER_WORDS",
    "FaultMode",
    "FeedFormat",
    "Newsroom",
    "Outlet",
    "OutletStats",
    "Story",
    "Validation",
    "write_config",
]
