"""Whether two sightings are of one outlet: only then can the same text be the same article, and not a copy."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from aggregator.dedupe.urls import url_key


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text was seen: the source, what the operator calls it (its name and group), its own home, and the address."""

    source_id: int
    name: str
    group: str
    home: str
    url: str


def same_outlet(one: Place, other: Place) -> bool:
    """Whether two texts were published by one outlet. In doubt no: a copy too many in the archive costs less than a lost outlet.

    * Addresses on one host are (``www.``, ``m.``, ``amp.`` and the scheme do not count). The whole host, and not the
      registrable domain: under many domains each name is somebody else's (``a.blog.example``, ``b.blog.example``), and telling
      which takes the public suffix list, which is out of date where it is not fetched anew.
    * On two hosts they are if they came by one source, or by sources with one name and one group, and one of the two hosts is
      that of the source's own feed or site: the outlet has moved, or has a host for its sport pages. A source that collects
      from many outlets speaks for none of them: its copies stay copies.
    * A text without an address is its source's own.
    """
    here, there = host_of(one.url), host_of(other.url)
    if here and here == there:
        return True
    alike = one.source_id == other.source_id or bool(one.name and (one.name, one.group) == (other.name, other.group))
    if not alike:
        return False
    homes = {host_of(one.home), host_of(other.home)} - {""}
    return not here or not there or here in homes or there in homes


def host_of(url: str) -> str:
    """The host of an address as identity has it, "" if there is none."""
    try:
        bare = urlsplit(url)
    except ValueError:
        return ""
    return url_key(f"{bare.scheme}://{bare.netloc}") if bare.netloc else ""
