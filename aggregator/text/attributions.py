"""Attributions: where a text names whom it has something from ("according to …", "… reported", "به گزارش …").

Cues stand in many languages: words behind which the source is named, and words in front of which it is. What is found is the
stretch where the name is to be looked for, to the end of the clause and a dozen words at most; it is no grammar, and a name in
it is one that the sentence leans on in all but odd cases. A cue in letters that have cases counts in lower case only, or with a
capital at the beginning of a sentence, so that names like Said or Selon do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BEHIND = (
    # English
    "according to", "as reported by", "reported by", "as told to", "cited by", "quoted by", "citing", "quoting",
    "in an interview with", "in interviews with", "in a statement to", "in remarks to", "in comments to",
    "speaking to", "told", "tells", "informed", "first reported by", "published by", "broadcast by",
    "attributed to", "sourced from", "on the authority of",
    # French
    "selon", "d'après", "d’après", "citant", "cité par", "citée par", "cités par", "citées par", "rapporté par",
    "rapportée par", "a déclaré à", "ont déclaré à", "a dit à", "a confié à", "a affirmé à", "dans un entretien à",
    "dans un entretien avec", "dans une interview à", "interrogé par", "interrogée par", "au micro de",
    # German
    "laut", "nach angaben von", "nach angaben der", "nach angaben des", "nach informationen von",
    "nach informationen der", "nach informationen des", "unter berufung auf", "zitiert von", "im gespräch mit",
    "in einem interview mit", "gegenüber",
    # Spanish, Portuguese, Italian
    "según", "de acuerdo con", "citando a", "citado por", "citada por", "informó a", "dijo a", "declaró a",
    "en una entrevista con", "segundo", "de acordo com", "conforme", "citado pela", "citado pelo", "disse à",
    "disse ao", "em entrevista a", "em entrevista à", "secondo", "stando a", "stando al", "stando alla", "citando",
    "citato da", "ha detto a", "ha dichiarato a", "in un'intervista a",
    # Dutch, Polish, Turkish
    "volgens", "aldus", "in gesprek met", "tegenover", "według", "jak podaje", "jak podała", "jak podał",
    "jak poinformował", "jak poinformowała", "powołując się na", "w rozmowie z",
    # Russian, Ukrainian
    "по данным", "по словам", "по информации", "по сообщению", "со ссылкой на", "согласно", "сообщает", "сообщил",
    "сообщила", "сообщили", "сообщают", "передает", "передаёт", "пишет", "пишут", "заявил", "заявила", "в интервью",
    "цитируя", "за даними", "за словами", "за інформацією", "з посиланням на", "повідомляє", "повідомив",
    "повідомила", "пише",
    # Persian
    "به گزارش", "به گفته", "به گفتهٔ", "به گفته‌ی", "به نقل از", "بنا بر گزارش", "بنابر گزارش", "بنا به گزارش",
    "طبق گزارش", "به نوشته", "به نوشتهٔ", "به نوشته‌ی", "به روایت", "در گفت‌وگو با", "در گفت و گو با",
    "در گفتگو با", "در مصاحبه با", "به استناد",
    # Arabic
    "وفقا", "وفقًا", "وفقاً", "بحسب", "حسب", "نقلا عن", "نقلاً عن", "نقلت عن", "نقل عن", "ذكرت", "ذكر", "أفادت",
    "أفاد", "أوردت", "أورد", "قالت", "قال", "أعلنت", "أعلن", "صرحت", "صرح", "صرّح", "في حديث مع", "في مقابلة مع",
    "في تصريح", "كشفت",
    # Hebrew
    "לפי", "על פי", "לדברי", "כפי שדיווח", "כפי שדיווחה", "מסר", "מסרה", "בראיון ל",
)  # fmt: skip
_BEFORE = (
    # English
    "said", "says", "reported", "reports", "wrote", "writes", "stated", "announced", "claimed", "claims",
    "confirmed", "tweeted", "added", "noted", "argued", "revealed", "disclosed",
    # French, German
    "a déclaré", "ont déclaré", "a rapporté", "ont rapporté", "rapporte", "rapportent", "a indiqué", "ont indiqué",
    "a annoncé", "ont annoncé", "affirme", "affirment", "écrit", "zufolge", "berichtet", "berichtete", "berichten",
    "meldet", "meldete", "schreibt", "schrieb", "sagte", "erklärte", "teilte mit",
    # Spanish, Portuguese, Italian
    "dijo", "informó", "afirmó", "declaró", "anunció", "publicó", "disse", "informou", "afirmou", "declarou",
    "anunciou", "noticiou", "ha detto", "ha riferito", "riferisce", "scrive", "ha annunciato",
    # Dutch, Polish, Turkish
    "zei", "meldde", "meldt", "schrijft", "berichtte", "podał", "podała", "poinformował", "poinformowała", "donosi",
    "pisze", "haberine göre", "göre", "bildirdi", "duyurdu", "açıkladı", "dedi",
    # Russian, Ukrainian
    "сообщил", "сообщила", "сообщило", "сообщили", "сообщает", "сообщают", "заявил", "заявила", "заявили", "пишет",
    "пишут", "передает", "передаёт", "рассказал", "рассказала", "повідомив", "повідомила", "повідомляє", "заявив",
    "пише",
    # Persian, Arabic, Hebrew
    "گزارش داد", "گزارش داده", "گزارش دادند", "گزارش کرد", "گزارش می‌دهد", "نوشت", "نوشته است", "نوشته‌است",
    "می‌نویسد", "گفت", "گفته است", "اعلام کرد", "اعلام کرده", "خبر داد", "خبر داده", "مدعی شد", "تصریح کرد", "ذكرت",
    "أفادت", "أفاد", "قالت", "قال", "דיווח", "דיווחה", "אמר", "אמרה", "מסר", "מסרה", "כתב", "כתבה",
)  # fmt: skip
MOST_WORDS = 12
"""A source is named within so many words of the cue."""

_LONGEST = 120
_CLAUSE = re.compile('[.,;:!?()\\[\\]\n\r\u2028\u2029"“”„«»‹›「」『』—–…،؛؟。，、；：！？]')
_WORD = re.compile(r"\w+(?:[\u200c'’.-]\w+)*")
_SENTENCE_OVER = re.compile('[.!?:\n\r\u2028\u2029"“”„«»—–…؟。！？]\\s*$')
# 据…报道 and the like, which stand around the name; …报道称 behind it.
_AROUND = re.compile(
    r"[据據]\s?([^，。、；：\n]{2,30}?)\s?(?:报道|報道|報導|消息|援引)"
    r"|([^，。、；：\n“”「」]{2,30}?)(?:报道称|報道稱|報導稱|によると|によれば|が報じた)"
)
_GROWN_ON = "(?:[وف](?=[\u0621-\u064a]))?"  # "and" and "so" are written with the Arabic word behind them


class Attribution(NamedTuple):
    """Whoever is named in ``text[start:end]`` is whom the sentence has it from."""

    start: int
    end: int


def _cues(words: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted({word.replace(" ", r"\s+") for word in words}, key=len, reverse=True)
    return re.compile(rf"(?<![\w\u200c]){_GROWN_ON}(?:{'|'.join(ordered)})(?![\w\u200c])", re.IGNORECASE)


_FORWARD, _BACKWARD = _cues(_BEHIND), _cues(_BEFORE)


def attributions(text: str) -> list[Attribution]:
    """The places of ``text`` where sources are named, in order; they may overlap. Time grows with the length of the text only."""
    found = {*_forward(text), *_backward(text)}
    found |= {Attribution(*match.span(1 if match[1] is not None else 2)) for match in _AROUND.finditer(text)}
    return sorted(found)


def _forward(text: str) -> Iterator[Attribution]:
    for cue in _FORWARD.finditer(text):
        if _meant(text, cue):
            limit = min(len(text), cue.end() + _LONGEST)
            clause = _CLAUSE.search(text, cue.end(), limit)
            words = [word.end() for word in _WORD.finditer(text, cue.end(), clause.start() if clause else limit)]
            if words:
                yield Attribution(cue.end(), words[:MOST_WORDS][-1])


def _backward(text: str) -> Iterator[Attribution]:
    for cue in _BACKWARD.finditer(text):
        if _meant(text, cue):
            floor = max(0, cue.start() - _LONGEST)
            edges = [edge.end() for edge in _CLAUSE.finditer(text, floor, cue.start())]
            words = [word.start() for word in _WORD.finditer(text, edges[-1] if edges else floor, cue.start())]
            if words:
                yield Attribution(words[-MOST_WORDS:][0], cue.start())


def _meant(text: str, cue: re.Match[str]) -> bool:
    """Whether a cue is no name: written small, or with a capital where a sentence begins."""
    first = cue[0][0]
    if first == first.lower():
        return True
    before = text[max(0, cue.start() - 3) : cue.start()]
    return not before.strip() or _SENTENCE_OVER.search(before) is not None
