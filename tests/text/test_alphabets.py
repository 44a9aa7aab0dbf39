"""Whole texts folded at once give the terms that token by token gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.text import alphabets, index_text, offsets, terms, tokenize

SPACES = " \n\t\x00\x1c\x85.,-_’ '"
ALPHABETS = (alphabets._LATIN, alphabets._CENTRAL, alphabets._CYRILLIC, alphabets._ARABIC)
plain = "".join(map(chr, range(128)))
LONG = "so many words that a text is not short any more, " * 2
texts = st.one_of(
    *(
        st.text(st.one_of(st.sampled_from(part), st.sampled_from(alphabets._SIGNS + SPACES), st.sampled_from(plain)), max_size=40)
        for part in ALPHABETS
    ),
    st.text(st.one_of(st.sampled_from("".join(ALPHABETS) + SPACES), st.characters()), max_size=40),
    st.lists(
        st.sampled_from(["U.S.", "a.b", "M.E.K", "example.org", "1.5", "x.1", "é.ß", ".", "Ł.", "م.ن", " "]), max_size=8
    ).map("".join),
)


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(texts)
def test_terms_and_offsets_are_those_of_the_tokens(text: str) -> None:
    for whole in (text, f"{text} {LONG}", f"{LONG}, {text}\n{text}"):
        tokens = tokenize(whole)
        assert terms(whole) == [token.term for token in tokens]
        assert index_text(whole) == " ".join(token.term for token in tokens)
        assert offsets(whole) == [(token.start, token.end) for token in tokens]


@pytest.mark.parametrize("part", ALPHABETS)
def test_every_character_of_an_alphabet_folds_as_alone_and_inside_a_word(part: str) -> None:
    for char in part + alphabets._SIGNS + plain:
        for text in (char, f"a{char}b", f"{char}{char}", f"ب{char} ب", f"ж{char}ж", f"A.{char}. {char}.B", f"1{char}2"):
            tokens = tokenize(text)
            assert terms(text) == [token.term for token in tokens], (char, text)
            assert offsets(text) == [(token.start, token.end) for token in tokens], (char, text)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("“Straße” – Łódź?", 1),
        ("L’été, à Paris", 0),
        ("Zażółć gęślą jaźń", 1),
        ("Съешь ещё этих мягких", 2),
        ("می‌خواهد كتابِ ۱۴۰۲", 3),
    ],
)
def test_ordinary_texts_are_folded_as_a_whole(text: str, known: int) -> None:
    folded = alphabets._alphabets()[known].fold(text)
    assert folded is not None
    assert folded.split() == [token.term for token in tokenize(text)]
    assert index_text(text) == " ".join(folded.split())
