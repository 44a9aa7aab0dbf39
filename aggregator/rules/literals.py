"""Literals (``=MEK``): what a text must say character for character, found in the text itself.

Folding a whole text, and leading its terms back to their places, costs a hundred times what looking for a few characters does.
No token holds a blank, and nothing beside a blank has to do with how a text is cut beyond it: so only what stands between the
blanks around a find is analysed.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from operator import attrgetter

from aggregator.rules.streams import Probe
from aggregator.text import Token, tokenize

_SPACE = re.compile(r"\s+")
_BLANK = re.compile("[ \n]")
MOST_FINDS = 100
"""So many finds are looked at; a text that has more, and nothing among them, is better analysed as a whole."""


def plain(text: str) -> str:
    """``text`` with every run of white space one space, canonically composed: how literals are compared."""
    return unicodedata.normalize("NFC", _SPACE.sub(" ", text))


def says(said: str, probe: Probe) -> bool:
    """Whether what the original says at a place of ``probe``'s terms is its literal."""
    said = plain(said)
    return said.startswith(probe.literal) if probe.prefix else said == probe.literal


def stands(text: str, probe: Probe) -> bool | None:
    """Whether the literal of ``probe`` stands anywhere in ``text``, which must be canonically composed; None: not known yet."""
    first, *rest = probe.literal.split(" ")
    behind = re.compile("".join(rf"\s+{re.escape(piece)}" for piece in rest))
    begin, end, tokens = 0, -1, list[Token]()
    at = -1
    for _ in range(MOST_FINDS):
        at = text.find(first, at + 1)
        if at < 0:
            return False
        whole = None if _within_a_run(text, at) else behind.match(text, at + len(first))
        if whole:
            if whole.end() > end:
                begin = max(text.rfind(" ", begin, at) + 1, text.rfind("\n", begin, at) + 1, begin)
                blank = _BLANK.search(text, whole.end())
                end = blank.start() if blank else len(text)
                tokens = tokenize(text[begin:end])
            if _is_at(text, at, begin, tokens, probe):
                return True
    return None


def _within_a_run(text: str, at: int) -> bool:
    """A quick no: between two of ASCII's letters and digits no token begins."""
    pair = text[at - 1 : at + 1] if at else ""
    return len(pair) == 2 and pair.isascii() and pair.isalnum()


def _is_at(text: str, at: int, begin: int, tokens: list[Token], probe: Probe) -> bool:
    """Whether the tokens from ``at`` on are ``probe``'s terms, and say its literal; ``tokens`` are those from ``begin`` on."""
    (sequence,) = probe.sequences
    number = bisect_left(tokens, at - begin, key=attrgetter("start"))
    found = tokens[number : number + len(sequence)]
    if len(found) < len(sequence) or found[0].start != at - begin:
        return False
    *firsts, last = (token.term for token in found)
    if firsts != [*sequence[:-1]] or not (last.startswith(sequence[-1]) if probe.prefix else last == sequence[-1]):
        return False
    return says(text[at : begin + found[-1].end], probe)
