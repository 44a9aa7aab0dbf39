"""Terms in a row answer alike, whether they are kept in a line or in sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.rules.streams import FEW_WORDS, GAP, Probe, Stream

words = st.sampled_from("abcd")
rows = st.lists(words, max_size=8)
sequences = st.lists(words, min_size=1, max_size=3).map(tuple)


def slowly(texts: list[list[str]], sequence: tuple[str, ...], *, prefix: bool) -> list[tuple[int, int]]:
    row = [word for text in texts for word in (*text, *[""] * GAP)]
    found = []
    for at in range(len(row) - len(sequence) + 1):
        *firsts, last = row[at : at + len(sequence)]
        if (*firsts, last[: len(sequence[-1])] if prefix else last) == sequence:
            found.append((at, at + len(sequence) - 1))
    return found


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(rows, max_size=3), st.lists(st.tuples(sequences, st.booleans()), max_size=2 * FEW_WORDS))
def test_a_line_and_sets_find_the_same(texts: list[list[str]], asked: list[tuple[tuple[str, ...], bool]]) -> None:
    line, sets = (Stream(*map(" ".join, texts)) for _ in range(2))
    pairs = {pair for text in texts for pair in pairwise(text)}
    assert sets.present == {word for text in texts for word in text}
    assert sets.pairs == pairs
    for sequence, prefix in asked:
        probe = Probe((sequence,), prefix, "", "text")
        assert line.find(probe) == sets.find(probe) == slowly(texts, sequence, prefix=prefix)
        for pair in pairwise(sequence):
            assert line.neighbours(pair) is sets.neighbours(pair) is (pair in pairs)
        assert (sequence[0] in line.words) is (sequence[0] in sets.words) is (sequence[0] in sets.present)


def test_a_stream_of_which_much_is_asked_goes_over_to_sets() -> None:
    stream = Stream("a b", "c")
    answers = [word in stream.words for word in "abcd" * FEW_WORDS]
    assert answers == [True, True, True, False] * FEW_WORDS
