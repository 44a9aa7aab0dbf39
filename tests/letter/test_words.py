from datetime import UTC, date, datetime

import pytest

from aggregator.letter import Words, words_of
from aggregator.letter.words import TABLES
from aggregator.model.page import FailureKind

ENGLISH = words_of("en")


@pytest.mark.parametrize("words", TABLES.values(), ids=TABLES)
def test_every_table_is_complete(words: Words) -> None:
    assert set(words.failures) == set(FailureKind)
    assert (len(words.weekdays), len(words.months)) == (7, 12)
    forms = {words.plural(n) for n in range(200)}
    assert {len(words.articles), len(words.stories), len(words.outlets), len(words.missed), len(words.gap)} == {len(forms)}
    assert all(piece in form for form in words.gap for piece in ("{n}", "{{after}}", "{{before}}"))


def test_a_language_without_a_table_is_told_in_english() -> None:
    assert words_of("fa").language == "en"


@pytest.mark.parametrize(("n", "said"), [(0, "0 stories"), (1, "1 story"), (2, "2 stories"), (1204, "1,204 stories")])
def test_counts(n: int, said: str) -> None:
    assert ENGLISH.count(ENGLISH.stories, n) == said


@pytest.mark.parametrize(("trend", "said"), [(37, "+37\u00a0%"), (-12, "−12\u00a0%"), (0, "±0\u00a0%"), (1400, "+1,400\u00a0%")])
def test_percentages_have_a_sign(trend: int, said: str) -> None:
    assert ENGLISH.percent(trend) == said


def test_moments_name_only_what_the_reader_does_not_know() -> None:
    at = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
    assert ENGLISH.moment(at, today=date(2026, 11, 23)) == "08:05"
    assert ENGLISH.moment(at, today=date(2026, 11, 24)) == "Mon 23 Nov 08:05"
    assert ENGLISH.moment(at, today=date(2027, 1, 2)) == "Mon 23 Nov 2026 08:05"
    assert ENGLISH.moment(at, today=date(2026, 11, 23), has_time=False) == "Mon 23 Nov"
