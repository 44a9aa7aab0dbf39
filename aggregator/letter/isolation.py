"""Foreign words in our mails: made harmless, isolated from ours, and kept in their place in plain text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote

LONGEST_URL = 2000
OPEN, CLOSE = "\u2068", "\u2069"
"""What stands around a name within a sentence of ours. ``tidy`` leaves neither in foreign words."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\s]+")
# Embeddings and isolates could end the isolation that we put around a foreign word; overrides (U+202D, U+202E) cannot.
_ISOLATES = re.compile("[\u202a\u202b\u202c\u2066-\u2069]")
_OVERRIDES = re.compile("[\u202d\u202e]")
_UNFIT = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_STRONG = {"L": "ltr", "R": "rtl", "AL": "rtl"}
_MARKS = {"ltr": "\u200e", "rtl": "\u200f"}
_LATIN_IN_BRACKETS = re.compile(r"\([^()]*[A-Za-z0-9][^()]*\)")
_NAME = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")


def tidy(text: str, most: int = 0) -> str:
    """``text`` on one line, without control characters and lone surrogates; cut at ``most`` characters (0: never).

    Single spaces at either end stay, for these are pieces of sentences as well.
    """
    clean = _CONTROL.sub(" ", _ISOLATES.sub("", text))
    return clean if not most or len(clean) <= most else clean[: most - 1].rstrip() + "…"


def subject_line(text: str, most: int = 180, way: str = "ltr") -> str:
    """``text`` fit for a Subject: one line, no control characters, no direction overrides (nothing could isolate them there).

    One of ours that runs ``rtl`` and begins with a Latin name gets a mark before it, for lists of mails go by the first letter.
    """
    said = tidy(re.sub("[\u202d\u202e]", "", text), most).strip()
    return starting(said, way) if way == "rtl" else said


def safe_url(url: str) -> str:
    """``url`` if it is http(s) and of sane length, else ``""`` (nothing to click).

    Characters that are invisible, or have no place in a URL (RFC 3986 §2), are percent-encoded.
    """
    if not _WEB.match(url) or len(url) > LONGEST_URL:
        return ""
    if url.isascii():
        return _UNFIT.sub(lambda found: quote(found[0], safe=""), url)
    unfit = (char for char in set(url) if _UNFIT.match(char) or not char.isprintable())
    return url.translate({ord(char): quote(char, safe="", errors="replace") for char in unfit})


def language_tag(language: str | None) -> str:
    """``language`` as a ``lang`` attribute (BCP 47); ``""``, which means not known, for what is no such tag."""
    return language if language and _TAG.fullmatch(language) else ""


def is_rtl(text: str) -> bool:
    """Whether ``text`` holds a letter that is written from right to left."""
    return not text.isascii() and any(strong(char) == "rtl" for char in text)


@lru_cache(4096)
def strong(char: str) -> str:
    """``ltr`` or ``rtl`` for a character that has a direction of its own (UAX #9, strong types), else ``""``."""
    return _STRONG.get(unicodedata.bidirectional(char), "")


def foreign(text: str, most: int = 0) -> str:
    """Somebody else's words on one line, unable to turn the rest of it around.

    A text with a direction override is isolated (U+2068, U+2069). In a text from right to left, brackets around Latin
    letters or digits are followed by U+200E, without which many clients show them at the wrong end.
    """
    clean = tidy(text, most).strip()
    if is_rtl(clean):
        clean = _LATIN_IN_BRACKETS.sub(rf"\g<0>{_MARKS['ltr']}", clean)
    return f"{OPEN}{clean}{CLOSE}" if _OVERRIDES.search(clean) else clean


def named(text: str, most: int = 0) -> str:
    """A foreign name that stands inside a sentence of ours, isolated from it: see ``spoken`` and ``paper.isolated``."""
    return f"{OPEN}{tidy(text, most).strip()}{CLOSE}"


def spoken(text: str, around: str) -> str:
    """A sentence of ours as plain text that runs ``around`` (``ltr``, ``rtl``): marks keep names that run the other way in place.

    Few clients show isolates rightly, so they are left around direction overrides only.
    """
    mark = _MARKS[around]

    def name(found: re.Match[str]) -> str:
        clean = foreign(found[1])
        strays = is_rtl(clean) if around == "ltr" else any(strong(char) == "ltr" for char in clean)
        return clean + mark if strays else clean

    return _NAME.sub(name, text)


def starting(line: str, around: str) -> str:
    """``line`` with a mark before it if it would begin the wrong way: many clients go by the first letter."""
    return line if first_way(line) in ("", around) else _MARKS[around] + line


def first_way(text: str) -> str:
    """The direction of the first letter that has one."""
    return next(filter(None, map(strong, text)), "")
