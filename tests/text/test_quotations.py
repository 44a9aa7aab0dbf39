"""Quotations: what stands within quotation marks, in the habits of many languages, and that no input breaks it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.text import quotations


def quoted(text: str) -> list[str]:
    return [text[start:end] for start, end in quotations(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said “yes” and “no”.", ["yes", "no"]),
        ("Er sagte „ja“ und „nein”.", ["ja", "nein"]),
        ('„Ja", sagte er.', ["Ja"]),
        ("Er sagte »ja« und ›nein‹.", ["ja", "nein"]),
        ("Hän sanoi ”kyllä” ja »ei».", ["kyllä", "ei"]),
        ("Il dit « oui, « non » et oui » puis rien.", [" oui, « non » et oui "]),
        ("او گفت «بله» و رفت", ["بله"]),
        ("彼は「はい『いいえ』」と言った", ["はい『いいえ』"]),
        ('She said "yes" and "no".', ["yes", "no"]),
        ('The "A" (“the "B" one”)', ["A", 'the "B" one']),
        ('“typed" by hand', ["typed"]),
        ("“typed“ by hand and more", ["typed"]),
        ("‘Yes,’ he said, ‘it’s the dogs’ house.’ Fine", ["Yes,", "it’s the dogs’ house."]),
        ("‚Ja‘, sagte er, ‚nein’.", ["Ja", "nein"]),
        ("It’s the dogs’ house, rock ’n’ roll, the ’90s", []),
        ("the ‘90s were fine", []),
        ("it's the 'house' of O'Neill", []),
        ('a 5" screen and a 7" one', []),
        ('צה"ל אמר "כן" אתמול', ["כן"]),
        ("“One.\n“Two.\n“Three.” He left.", ["One.", "Two.", "Three."]),
        ('"One.\n"Two." He left.', ["One.", "Two."]),
        ("open “and never closed\nnext", ["and never closed"]),
        ("an arrow » here\n» and there", []),
        ('a "stray mark', []),
        ("“”", [""]),
        ("no marks", []),
        ("", []),
    ],
)
def test_what_is_quoted(text: str, expected: list[str]) -> None:
    assert quoted(text) == expected


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(st.sampled_from("ab s.\n“”„‟\"«»‹›‘’‚「」『』'א5")))
def test_any_text_has_quotations_in_order_and_within_paragraphs(text: str) -> None:
    found = quotations(text)
    assert all(left.end < right.start for left, right in pairwise(found))
    for quotation in found:
        assert 0 < quotation.start <= quotation.end <= len(text)
        assert "\n" not in text[quotation.start : quotation.end]
        assert text[quotation.start - 1] in '“„‟"«‹‘‚「『”»›'


def test_many_marks_take_no_more_than_their_number() -> None:
    for hostile in ("« ‘a s’ ", "‘a ", "‘a s’ ", "«» «", '" ', '"a ', "“a« „b» "):
        assert len(quotations(hostile * 40_000)) <= 80_001
