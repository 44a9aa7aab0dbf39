"""The language of a text, from the text itself: what a page or a feed declares is often its software's default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from py3langid.langid import LanguageIdentifier

_SAMPLE = 1500
_SHORT = 40
_SURE = 0.55

_SCRIPTS: dict[str, re.Pattern[str]] = {
    "latin": re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff]"),
    "arabic": re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "kana": re.compile("[\u3041-\u30ff\uff66-\uff9f]"),
    "hangul": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "han": re.compile("[\u3400-\u9fff\uf900-\ufaff]"),
    "hebrew": re.compile("[\u05d0-\u05ea]"),
    "greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
    "other": re.compile("[\u0530-\u058f\u0980-\u109f\u10a0-\u10ff\u1200-\u137f\u1780-\u17ff]"),
}
_WRITTEN_IN = {
    "latin": "af az bs ca cs cy da de en es et eu fi fr ga gl ha hr hu id is it ku lb lt lv ms mt nl no pl pt ro sk sl so sq sr "
    "sv sw tl tr uz vi xh yo zu",
    "arabic": "ar fa ur ps ku ug",
    "cyrillic": "ru uk be bg sr mk kk ky mn tg tt",
    "kana": "ja",
    "hangul": "ko",
    "han": "zh ja",
    "hebrew": "he yi",
    "greek": "el",
    "devanagari": "hi mr ne",
    "other": "hy bn pa gu ta te kn ml si th lo my ka am km",
}
_LANGUAGES = {script: frozenset(codes.split()) for script, codes in _WRITTEN_IN.items()}
_FOLD = {
    "nn": "no", "nb": "no", "wuu": "zh", "yue": "zh", "arz": "ar", "ary": "ar", "uzs": "uz", "sdh": "ku", "iw": "he", "ckb": "ku",
}  # fmt: skip
# Letters that one language of the script has and its great neighbour has not.
_TELLING: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "arabic": (
        ("ur", re.compile("[ٹڈڑںے]")),
        ("ps", re.compile("[ټډړښږڼې]")),
        ("ku", re.compile("[ڕڵۆێە]")),
        ("fa", re.compile("[پچژگیک]")),
        ("ar", re.compile("[ةىيكأإ]")),
    ),
    "cyrillic": (
        ("be", re.compile("[ўЎ]")),
        ("uk", re.compile("[іїєґІЇЄҐ]")),
        ("sr", re.compile("[ђћЂЋљњџ]")),
        ("ru", re.compile("[ыэёЫЭЁ]")),
    ),
}


def detect_language(text: str, hints: Sequence[str | None] = ()) -> str | None:
    """ISO 639-1 code of ``text``, None if it has no letters.

    The script narrows the choice, py3langid decides. ``hints`` (declared languages, the most trusted first) count only
    for a short text or a close call, and only if their language is written in this script.
    """
    sample = text[:_SAMPLE]
    script, letters = _script(sample)
    if not script:
        return None
    choice = _LANGUAGES[script]
    if len(choice) == 1:
        return next(iter(choice))
    ranked = _ranked(sample, choice)
    best, share = ranked[0]
    if script == "han":
        return "ja" if best == "ja" and share > 0.9 and "ja" in _codes(hints) else "zh"
    if letters >= _SHORT and share >= _SURE:
        return best
    telling = next((code for code, sign in _TELLING.get(script, ()) if sign.search(sample)), None)
    hint = next((code for code in _codes(hints) if code in choice), None)
    if hint and (telling is None or telling == hint or _agrees(script, hint, sample)):
        return hint
    return telling or best


def _agrees(script: str, code: str, sample: str) -> bool:
    """Whether a language's own letters occur, so that a hint at it may stand against another sign."""
    return any(sign.search(sample) for name, sign in _TELLING.get(script, ()) if name == code)


def _codes(hints: Sequence[str | None]) -> list[str]:
    """``fa-IR`` and ``FA_ir`` as ``fa``."""
    codes = (re.split("[-_]", hint.strip().lower())[0] for hint in hints if hint)
    return [_FOLD.get(code, code) for code in codes if code]


def _script(sample: str) -> tuple[str, int]:
    """The script that most letters are in, and how many letters there are. Japanese shows by its kana."""
    counts = {name: len(pattern.findall(sample)) for name, pattern in _SCRIPTS.items()}
    total = sum(counts.values())
    if not total:
        return "", 0
    if counts["kana"] * 12 > counts["kana"] + counts["han"] and counts["kana"] + counts["han"] > total / 3:
        return "kana", total
    # One ideograph or syllable carries what takes several Latin letters.
    weights = {"han": 2, "hangul": 2}
    return max(counts, key=lambda name: counts[name] * weights.get(name, 1)), total


@cache
def _identifier() -> LanguageIdentifier:
    """The model, loaded once per process (about 0.3 s)."""
    return LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)


def _ranked(sample: str, choice: frozenset[str]) -> list[tuple[str, float]]:
    """The languages of ``choice`` with their shares of the probability, best first."""
    shares = dict.fromkeys(sorted(choice), 0.0)
    for code, share in _identifier().rank(sample):
        folded = _FOLD.get(code, code)
        if folded in shares:
            shares[folded] += float(share)
    total = sum(shares.values()) or 1.0
    return sorted(((code, share / total) for code, share in shares.items()), key=lambda pair: -pair[1])
