"""Marked segments, snippets and direction."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model.delivery import Segment
from aggregator.text import direction, highlight, snippets

steady = settings(max_examples=150, deadline=None, derandomize=True, database=None)
texts = st.text(st.sampled_from("ab. \n中é’?«»…"), max_size=300)
ranges = st.lists(st.tuples(st.integers(-3, 310), st.integers(-3, 310)), max_size=8)


def plain(fragment: tuple[Segment, ...]) -> str:
    return "".join(f"[{segment.text}]" if segment.hit else segment.text for segment in fragment)


def around(text: str, *words: str, width: int = 160, most: int = 2) -> list[str]:
    spans = [(at, at + len(word)) for word in words for at in range(len(text)) if text.startswith(word, at)]
    return [plain(fragment) for fragment in snippets(text, spans, width=width, most=most)]


def test_highlight_marks_and_merges() -> None:
    assert highlight("one two three", [(4, 7), (5, 9), (0, 1)]) == (
        Segment("o", hit=True),
        Segment("ne "),
        Segment("two t", hit=True),
        Segment("hree"),
    )
    assert highlight("", [(0, 3)]) == ()
    assert highlight("ab", []) == (Segment("ab"),)


@steady
@given(texts, ranges)
def test_highlight_gives_the_text_again(text: str, spans: list[tuple[int, int]]) -> None:
    segments = highlight(text, spans)
    assert "".join(segment.text for segment in segments) == text
    at = 0
    for segment in segments:
        inside = {any(start <= place < end for start, end in spans) for place in range(at, at + len(segment.text))}
        assert inside == {segment.hit}
        at += len(segment.text)


@steady
@given(texts, ranges, st.integers(8, 80), st.integers(0, 4))
def test_snippets_are_pieces_of_the_text_in_order(text: str, spans: list[tuple[int, int]], width: int, most: int) -> None:
    whole = " ".join(text.split())
    at = 0
    fragments = snippets(text, spans, width=width, most=most)
    assert len(fragments) <= most
    for fragment in fragments:
        shown = "".join(segment.text for segment in fragment)
        assert 0 < len(shown) <= width
        assert "\n" not in shown
        inner = shown.strip("…").strip()
        found = whole.find(inner, at)
        assert found >= 0
        at = found + len(inner)
    if fragments and any(max(0, start) < min(end, len(text)) for start, end in spans):
        assert all(any(segment.hit for segment in fragment) for fragment in fragments)


def test_without_spans_the_beginning_is_shown() -> None:
    text = "A first sentence stands here.\nThen comes a second one, which is a good deal longer than the first."
    assert around(text, width=60) == ["A first sentence stands here. Then comes a second one,…"]
    assert around("Short.") == ["Short."]
    assert around(" \n ") == []
    assert around("") == []


def test_a_snippet_begins_with_the_sentence_of_its_hit() -> None:
    text = "Nothing of note happened before that. The harbour was closed on Monday, said the mayor. " + "More words follow. " * 9
    assert around(text, "harbour", width=80) == ["The [harbour] was closed on Monday, said the mayor. More words follow."]


def test_the_fragments_with_most_distinct_hits_are_shown_in_text_order() -> None:
    filler = "Plain words fill this line up to its very end. " * 5
    text = f"alpha alpha alpha. {filler}alpha and beta. {filler}beta and gamma meet alpha. {filler}"
    shown = around(text, "alpha", "beta", "gamma", width=70)
    assert len(shown) == 2
    assert "[alpha] and [beta]" in shown[0]
    assert "[beta] and [gamma] meet [alpha]" in shown[1]


def test_words_are_not_cut_where_that_can_be_avoided() -> None:
    text = "unbreakable " * 40 + "needle " + "continuous " * 40
    (shown,) = around(text, "needle", width=60)
    assert set(shown.strip("…").replace("[needle]", "").split()) <= {"unbreakable", "continuous"}


def test_a_script_without_spaces_is_cut_at_the_width() -> None:
    (shown,) = around("字" * 200 + "中国" + "字" * 200, "中国", width=40)
    assert shown.startswith("…字")
    assert len(shown) == 40 + len("[]")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fa", "", "rtl"),
        ("ar-EG", "", "rtl"),
        ("HE", "", "rtl"),
        ("ckb", "", "rtl"),
        ("en", "مجاهدین", "ltr"),
        ("az-Arab", "", "rtl"),
        ("ur-Latn", "", "ltr"),
        ("pa_Arab_PK", "", "rtl"),
        (None, "", "ltr"),
        (None, "Hello دنیا", "ltr"),
        ("", "MEK: سازمان مجاهدین خلق ایران", "rtl"),
        ("und", "12:30 — ایران", "rtl"),
        (None, "123 …", "ltr"),
    ],
)
def test_direction(language: str | None, text: str, expected: str) -> None:
    assert direction(language, text) == expected
