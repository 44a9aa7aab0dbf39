"""What tells marked articles apart."""

from __future__ import annotations

import math

import pytest

from aggregator.model.rule import Document
from aggregator.rules import compile_query
from aggregator.rules.suggestion import by_chance, candidates, key_candidates, likelihood_ratio, suggested_query


def doc(text: str, source: str = "", group: str = "", language: str = "") -> Document:
    return Document("", text, source=source, group=group, language=language)


def test_the_likelihood_ratio_is_dunnings() -> None:
    """Against the sum over the four cells, written out: 2 Σ seen · ln(seen / expected)."""
    expected = 2 * (8 * math.log(8 / 1.0) + 2 * math.log(2 / 9.0) + 2 * math.log(2 / 9.0) + 88 * math.log(88 / 81.0))
    assert likelihood_ratio(8, 10, 2, 90) == pytest.approx(expected)
    assert likelihood_ratio(1, 10, 9, 90) == 0.0, "as often as elsewhere"
    assert likelihood_ratio(0, 10, 9, 90) == 0.0
    assert likelihood_ratio(2, 2, 0, 0) == 0.0, "nothing to compare with"
    assert likelihood_ratio(3, 3, 0, 1000) > likelihood_ratio(2, 3, 0, 1000) > 0


def test_the_more_words_are_tried_the_likelier_is_chance() -> None:
    assert by_chance(10.83, 1) == pytest.approx(0.001, rel=0.01), "the table of the chi-square distribution"
    assert by_chance(10.83, 100) == pytest.approx(0.1, rel=0.01)
    assert by_chance(0.0, 5) == 1.0


def test_words_and_phrases_of_two_are_candidates_as_they_are_written() -> None:
    hits = {1: doc("The Dock-workers met. Straße 2024"), 2: doc("the dock workers, at STRASSE 2024")}
    found = {one.query: (one.hits, one.misses) for one in candidates(hits, {3: doc("dock")})}
    both = frozenset({1, 2})
    assert found['"Dock"'] == (both, frozenset({3}))
    assert found['"Dock workers"'] == found['"Straße"'] == (both, frozenset())
    assert not {'"2024"', '"met"', '"at"'} & found.keys(), "numbers, and what stands in one text only"
    for query, (own, _) in found.items():
        compiled = compile_query(query, {})
        assert {number for number, document in hits.items() if compiled.match(document)} == own


def test_unspaced_scripts_give_pairs_of_characters() -> None:
    found = {one.query for one in candidates({1: doc("港口罢工"), 2: doc("罢工继续")}, {})}
    assert found == {'"罢工"'}


def test_keys_are_those_of_several_misses() -> None:
    misses = {number: doc("", source="daily", language="en", group='a "b"') for number in (3, 4)}
    found = {one.query: len(one.hits) for one in key_candidates({1: doc("", source="wire", language="en")}, misses)}
    assert found == {'source:"daily"': 0, 'lang:"en"': 1}


@pytest.mark.parametrize(
    ("query", "additions", "exclusions", "finds", "leaves"),
    [
        ("a OR b", ['"c"'], [], "c", "d"),
        ("a b # both", ['"c d"'], ['"x"'], "c d", "c d x"),
        ("a OR b", [], ['"x"', 'source:"s"'], "b", "a x"),
        ("a", ['"c"', '"d"'], ['"x"'], "d", "a x"),
    ],
)
def test_the_suggested_query_can_be_parsed_and_means_it(
    query: str, additions: list[str], exclusions: list[str], finds: str, leaves: str
) -> None:
    compiled = compile_query(suggested_query(query, additions, exclusions), {})
    assert compiled.match(doc(finds)) is not None
    assert compiled.match(doc(leaves)) is None
    assert compiled.warnings == ()
