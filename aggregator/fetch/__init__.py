"""The only way out: client, SSRF guard, bounds of size and time, manners per host.

``Fetcher.fetch`` turns a ``FetchRequest`` into a ``FetchOutcome``. On the way: ``address`` (what a URL must look like),
``permission`` (whether the host wants us there), ``gate`` (one request at a time to a host, with a pause), ``guard`` (which
addresses we connect to), ``wire`` (httpx), ``body`` (bounded decompression), ``headers`` (what we say and what we read).
"""

from aggregator.fetch.address import check_url, host_key
from aggregator.fetch.fetcher import Fetcher
from aggregator.fetch.gate import HostGate
from aggregator.fetch.guard import Resolver, is_private_host
from aggregator.fetch.headers import retry_after
from aggregator.fetch.permission import Permission, Permit
from aggregator.fetch.wire import Network

__all__ = [
    "Fetcher",
    "HostGate",
    "Network",
    "Permission",
    "Permit",
    "Resolver",
    "check_url",
    "host_key",
    "is_private_host",
    "retry_after",
]
