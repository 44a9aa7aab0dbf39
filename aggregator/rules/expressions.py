r"""Regular expressions on RE2: time that grows with the text only, whatever the expression; bounded memory.

They look at the original text, not at folded words. ``\w``, ``\d`` and ``\s`` are Unicode's, as everywhere in this language
(RE2's own know ASCII only). ``\b`` is refused for the same reason: RE2 would find boundaries inside of words of most scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import re2

MOST_MEMORY = 1 << 20
"""Bytes that one expression may take, program and automaton together."""
MOST_STEPS = 20_000
"""Instructions of RE2's program."""
_WORD = r"\p{L}\p{M}\p{N}_"
_SPACE = r"\t\n\v\f\r\x{85}\p{Z}"
_CLASSES = {"w": f"[{_WORD}]", "W": f"[^{_WORD}]", "d": r"\p{Nd}", "D": r"\P{Nd}", "s": f"[{_SPACE}]", "S": f"[^{_SPACE}]"}
_INSIDE = {"w": _WORD, "d": r"\p{Nd}", "D": r"\P{Nd}", "s": _SPACE}
_PIECE = re.compile(r"\\Q.*?(?:\\E|\Z)|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*+\]|\\.", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Found(Protocol):
    def span(self) -> tuple[int, int]: ...


class _Program(Protocol):
    """What we use of the package's compiled expression, which publishes no types."""

    programsize: int

    def search(self, text: str) -> _Found | None: ...
    def finditer(self, text: str) -> Iterator[_Found]: ...


@dataclass(frozen=True, slots=True)
class Expression:
    """``/source/``, or with ``any_case`` ``/source/i``."""

    source: str
    any_case: bool

    def occurs(self, text: str) -> bool:
        """Whether it stands anywhere in ``text`` and takes a character at least."""
        return next(self.places(text), None) is not None

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands in ``text``: from left to right, not overlapping, the first alternative first, nothing empty."""
        compiled = _compiled(self.source, self.any_case)
        spans = (found.span() for found in compiled.finditer(_SURROGATE.sub("\ufffd", text)))
        return (span for span in spans if span[0] < span[1])


def expression(source: str, *, any_case: bool) -> Expression:
    """The expression, checked. Raises ValueError with a message, and perhaps a hint after "; "."""
    if _compiled(source, any_case).search("") is not None:
        raise ValueError("this regular expression finds even nothing, everywhere; let it ask for one character at least")
    return Expression(source, any_case)


@lru_cache(maxsize=1024)
def _compiled(source: str, any_case: bool) -> _Program:
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    options.case_sensitive = not any_case
    if _SURROGATE.search(source):
        raise ValueError("a regular expression cannot hold half a character; write the character whole")
    try:
        compiled: _Program = re2.compile(_unicode(source), options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        if "too large" in reason:
            raise ValueError("this regular expression is too large; shorten it, or its repetitions") from None
        raise ValueError(f"this is no regular expression of RE2: {reason}") from None
    if compiled.programsize > MOST_STEPS:
        raise ValueError("this regular expression is too large; shorten it, or its repetitions")
    return compiled


def _unicode(source: str) -> str:
    """``source`` with Unicode's words, digits and spaces."""
    return _PIECE.sub(lambda found: _piece(found[0]), source)


def _piece(piece: str) -> str:
    """A character behind a backslash, a class in brackets, or a stretch between \\Q and \\E, which stays as it is."""
    if piece.startswith("["):
        return _ESCAPED.sub(lambda found: _inside(found[0], found[1]), piece)
    if piece in ("\\b", "\\B"):
        raise ValueError(f"{piece} knows ASCII words only; use words and phrases, or write \\PL for what is no letter")
    return _CLASSES.get(piece[1], piece) if len(piece) == 2 else piece


def _inside(piece: str, name: str) -> str:
    if name in "WS":
        raise ValueError(f"{piece} cannot stand between [ and ]; write it beside them, as in (?:[a-z]|{piece})")
    return _INSIDE.get(name, piece)
