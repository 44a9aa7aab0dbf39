"""Which way a text runs."""

from __future__ import annotations

import unicodedata

_RTL_LANGUAGES = frozenset(
    {"ar", "arc", "azb", "bal", "ckb", "dv", "fa", "glk", "he", "iw", "ks", "lrc", "mzn", "nqo", "pnb", "ps", "sd", "sdh", "syr"}
    | {"ug", "ur", "yi"}
)
_EITHER_WAY = frozenset({"az", "kk", "ku", "ky", "ms", "pa", "tg", "tk", "uz"})
_RTL_SCRIPTS = frozenset({"adlm", "arab", "aran", "hebr", "nkoo", "syrc", "thaa"})
_ENOUGH = 40
_SCRIPT_LENGTH = 4


def direction(language: str | None, text: str = "") -> str:
    """``rtl`` or ``ltr``: by the script of the language tag (BCP 47), by its language, else by the text.

    Kurdish and some others are written in Arabic and in other letters: for them the text decides, too.

    The text is judged by its first strong characters (UAX #9): the majority of up to forty, so that a Persian sentence
    that begins with a Latin name still runs from right to left. Nothing known means ``ltr``.
    """
    primary, *subtags = (language or "und").lower().replace("_", "-").split("-")
    script = next((tag for tag in subtags if len(tag) == _SCRIPT_LENGTH and tag.isalpha()), None)
    if script is not None:
        return "rtl" if script in _RTL_SCRIPTS else "ltr"
    if primary in _RTL_LANGUAGES:
        return "rtl"
    if primary not in ("und", "") and primary not in _EITHER_WAY:
        return "ltr"
    return _by_text(text)


def _by_text(text: str) -> str:
    right = strong = 0
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL", "L"):
            strong += 1
            right += kind != "L"
        if strong == _ENOUGH:
            break
    return "rtl" if right * 2 > strong else "ltr"
