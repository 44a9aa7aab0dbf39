"""Folding and tokens: what is one spelling, where words begin and end, and that no input breaks it."""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.text import fold, index_text, offsets, spellings, terms, tokenize
from aggregator.text.tokens import LONGEST_CACHED

steady = settings(max_examples=150, deadline=None, derandomize=True, database=None)
any_text = st.text(
    st.one_of(st.characters(exclude_categories=[]), st.sampled_from("aU.S-'\u200c\u00ad\u0640\u0621ی中กำ\u0301\u3099\uff9e_１"))
)


@pytest.mark.parametrize(
    ("token", "term"),
    [
        ("Straße", "strasse"),
        ("ŁÓDŹ", "lodz"),
        ("Øresund", "oresund"),
        ("Đặng", "dang"),
        ("Þór", "thor"),
        ("ǽ", "ae"),
        ("ＡＢＣ", "abc"),
        ("ﬁne", "fine"),
        ("İI", "ii"),
        ("ı", "i"),
        ("Ёж", "еж"),
        ("йод", "йод"),
        ("и\u0306од", "йод"),
        ("за\u0301мок", "замок"),
        ("ΜΑΪΟΣ", "μαιοσ"),
        ("كتابي", "کتابی"),
        ("مؤتمر", "موتمر"),
        ("أإآٱ", "اااا"),
        ("ة", "ه"),
        ("کِتَـــاب", "کتاب"),
        ("ﻻ", "لا"),
        ("ء", ""),
        ("ـ", ""),
        ("שָׁלוֹם", "שלום"),
        ("۱۴۰۲", "1402"),
        ("४२", "42"),
        ("रक्षा", "रक्षा"),
        ("か\u3099", "が"),
        ("ｶﾞ", "ガ"),
        ("한", "한"),
        ("ำ", "\u0e4d\u0e32"),
        ("M.E.K.", "mek"),
        ("soft\u00adhyphen", "softhyphen"),
        ("", ""),
    ],
)
def test_a_token_folds(token: str, term: str) -> None:
    assert fold(token) == term


def test_folding_every_character_twice_changes_nothing_more() -> None:
    folded = {char: fold(char) for code in range(0x30000) for char in (chr(code),) if char.isalnum()}
    assert {char for char, term in folded.items() if fold(term) != term} == set()
    assert {char for char, term in folded.items() if any(c.isspace() or (c.isascii() and not c.isalnum()) for c in term)} == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. and M.E.K’s", "the us and mek s"),
        ("U.S.A. e.g. 3.14 A.B.c", "usa eg 3 14 abc"),
        ("F.B.I.agents x.com B.Next", "fbi agents x com b next"),
        ("a_b #tag @name x/y non-stop", "a b tag name x y non stop"),
        ("می\u200cخواهد", "می خواهد"),
        ("Qur’an Qurʼan", "qur an qur an"),
        ("中国のABC한국 ไทย ລາວ", "中 国 の abc 한 국 ไ ท ย ລ າ ວ"),
        ("น้ำ น้\u0e4d\u0e32", "น้ \u0e4d\u0e32 น้ \u0e4d\u0e32"),
        ("ﷺ ½ ①", "صلیاللهعلیهوسلم 1⁄2 1"),
        ("ـــ ء a\x00b \ud800c", "a b c"),
        ("🇺🇸 word\ufe0f ✓", "word"),
        ("", ""),
    ],
)
def test_a_text_is_cut_and_folded(text: str, expected: str) -> None:
    assert index_text(text) == expected


def test_offsets_are_true() -> None:
    text = "„Łódź“, U.S. کـتاب‌ها 中国 a\u00adb"
    assert [text[token.start : token.end] for token in tokenize(text)] == ["Łódź", "U.S.", "کـتاب", "ها", "中", "国", "a\u00adb"]


@steady
@given(any_text)
def test_any_text_is_cut_alike_everywhere(text: str) -> None:
    tokens = tokenize(text)
    assert [token.term for token in tokens] == terms(text) == index_text(text).split()
    assert [(token.start, token.end) for token in tokens] == offsets(text)
    assert all(token.term == fold(text[token.start : token.end]) for token in tokens)
    assert all(left.end <= right.start for left, right in pairwise(tokens))


@steady
@given(any_text, any_text)
def test_the_quick_pattern_gives_what_the_full_one_gives(left: str, right: str) -> None:
    # The emoji makes the tokenizer take the full pattern, and is no token itself.
    assert terms(f"{left} {right} 🙂") == terms(left) + terms(right)


@steady
@given(any_text)
def test_composed_and_decomposed_text_have_the_same_terms(text: str) -> None:
    if "\u0344" not in text:  # Unicode itself decomposes this one mark into two
        assert terms(unicodedata.normalize("NFC", text)) == terms(unicodedata.normalize("NFD", text))


@steady
@given(any_text)
def test_fts5_keeps_exactly_our_tokens(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='ascii')")
        db.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance')")
        db.execute("INSERT INTO t VALUES (?)", (index_text(text),))
        assert [term for (term,) in db.execute("SELECT term FROM v ORDER BY offset")] == terms(text)


def test_a_hostile_run_is_cut_but_not_cached() -> None:
    fold.cache_clear()
    text = "é" * (LONGEST_CACHED + 1) + " short"
    assert terms(text) == ["e" * (LONGEST_CACHED + 1), "short"]
    assert [token.end for token in tokenize(text)] == [LONGEST_CACHED + 1, len(text)]
    assert fold.cache_info().currsize == 0


@pytest.mark.parametrize(
    ("given_terms", "zwnj", "prefix", "others"),
    [
        (("میخواهد",), (), False, {("می", "خواهد")}),
        (("می", "خواهد"), (True,), False, {("میخواهد",)}),
        (("می", "خواهد"), (False,), False, {("میخواهد",)}),
        (("کتابهای",), (), False, {("کتاب", "های"), ("کتابه", "ای")}),
        (("کتاب", "ها"), (False,), False, {("کتابها",)}),
        (("بین", "المللی"), (True,), False, {("بینالمللی",)}),
        (("بین", "المللی"), (False,), False, set()),
        (("میخواه",), (), True, {("می", "خواه")}),
        (("کتابها",), (), True, set()),
        (("میان",), (), False, set()),
        (("mi", "xahad"), (True,), False, set()),
    ],
)
def test_persian_spellings(
    given_terms: tuple[str, ...], zwnj: tuple[bool, ...], prefix: bool, others: set[tuple[str, ...]]
) -> None:
    found = spellings(given_terms, zwnj, prefix=prefix)
    assert found[0] == given_terms
    assert set(found[1:]) == others


def test_a_long_persian_phrase_stays_bounded() -> None:
    found = spellings(("میخواهند",) * 40, (True,) * 39)
    assert len(found) == 16
    assert found[0] == ("میخواهند",) * 40
    longest = spellings(("می",) * 2000, (True,) * 1999, prefix=True)
    assert longest[0] == ("می",) * 2000
    assert len(longest) == 16
    assert all(way[-1900:] == ("می",) * 1900 for way in longest)
