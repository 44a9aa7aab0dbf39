"""robots.txt (RFC 9309): which pages an outlet does not want robots to read, and how slowly they should.

protego reads the rules. What is done before it: bytes become text, the whole is bounded, and the groups of other robots are
made one. protego keeps every rule once for each robot of its group, so that 10,000 names above 20,000 rules, half a megabyte,
would become 200 million.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from protego import Protego

from aggregator.parse.charset import to_utf8

MOST_BYTES = 500 * 1024
"""What a robot must read at least (RFC 9309 §2.5), and what is read here at most."""

LONGEST_DELAY = 60.0
"""Seconds. Outlets ask for 1 to 30; some ask for an hour or a day, which no robot that reads their news as it appears could obey.
At one page a minute, an outlet of 60 articles an hour can still be read; who wants none of it says ``Disallow``."""

_LONGEST_LINE = 6_200
"""Characters: more than an address of 2,048 with every one of them percent-encoded, so that a longer rule could match nothing."""

_MOST_STARS = 5_000
"""Wildcards in the whole file; lines beyond are passed over. Each costs up to ten microseconds for every address asked about."""

_AGENT_LINE = re.compile(r"(\s*user(?:-|\s+)?agent\s*(?::|\s)\s*)(.*)", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"[a-zA-Z_-]+")
_NOBODY = "-"


@dataclass(frozen=True, slots=True)
class RobotsVerdict:
    """What robots.txt says to one robot. ``allowed`` has one answer for each address asked about, in their order.

    ``crawl_delay`` is the least number of seconds between two requests, at most ``LONGEST_DELAY``; None when none is asked for.
    """

    allowed: tuple[bool, ...]
    crawl_delay: float | None = None


def read_robots(body: bytes) -> str:
    """Decode a robots.txt; "" if it is something else, a web page above all: that forbids nothing.

    Bytes after the first 500 KiB are not read, nor is the line that the limit cuts: ``/private`` must not become ``/``.
    """
    if len(body) > MOST_BYTES:
        body = body[:MOST_BYTES].rpartition(b"\n")[0]
    text = to_utf8(body, "")[0].decode("utf-8", "replace").lstrip()
    return "" if text.startswith(("<", "{")) else text


def judge_robots(text: str, agent: str, urls: tuple[str, ...]) -> RobotsVerdict:
    """Say which of ``urls`` (absolute) the rules of ``text`` allow a robot whose product token is ``agent``, and how fast.

    A group for ``agent`` wins over the one for ``*``; of rules, the longest pattern. Nothing raises: an address that cannot be
    read is not allowed.
    """
    rules = Protego.parse(_bounded(text[:MOST_BYTES], agent))
    delay = rules.crawl_delay(agent)
    return RobotsVerdict(
        allowed=tuple(_allowed(rules, url, agent) for url in urls),
        crawl_delay=min(delay, LONGEST_DELAY) if delay else None,
    )


def _allowed(rules: Protego, url: str, agent: str) -> bool:
    try:
        return rules.can_fetch(url, agent)
    except ValueError:
        return False


def _bounded(text: str, agent: str) -> str:
    """Return the lines that can matter, with every other robot's name made the same."""
    lines, stars = [], 0
    for line in text.encode("utf-8", "replace").decode().splitlines():
        if match := _AGENT_LINE.match(line):
            line = f"{match[1]}{_name(match[2].partition('#')[0].strip(), agent)}"
        else:
            stars += line.count("*")
        if len(line) <= _LONGEST_LINE and (stars <= _MOST_STARS or "*" not in line):
            lines.append(line)
    return "\n".join(lines)


def _name(value: str, agent: str) -> str:
    """Return ``*``, our own name, or that of nobody (RFC 9309 §2.2.1: the product token is compared, case aside)."""
    if value == "*":
        return value
    token = _TOKEN.match(value)
    return agent if token and token[0].lower() == agent.lower() else _NOBODY
