"""The language of a text, from the text itself: what a page or a feed declares is often its software's default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
_LETTERS = re.compile(r"[^\W\d_]+")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
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

# Frequent words that hardly any neighbour shares: a paragraph with one of them in every fifteen words is in that language.
_FUNCTION_WORDS = {
    "af": "die het van is nie wat vir om hulle",
    "ar": "في من على أن إلى التي عن مع هذا الذي ما",
    "az": "və bu bir üçün ilə olan görə",
    "be": "і ў што гэта з як ад або быў яго",
    "bg": "и на в за да се от е че са",
    "ca": "els amb dels aquest és però per una",
    "cs": "že se je který jsou jako podle bylo jsem",
    "da": "og at det er til af på der ikke med",
    "de": "der die und das ist nicht mit dem ein zu auf für",
    "en": "the and of to in that is was for with",
    "es": "el los las que y por del como más",
    "et": "ja on ei et see mis kui oli",
    "fa": "و در به از که را این است با برای می آن",
    "fi": "ja on ei että se oli mutta kun myös",
    "fr": "les des est dans et une pour qui du sur au",
    "hr": "je i se na da su za koji od",
    "hu": "a az és hogy nem egy is meg",
    "id": "yang dan di dengan untuk ini dari pada",
    "it": "il che di della è per gli non sono con",
    "lt": "ir kad yra su iš bet tai kaip",
    "lv": "un ir ka par no ar kas bet",
    "ms": "yang dan di dengan untuk ini dari pada",
    "nl": "de het een van dat niet met voor zijn",
    "no": "og det er på til som for av ikke med",
    "pl": "w na że się nie jest z do oraz przez",
    "pt": "o os que em não uma para do com é",
    "ro": "și în nu este pe care din cu",
    "ru": "и что это как с со из или был его который",
    "sk": "že sa je ktorý sú ako podľa bolo som",
    "sl": "je in da se so za ki pa",
    "sq": "dhe në të që një për me nga",
    "sr": "је и на да су за који од се je i na da su za koji od se",
    "sv": "och att det är som på för av inte med",
    "sw": "na ya wa kwa ni katika za la",
    "tr": "ve bir bu için ile olarak daha göre gibi sonra olan kadar ise çok",
    "uk": "і й що це як та з із від або був його",
    "ur": "کے میں کی ہے اور سے نے کو کا",
    "uz": "va bilan bu uchun ham bir",
    "vi": "và của là có được trong cho không",
}
_ONE_WORD_IN = 15
_PASSAGE = 200
# Written alike: what the model tells apart is spelling here and there, not a passage in another language.
_ALIKE = tuple(
    frozenset(codes.split()) for codes in ("no da", "sr hr sl", "id ms", "xh zu", "cs sk", "hi mr ne", "tr az", "nl af", "bg mk")
)
# Easily confused: a passage must be twice as long, the model sure, and a letter of its own be there, if it has one.
_CLOSE = tuple(
    frozenset(codes.split())
    for codes in ("fa ar ur ps ku ug", "ru uk be bg sr mk", "zh ja", "es pt gl ca it", "sv no da", "fr oc ca")
)
_CERTAIN = 0.99

# Yiddish points its letters where Hebrew news does not, and writes two letters as one; the model does not know it.
_YIDDISH = re.compile("[\u05f0-\u05f2]|[אפי][\u05b4\u05b7\u05b8\u05bf]")


def other_languages(text: str, main: str | None) -> tuple[str, ...]:
    """The languages of whole passages of ``text`` that are not in its ``main`` language, in their order.

    A passage is a run of paragraphs (lines) of 200 letters or more together, 80 in Chinese, Japanese or Korean. Short quotations
    do not count. Languages written alike (Norwegian and Danish) count as one; neighbours (Persian and Arabic) need more evidence.
    """
    if not main:
        return ()
    found: dict[str, None] = {}
    for run in _foreign_runs(text, main):
        passages: dict[str, list[str]] = {}
        for paragraph in run:
            if code := detect_language(paragraph):
                passages.setdefault(code, []).append(paragraph)
        for code, paragraphs in passages.items():
            if code != main and _is_passage("\n".join(paragraphs), code, main):
                found[code] = None
    return tuple(found)


def _foreign_runs(text: str, main: str) -> Iterator[list[str]]:
    """Runs of paragraphs that do not look like the main language, long enough for a passage; short lines do not part them."""
    run: list[str] = []
    for paragraph in [*text.split("\n"), None]:
        if paragraph is not None and len(paragraph) < _SHORT and not _CJK.search(paragraph):
            continue
        if paragraph is not None and not _looks_like(paragraph, main):
            run.append(paragraph)
            continue
        if sum(map(_size, run)) >= _PASSAGE:
            yield run
        run = []


def _size(text: str) -> float:
    """Letters, those of East Asia for two and a half each."""
    return sum(map(len, _LETTERS.findall(text))) + 1.5 * len(_CJK.findall(text))


def _looks_like(paragraph: str, main: str) -> bool:
    """A quick look, by frequent words where we have them, else by script; in doubt False, which only costs a slow one."""
    words = _LETTERS.findall(paragraph.casefold())
    if main in _FUNCTION_WORDS:
        known = _words_of(main)
        return sum(word in known for word in words) * _ONE_WORD_IN >= len(words)
    if main in _LANGUAGES["latin"]:
        return False
    letters = sum(map(len, words))
    own = sum(len(_SCRIPTS[name].findall(paragraph)) for name, codes in _LANGUAGES.items() if main in codes)
    kana = len(_SCRIPTS["kana"].findall(paragraph)) * 12 > letters
    return own * 2 >= letters and kana == (main == "ja")


@cache
def _words_of(code: str) -> frozenset[str]:
    return frozenset(_FUNCTION_WORDS[code].split())


def _is_passage(text: str, code: str, main: str) -> bool:
    size = _size("".join("".join(_SCRIPTS[name].findall(text)) for name, codes in _LANGUAGES.items() if code in codes))
    if any(code in group and main in group for group in _ALIKE) or size < _PASSAGE:
        return False
    if code in _LANGUAGES["latin"] and code in _FUNCTION_WORDS and not _looks_like(text, code):
        return False  # a list of names
    if not any(code in group and main in group for group in _CLOSE):
        return True
    script, _ = _script(text[:_SAMPLE])
    sign = next((sign for name, sign in _TELLING.get(script, ()) if name == code), None)
    choice = _LANGUAGES.get(script, frozenset())
    certain = len(choice) == 1 or script == "han" or dict(_ranked(text[:_SAMPLE], choice)).get(code, 0.0) >= _CERTAIN
    return certain and size >= 2 * _PASSAGE and (sign is None or bool(sign.search(text)))


def detect_language(text: str, hints: Sequence[str | None] = ()) -> str | None:
    """ISO 639-1 code of ``text``, None if it has no letters.

    The script narrows the choice, py3langid decides by what is written in it. ``hints`` (declared languages, the most
    trusted first) count only for a short text or a close call, and only if their language is written in this script.
    """
    sample = text[:_SAMPLE]
    script, letters = _script(sample)
    if not script:
        return None
    choice = _LANGUAGES[script]
    if len(choice) == 1:
        return next(iter(choice))
    if script == "hebrew":
        return "yi" if len(_YIDDISH.findall(sample)) * 30 >= letters else "he"
    ranked = _ranked(_foreign(script).sub(" ", sample), choice)
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


@cache
def _foreign(script: str) -> re.Pattern[str]:
    """What is written in other scripts: a quotation in Arabic says nothing of which Latin language a text is in."""
    kin = ("kana", "han") if script in ("kana", "han") else (script,)
    return re.compile("[" + "".join(pattern.pattern[1:-1] for name, pattern in _SCRIPTS.items() if name not in kin) + "]+")


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
