"""Folding: every spelling of a token becomes one term, for queries, the matcher and every index alike."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that casefolding and decomposition leave alone, but that people and wire services spell otherwise.
_LETTERS = {
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t",
    "ё": "е",
    "ي": "ی", "ى": "ی", "ك": "ک", "ڪ": "ک", "ة": "ه", "ە": "ه", "ہ": "ه", "ۃ": "ه", "ھ": "ه", "ٱ": "ا",
    "ء": "", "ٴ": "", "ـ": "",
}  # fmt: skip
# Invisible characters inside a word: combining grapheme joiner, soft hyphen, joiner, Mongolian and other variation selectors.
_INVISIBLE = re.compile("[\u00ad\u034f\u180b-\u180f\u200d\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
# A stress mark on a Cyrillic vowel is a reader's aid; what composes to a letter of its own (й, ѓ) has been composed before.
_CYRILLIC_STRESS = re.compile("(?<=[\u0400-\u052f])[\u0300\u0301]")


def _drops_marks(letter: str) -> bool:
    """Whether marks on ``letter`` are accents or points (Latin, Greek, Hebrew, Arabic, Syriac) and not parts of letters."""
    code = ord(letter)
    return code < 0x2B0 or 0x370 <= code < 0x400 or 0x590 <= code < 0x780 or 0x870 <= code < 0x900 or 0x1E00 <= code < 0x2000


def _fold(token: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", _INVISIBLE.sub("", token)).casefold())
    kept: list[str] = []
    drops = False
    for char in decomposed:
        if unicodedata.category(char)[0] == "M":
            if not drops:
                kept.append(char)
            continue
        drops = _drops_marks(char)
        if char.isdecimal():
            kept.append(str(unicodedata.decimal(char)))
        elif char.isalnum() or (char > "\x7f" and not char.isspace()):
            kept.append(_LETTERS.get(char, char))
    composed = _CYRILLIC_STRESS.sub("", unicodedata.normalize("NFC", "".join(kept)))
    return composed.replace("ё", "е")


@lru_cache(maxsize=1 << 16)
def fold(token: str) -> str:
    """The term of a token: one spelling for all spellings that readers take for the same.

    NFKC and casefold; accents go on Latin and Greek, points and harakat on Hebrew and Arabic (Cyrillic й and Indic vowel
    signs stay); ı ł ø đ ð þ æ œ ß ё by table; Arabic and Persian forms of yeh, kaf, heh, alef, waw meet; tatweel and hamza go;
    every decimal digit becomes ASCII; the dots of an acronym go. The result holds no white space and no ASCII punctuation; it is
    empty for a token that is nothing but tatweel or hamza. ``fold(fold(x)) == fold(x)``. Never raises.
    """
    if token.isascii():
        return token.lower() if token.isalnum() else "".join(filter(str.isalnum, token.lower()))
    return _fold(token)
