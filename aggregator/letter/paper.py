"""The HTML that our mails are written on: one Jinja environment with autoescape, and what makes foreign words harmless."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

LONGEST_URL = 2000
MOST_ALIASES = 5
MOST_BYTES = 90_000
"""Target for the decoded HTML of a mail: Gmail clips it at about 102 kB."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\s]+")
# Embeddings and isolates could end the isolation that we put around a foreign word; overrides (U+202D, U+202E) cannot.
_ISOLATES = re.compile("[\u202a\u202b\u202c\u2066-\u2069]")
_WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)


def tidy(text: str, most: int = 0) -> str:
    """``text`` on one line, without control characters and lone surrogates; cut at ``most`` characters (0: never).

    Single spaces at either end stay, for these are pieces of sentences as well.
    """
    clean = _CONTROL.sub(" ", _ISOLATES.sub("", text))
    return clean if not most or len(clean) <= most else clean[: most - 1].rstrip() + "…"


def subject_line(text: str, most: int = 180) -> str:
    """``text`` fit for a Subject: one line, no control characters, no direction overrides (nothing could isolate them there)."""
    return tidy(re.sub("[\u202d\u202e]", "", text), most).strip()


def safe_url(url: str) -> str:
    """``url`` if it is http(s) and of sane length, else ``""`` (nothing to click). Invisible characters are percent-encoded."""
    if not _WEB.match(url) or len(url) > LONGEST_URL:
        return ""
    return "".join(char if char.isprintable() and char != " " else quote(char, errors="replace") for char in url)


def is_rtl(text: str) -> bool:
    """Whether ``text`` holds a letter that is written from right to left."""
    return any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


@cache
def stationery(package: str) -> Environment:
    """The environment for the templates of ``package``, with those of this room to extend and import. Autoescape is always on."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("aggregator.letter")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(tidy=tidy, href=safe_url)
    environment.globals["most_aliases"] = MOST_ALIASES
    return environment


def write_html(package: str, template: str, **content: object) -> str:
    """``template`` of ``package`` filled with ``content``; indentation and empty lines are dropped, they only cost bytes."""
    page = stationery(package).get_template(template).render(**content)
    return "".join(f"{line}\n" for line in (line.strip(" ") for line in page.split("\n")) if line)


def first_fitting(steps: int, html: Callable[[int], str]) -> int:
    """The first of ``steps`` ways to write a mail, each shorter than the one before, whose HTML fits; the last if none does."""
    return bisect_left(range(steps - 1), x=True, key=lambda step: len(html(step).encode()) <= MOST_BYTES)
