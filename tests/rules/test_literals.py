"""Literals are found in the original as if every token had been looked at."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.model.rule import Document
from aggregator.rules import compile_query
from aggregator.rules.literals import MOST_FINDS, plain, stands
from aggregator.rules.streams import Probe
from aggregator.text import terms, tokenize

relaxed = settings(
    max_examples=1500, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)

pieces = st.sampled_from(
    (
        "a", "A", "ab", "é", "E\u0301", "U.S.", "u.s", ".", "-", "'", " ", "  ", "\n", "\t", "\u00a0", "\u2028", "\u200c",
        "\u00ad", "中", "国", "ب", "بـ", "ـ", "ك", "1", "١", "_", "ⅷ", "ﬁ", "\u0e19\u0e33", "\u0e4d\u0e32", "x.y.z",
    )
)  # fmt: skip
texts = st.lists(pieces, max_size=14).map("".join)


def probe(literal: str, *, prefix: bool = False) -> Probe:
    said = tokenize(literal)
    return Probe((tuple(terms(literal)),), prefix, plain(literal[said[0].start : said[-1].end]), "text")


def slowly(text: str, wanted: Probe) -> bool:
    """The definition: the tokens that are the terms, of which the original says the literal."""
    (sequence,) = wanted.sequences
    tokens = tokenize(text)
    for at in range(len(tokens) - len(sequence) + 1):
        run = tokens[at : at + len(sequence)]
        *firsts, last = (token.term for token in run)
        said = plain(text[run[0].start : run[-1].end])
        if (*firsts, last[: len(sequence[-1])] if wanted.prefix else last) == sequence and (
            said.startswith(wanted.literal) if wanted.prefix else said == wanted.literal
        ):
            return True
    return False


@relaxed
@given(texts, st.lists(pieces, min_size=1, max_size=5).map("".join).filter(terms), st.booleans())
def test_a_literal_stands_where_every_token_was_looked_at(text: str, literal: str, prefix: bool) -> None:
    wanted = probe(literal, prefix=prefix)
    composed = unicodedata.normalize("NFC", text)
    assert stands(composed, wanted) is slowly(composed, wanted)


def test_many_words_like_it_leave_a_literal_to_be_looked_for_word_by_word() -> None:
    text = "usa " * (MOST_FINDS + 10) + "us USA"
    assert stands(text, probe("us")) is None
    assert stands(text, probe("USA")) is True
    assert stands(text, probe("Usa")) is False
    for query, found in (("=us", True), ("=Us", False), ("title:=us", False), ("body:=us", True), ("=us ONEAR/1 =USA", True)):
        assert (compile_query(query, {}).match(Document("", text)) is not None) is found, query


@pytest.mark.parametrize(
    ("query", "expected"),
    [("=Łódź", True), ("title:=Łódź", False), ("=lodz", False), ('="the  Łódź"', True), ("=łódź", True), ("=Łód*", True)],
)
def test_a_literal_is_found_in_decomposed_text_too(query: str, expected: bool) -> None:
    document = Document("łódź", "It is the\nŁo\u0301dz\u0301.")
    assert (compile_query(query, {}).match(document) is not None) is expected
    assert compile_query(query, {}).holds(document) is expected
