"""Tokens: the one way a text is cut into words, with offsets into the original."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from aggregator.text.folding import fold

LONGEST_CACHED = 200
"""A text that holds a longer run of letters is folded outside the cache, so that hostile input cannot fill the memory."""

# Scripts without spaces between words, and Hangul: one character, with its marks, is one token.
_UNSPACED = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46"  # Thai
    "\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf"  # Lao
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e"  # Burmese
    "\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a\uaa7e\uaa7f"
    "\u1780-\u17b3\u17d7\u17dc"  # Khmer
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7c6\ud7cb-\ud7fb\uffa0-\uffdc"  # Hangul
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # Kana
    "\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001afff\U0001b000-\U0001b16f"
    "\u3105-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Bopomofo, Han
)
# Modifier letters that stand for an apostrophe, ayn or hamza separate, as the apostrophe itself does.
_APOSTROPHES = "\u02b9-\u02bf\u02c8\u02ee\ua78b\ua78c"
JOINERS = "\u00ad\u034f\u200d\u2060\ufeff"
_PLAIN = re.compile(r"[^\W_][^\W_]++|[^\W\d_](?:[.．][^\W\d_](?![^\W_]))++[.．]?|[^\W_]")


class Token(NamedTuple):
    """A term and where it stands: ``text[start:end]`` is what was written there."""

    term: str
    start: int
    end: int


def _marks(*codes: range) -> str:
    """The combining marks among ``codes`` in this Python's Unicode, as the inside of a character class."""
    runs: list[tuple[int, int]] = []
    for code in (code for part in codes for code in part if unicodedata.category(chr(code))[0] == "M"):
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


@cache
def patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a text must hold for the plain pattern not to do, and the full pattern.

    ``re`` looks characters up in a class at once within the basic plane, but range by range beyond it; hence two classes.
    """
    basic = _marks(range(0x300, 0x10000))
    mark = rf"(?:[{basic}]|(?=[^\0-\uffff])[{_marks(range(0x10000, 0x20000), range(0xE0100, 0xE01F0))}])"
    letter = rf"[^\W\d_{_UNSPACED}{_APOSTROPHES}]"
    sign = rf"[^\W_{_UNSPACED}{_APOSTROPHES}]"
    run = rf"(?:{sign}++{mark}*+)++"
    acronym = rf"{letter}{mark}*+(?:[.．]{letter}{mark}*+(?!{sign}))++[.．]?"
    word = rf"{run}(?:[{JOINERS}]++{run})*+"
    jamo = "[\u1100-\u115f\ua960-\ua97c][\u1160-\u11a7\ud7b0-\ud7c6]++[\u11a8-\u11ff\ud7cb-\ud7fb]*+"
    sara_am = "\u0e4d\u0e32|\u0ecd\u0eb2"
    single = rf"{jamo}|{sara_am}|[{_UNSPACED}](?:(?!{sara_am})(?:{mark}|[\uff9e\uff9f]))*+"
    special = f"[{_UNSPACED}{_APOSTROPHES}{JOINERS}{basic}\U00010000-\U0010ffff]"
    return re.compile(special), re.compile(f"{acronym}|{word}|{single}")


def _pattern_for(text: str) -> re.Pattern[str]:
    """The full pattern, or one that gives the same in a third of the time for texts without marks and unspaced scripts."""
    if text.isascii():
        return _PLAIN
    special, full = patterns()
    return full if special.search(text) else _PLAIN


def terms(text: str) -> list[str]:
    """The folded terms of ``text`` in order: ``[token.term for token in tokenize(text)]``, several times faster."""
    words: list[str] = _pattern_for(text).findall(text)
    if not words:
        return []
    folded = fold if max(map(len, words)) <= LONGEST_CACHED else fold.__wrapped__
    return list(filter(None, map(folded, words)))


def tokenize(text: str) -> list[Token]:
    """Cut ``text`` into tokens, in order; offsets are into ``text`` as given. Any input will do; nothing raises.

    A token is a run of letters, digits and marks. Dotted acronyms are one token (``U.S.``, ``M.E.K.``); white space, ZWNJ,
    hyphens, apostrophes and all other signs separate; soft hyphens and joiners do not. Han, Kana, Hangul, Thai, Lao, Khmer
    and Burmese give one token a character (with its marks), so that a word of theirs is a phrase and matches as a substring.
    """
    found = [(match[0], match.start(), match.end()) for match in _pattern_for(text).finditer(text)]
    folded = fold if max((len(word) for word, _, _ in found), default=0) <= LONGEST_CACHED else fold.__wrapped__
    return [Token(term, start, end) for word, start, end in found if (term := folded(word))]


def offsets(text: str) -> list[tuple[int, int]]:
    """Start and end of every token: ``[(token.start, token.end) for token in tokenize(text)]``, faster."""
    return [match.span() for match in _pattern_for(text).finditer(text) if len(word := match[0]) > LONGEST_CACHED or fold(word)]


_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")


def unspaced(term: str) -> bool:
    """Whether ``term`` is a character of a script written without spaces, whose words match as substrings anyway."""
    return _UNSPACED_CHARACTER.search(term) is not None
