"""The only way out: client, SSRF guard, bounds of size and time, manners per host.

``Fetcher.fetch`` turns a ``FetchRequest`` into a ``FetchOutcome``. On the way: ``address`` (what a URL must look like), ``gate``
(one request at a time to a host, with a pause), ``guard`` (which addresses we connect to), ``wire`` (httpx), ``body``
(bounded decompression), ``headers`` (what we say and what we read).
"""

from aggregator.fetch.address import check_url, host_key, is_private_host
from aggregator.fetch.fetcher import Fetcher, Permission, Permit
from aggregator.fetch.gate import HostGate
from aggregator.fetch.guard import Resolver
from aggregator.fetch.headers import retry_after

__all__ = ["Fetcher", "HostGate", "Permission", "Permit", "Resolver", "check_url", "host_key", "is_private_host", "retry_after"]
