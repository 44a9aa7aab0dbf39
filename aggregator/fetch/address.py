"""What a URL must look like before anything else reads it, and the host it names.

Two parsers that disagree about a URL are how guards are fooled (``http://a\\@b/``), so this one is stricter than any that
follows it: what it lets through has one reading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

MAX_URL = 2048

# Ports at which browsers refuse to speak HTTP (WHATWG Fetch, "bad port"), and three more that obey whoever connects:
# Redis, raw printing, memcached.
# fmt: off
BAD_PORTS = frozenset((
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111,
    113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554,
    556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665,
    6666, 6667, 6668, 6669, 6679, 6697, 9100, 10080, 11211,
))
# fmt: on

_DEFAULT_PORTS = {"http": 80, "https": 443}
# ASCII and C1 controls, space, backslash, and surrogates, which no encoding can carry.
_FORBIDDEN = re.compile("[\x00-\x20\x7f-\x9f\\\\\ud800-\udfff]")
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?", re.ASCII)
_LABELS = re.compile(r"(?!.{254})[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that has passed. ``host`` is an A-label name or an IP literal without brackets, ``rest`` path and query as given."""

    scheme: str
    host: str
    port: int
    rest: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port (RFC 6454): what credentials belong to."""
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        """Host and, unless it is the scheme's default, port: what the ``Host`` header says (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in ASCII host form, without fragment."""
        return f"{self.scheme}://{self.netloc}{self.rest}"


class RefusedURLError(ValueError):
    """The URL is refused; the text says why."""


def has_forbidden(url: str) -> bool:
    """Whether a URL or URL reference holds a control character, a space, a backslash or a lone surrogate."""
    return _FORBIDDEN.search(url) is not None


def parse_url(url: str) -> Address:
    """Take an absolute URL apart.

    Raises:
        RefusedURLError: when ``check_url`` would return a reason.
    """
    parsed = _parse(url)
    if isinstance(parsed, str):
        raise RefusedURLError(parsed)
    return parsed


def check_url(url: str) -> str | None:
    """Say why a URL is refused, or None for one that may be fetched (as far as its spelling goes)."""
    parsed = _parse(url)
    return parsed if isinstance(parsed, str) else None


def host_key(url: str, sites: Sequence[str] = ()) -> str:
    """The host that manners and the store count by: lower-case A-labels, with the port when it is not the default one.

    A host that is one of ``sites`` (lower-case A-labels) or a subdomain of one counts as that site. Empty for a URL that is
    refused.
    """
    parsed = _parse(url)
    if isinstance(parsed, str):
        return ""
    for site in sites:
        if parsed.host == site or parsed.host.endswith(f".{site}"):
            return replace(parsed, host=site).netloc
    return parsed.netloc


def _parse(url: str) -> Address | str:
    if len(url) > MAX_URL:  # before the cache, which must not hold such a thing
        return f"URL has more than {MAX_URL} characters"
    return _parse_short(url)


@lru_cache(maxsize=2048)
def _parse_short(url: str) -> Address | str:
    if has_forbidden(url):
        return "URL holds a control character, a space or a backslash"
    match = _URL.fullmatch(url)
    if match is None:
        return "URL does not begin with http:// or https://"
    scheme, authority, rest = match.group(1).lower(), match.group(2), match.group(3)
    if "@" in authority:
        return "URL holds a user name or password"
    split = _AUTHORITY.fullmatch(authority)
    if split is None:
        return "host or port of the URL is not valid"
    try:
        host = _host(split.group(1))
        port = _port(split.group(2), scheme)
    except RefusedURLError as refused:
        return str(refused)
    return Address(scheme, host, port, rest if rest.startswith("/") else f"/{rest}")


def _host(host: str) -> str:
    if not host or host == ".":
        raise RefusedURLError("URL has no host")
    if host.startswith("["):
        return _ipv6(host[1:-1])
    name = _ascii(host).removesuffix(".")
    if not _LABELS.fullmatch(name):
        raise RefusedURLError("host of the URL is not a valid name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not (host.isascii() and _is_ipv4(name)):
        # What resolvers would make of 127.1, 0x7f000001 or 0177.0.0.1 differs from one to the next.
        raise RefusedURLError("host of the URL is a number but no dotted IPv4 address")
    return name


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise RefusedURLError("host of the URL is not a valid internationalised name") from error


def _is_ipv4(name: str) -> bool:
    try:
        IPv4Address(name)
    except AddressValueError:
        return False
    return True


def _ipv6(literal: str) -> str:
    if "%" in literal:
        raise RefusedURLError("IPv6 address of the URL names a zone")
    try:
        return str(IPv6Address(literal))
    except AddressValueError as error:
        raise RefusedURLError("IPv6 address of the URL is not valid") from error


def _port(digits: str | None, scheme: str) -> int:
    if not digits:
        return _DEFAULT_PORTS[scheme]
    port = int(digits)
    if not 1 <= port <= 65535:
        raise RefusedURLError("port of the URL is not between 1 and 65535")
    if port in BAD_PORTS:
        raise RefusedURLError("port of the URL belongs to another service")
    return port
