"""Terms of whole texts at once, for texts whose characters fold one by one.

Most texts hold nothing but the letters and signs of one small alphabet. Such a text is written as bytes, one a character; a table
of bytes then folds it, drops marks and blanks what separates, and a split gives the terms. No token is looked at on its own.
The tables are made by asking ``fold`` and the tokens' pattern about every character, so that they cannot say anything else.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from aggregator.text import tokens
from aggregator.text.folding import fold

_SIGNS = (
    "\u00a0\u2009\u200a\u200b\u200c\u200e\u200f\u2010\u2011\u2013\u2014\u2015\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026\u202f"
    "\u2039\u203a\u20ac\u2122"
)
_LATIN = "".join(map(chr, range(0xA1, 0x100)))
_CENTRAL = "ÁÂÄÇÉËÍÎÓÔÖÚÜÝßáâäçéëíîóôöúüýãõåøąćęłńśźżčďěňřšťůžşğıİășțţőűđāēģīķļņōŗūĄĆĘŁŃŚŹŻČĎĚŇŘŠŤŮŽŞĞĂȘȚŐŰĐ«»§°"
_CYRILLIC = "".join(map(chr, range(0x410, 0x450))) + "ЁёЄєІіЇїҐґЎўЂђЃѓЈјЉљЊњЋћЌќЏџЅѕ«»№§°"
_ARABIC = (
    "".join(map(chr, (*range(0x621, 0x63B), *range(0x640, 0x653), *range(0x660, 0x66A), *range(0x6F0, 0x6FA))))
    + "\u0670\u0654\u0655پچژکگیۀٱةھہےٹڈڑں،؛؟٪٬٫«»۔"
)
_SHORT = 60
"""A text shorter than this is cut token by token at the same cost: a query's words, most of all."""
_ACRONYM = re.compile(r"\.[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Alphabet:
    encode: Any
    """What ``codecs.charmap_build`` makes; the type has no public name."""
    decode: str
    table: bytes
    dropped: bytes
    replaced: dict[str, str]

    def fold(self, text: str) -> str | None:
        """``text`` folded, with a blank for everything between tokens; None if it holds other characters."""
        for char, folded in self.replaced.items():
            if char in text:
                text = text.replace(char, folded)
        try:
            written = text.encode("ascii") if text.isascii() else codecs.charmap_encode(text, "strict", self.encode)[0]
        except UnicodeEncodeError:
            return None
        return codecs.charmap_decode(written.translate(self.table, self.dropped), "strict", self.decode)[0]


def _alphabet(characters: str) -> _Alphabet:
    chars = [char for char in dict.fromkeys([*map(chr, range(128)), *characters]) if char not in tokens.JOINERS]
    _, full = tokens.patterns()
    table, dropped, replaced, left_out = bytearray(b" " * 256), bytearray(), {}, set()
    for at, char in enumerate(chars):
        mark = unicodedata.category(char)[0] == "M"
        if not mark and not full.fullmatch(char):
            continue
        folded = fold(f"ا{char}")[1:] if mark else fold(char)
        if not folded:
            dropped.append(at)
        elif len(folded) == 1 and folded in chars:
            table[at] = chars.index(folded)
        else:
            left_out.add(char)
            if folded.isascii():
                replaced[char] = folded
    # A place that no character may have stands for one that no text holds.
    decode = "".join("\ufffe" if char in left_out else char for char in chars).ljust(256, "\ufffe")
    return _Alphabet(codecs.charmap_build(decode), decode, bytes(table), bytes(dropped), replaced)


@cache
def _alphabets() -> tuple[_Alphabet, ...]:
    return tuple(_alphabet(part + _SIGNS) for part in (_LATIN, _CENTRAL, _CYRILLIC, _ARABIC))


def _without_acronyms(text: str) -> str:
    """``text`` with the terms themselves in the place of every run between blanks that has a dot before a letter."""
    parts: list[str] = []
    done = 0
    for found in _ACRONYM.finditer(text):
        if found.start() < done:
            continue
        start = text.rfind(" ", done, found.start()) + 1 or done
        end = text.find(" ", found.start())
        end = len(text) if end < 0 else end
        parts += (text[done:start], " ".join(tokens.terms(text[start:end])))
        done = end
    return "".join((*parts, text[done:]))


def _folded(text: str) -> str | None:
    whole = _without_acronyms(text)
    for alphabet in _alphabets():
        folded = alphabet.fold(whole)
        if folded is not None:
            return folded
    return None


def terms(text: str) -> list[str]:
    """The folded terms of ``text`` in order: ``[token.term for token in tokenize(text)]``, many times faster."""
    folded = None if len(text) < _SHORT else _folded(text)
    if folded is not None:
        return folded.split()
    if "\n" not in text:
        return tokens.terms(text)
    # One foreign name or sign makes its own paragraph slow, not the text.
    return list(chain.from_iterable(map(terms, text.split("\n"))))


def _aligned(text: str) -> str | None:
    """``text`` folded character by character, so that every offset stays; None if that cannot be."""
    if _ACRONYM.search(text):
        return None
    for alphabet in _alphabets():
        folded = alphabet.fold(text)
        if folded is not None:
            # Where nothing was replaced by more, the length tells that nothing was dropped.
            return folded if len(folded) == len(text) and not any(char in text for char in alphabet.replaced) else None
    return None


class Offsets:
    """Where every token of a text begins and ends, as plain numbers."""

    def __init__(self, text: str) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._add(text, 0)

    def _add(self, text: str, begin: int) -> None:
        folded = _aligned(text)
        if folded is not None:
            at, starts, ends = begin, self.starts.append, self.ends.append
            for run in folded.split(" "):
                if run:
                    starts(at)
                    at += len(run)
                    ends(at)
                at += 1
        elif "\n" in text:
            for line in text.split("\n"):
                self._add(line, begin)
                begin += len(line) + 1
        else:
            for start, end in tokens.offsets(text):
                self.starts.append(begin + start)
                self.ends.append(begin + end)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """From the beginning of token ``first`` to the end of token ``last``."""
        return self.starts[first], self.ends[last]


def offsets(text: str) -> list[tuple[int, int]]:
    """Start and end of every token: ``[(token.start, token.end) for token in tokenize(text)]``, faster."""
    found = Offsets(text)
    return list(zip(found.starts, found.ends, strict=True))


def index_text(text: str) -> str:
    """The terms of ``text`` joined by single spaces: FTS5 with ``tokenize='ascii'``, or a tsvector, keeps exactly our tokens.

    Cheaper than the terms one by one, which most texts never come apart into.
    """
    folded = None if len(text) < _SHORT else _folded(text)
    if folded is not None:
        while "  " in folded:
            folded = folded.replace("  ", " ")
        return folded.strip(" ")
    if "\n" not in text:
        return " ".join(tokens.terms(text))
    return " ".join(filter(None, map(index_text, text.split("\n"))))
