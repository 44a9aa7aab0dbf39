"""The analyzer's table, row by row: what is one spelling and what is not, what parts words and what does not."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.text import fold, index_text, spellings, terms, tokenize

ALIKE: dict[str, tuple[str, ...]] = {
    "case": ("Straße", "STRASSE", "strasse", "STRAẞE"),
    "accents on Latin": ("Łódź", "lodz", "ŁÓDŹ", "Ło\u0301dz\u0301"),
    "accents on Greek": ("Αθήνα", "ΑΘΗΝΑ", "αθηνα"),
    "dotless and dotted i": ("ısparta", "Isparta", "İsparta", "ISPARTA"),
    "letters by table: ø": ("Øresund", "oresund"),
    "letters by table: đ": ("Đặng", "dang"),
    "letters by table: æ": ("Æsir", "aesir"),
    "letters by table: œ": ("Œuvre", "oeuvre"),
    "letters by table: ё": ("Ёлка", "елка"),
    "yeh": ("علی", "علي", "على"),
    "kaf": ("کتاب", "كتاب"),
    "teh marbuta and heh": ("خانه", "خانة", "خانۀ", "خانهٔ"),
    "alef": ("احمد", "أحمد", "إحمد", "آحمد", "ٱحمد"),
    "waw": ("موتمر", "مؤتمر"),
    "hamza on yeh": ("مسیول", "مسئول"),
    "hamza": ("سوء", "سو"),
    "harakat": ("محمد", "مُحَمَّد"),
    "tatweel": ("کتاب", "کـــتـاب"),
    "presentation forms": ("لا", "ﻻ"),
    "Hebrew points": ("שלום", "שָׁלוֹם"),
    "digits": ("1402", "۱۴۰۲", "١٤٠٢", "१४०२", "１４０２", "𝟏𝟒𝟎𝟐"),
    "width": ("ABC", "ＡＢＣ"),
    "half-width Kana": ("ガス", "ｶﾞｽ"),
    "ligatures": ("fine", "ﬁne"),
    "dotted acronyms": ("US", "U.S.", "U.S", "Ｕ．Ｓ．"),
    "soft hyphens and joiners": ("harbour", "har\u00adbour", "har\u2060bour", "har\u200dbour", "har\ufeffbour"),
    "hashtags": ("FreeIran", "#FreeIran", "＃FreeIran"),
    "mentions": ("acme", "@acme"),
}
APART: tuple[tuple[str, str], ...] = (
    ("йод", "иод"), ("Київ", "Киiв"), ("रक्षा", "रक्ष"), ("கா", "க"), ("か", "が"), ("ひ", "ヒ"), ("中国", "中國"), ("한", "하"),
    ("MEK", "MEKong"), ("Rajavi", "Rajavinte"), ("1402", "14020"), ("ไท", "ไทย"),
)  # fmt: skip
HYPHENS = "-‐‑‒–—―−﹣－"
APOSTROPHES = "'’‘ʼ`´＇′"
SEPARATORS = " \u00a0\u202f\u200c/#@_\n\t.,;:!?()[]“”«»…·•|\\😀✓\u200e"


@pytest.mark.parametrize("row", ALIKE)
def test_a_row_of_the_table_is_one_term(row: str) -> None:
    assert len({index_text(spelling) for spelling in ALIKE[row]}) == 1, row
    assert index_text(ALIKE[row][0])


@pytest.mark.parametrize(("one", "other"), APART)
def test_letters_that_are_different_stay_so(one: str, other: str) -> None:
    assert index_text(one) != index_text(other)


@pytest.mark.parametrize("sign", HYPHENS + APOSTROPHES + SEPARATORS)
def test_every_separator_parts_words_and_keeps_offsets(sign: str) -> None:
    text = f"Jean{sign}Pierre"
    assert [(token.term, text[token.start : token.end]) for token in tokenize(text)] == [("jean", "Jean"), ("pierre", "Pierre")]


@pytest.mark.parametrize("word", ["中国", "日本", "ひらがな", "カタカナ", "한국", "ประเทศ", "ລາວ", "ကမ္ဘာ", "កម្ពុជា"])
def test_a_word_of_a_script_without_spaces_is_found_within_a_run(word: str) -> None:
    run, wanted = terms(f"{word}{word}"), terms(word)
    assert len(wanted) > 1
    assert run == wanted * 2


@pytest.mark.parametrize("forms", [("میخواهد", "می\u200cخواهد", "می خواهد"), ("کتابها", "کتاب\u200cها", "کتاب ها")])
def test_joined_and_parted_persian_forms_find_each_other(forms: tuple[str, ...]) -> None:
    for one, other in combinations(forms, 2):
        assert tuple(terms(other)) in spellings(terms(one), ["\u200c" in one] * (len(terms(one)) - 1))
        assert tuple(terms(one)) in spellings(terms(other), ["\u200c" in other] * (len(terms(other)) - 1))


def test_emoji_are_no_words_and_join_none() -> None:
    text = "#نه_به_اعدام 🇮🇷 strike👩‍👩‍👧dock ❤️ 5️⃣"
    assert terms(text) == ["نه", "به", "اعدام", "strike", "dock", "5"]
    assert all(fold(text[token.start : token.end]) == token.term for token in tokenize(text))


steady = settings(max_examples=300, deadline=None, derandomize=True, database=None)
scripts = st.text(
    st.one_of(
        st.characters(exclude_categories=[]),
        st.sampled_from("".join(spelling for row in ALIKE.values() for spelling in row) + HYPHENS + APOSTROPHES + SEPARATORS),
    ),
    max_size=60,
)


@steady
@given(scripts)
def test_offsets_slice_back_to_the_token_and_folding_is_idempotent(text: str) -> None:
    for token in tokenize(text):
        said = text[token.start : token.end]
        assert fold(said) == token.term == fold(token.term)
        assert said == said.strip()
    again = index_text(index_text(text))
    assert index_text(again) == again


@steady
@given(scripts, scripts)
def test_a_separator_between_two_texts_keeps_the_terms_of_both(left: str, right: str) -> None:
    assert terms(f"{left}\n{right}") == terms(left) + terms(right)
