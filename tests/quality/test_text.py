"""Floors under the quality of texts, titles and authors, on pages of our own. They may rise, never fall."""

from __future__ import annotations

from functools import cache

import pytest

from tests.quality.pages import LAYOUTS, TONGUES, cases
from tests.quality.scoring import Tally
from tests.quality.text import Case, scores

CASES = cases()


@cache
def _scored(key: str) -> dict[str, float]:
    return scores(next(case for case in CASES if case.key == key))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_no_page_is_read_badly(case: Case) -> None:
    found = _scored(case.key)

    assert found["f1.ours"] >= 0.97
    assert found["recall.ours"] >= 0.97
    assert found["title.ours"] == 1
    assert found["authors.ours"] == 1


def test_the_means_are_above_their_floors_and_above_bare_trafilatura() -> None:
    tally = Tally()
    for case in CASES:
        for name, value in _scored(case.key).items():
            tally.add(name, value)
    means = tally.means()

    assert len(CASES) == len(TONGUES) * len(LAYOUTS) >= 40
    assert means["f1.ours"] >= 0.99
    assert means["f1.ours"] > means["f1.trafilatura"]
