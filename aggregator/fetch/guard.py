"""The guard: which addresses we connect to. Resolve once, judge every answer, connect to a literal that passed.

Ranges: the IANA special-purpose registries (RFC 6890 and successors), and what ``ipaddress.is_global`` lets through,
differently from one Python patch level to the next.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from os import strerror
from typing import Protocol, TypeAlias

from aggregator.errors import ConfigError
from aggregator.fetch.failure import FetchError
from aggregator.model.page import FailureKind

Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]

# fmt: off
_REFUSED = tuple(map(ip_network, (
    "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "168.63.129.16/32", "::/96",
    "64:ff9b:1::/48", "100:0:0:1::/64", "2001::/23", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fec0::/10",
)))
# fmt: on
_NAT64 = IPv6Network("64:ff9b::/96")
_HOUSE_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_MOST_TRIED = 4


class Resolver(Protocol):
    """Turns a host name into IP literals, best first. ``OSError`` means that there are none."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Look ``host`` up; ``port`` is the one that will be connected to."""
        ...


class SystemResolver:
    """The system's ``getaddrinfo``, in threads of its own: a dead name server must not starve the loop's default pool."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Look ``host`` up; raises ``socket.gaierror``."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        )
        return [str(sockaddr[0]) for *_, sockaddr in found]

    def close(self) -> None:
        """Let the threads go as soon as their last lookup is over, without waiting for it."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@lru_cache(maxsize=256)
def networks(blocks: tuple[str, ...]) -> Networks:
    """CIDR blocks as networks.

    Raises:
        ConfigError: a block is none.
    """
    try:
        return tuple(dict.fromkeys(ip_network(block, strict=False) for block in blocks))
    except ValueError as error:
        raise ConfigError(str(error), key="allow_networks", hint="write a CIDR block such as 192.168.10.0/24") from error


def is_allowed(address: str, allowed: Networks) -> bool:
    """Whether we may connect to this IP literal: it is a public unicast address, or inside a network the operator opened.

    IPv4-mapped addresses and those of the NAT64 prefix (RFC 6052) are judged by the IPv4 address inside.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        ip = _inner(ip)
    if any(ip in network for network in allowed):
        return True
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in _REFUSED))


def _inner(ip: IPv6Address) -> IPv4Address | IPv6Address:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip


def is_private_host(host: str) -> bool:
    """Whether a host belongs to a house and not to the open web: by its address, or by a name that only a house resolves.

    ``host`` is a name or an IP literal, with a port or without, as ``host_key`` gives it. Names: those without a dot,
    localhost (RFC 6761), .local (RFC 6762), .home.arpa (RFC 8375), .internal (reserved by ICANN in 2024) and .lan.
    """
    bare = host[1:].partition("]")[0] if host.startswith("[") else host
    name = (bare if bare.count(":") > 1 else bare.partition(":")[0]).lower().removesuffix(".")
    if _is_literal(name):
        return not is_allowed(name, ())
    return "." not in name or name.endswith(_HOUSE_NAMES)


async def vetted(host: str, port: int, resolver: Resolver, allowed: Networks) -> list[str]:
    """The literals to try for ``host``, at most four, both families first. One lookup; one bad answer refuses the name.

    Raises:
        FetchError: of kind BLOCKED or DNS.
    """
    if _is_literal(host):
        if not is_allowed(host, allowed):
            raise FetchError(FailureKind.BLOCKED, "not a global address")
        return [host]
    try:
        answers = list(dict.fromkeys(await resolver(host, port)))
    except (OSError, UnicodeError) as error:
        detail = "name not found" if getattr(error, "errno", None) == socket.EAI_NONAME else "name lookup failed"
        raise FetchError(FailureKind.DNS, detail) from error
    if not answers:
        raise FetchError(FailureKind.DNS, "name has no address")
    if not all(is_allowed(answer, allowed) for answer in answers):
        raise FetchError(FailureKind.BLOCKED, "name has an address that is not global")
    return _both_families_first(answers)[:_MOST_TRIED]


async def connect(host: str, port: int, resolver: Resolver, allowed: Networks, timeout: float | None) -> socket.socket:
    """A socket connected to an address of ``host`` that has passed, and whose peer, says the kernel, is that address.

    ``timeout`` (seconds) bounds the lookup, and all attempts to connect together.

    Raises:
        FetchError: of kind BLOCKED, DNS, CONNECT or TIMEOUT.
    """
    try:
        async with asyncio.timeout(timeout):
            literals = await vetted(host, port, resolver, allowed)
    except TimeoutError as error:
        raise FetchError(FailureKind.DNS, "name lookup took too long") from error
    share = None if timeout is None else timeout / len(literals)
    failure = FetchError(FailureKind.CONNECT, "connection failed")
    for literal in literals:
        try:
            async with asyncio.timeout(share):
                return await _connected(literal, port)
        except TimeoutError:
            failure = FetchError(FailureKind.TIMEOUT, "connecting took too long")
        except OSError as error:
            failure = FetchError(FailureKind.CONNECT, strerror(error.errno or 0).lower())
    raise failure


async def _connected(literal: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in literal else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        await asyncio.get_running_loop().sock_connect(sock, (literal, port))
        _compare(sock.getpeername()[0], literal)
    except BaseException:
        sock.close()
        raise
    return sock


def _compare(peer: str, literal: str) -> None:
    if peer != literal and ip_address(peer) != ip_address(literal):
        raise FetchError(FailureKind.BLOCKED, "connected to another address than the one asked for")


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _both_families_first(addresses: Iterable[str]) -> list[str]:
    """Where one family is out of order, the second try already takes the other (RFC 8305 §4, without the race)."""
    ordered = list(addresses)
    first_is_v6 = ":" in ordered[0]
    other = next((address for address in ordered if (":" in address) != first_is_v6), None)
    if other is None:
        return ordered
    return [ordered[0], other, *(address for address in ordered[1:] if address != other)]
