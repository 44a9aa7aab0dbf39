"""What a text is about, and which story it joins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.dedupe.stories import STORY_WINDOW, add, place_story, profile, term_id, weigh
from aggregator.model.article import Corpus, Extraction, Placement, Profile, StoryCandidate, TextOrigin

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def about(title: str, text: str = "", language: str = "en") -> Profile:
    return profile(Extraction(title, text, TextOrigin.PAGE, language=language))


def keys(known: Profile) -> set[str]:
    return {term.key for term in known.terms}


def weights(known: Profile) -> dict[str, float]:
    return {term.word: term.weight for term in known.terms}


FIRE = about("Timber yard burns down in Oxmoor", "The Oxmoor timber yard burnt down on Tuesday.")


def as_story(known: Profile, id_: int = 1, at: datetime = NOW, apart: frozenset[int] = frozenset()) -> StoryCandidate:
    return StoryCandidate(id_, 1, weigh(known, Corpus()), at, apart)


def placed(known: Profile, *stories: StoryCandidate, now: datetime = NOW) -> Placement:
    return place_story(known, Corpus(), lambda _keys, _least: stories, now)


def test_names_numbers_and_the_title_count_more() -> None:
    found = weights(about("Ferry stuck", "The captain of the Halcyon waited 14 hours, and the ferry waited, too."))
    assert (found["Halcyon"], found["14"], found["captain"], found["stuck"]) == (2, 2, 1, 2)
    assert found["Ferry"] == 3  # title and lead


def test_endings_meet_and_unspaced_scripts_give_pairs() -> None:
    assert keys(about("выборы президента", language="ru")) & keys(about("Выборах: президентом", language="ru")) >= {"презид"}
    assert keys(about("台北市長選舉", language="zh")) == {"台北", "北市", "市長", "長選", "選舉"}
    assert keys(about("เรือ", language="th")) == {"เรื", "รือ"}


def test_no_terms_no_story() -> None:
    empty = placed(about("", ""), as_story(FIRE))
    assert (empty.story_id, empty.keys, dict(empty.lent)) == (None, (), {})


def test_the_words_explain_the_score() -> None:
    verdict = placed(about("Oxmoor mourns its timber yard", "The timber yard of Oxmoor burnt down."), as_story(FIRE))
    assert verdict.story_id == 1
    assert {word for word, _ in verdict.words} >= {"Oxmoor", "timber", "yard"}
    assert sum(score for _, score in verdict.words) <= verdict.score + 1e-9
    assert verdict.words[0][1] == max(score for _, score in verdict.words)


def test_a_story_fades_and_is_over() -> None:
    more = about("Oxmoor mourns its timber yard", "The timber yard of Oxmoor burnt down.")
    fresh = placed(more, as_story(FIRE)).score
    assert placed(more, as_story(FIRE), now=NOW + 4 * DAY).score == pytest.approx(fresh / 2)
    assert placed(more, as_story(FIRE), now=NOW + STORY_WINDOW + DAY).story_id is None


def test_a_wide_story_takes_in_less() -> None:
    other = about("Parliament of Talvia votes on pensions", "The pension reform of minister Odell is contested in Talvia.")
    wide = StoryCandidate(1, 2, add((weigh(FIRE, Corpus()), weigh(other, Corpus()))), NOW)
    more = about("Oxmoor mourns its timber yard", "The timber yard of Oxmoor burnt down.")
    assert placed(more, wide).score < placed(more, as_story(FIRE)).score


@pytest.mark.parametrize(
    "title",
    [
        "Oxmoor fire live: latest updates", "Morning briefing: Oxmoor, Talvia", "Liveticker: Brand in Oxmoor",
        "Ukraine war as it happened", "En direct : l'incendie", "Онлайн: пожар", "لحظه به لحظه با آتش‌سوزی", "早报：火灾",
        "Oxmoor burns; Talvia votes; ferry stuck",
    ],
)  # fmt: skip
def test_live_blogs_and_round_ups_are_told_apart(title: str) -> None:
    assert about(title).collects


@pytest.mark.parametrize("title", ["Delivery van stolen", "Olive harvest begins", "Oxmoor burns; police look for a van"])
def test_others_are_not(title: str) -> None:
    assert not about(title).collects


def test_what_was_split_off_goes_before_its_origin() -> None:
    more = about("Oxmoor timber yard: arson?", "The Oxmoor timber yard burnt down, and the police look for a van.")
    near, far = as_story(about(*("Oxmoor timber yard: arson", "The timber yard burnt down.")), 1), as_story(FIRE, 2)
    assert placed(more, near, far).story_id == 1
    close = as_story(about("Oxmoor timber yard burnt down: arson", "The timber yard."), 2, apart=frozenset({1}))
    assert placed(more, near, close).story_id == 2


def test_a_common_word_weighs_less_as_the_archive_grows() -> None:
    known = about("Oxmoor timber")
    seen: Mapping[str, int] = {"timber": 900}
    young, old = weigh(known, Corpus()), weigh(known, Corpus(1000, seen))
    assert young["timber"] == pytest.approx(young["oxmoor"])
    assert old["timber"] < old["oxmoor"] / 5


def test_a_storys_vector_stays_small() -> None:
    assert len(add({f"w{n}": n / 300.0 for n in range(part, 300, 2)} for part in (0, 1))) == 120


def test_term_ids_are_63_bits_and_tell_languages_apart() -> None:
    assert 0 <= term_id("en", "fire") < 1 << 63
    assert len({term_id("en", "fire"), term_id("nl", "fire"), term_id("en", "")}) == 3
