"""One query finds every spelling of a name that readers take for the same, and nothing that merely contains it."""

from __future__ import annotations

import pytest

from aggregator.model.rule import Document
from aggregator.rules import compile_query

SPELLINGS: dict[str, tuple[str, ...]] = {
    "MEK": ("the MEK said", "mek", "M.E.K. leaders", "the M.E.K’s office", "ＭＥＫ", "pro-MEK rally", "MEK/PMOI", "#MEK"),
    "PMOI": ("PMOI", "P.M.O.I.", "pmoi’s", "the “PMOI”", "PMOI-led", "中国のPMOI支部"),
    '"Mujahedin-e Khalq"': (
        "Mujahedin-e Khalq", "Mujahedin e Khalq", "Mujahedin‐e Khalq", "Mujahedin‑e‑Khalq", "Mujahedin–e–Khalq",
        "MUJAHEDIN-E KHALQ",
        "Mujahedin-e\nKhalq", "Mujāhedīn-e Khalq", "Muja\u00adhedin-e\u00a0Khalq", "Mujahedin’e Khalq", "Mujahedin-e-Khalq’s",
    ),
    "«مجاهدین خلق»": (
        "سازمان مجاهدین خلق ایران", "مجاهدين خلق", "مجاهدین\u200cخلق", "مُجاهِدین خَلق", "مجاهــدین خلق", "مجاهدین\u00a0خلق",
        "ﻣﺠﺎﻫﺪﯾﻦ ﺧﻠﻖ",
        "«مجاهدین خلق»",
    ),
    "كتاب‌های": ("کتاب\u200cهای", "کتابهای", "کتاب های", "كتابهاي", "کتـابهای"),
    "میخواهد": ("او می\u200cخواهد برود", "او میخواهد برود", "مي‌خواهد", "می خواهد"),
    "می‌خواهد": ("میخواهد", "می\u200cخواهد", "ميخواهد", "می خواهد"),
    "خانۀ": ("خانه", "خانهٔ", "خانة"),
    "مسئول": ("مسیول", "مسئول"),
    "الأمة": ("الامه", "الأمّة", "الأُمَّةُ", "اﻷمة"),
    "1402": ("سال ۱۴۰۲", "عام ١٤٠٢", "1402", "१४०२", "１４０２"),
    "中国": ("在中国的人", "中国", "新中国成立", "中\u2060国"),
    "한국": ("한국어", "남한국", "한국"),
    "ガス": ("ガス", "ｶﾞｽ", "都市ガス会社", "カ\u3099ス"),
    "ไทย": ("ประเทศไทย", "ไทย"),
    "Łódź": ("Łódź", "lodz", "LODZ", "Łódz\u0301", "w Łódź-Widzew"),
    "Straße": ("Strasse", "STRASSE", "STRAẞE", "straße"),
    "U.S.": ("the U.S. said", "US", "U.S", "the US-led", "the U.S.-led"),
    "Øresund": ("Oresund", "ØRESUND", "øresund"),
    "Œuvre": ("oeuvre", "Oeuvre", "ŒUVRE"),
    "İstanbul": ("Istanbul", "ISTANBUL", "istanbul", "ıstanbul"),
    "Ёлка": ("елка", "ЁЛКА", "е\u0308лка", "ёлка"),
    "Αθήνα": ("ΑΘΗΝΑ", "αθηνα", "Αθη\u0301να"),
    "Qur'an": ("Qur’an", "Qurʼan", "Qurʾān", "QUR'AN"),
    'צה"ל': ("צה״ל", 'צה"ל', "צַהַ״ל"),
    "रक्षा": ("रक्षा मंत्री", "रक्षा"),
}  # fmt: skip

HARD_NEGATIVES: dict[str, tuple[str, ...]] = {
    "Rajavi": ("Rajavinte", "Rajavis", "Maharajavi", "Rajav"),
    "MEK": ("MEKong", "the Mekong delta", "tomek", "M. E. K.", "meks", "m.e.k.o"),
    "PMOI": ("PMO I", "PMOIs"),
    '"Mujahedin-e Khalq"': ("Mujahedine Khalq", "Mujahedin Khalq", "Mujahedin-e the Khalq", "Khalq Mujahedin-e"),
    "«مجاهدین خلق»": ("مجاهدین اسلام و خلق", "مجاهدین خلقی", "خلق مجاهدین"),
    "خواهد": ("میخواهد",),
    "میخواهد": ("خواهد", "می او خواهد"),
    "کتابهای": ("کتاب", "های کتاب"),
    "中国": ("中華", "国中", "中 and 国"),
    "한국": ("한 나라 국",),
    "ไทย": ("ไท",),
    "Łódź": ("Lodzer",),
    "U.S.": ("U.S.A.", "bus", "USSR"),
    "йод": ("иод",),
    "रक्षा": ("रक्ष",),
    "1402": ("14020", "1 402"),
    "=MEK": ("mek", "Mek", "M.E.K.", "MEKong"),
    '="Łódź"': ("Lodz", "łódź", "ŁÓDŹ"),
    "=US": ("us", "U.S.", "USA"),
    "=ك": ("ک",),
}


@pytest.mark.parametrize(("query", "text"), [(query, text) for query, texts in SPELLINGS.items() for text in texts])
def test_a_spelling_is_found_in_title_and_body(query: str, text: str) -> None:
    compiled = compile_query(query, {})
    in_title, in_body = compiled.match(Document(text, "")), compiled.match(Document("", f"x. {text}\n"))
    assert in_title is not None
    assert in_body is not None
    assert [span.start + 3 for span in in_title.spans] == [span.start for span in in_body.spans]


@pytest.mark.parametrize(("query", "text"), [(query, text) for query, texts in HARD_NEGATIVES.items() for text in texts])
def test_what_only_looks_alike_is_not_found(query: str, text: str) -> None:
    compiled = compile_query(query, {})
    assert compiled.match(Document(text, text)) is None


def test_there_are_enough_spellings() -> None:
    assert len(SPELLINGS) >= 12
    assert sum(map(len, SPELLINGS.values())) >= 60
    assert sum(map(len, HARD_NEGATIVES.values())) >= 30
