"""The only way out: client, SSRF guard, bounds of size and time, manners per host.

``Fetcher.fetch`` turns a ``FetchRequest`` into a ``FetchOutcome``, ``Fetcher.post`` a ``PostRequest`` into a ``Posted``. On the
way: ``address`` (what a URL must look like), ``permission`` (whether the host wants us there), ``gate`` (one request at a time to
a host, with a pause), ``headers`` (what we say and what we read), ``wire`` (httpx), ``guard`` (which addresses we connect to),
``connection``, ``tls`` and ``answer`` (HTTP/1.1), ``body`` (bounded decompression), ``sample`` (what came instead).
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
