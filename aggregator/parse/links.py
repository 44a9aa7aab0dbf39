"""The HTTP ``Link`` header (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aggregator.parse.hints import find_hub

_MOST_VALUES, _LONGEST_VALUE = 50, 8_192
_TARGET = re.compile(r"[\s,]*<([^<>]*)>")
_PARAMETER = re.compile(r';\s*([^\s=;,"]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,]*)))?\s*')


def read_links(values: Iterable[str], base: str) -> tuple[str | None, str | None]:
    """Return the WebSub hub and the feed's own address (``rel=hub``, ``rel=self``) from the values of ``Link`` header fields.

    They win over what the feed says (WebSub §4). ``base`` is the address of the response. The first http(s) address of each
    relation counts; links whose context is another resource (``anchor``, RFC 8288 §3.2) do not. Nothing raises; what cannot be
    read is passed over.
    """
    texts = [value[:_LONGEST_VALUE] for value, _ in zip(values, range(_MOST_VALUES), strict=False)]
    return find_hub((link for text in texts for link in _links(text)), base)


def _links(value: str) -> Iterator[tuple[str, str]]:
    """Yield relation and target of each link."""
    place = 0
    while place < len(value):
        target = _TARGET.match(value, place)
        if not target:
            place = value.find(",", place) + 1 or len(value)
            continue
        place = target.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(value, place):
            name, quoted, token = parameter.groups()
            # The first of a name counts (RFC 8288 §3.3).
            parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token or "")
            place = parameter.end()
        if "anchor" not in parameters:
            yield parameters.get("rel", ""), target[1]
